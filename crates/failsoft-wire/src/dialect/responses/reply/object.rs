//! The `response` object and its items as they are written for a client.

use super::super::item::{Thought, reasoning, with_id};
use super::super::kept::{OWN, kept as kept_member, kept_text};
use crate::neutral::{Rest, Seal, Stop, StopReason, Usage};
use crate::translate::Presented;
use crate::write::Writer;

/// How an answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Ending {
    /// It goes on.
    Open,
    Completed,
    Incomplete(&'static str),
}

impl Ending {
    /// How an answer ends. A refusal that has words is one; else it looks like a filter's.
    pub(in super::super) fn of(stop: Option<&Stop>, has_refusal: bool) -> Self {
        match stop.map(|stop| stop.reason) {
            Some(StopReason::Length | StopReason::ContextFull) => {
                Self::Incomplete("max_output_tokens")
            }
            Some(StopReason::Filtered) => Self::Incomplete("content_filter"),
            Some(StopReason::Refused) if !has_refusal => Self::Incomplete("content_filter"),
            Some(
                StopReason::Done
                | StopReason::ToolCalls
                | StopReason::Sequence
                | StopReason::Refused
                | StopReason::Paused
                | StopReason::Other,
            )
            | None => Self::Completed,
        }
    }

    pub(in super::super) const fn status(self) -> &'static str {
        match self {
            Self::Open => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
        }
    }

    const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Incomplete(reason) => Some(reason),
            Self::Open | Self::Completed => None,
        }
    }
}

/// A `response` object without its output.
pub(in super::super) struct Object<'a> {
    pub(in super::super) id: Option<&'a str>,
    pub(in super::super) model: Option<&'a str>,
    pub(in super::super) created: Option<u64>,
    pub(in super::super) rest: &'a Rest,
    pub(in super::super) presented: &'a Presented,
    pub(in super::super) ending: Ending,
    pub(in super::super) usage: Option<&'a Usage>,
}

/// What the schema demands and we do not know, for answers of other dialects and of our own, where
/// null was taken for absent.
const DEMANDED: [(&str, &str, Option<&str>); 14] = [
    ("error", "null", Some("null")),
    ("instructions", "null", Some("null")),
    ("max_output_tokens", "null", None),
    ("metadata", "{}", Some("null")),
    ("parallel_tool_calls", "true", Some("true")),
    ("previous_response_id", "null", None),
    ("reasoning", r#"{"effort":null,"summary":null}"#, None),
    ("store", "false", None),
    ("temperature", "1.0", Some("null")),
    ("text", r#"{"format":{"type":"text"}}"#, None),
    ("tool_choice", r#""auto""#, Some(r#""auto""#)),
    ("tools", "[]", Some("[]")),
    ("top_p", "1.0", Some("null")),
    ("truncation", r#""disabled""#, None),
];

impl Object<'_> {
    pub(in super::super) fn write(
        &self,
        out: &mut Writer<'_>,
        output: impl FnOnce(&mut Writer<'_>),
    ) {
        let is_own = self.rest.is_of(OWN);
        out.object(|object| {
            object.text("id", &self.id());
            object.text("object", "response");
            object.value("created_at", self.created.unwrap_or(self.presented.created));
            if kept_member(self.rest, "status").is_none() {
                object.text("status", self.ending.status());
            }
            if kept_member(self.rest, "incomplete_details").is_none() {
                match self.ending.reason() {
                    Some(reason) => {
                        object.key("incomplete_details").object(|d| d.text("reason", reason));
                    }
                    None => object.key("incomplete_details").null(),
                }
            }
            object.text("model", self.model.unwrap_or(&self.presented.model));
            object.key("output").array(output);
            for (key, other, own) in DEMANDED {
                let default = if is_own { own } else { Some(other) };
                if let Some(default) = default.filter(|_| kept_member(self.rest, key).is_none()) {
                    object.key(key).raw(default);
                }
            }
            match self.usage {
                Some(known) => usage(object, known),
                None => object.key("usage").null(),
            }
            object.rest_but(self.rest, OWN, &["object"]);
        });
    }

    fn id(&self) -> String {
        let is_own = |id: &&str| self.rest.is_of(OWN) || id.starts_with("resp_");
        match self.id.filter(is_own) {
            Some(id) => id.to_owned(),
            None => format!("resp_{}", base(self.presented)),
        }
    }
}

/// The presented id without this dialect's prefix, should it have one.
fn base(presented: &Presented) -> &str {
    presented.id.strip_prefix("resp_").unwrap_or(&presented.id)
}

/// The id of the item at this place.
pub(in super::super) fn item_id(presented: &Presented, kind: &str, index: usize) -> String {
    format!("{kind}_{}_{index}", base(presented))
}

fn usage(out: &mut Writer<'_>, usage: &Usage) {
    out.key("usage").object(|object| {
        object.value("input_tokens", usage.input);
        if kept_member(&usage.rest, "input_tokens_details").is_none() {
            object.key("input_tokens_details").object(|details| {
                details.value("cached_tokens", usage.cached);
                details.value("cache_write_tokens", usage.cache_written);
            });
        }
        object.value("output_tokens", usage.output);
        if kept_member(&usage.rest, "output_tokens_details").is_none() {
            object
                .key("output_tokens_details")
                .object(|d| d.value("reasoning_tokens", usage.reasoning));
        }
        if kept_member(&usage.rest, "total_tokens").is_none() {
            object.value("total_tokens", usage.input.saturating_add(usage.output));
        }
        object.rest(&usage.rest, OWN);
    });
}

/// Writes a message of these contents.
pub(in super::super) fn message(
    out: &mut Writer<'_>,
    id: &str,
    status: &str,
    contents: impl FnOnce(&mut Writer<'_>),
) {
    out.object(|item| {
        item.text("type", "message");
        item.text("id", id);
        item.text("status", status);
        item.text("role", "assistant");
        item.key("content").array(contents);
    });
}

/// A seal as the client gets it: marked with its maker. Thoughts without a seal get an empty one,
/// so that they are not sent to a target that would look for them under their id.
pub(in super::super) fn seal_text(
    seal: Option<&Seal>,
    presented: &Presented,
    item_id: Option<&str>,
) -> Option<String> {
    let value = seal.map_or("", |seal| {
        let (id, inside) = with_id(&seal.value);
        if id.is_some() && id == item_id { inside } else { &seal.value }
    });
    let maker = presented.maker.or_else(|| seal?.maker);
    if maker.is_none() && value.is_empty() {
        return None;
    }
    Some(Seal { value: value.to_owned(), maker }.marked())
}

/// Writes a thought.
pub(in super::super) fn thought(
    out: &mut Writer<'_>,
    (text, seal, rest): (&str, Option<&Seal>, &Rest),
    presented: &Presented,
    made_id: &str,
) {
    let id = kept_text(rest, "id").unwrap_or_else(|| made_id.to_owned());
    let encrypted = seal_text(seal, presented, Some(&id));
    let encrypted = encrypted.as_deref();
    reasoning(out, &Thought { id: Some(&id), text, encrypted, rest });
}

/// Writes what this dialect alone has. Tells whether there was anything to write.
pub(in super::super) fn raw_item(out: &mut Writer<'_>, rest: &Rest) -> bool {
    let is_own = !rest.members_for(OWN).is_empty();
    if is_own {
        out.object(|item| item.rest(rest, OWN));
    }
    is_own
}
