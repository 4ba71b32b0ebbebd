//! From the items of a request to turns.

use super::super::item::{Item, Place, Said, read, with_head};
use super::super::kept::{OWN, REFUSAL_HEAD};
use crate::dialect::members::Members;
use crate::neutral::{Call, Part, Rest, Role, Turn};

/// Puts items together: what the model said and asked for in one turn, what its tools answered in
/// the next.
#[derive(Default)]
pub(super) struct Turns {
    system: Vec<Part>,
    turns: Vec<Turn>,
    /// What the last turn can take, if it can take more.
    open: Option<Open>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// More of the model's.
    Model,
    /// More of what tools answered.
    Results,
}

impl Turns {
    /// The caller's words, as a string.
    pub(super) fn say(&mut self, text: String) {
        self.turn(Role::User, vec![Part::text(text)], Rest::of(OWN));
    }

    /// An item.
    pub(super) fn push(&mut self, members: Members<'_>) {
        match read(members, Place::History) {
            Item::Said(said) if said.role == Role::Assistant => self.assistant(said),
            Item::Said(said) => self.said(said),
            Item::Model(part) => self.open(Open::Model).push(part),
            Item::Caller(part) => self.open(Open::Results).push(part),
            Item::Sealed(seal) => {
                let last = self.open(Open::Model).last_mut();
                if let Some(Part::ToolCall(call)) = last {
                    call.seal = Some(seal);
                }
            }
        }
    }

    /// Gives the call its turns, and the tools that answered their names, as far as they are known.
    pub(super) fn finish(self, call: &mut Call) {
        call.system.extend(self.system);
        call.turns = self.turns;
        call.name_results();
    }

    fn turn(&mut self, role: Role, parts: Vec<Part>, rest: Rest) {
        self.turns.push(Turn { role, parts, rest });
    }

    fn open(&mut self, open: Open) -> &mut Vec<Part> {
        if self.open != Some(open) || self.turns.is_empty() {
            let role = if open == Open::Model { Role::Assistant } else { Role::User };
            self.turn(role, Vec::new(), Rest::of(OWN));
            self.open = Some(open);
        }
        let last = self.turns.len() - 1;
        &mut self.turns[last].parts
    }

    /// A message of the caller's, or instructions: those before everything else belong to the
    /// system.
    fn said(&mut self, said: Said) {
        let is_first = self.turns.is_empty() && said.role == Role::System;
        let is_text = said.parts.iter().all(|part| matches!(part, Part::Text { .. }));
        if is_first && is_text && !said.parts.is_empty() {
            let Said { parts, head, .. } = said;
            return self.system.extend(with_head(parts, &head));
        }
        self.turn(said.role, said.parts, said.rest);
        self.open = None;
    }

    /// A message of the model's. Its own members are kept in its first words, or, for a refusal,
    /// in its turn.
    fn assistant(&mut self, said: Said) {
        let Said { parts, head, is_plain, .. } = said;
        match parts.as_slice() {
            [] => {}
            [Part::Text { .. }] if is_plain => self.open(Open::Model).extend(parts),
            [Part::Text { .. }, ..] => {
                self.open(Open::Model).extend(with_head(parts, &head));
            }
            [_, ..] => {
                self.open(Open::Model).extend(parts);
                if let Some(turn) = self.turns.last_mut() {
                    turn.rest.keep(REFUSAL_HEAD.as_bytes(), &head);
                }
            }
        }
    }
}
