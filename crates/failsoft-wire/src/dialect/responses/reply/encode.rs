//! From an answer to a body.

use super::super::item::{Group, Origin, content, groups, made_image, text, tool_call};
use super::super::kept::OWN;
use super::object::{Ending, Object, item_id, message, raw_item, thought};
use crate::dialect::members::Members;
use crate::neutral::{Choice, Json, MediaKind, MediaSource, Part, Reply, Rest, Role};
use crate::translate::Presented;
use crate::write::Writer;

pub(crate) fn encode_reply(reply: &Reply, presented: &Presented) -> Vec<u8> {
    let nothing = Choice::default();
    let choice = reply.choices.first().unwrap_or(&nothing);
    let has_refusal = choice.parts.iter().any(|part| matches!(part, Part::Refusal(_)));
    let ending = Ending::of(choice.stop.as_ref(), has_refusal);
    let mut body = Vec::with_capacity(2_048);
    let object = Object {
        id: reply.id.as_deref(),
        model: reply.model.as_deref(),
        created: reply.created,
        rest: &reply.rest,
        presented,
        ending,
        usage: reply.usage.as_ref(),
    };
    let logprobs = logprobs(choice.logprobs.as_ref());
    object.write(&mut Writer::new(&mut body), |list| {
        Output { presented, ending, logprobs, index: 0 }.write(list, choice);
    });
    body
}

/// The entries of the log probabilities, without their list's brackets.
pub(in super::super) fn logprobs(json: Option<&Json>) -> String {
    let Some(json) = json else { return String::new() };
    let value = crate::scan::Value { raw: json.as_str().as_bytes(), start: 0 };
    let list = Members::of(value).find("content");
    let list = list.map(|list| String::from_utf8_lossy(list.raw)).unwrap_or_default();
    list.trim_start_matches('[').trim_end_matches(']').to_owned()
}

struct Output<'a> {
    presented: &'a Presented,
    ending: Ending,
    /// For the first words.
    logprobs: String,
    index: usize,
}

impl Output<'_> {
    fn write(&mut self, list: &mut Writer<'_>, choice: &Choice) {
        let mut said: Vec<&Part> = Vec::new();
        for group in groups(&choice.parts, &choice.rest) {
            match group {
                Group::Part(part @ (Part::Text { .. } | Part::Refusal(_))) => said.push(part),
                Group::Part(part) => {
                    self.message(list, &mut said, "completed");
                    self.item(list, part);
                }
                Group::Message { head, parts } => {
                    self.message(list, &mut said, "completed");
                    self.headed(list, head, parts);
                }
            }
        }
        let status = self.ending.status();
        self.message(list, &mut said, status);
    }

    /// All words since the last item of another kind.
    fn message(&mut self, list: &mut Writer<'_>, said: &mut Vec<&Part>, status: &str) {
        if said.is_empty() {
            return;
        }
        let id = self.next("msg");
        message(list, &id, status, |contents| {
            for part in said.drain(..) {
                self.content(contents, part);
            }
        });
    }

    fn headed(&mut self, list: &mut Writer<'_>, head: &Json, parts: &[Part]) {
        self.index += 1;
        list.object(|item| {
            item.inside(head);
            item.key("content").array(|contents| {
                for part in parts {
                    self.content(contents, part);
                }
            });
        });
    }

    fn content(&mut self, contents: &mut Writer<'_>, part: &Part) {
        let Part::Text { text: words, citations, rest } = part else {
            return content(contents, part, Role::Assistant, Origin::Own);
        };
        let logprobs = std::mem::take(&mut self.logprobs);
        text(contents, (words, citations, rest), Role::Assistant, &logprobs);
    }

    fn item(&mut self, list: &mut Writer<'_>, part: &Part) {
        match part {
            Part::Thinking { text, seal, rest } => {
                let id = self.next("rs");
                thought(list, (text, seal.as_ref(), rest), self.presented, &id);
            }
            Part::ToolCall(call) => {
                let id = self.next(if call.is_custom { "ctc" } else { "fc" });
                tool_call(list, call, &call.id, Some((&id, "completed")));
                if let Some(seal) = &call.seal {
                    let (id, seal) = (self.next("rs"), seal.of_call());
                    thought(list, ("", Some(&seal), &Rest::default()), self.presented, &id);
                }
            }
            Part::Media(media) if is_made_image(part) => {
                let id = self.next("ig");
                made_image(list, media, &id);
            }
            Part::Media(media) => self.index += usize::from(raw_item(list, &media.rest)),
            Part::ToolResult(result) if result.rest.is_of(OWN) => {}
            Part::Foreign(rest) => self.index += usize::from(raw_item(list, rest)),
            Part::ToolResult(_) | Part::Text { .. } | Part::Refusal(_) => {}
        }
    }

    fn next(&mut self, kind: &str) -> String {
        let id = item_id(self.presented, kind, self.index);
        self.index += 1;
        id
    }
}

/// An image of the model's, with its bytes.
pub(in super::super) fn is_made_image(part: &Part) -> bool {
    matches!(part, Part::Media(media)
        if media.kind == MediaKind::Image && matches!(media.source, MediaSource::Inline { .. }))
}
