//! One entry of `tool_calls`.

use std::borrow::Cow;

use super::voice::Voice;
use crate::dialect::chat_completions::kept::{
    OWN, is_marked, keep, keep_inside, kept, mark, write_inside,
};
use crate::dialect::names::{fitted, is_plain};
use crate::neutral::{Rest, Seal, ToolCall};
use crate::scan::Value;
use crate::write::Writer;

/// Where this dialect's clients keep a tool call's seal.
const SEALER: &str = "google";

/// Longer ids are refused.
const MAX_ID: usize = 40;

/// `function`, `custom` or the elder `function_call`: a name and a text.
#[derive(Debug, Default)]
pub(crate) struct NameAndText {
    pub(crate) name: String,
    pub(crate) text: String,
    rest: Rest,
    is_object: bool,
}

impl NameAndText {
    /// Takes its members.
    pub(crate) fn take(&mut self, value: Value<'_>) {
        value.members(|key, value| match key {
            b"name" => self.name = value.meaning().unwrap_or_default(),
            b"arguments" | b"input" => {
                self.is_object = value.text().is_none() && !value.is_null();
                self.text = match value.meaning() {
                    Some(text) => text,
                    None if self.is_object => String::from_utf8_lossy(value.raw).into_owned(),
                    None => String::new(),
                };
            }
            _ => keep(&mut self.rest, key, value),
        });
    }
}

/// Reads an entry; `made_up` is its id if it has none.
pub(super) fn tool_call(value: Value<'_>, made_up: impl FnOnce() -> String) -> ToolCall {
    let mut inner = NameAndText::default();
    let (mut id, mut seal, mut is_custom) = (None, None, false);
    let mut rest = Rest::default();
    value.members(|key, value| match key {
        b"id" => id = value.meaning().filter(|id| !id.is_empty()),
        b"type" => is_custom |= value.text() == Some(b"custom"),
        b"function" | b"custom" => inner.take(value),
        b"extra_content" => {
            let (found, is_all) = seal_of(value);
            if found.is_some() {
                mark(&mut rest, "sealed");
            }
            let is_ours = found.as_ref().is_some_and(|seal| seal.maker.is_some());
            if !is_all && !is_ours {
                keep(&mut rest, key, value);
            }
            seal = found;
        }
        _ => keep(&mut rest, key, value),
    });
    let NameAndText { name, text, rest: inside, is_object } = inner;
    keep_inside(&mut rest, "function", &inside);
    if is_object {
        mark(&mut rest, "object");
    }
    let id = id.unwrap_or_else(made_up);
    ToolCall { id, name, arguments: text, seal, is_custom, rest }
}

/// The elder form: one call, without id.
pub(super) fn function_call(value: Value<'_>, id: String) -> ToolCall {
    let mut inner = NameAndText::default();
    inner.take(value);
    let NameAndText { name, text, rest: inside, .. } = inner;
    let mut rest = Rest::default();
    keep_inside(&mut rest, "function", &inside);
    mark(&mut rest, "function_call");
    ToolCall { id, name, arguments: text, seal: None, is_custom: false, rest }
}

/// The seal in an `extra_content`, and whether nothing else is in there.
pub(crate) fn seal_of(value: Value<'_>) -> (Option<Seal>, bool) {
    let (mut seal, mut is_all) = (None, true);
    value.members(|key, value| {
        if key != SEALER.as_bytes() {
            is_all = false;
            return;
        }
        value.members(|key, value| match key {
            b"thought_signature" => seal = value.meaning().map(|text| Seal::read(&text)),
            _ => is_all = false,
        });
    });
    (seal, is_all)
}

/// Writes an entry.
pub(crate) fn write_call(out: &mut Writer<'_>, call: &ToolCall, voice: &Voice) {
    out.object(|item| {
        item.text("id", &voice.id(&call.id));
        let kind = if call.is_custom { "custom" } else { "function" };
        item.text("type", kind);
        item.key(kind).object(|inner| write_inner(inner, call, voice));
        write_seal(item, call, voice);
        item.rest_but(&call.rest, OWN, &["function", "extra_content"]);
    });
}

/// A name and a text.
pub(super) fn write_inner(out: &mut Writer<'_>, call: &ToolCall, voice: &Voice) {
    out.text("name", &call.name);
    let key = if call.is_custom { "input" } else { "arguments" };
    let is_none = call.arguments.is_empty() && !call.is_custom && !voice.is_own;
    if is_marked(&call.rest, "object") {
        out.key(key).raw(&call.arguments);
    } else {
        out.text(key, if is_none { "{}" } else { &call.arguments });
    }
    write_inside(out, &call.rest, "function");
}

fn write_seal(out: &mut Writer<'_>, call: &ToolCall, voice: &Voice) {
    match (&call.seal, kept(&call.rest, "extra_content")) {
        (Some(_), Some(whole)) => out.json("extra_content", whole),
        (Some(seal), None) => seal_member(out, &voice.seal(seal)),
        (None, Some(whole)) if !is_marked(&call.rest, "sealed") => {
            out.json("extra_content", whole);
        }
        (None, _) => {}
    }
}

/// A seal where this dialect's clients keep it.
pub(crate) fn seal_member(out: &mut Writer<'_>, seal: &str) {
    out.key("extra_content").object(|extra| {
        extra.key(SEALER).object(|inner| inner.text("thought_signature", seal));
    });
}

/// An id that every server takes: the same one, or always the same one in its place.
pub(crate) fn short_id(id: &str) -> Cow<'_, str> {
    fitted(id, MAX_ID, is_plain)
}
