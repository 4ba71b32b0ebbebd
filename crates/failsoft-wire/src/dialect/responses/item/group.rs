//! Which parts were one message.

use super::super::kept::{HEAD, ITEM, MORE, OWN, REFUSAL_HEAD, kept as kept_member};
use crate::neutral::{Json, Part, Rest};

/// Parts that were one message, and others.
pub(in super::super) enum Group<'a> {
    Message { head: &'a Json, parts: &'a [Part] },
    Part(&'a Part),
}

pub(in super::super) fn groups<'a>(parts: &'a [Part], turn: &'a Rest) -> Vec<Group<'a>> {
    let mut groups = Vec::with_capacity(parts.len());
    let mut refusal_head = kept_member(turn, REFUSAL_HEAD);
    let mut rest = parts;
    while let Some((first, others)) = rest.split_first() {
        let head = match first {
            Part::Text { rest, .. } => kept_member(rest, HEAD),
            Part::Foreign(rest) if rest.is_marked(OWN, ITEM) => None,
            Part::Refusal(_) | Part::Foreign(_) => refusal_head.take(),
            Part::Thinking { .. } | Part::Media(_) | Part::ToolCall(_) | Part::ToolResult(_) => {
                None
            }
        };
        let count = head.map_or(0, |_| others.iter().take_while(|part| goes_on(part)).count());
        let (said, others) = rest.split_at(count + 1);
        groups.push(match head {
            Some(head) => Group::Message { head, parts: said },
            None => Group::Part(first),
        });
        rest = others;
    }
    groups
}

/// Whether it belongs to the message before.
fn goes_on(part: &Part) -> bool {
    match part {
        Part::Text { rest, .. } => rest.is_marked(OWN, MORE) && kept_member(rest, HEAD).is_none(),
        Part::Refusal(_) => true,
        Part::Foreign(rest) => rest.is_of(OWN) && !rest.is_marked(OWN, ITEM),
        Part::Thinking { .. } | Part::Media(_) | Part::ToolCall(_) | Part::ToolResult(_) => false,
    }
}

/// The head goes with the first text, and the others are marked as more of the same message.
pub(in super::super) fn with_head(parts: Vec<Part>, head: &[u8]) -> impl Iterator<Item = Part> {
    let head = head.to_vec();
    parts.into_iter().enumerate().map(move |(index, mut part)| {
        if let Part::Text { rest, .. } = &mut part {
            if !rest.is_of(OWN) {
                *rest = Rest::of(OWN);
            }
            if index == 0 {
                rest.keep(HEAD.as_bytes(), &head);
            } else {
                rest.mark(MORE);
            }
        }
        part
    })
}
