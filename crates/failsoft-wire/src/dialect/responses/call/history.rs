//! From turns to the items of a request.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::item::{
    Group, Origin, Thought, content, groups, is_custom_output, made_image, reasoning, result,
    tool_call, with_id,
};
use super::super::kept::{ITEM, MADE, OWN, STRING, is_plain, kept as kept_member};
use super::parameters::fitted;
use crate::dialect::instructions::{self, FAILED, GO_ON, JSON_OBJECT, speaks_of_json};
use crate::neutral::{Call, Json, OutputFormat, Part, Rest, Role, ToolCall, ToolResult, Turn};
use crate::translate::Destination;
use crate::write::Writer;

/// Writes the conversation.
pub(super) struct History<'a> {
    call: &'a Call,
    to: &'a Destination<'a>,
    origin: Origin,
    /// Calls of custom tools so far.
    customs: HashSet<&'a str>,
}

impl<'a> History<'a> {
    pub(super) fn new(call: &'a Call, to: &'a Destination<'a>, origin: Origin) -> Self {
        Self { call, to, origin, customs: HashSet::new() }
    }

    pub(super) fn write(&mut self, list: &mut Writer<'_>) {
        self.system(list);
        for turn in &self.call.turns {
            match turn.role {
                Role::User => self.user(list, turn, "user"),
                Role::System => self.user(list, turn, "system"),
                Role::Assistant => self.assistant(list, turn),
            }
        }
        let last = self.call.turns.last().filter(|_| self.origin == Origin::Other);
        let is_begun = last.is_some_and(|turn| {
            turn.role == Role::Assistant && matches!(turn.parts.last(), Some(Part::Text { .. }))
        });
        if is_begun {
            plain(list, "user", GO_ON);
        }
    }

    /// Instructions that are messages, and those that the form of the answer needs.
    fn system(&self, list: &mut Writer<'_>) {
        for group in groups(&self.call.system, &Rest::default()) {
            if let Group::Message { head, parts } = group {
                self.headed(list, head, parts, Role::System);
            }
        }
        if self.call.system.iter().any(|part| matches!(part, Part::Media(_))) {
            self.message(list, ("system", Role::System), &self.call.system, &Rest::default());
        }
        match &self.call.output {
            OutputFormat::Json if self.origin == Origin::Other && !speaks_of_json(self.call) => {
                plain(list, "system", JSON_OBJECT);
            }
            OutputFormat::Schema { schema, .. } if !self.to.follows_schemas => {
                plain(list, "system", &instructions::json_schema(schema, None));
            }
            OutputFormat::Text | OutputFormat::Json | OutputFormat::Schema { .. } => {}
        }
    }

    /// A turn of the caller's: what tools answered are items, all else is messages.
    fn user(&mut self, list: &mut Writer<'_>, turn: &'a Turn, role: &str) {
        let mut rest = turn.parts.as_slice();
        while let Some((first, others)) = rest.split_first() {
            if self.is_item(first) {
                self.item(list, first);
                rest = others;
                continue;
            }
            let count = rest.iter().take_while(|part| !self.is_item(part)).count();
            let (said, others) = rest.split_at(count);
            self.message(list, (role, turn.role), said, &turn.rest);
            rest = others;
        }
    }

    /// A message, unless nothing can be said.
    fn message(
        &self,
        list: &mut Writer<'_>,
        (word, role): (&str, Role),
        parts: &[Part],
        rest: &Rest,
    ) {
        let said: Vec<&Part> = parts.iter().filter(|part| self.can_be_said(part)).collect();
        if said.is_empty() && self.origin == Origin::Other {
            return;
        }
        list.object(|item| {
            item.text("type", "message");
            if kept_member(rest, "role").is_none() {
                item.text("role", word);
            }
            item.key("content");
            self.content(item, &said, role);
            item.rest(rest, OWN);
        });
    }

    /// Parts of other dialects and empty words are left out.
    fn can_be_said(&self, part: &Part) -> bool {
        match part {
            Part::Text { text, .. } => self.origin == Origin::Own || !text.trim().is_empty(),
            Part::Foreign(rest) => rest.is_of(OWN),
            Part::Refusal(_) | Part::Media(_) => true,
            Part::Thinking { .. } | Part::ToolCall(_) | Part::ToolResult(_) => false,
        }
    }

    fn content(&self, out: &mut Writer<'_>, parts: &[&Part], role: Role) {
        match parts {
            [Part::Text { text, citations, rest }] if is_plain(rest) && citations.is_empty() => {
                out.string(text);
            }
            parts => out.array(|list| {
                for part in parts {
                    content(list, part, role, self.origin);
                }
            }),
        }
    }

    /// Whether it is an item of its own, not a piece of a message.
    fn is_item(&self, part: &Part) -> bool {
        match part {
            Part::Thinking { .. } | Part::ToolCall(_) | Part::ToolResult(_) => true,
            Part::Foreign(rest) => rest.is_marked(OWN, ITEM),
            Part::Media(media) => {
                media.rest.is_marked(OWN, ITEM) || media.rest.is_marked(OWN, MADE)
            }
            Part::Text { .. } | Part::Refusal(_) => false,
        }
    }

    fn assistant(&mut self, list: &mut Writer<'_>, turn: &'a Turn) {
        for group in groups(&turn.parts, &turn.rest) {
            match group {
                Group::Message { head, parts } => self.headed(list, head, parts, Role::Assistant),
                Group::Part(part) if self.is_item(part) => self.item(list, part),
                Group::Part(Part::Text { text, .. } | Part::Refusal(text)) => {
                    if !text.trim().is_empty() || self.origin == Origin::Own {
                        plain(list, "assistant", text);
                    }
                }
                // The model cannot have said it; it can have been shown to it.
                Group::Part(part @ Part::Media(_)) => {
                    let parts = std::slice::from_ref(part);
                    self.message(list, ("user", Role::User), parts, &Rest::default());
                }
                Group::Part(_) => {}
            }
        }
    }

    /// A message with members of its own.
    fn headed(&self, list: &mut Writer<'_>, head: &Json, parts: &[Part], role: Role) {
        list.object(|item| {
            item.inside(head);
            item.key("content");
            match parts {
                [Part::Text { text, rest, .. }] if rest.is_marked(OWN, STRING) => item.string(text),
                parts => item.array(|list| {
                    for part in parts {
                        content(list, part, role, self.origin);
                    }
                }),
            }
        });
    }

    fn item(&mut self, list: &mut Writer<'_>, part: &'a Part) {
        match part {
            Part::Thinking { text, seal, rest } => {
                let seal = seal.as_ref().map(|seal| with_id(&seal.value));
                let (id, encrypted) = seal.unwrap_or_default();
                let encrypted = Some(encrypted).filter(|text| !text.is_empty());
                // Nobody but this dialect's own caller can have got one that is not sealed.
                let is_own = seal.is_none() && rest.is_of(OWN);
                if is_own || id.is_some() || encrypted.is_some() {
                    reasoning(list, &Thought { id, text, encrypted, rest });
                }
            }
            Part::ToolCall(call) => self.called(list, call),
            Part::ToolResult(result) => self.answered(list, result),
            Part::Foreign(rest) => list.object(|item| item.rest(rest, OWN)),
            Part::Media(media) if media.rest.is_marked(OWN, ITEM) => {
                list.object(|item| item.rest(&media.rest, OWN));
            }
            Part::Media(media) => made_image(list, media, ""),
            Part::Text { .. } | Part::Refusal(_) => {}
        }
    }

    fn called(&mut self, list: &mut Writer<'_>, call: &'a ToolCall) {
        if call.is_custom {
            self.customs.insert(&call.id);
        }
        tool_call(list, call, &self.id(&call.id), None);
        if let Some(seal) = &call.seal {
            let encrypted = seal.of_call().value;
            let rest = Rest::default();
            let encrypted = Some(encrypted.as_str());
            reasoning(list, &Thought { id: None, text: "", encrypted, rest: &rest });
        }
    }

    fn answered(&self, list: &mut Writer<'_>, answer: &ToolResult) {
        let is_custom =
            is_custom_output(&answer.rest) || self.customs.contains(&answer.id.as_str());
        let kind = if is_custom { "custom_tool_call_output" } else { "function_call_output" };
        let failed = answer.is_error && self.origin == Origin::Other;
        list.object(|item| {
            item.text("type", kind);
            item.text("call_id", &self.id(&answer.id));
            item.key("output");
            if failed {
                result(item, &marked_as_error(&answer.content), self.origin);
            } else {
                result(item, &answer.content, self.origin);
            }
            item.rest(&answer.rest, OWN);
        });
    }

    fn id<'i>(&self, id: &'i str) -> Cow<'i, str> {
        if self.origin == Origin::Own { Cow::Borrowed(id) } else { fitted(id) }
    }
}

/// A message that is nothing but words.
fn plain(list: &mut Writer<'_>, role: &str, text: &str) {
    list.object(|item| {
        item.text("type", "message");
        item.text("role", role);
        item.text("content", text);
    });
}

fn marked_as_error(content: &[Part]) -> Vec<Part> {
    match content {
        [Part::Text { text, .. }, others @ ..] => {
            let first = Part::text(format!("{FAILED} {text}"));
            std::iter::once(first).chain(others.iter().cloned()).collect()
        }
        others => std::iter::once(Part::text(FAILED)).chain(others.iter().cloned()).collect(),
    }
}
