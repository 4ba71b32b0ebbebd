//! The turns of a conversation, written.

use std::collections::HashMap;

use super::super::ids::Ids;
use super::super::keys::{HERE, has_outside, write_inside, write_outside};
use super::super::parts::{RESPONSE_KEY, lone_seal, only_text, takes_seal};
use super::super::{media, seal};
use super::contents::{Content, Item, Speaker, text_of};
use super::model::Generation;
use crate::dialect::notes::Notes;
use crate::neutral::{Call, Feature, Media, Part, Rest, Seal, ToolCall, ToolResult};
use crate::write::Writer;

/// Writes `contents`.
pub(super) fn write(
    body: &mut Writer<'_>,
    (call, contents): (&Call, &[Content<'_>]),
    model: &str,
    notes: &mut Notes,
) {
    let mut turns = Turns {
        ids: Ids::of_conversation(),
        names: names(call),
        generation: Generation::of(model),
        notes,
    };
    body.key("contents").array(|list| {
        for content in contents {
            list.object(|object| turns.content(object, content));
        }
    });
}

/// The tools' names by the ids of their calls, if a result does not name its tool.
fn names(call: &Call) -> HashMap<&str, &str> {
    let parts = || call.turns.iter().flat_map(|turn| &turn.parts);
    if !parts().any(|part| matches!(part, Part::ToolResult(result) if result.name.is_none())) {
        return HashMap::new();
    }
    let mut names = HashMap::new();
    for part in parts() {
        if let Part::ToolCall(call) = part {
            names.insert(call.id.as_str(), call.name.as_str());
        }
    }
    names
}

struct Turns<'a, 'n> {
    ids: Ids,
    names: HashMap<&'a str, &'a str>,
    generation: Generation,
    notes: &'n mut Notes,
}

impl Turns<'_, '_> {
    fn content(&mut self, object: &mut Writer<'_>, content: &Content<'_>) {
        let has_role = content.rest.is_some_and(|rest| has_outside(rest, "role"));
        match content.role {
            Speaker::User if !has_role => object.text("role", "user"),
            Speaker::Model => object.text("role", "model"),
            Speaker::User => {}
        }
        object.key("parts").array(|list| self.items(list, &content.items));
        if let Some(rest) = content.rest {
            write_outside(object, rest);
        }
    }

    fn items(&mut self, list: &mut Writer<'_>, items: &[Item<'_>]) {
        let mut beside = Vec::new();
        let mut is_first_call = true;
        let mut at = 0;
        while let Some(item) = items.get(at) {
            at += 1;
            match item {
                Item::Part(Part::ToolCall(call)) => {
                    let seal = self.seal(call, is_first_call);
                    is_first_call = false;
                    list.object(|object| self.call(object, call, seal));
                }
                Item::Part(Part::ToolResult(result)) => {
                    list.object(|object| beside.extend(self.result(object, result)));
                }
                Item::Result(result) => {
                    list.object(|object| beside.extend(self.result(object, result)));
                }
                Item::Unanswered(call) => list.object(|object| self.unanswered(object, call)),
                Item::Said(text) => list.object(|object| object.text("text", text)),
                Item::Part(part) => {
                    let seal = items.get(at).and_then(|next| seal_behind(part, next));
                    at += usize::from(seal.is_some());
                    list.object(|object| {
                        write_plain(object, part);
                        object.text_if("thoughtSignature", seal.map(|seal| &*seal.value));
                    });
                }
            }
        }
        write_media(list, &beside);
    }

    /// A call's signature. Models that ask for one ask it of the first call of a turn only, and
    /// take Google's placeholder where there is none.
    fn seal<'s>(&mut self, call: &'s ToolCall, is_first: bool) -> Option<&'s str> {
        let known = call.seal.as_ref().map(|seal| seal.value.as_str());
        if known.is_some() || !is_first || self.generation != Generation::Sealing {
            return known;
        }
        self.notes.emulated(Feature::Seals);
        Some(seal::PLACEHOLDER)
    }

    fn call(&mut self, object: &mut Writer<'_>, call: &ToolCall, seal: Option<&str>) {
        let is_made_up = self.ids.is_made_up_call(&call.id);
        write_call(object, call, (!is_made_up).then_some(&*call.id));
        object.text_if("thoughtSignature", seal);
    }

    /// Writes a result; gives back what must stand behind it.
    fn result<'r>(&mut self, object: &mut Writer<'_>, result: &'r ToolResult) -> Vec<&'r Media> {
        let is_own = result.rest.is_of(HERE);
        let media = result.content.iter().filter_map(|part| match part {
            Part::Media(media) => Some(media),
            Part::Text { .. }
            | Part::Refusal(_)
            | Part::Thinking { .. }
            | Part::ToolCall(_)
            | Part::ToolResult(_)
            | Part::Foreign(_) => None,
        });
        let mut media: Vec<&Media> = media.collect();
        let is_old = matches!(self.generation, Generation::Unthinking | Generation::Budgeted);
        let behind = if is_old && !is_own { std::mem::take(&mut media) } else { Vec::new() };
        let is_made_up = self.ids.is_made_up_result(&result.id);
        let name = result.name.as_deref().or_else(|| self.names.get(&*result.id).copied());
        object.key("functionResponse").object(|inner| {
            inner.text_if("id", (!is_made_up).then_some(&*result.id));
            inner.text("name", name.unwrap_or(&result.id));
            inner.key("response");
            write_response(inner, result);
            if !media.is_empty() {
                inner.key("parts").array(|list| write_media(list, &media));
            }
            write_inside(inner, &result.rest);
        });
        write_outside(object, &result.rest);
        behind
    }

    fn unanswered(&mut self, object: &mut Writer<'_>, call: &ToolCall) {
        let is_made_up = self.ids.is_made_up_result(&call.id);
        object.key("functionResponse").object(|inner| {
            inner.text_if("id", (!is_made_up).then_some(&*call.id));
            inner.text("name", &call.name);
            inner.key("response").object(|said| said.text("error", "the tool gave no result"));
        });
    }
}

fn write_media(list: &mut Writer<'_>, media: &[&Media]) {
    for part in media {
        list.object(|object| media::write(object, part));
    }
}

/// The signature of a part that stands behind it.
fn seal_behind<'a>(part: &Part, next: &Item<'a>) -> Option<&'a Seal> {
    match next {
        Item::Part(next) => lone_seal(next).filter(|_| takes_seal(part)),
        Item::Said(_) | Item::Result(_) | Item::Unanswered(_) => None,
    }
}

/// Writes `functionCall` and what was kept beside it.
pub(in super::super) fn write_call(object: &mut Writer<'_>, call: &ToolCall, id: Option<&str>) {
    object.key("functionCall").object(|inner| {
        inner.text_if("id", id);
        inner.text("name", &call.name);
        inner.json("args", &call.input());
        write_inside(inner, &call.rest);
    });
    write_outside(object, &call.rest);
}

/// An object as it is; words under the name that says whether the tool failed.
fn write_response(inner: &mut Writer<'_>, result: &ToolResult) {
    let text = text_of(result);
    let is_plain = |key: &[u8]| matches!(key, b"result" | b"output" | b"error");
    let is_object = text.trim_start().starts_with('{')
        && crate::neutral::Json::new(&text).is_some()
        && only_text(text.as_bytes()).is_none_or(|(key, _)| !is_plain(&key));
    if is_object && !result.is_error {
        return inner.raw(&text);
    }
    let kept = has_kept_output(&result.rest);
    let key = match (result.is_error, kept) {
        (true, _) => "error",
        (false, true) => "output",
        (false, false) => "result",
    };
    inner.object(|object| object.text(key, &text));
}

fn has_kept_output(rest: &Rest) -> bool {
    rest.members_for(HERE).iter().any(|(key, _)| &**key == RESPONSE_KEY)
}

/// Writes a part that is neither a call nor a result, without the signature behind it.
pub(in super::super) fn write_plain(object: &mut Writer<'_>, part: &Part) {
    match part {
        Part::Text { text, rest, .. } => {
            object.text("text", text);
            write_outside(object, rest);
        }
        Part::Refusal(text) => object.text("text", text),
        Part::Thinking { text, seal, rest } => {
            object.text("text", text);
            if !text.is_empty() {
                object.value("thought", true);
            }
            object.text_if("thoughtSignature", seal.as_ref().map(|seal| &*seal.value));
            write_outside(object, rest);
        }
        Part::Media(media) => media::write(object, media),
        Part::Foreign(rest) => write_outside(object, rest),
        Part::ToolCall(_) | Part::ToolResult(_) => object.text("text", ""),
    }
}
