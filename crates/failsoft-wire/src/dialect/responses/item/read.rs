//! Items as they are read, in a conversation or in an answer.

use super::super::kept::{CUSTOM, ITEM, OWN, STRING};
use super::content::{self, made_image, stored};
use crate::dialect::members::{Members, objects};
use crate::neutral::{Part, Rest, Role, Seal, ToolCall, ToolResult};
use crate::scan::Value;

/// Where an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Place {
    /// In a request.
    History,
    /// In an answer.
    Answer,
}

/// What an item is.
pub(in super::super) enum Item {
    /// A message.
    Said(Said),
    /// Something of the model's.
    Model(Part),
    /// Something of the caller's: what tools answered.
    Caller(Part),
    /// What seals the tool call before.
    Sealed(Seal),
}

/// A message.
pub(in super::super) struct Said {
    pub(in super::super) role: Role,
    pub(in super::super) parts: Vec<Part>,
    /// Its members, but for its content and what goes without saying.
    pub(in super::super) head: Vec<u8>,
    /// Whether there is nothing in the head, and the content says the same as a string would.
    pub(in super::super) is_plain: bool,
    /// The same as the head, without the role.
    pub(in super::super) rest: Rest,
    /// Log probabilities of its words, each list without its brackets.
    pub(in super::super) logprobs: Vec<String>,
}

/// Reads an item.
pub(in super::super) fn read(members: Members<'_>, place: Place) -> Item {
    match members.word("type") {
        b"message" => said(members, place),
        b"" if members.find("role").is_some() => said(members, place),
        b"reasoning" => reasoning(members, place),
        b"function_call" | b"custom_tool_call" => {
            Item::Model(Part::ToolCall(called(members, place)))
        }
        b"function_call_output" | b"custom_tool_call_output" => answered(members),
        b"image_generation_call" if !members.word("result").is_empty() => {
            Item::Model(made_image(members))
        }
        b"" | b"item_reference" | b"compaction" | b"compaction_summary" => {
            Item::Model(stored(members))
        }
        _ => foreign(members),
    }
}

fn foreign(members: Members<'_>) -> Item {
    let kind = members.word("type");
    let is_callers = kind.ends_with(b"_output")
        || kind == b"mcp_approval_response"
        || matches!(members.word("role"), b"user" | b"system" | b"developer");
    let mut rest = members.rest(OWN);
    rest.mark(ITEM);
    let part = Part::Foreign(rest);
    if is_callers { Item::Caller(part) } else { Item::Model(part) }
}

fn said(mut members: Members<'_>, place: Place) -> Item {
    if members.find("content").is_none_or(|content| !content.is_full() && content.is_array()) {
        return foreign(members);
    }
    let role = match members.word("role") {
        b"assistant" => Role::Assistant,
        b"system" | b"developer" => Role::System,
        _ => Role::User,
    };
    let mut parts = Vec::new();
    let mut logprobs = Vec::new();
    match members.take("content") {
        Some(content) if content.text().is_some() => {
            let mut rest = Rest::of(OWN);
            rest.mark(STRING);
            let text = content.meaning().unwrap_or_default();
            parts.push(Part::Text { text, citations: Vec::new(), rest });
        }
        Some(content) => objects(content, |members| {
            let mut content = content::read(members, role);
            if let Some(list) = content.logprobs {
                note_logprobs(&mut content.part, list, place, &mut logprobs);
            }
            parts.push(content.part);
        }),
        None => {}
    }
    let is_usual = matches!(members.word("role"), b"user" | b"assistant" | b"system");
    let (role_is_said, kind_is_said) = (members.find("role"), members.find("type"));
    members.take("type");
    if is_usual {
        members.take("role");
    }
    let is_bare = members.is_empty();
    let rest = members.rest(OWN);
    let head = head(role_is_said, kind_is_said, &rest);
    let is_single = match parts.as_slice() {
        [Part::Text { citations, rest, .. }] => citations.is_empty() && rest.is_empty(),
        _ => false,
    };
    Item::Said(Said { role, parts, head, is_plain: is_bare && is_single, rest, logprobs })
}

/// In an answer they go to the choice, in a conversation they stay with the words.
fn note_logprobs(part: &mut Part, list: Value<'_>, place: Place, found: &mut Vec<String>) {
    match (part, place) {
        (Part::Text { rest, .. }, Place::History) => rest.keep(b"logprobs", list.raw),
        (_, Place::Answer) => {
            let list = String::from_utf8_lossy(list.raw);
            let inside = list.trim_start_matches('[').trim_end_matches(']').trim();
            found.push(inside.to_owned());
        }
        (_, Place::History) => {}
    }
}

fn head(role: Option<Value<'_>>, kind: Option<Value<'_>>, rest: &Rest) -> Vec<u8> {
    let mut head = Vec::new();
    crate::write::Writer::new(&mut head).object(|head| {
        for (key, value) in [("type", kind), ("role", role)] {
            if let Some(raw) = value.and_then(|value| std::str::from_utf8(value.raw).ok()) {
                head.key(key).raw(raw);
            }
        }
        head.rest_but(rest, OWN, &["type", "role"]);
    });
    head
}

/// How an encrypted thought begins whose item's id goes with it: its maker checks that both belong
/// together, and clients of other dialects have no other place for the id.
const WITH_ID: char = '#';

/// The id and what is sealed under it.
pub(in super::super) fn with_id(seal: &str) -> (Option<&str>, &str) {
    let split = seal.strip_prefix(WITH_ID).and_then(|rest| rest.split_once(WITH_ID));
    split.map_or((None, seal), |(id, value)| (Some(id), value))
}

fn reasoning(mut members: Members<'_>, place: Place) -> Item {
    let encrypted = members.find("encrypted_content").and_then(Value::meaning).unwrap_or_default();
    let summary = members.find("summary").map(texts).unwrap_or_default();
    let content = members.find("content").map(texts).unwrap_or_default();
    if encrypted.is_empty() && place == Place::Answer && summary.is_none() && content.is_none() {
        return foreign(members);
    }
    members.take("encrypted_content");
    members.take("type");
    if content.is_none() && summary.as_ref().is_none_or(|texts| texts.is_single) {
        members.take("summary");
    }
    let has_content = content.is_some();
    let text = summary.or(content).map(|texts| texts.joined).unwrap_or_default();
    let id = members.find("id").and_then(Value::meaning).filter(|id| !id.contains(WITH_ID));
    let seal = match (place, id) {
        (_, None) if encrypted.is_empty() => None,
        (Place::Answer, _) if encrypted.is_empty() => None,
        (Place::Answer, Some(id)) => {
            let value = format!("{WITH_ID}{id}{WITH_ID}{encrypted}");
            Some(Seal { value, maker: None })
        }
        // Its words are at the provider's, under its id.
        (Place::History, Some(id)) if encrypted.is_empty() && !has_content => {
            members.take("id");
            Some(Seal { value: format!("{WITH_ID}{id}{WITH_ID}"), maker: None })
        }
        (Place::History, _) if encrypted.is_empty() => None,
        (_, _) => Some(Seal::read(&encrypted)),
    };
    if let Some(seal) = seal.as_ref().and_then(Seal::as_call)
        && place == Place::History
    {
        return Item::Sealed(seal);
    }
    Item::Model(Part::Thinking { text, seal, rest: members.rest(OWN) })
}

struct Texts {
    joined: String,
    /// There is one, and nothing beside it.
    is_single: bool,
}

/// The words of all parts; `None` if there are none.
fn texts(list: Value<'_>) -> Option<Texts> {
    let (mut joined, mut count, mut is_bare) = (String::new(), 0, true);
    objects(list, |mut members| {
        let text = members.take_text("text").unwrap_or_default();
        is_bare &= members.take("type").is_some_and(|kind| kind.text() == Some(b"summary_text"));
        is_bare &= members.is_empty();
        if count > 0 {
            joined.push_str("\n\n");
        }
        joined.push_str(&text);
        count += 1;
    });
    (count > 0).then_some(Texts { joined, is_single: count == 1 && is_bare })
}

/// Reads a tool call. That an answer's call is complete goes without saying.
fn called(mut members: Members<'_>, place: Place) -> ToolCall {
    let is_custom = members.word("type") == b"custom_tool_call";
    members.take("type");
    let arguments = if is_custom { "input" } else { "arguments" };
    let arguments = members.take(arguments).map(Value::meaning_or_json).unwrap_or_default();
    if place == Place::Answer && members.word("status") != b"incomplete" {
        members.take("status");
    }
    let id = members.take_text("call_id");
    let id = id.or_else(|| members.find("id").and_then(Value::meaning)).unwrap_or_default();
    let name = members.take_text("name").unwrap_or_default();
    ToolCall { id, name, arguments, seal: None, is_custom, rest: members.rest(OWN) }
}

fn answered(mut members: Members<'_>) -> Item {
    let is_custom = members.word("type") == b"custom_tool_call_output";
    members.take("type");
    let id = members.take_text("call_id").unwrap_or_default();
    let mut content = Vec::new();
    match members.take("output") {
        Some(output) if output.is_array() => {
            objects(output, |members| content.push(content::read(members, Role::User).part));
        }
        Some(output) if output.text() == Some(b"") => {}
        Some(output) => content.push(Part::text(output.meaning_or_json())),
        None => {}
    }
    let mut rest = members.rest(OWN);
    if is_custom {
        rest.mark(CUSTOM);
    }
    Item::Caller(Part::ToolResult(ToolResult { id, name: None, content, is_error: false, rest }))
}
