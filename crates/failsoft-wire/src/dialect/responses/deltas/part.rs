//! A part that is being written.

use super::super::item::{made_image, text, tool_call};
use super::super::reply::{is_made_image, raw_item, thought};
use crate::neutral::{Citation, Part, PartStart, Rest, Role, Seal, ToolCall};
use crate::translate::Presented;
use crate::write::Writer;

/// A part that is not whole yet.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) start: PartStart,
    /// The id of its item.
    pub(super) id: String,
    pub(super) text: String,
    pub(super) seal: Option<Seal>,
    pub(super) citations: Vec<Citation>,
    pub(super) logprobs: String,
}

impl Open {
    pub(super) const fn new(start: PartStart) -> Self {
        Self {
            start,
            id: String::new(),
            text: String::new(),
            seal: None,
            citations: Vec::new(),
            logprobs: String::new(),
        }
    }

    /// A piece of its seal.
    pub(super) fn sealed(&mut self, seal: &Seal) {
        match &mut self.seal {
            Some(known) => known.value.push_str(&seal.value),
            None => self.seal = Some(seal.clone()),
        }
    }

    /// The content of a message as it stands.
    pub(super) fn content(&self) -> String {
        let mut json = Vec::new();
        let out = &mut Writer::new(&mut json);
        if self.start == PartStart::Refusal {
            out.object(|part| {
                part.text("type", "refusal");
                part.text("refusal", &self.text);
            });
        } else {
            let said = (self.text.as_str(), self.citations.as_slice(), &Rest::default());
            text(out, said, Role::Assistant, &self.logprobs);
        }
        String::from_utf8(json).unwrap_or_default()
    }

    /// The item as it stands; empty if there is nothing of it in this dialect.
    pub(super) fn item(&self, presented: &Presented, status: &str) -> Vec<u8> {
        let mut item = Vec::new();
        let out = &mut Writer::new(&mut item);
        match &self.start {
            PartStart::Thinking { rest } if status == "completed" => {
                thought(out, (&self.text, self.seal.as_ref(), rest), presented, &self.id);
            }
            PartStart::Thinking { .. } => out.object(|item| {
                item.text("type", "reasoning");
                item.text("id", &self.id);
                item.key("summary").array(|_| {});
            }),
            PartStart::ToolCall { id, name, is_custom, rest } => {
                let call = ToolCall {
                    id: id.clone(),
                    name: name.clone(),
                    arguments: self.text.clone(),
                    seal: None,
                    is_custom: *is_custom,
                    rest: rest.clone(),
                };
                tool_call(out, &call, id, Some((&self.id, status)));
            }
            PartStart::Media(media) => {
                if is_made_image(&Part::Media(media.clone())) {
                    made_image(out, media, &self.id);
                } else {
                    raw_item(out, &media.rest);
                }
            }
            PartStart::Foreign(rest) => _ = raw_item(out, rest),
            PartStart::Text | PartStart::Refusal => {}
        }
        item
    }
}
