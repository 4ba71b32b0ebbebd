//! A part that is being written.

use super::super::item::{made_image, text, tool_call, words};
use super::super::reply::{is_made_image, raw_item, thought};
use crate::neutral::{Citation, Maker, Part, PartStart, Rest, Role, Seal, ToolCall};
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
    /// Of thoughts: the summaries that are whole at the client, where the next begins, and whether
    /// there are none because the thoughts are told in their own words.
    pub(super) summaries: Vec<String>,
    pub(super) told: usize,
    pub(super) is_in_own_words: bool,
    /// Who makes it, if its seals carry a mark, and whether it is nobody's unsealed.
    pub(super) maker: Option<Maker>,
    pub(super) is_nobodys: bool,
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
            summaries: Vec::new(),
            told: 0,
            is_in_own_words: false,
            maker: None,
            is_nobodys: false,
        }
    }

    /// The summary that is not whole: its number, and its words. Thoughts in their own words have
    /// none.
    pub(super) fn summary(&self) -> Option<(usize, &str)> {
        let words = self.text.get(self.told..).filter(|words| !words.is_empty())?;
        (!self.is_in_own_words).then_some((self.summaries.len(), words))
    }

    /// What the item holds beside, if its thoughts are not one summary.
    pub(super) fn told(&self) -> Option<(&'static str, Vec<u8>)> {
        let (key, kind) = match (self.is_in_own_words, self.summaries.as_slice()) {
            (true, _) => ("content", "reasoning_text"),
            (false, [_, ..]) => ("summary", "summary_text"),
            (false, []) => return None,
        };
        let open = self.text.get(self.told..).filter(|words| !words.is_empty());
        let mut list = Vec::new();
        Writer::new(&mut list).array(|list| {
            let texts = self.summaries.iter().map(String::as_str).chain(open);
            texts.for_each(|text| words(list, kind, text));
        });
        Some((key, list))
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
