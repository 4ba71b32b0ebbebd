//! What the model said: an assistant's message of a call, or the message of an answer.

use super::content::list;
use super::source::citation;
use super::{media, tool_call};
use crate::dialect::chat_completions::kept::{keep, mark, set};
use crate::neutral::{Citation, Media, MediaKind, Part, Rest, ToolCall};
use crate::scan::Value;

/// The members that say something.
#[derive(Default)]
pub(crate) struct Spoken<'a> {
    content: Option<Value<'a>>,
    refusal: Option<Value<'a>>,
    reasoning_content: Option<Value<'a>>,
    reasoning: Option<Value<'a>>,
    reasoning_details: Option<Value<'a>>,
    tool_calls: Option<Value<'a>>,
    function_call: Option<Value<'a>>,
    annotations: Option<Value<'a>>,
    audio: Option<Value<'a>>,
    images: Option<Value<'a>>,
    rest: Rest,
}

impl<'a> Spoken<'a> {
    /// Takes a member; its role was taken before.
    pub(crate) fn take(&mut self, key: &'a [u8], value: Value<'a>) {
        if value.is_null() {
            return;
        }
        let slot = match key {
            b"content" => &mut self.content,
            b"refusal" => &mut self.refusal,
            b"reasoning_content" => &mut self.reasoning_content,
            b"reasoning" => &mut self.reasoning,
            b"reasoning_details" => &mut self.reasoning_details,
            b"tool_calls" => &mut self.tool_calls,
            b"function_call" => &mut self.function_call,
            b"annotations" => &mut self.annotations,
            b"audio" => &mut self.audio,
            b"images" => &mut self.images,
            _ => return keep(&mut self.rest, key, value),
        };
        *slot = Some(value);
    }

    /// The parts in the order in which they are thought, said and done; and what the dialect adds.
    /// `made_up` gives ids to calls that have none.
    pub(crate) fn parts(mut self, mut made_up: impl FnMut() -> String) -> (Vec<Part>, Rest) {
        let mut parts = Vec::new();
        parts.extend(self.thinking());
        let citations = self.citations();
        let calls = self.calls(&mut made_up);
        let media = self.media();
        let is_alone = parts.is_empty() && calls.is_empty() && media.is_empty();
        self.words(&mut parts, citations, is_alone);
        parts.extend(calls.into_iter().map(Part::ToolCall));
        parts.extend(media.into_iter().map(Part::Media));
        (parts, self.rest)
    }

    fn thinking(&mut self) -> Option<Part> {
        let mut rest = Rest::default();
        let mut text = None;
        for (spelling, value) in
            [("reasoning_content", self.reasoning_content), ("reasoning", self.reasoning)]
        {
            let Some(value) = value else { continue };
            match value.meaning() {
                Some(words) if text.is_none() && !words.is_empty() => {
                    mark(&mut rest, spelling);
                    text = Some(words);
                }
                Some(words) if words.is_empty() => {}
                Some(_) | None => keep(&mut rest, spelling.as_bytes(), value),
            }
        }
        if let Some(details) = self.reasoning_details.filter(Value::is_full) {
            keep(&mut rest, b"reasoning_details", details);
            text = text.or_else(|| Some(thought(details)));
        }
        let is_kept = text.is_some() || !rest.is_empty();
        is_kept.then(|| Part::Thinking { text: text.unwrap_or_default(), seal: None, rest })
    }

    fn citations(&mut self) -> Vec<Citation> {
        let mut citations = Vec::new();
        if let Some(annotations) = self.annotations {
            annotations.items(|item| citations.push(citation(item)));
        }
        citations
    }

    fn calls(&mut self, made_up: &mut impl FnMut() -> String) -> Vec<ToolCall> {
        let mut calls = Vec::new();
        if let Some(value) = self.tool_calls {
            value.items(|item| {
                if item.is_object() {
                    calls.push(tool_call::tool_call(item, &mut *made_up));
                }
            });
        }
        if let Some(value) = self.function_call.filter(Value::is_object) {
            calls.push(tool_call::function_call(value, made_up()));
        }
        calls
    }

    fn media(&mut self) -> Vec<Media> {
        let mut found = Vec::new();
        if let Some(audio) = self.audio {
            match media::of_spoken(audio) {
                Some(media) => found.push(media),
                // The id of a sound the model made before.
                None => keep(&mut self.rest, b"audio", audio),
            }
        }
        if let Some(images) = self.images {
            images.items(|item| found.extend(image(item)));
        }
        found
    }

    /// What is said in words. `is_alone`: nothing else is.
    fn words(&mut self, parts: &mut Vec<Part>, citations: Vec<Citation>, is_alone: bool) {
        let mut citations = Some(citations).filter(|citations| !citations.is_empty());
        if let Some(content) = self.content {
            if let Some(listed) = list(content) {
                mark(&mut self.rest, "list");
                parts.extend(listed);
            } else if let Some(text) = content.meaning() {
                let is_said = !text.is_empty() || is_alone && self.refusal.is_none();
                match is_said {
                    true => parts.push(Part::text(text)),
                    false => mark(&mut self.rest, "empty"),
                }
            } else {
                mark(&mut self.rest, "odd");
                keep(&mut self.rest, b"content", content);
            }
        }
        let cited = parts.iter_mut().find_map(|part| match part {
            Part::Text { citations, .. } => Some(citations),
            Part::Refusal(_)
            | Part::Thinking { .. }
            | Part::Media(_)
            | Part::ToolCall(_)
            | Part::ToolResult(_)
            | Part::Foreign(_) => None,
        });
        match (cited, citations.take(), self.annotations) {
            (Some(cited), Some(found), _) => *cited = found,
            (None, Some(_), Some(annotations)) => {
                keep(&mut self.rest, b"annotations", annotations);
            }
            (_, _, _) => {}
        }
        if let Some(refusal) = self.refusal.and_then(Value::meaning).filter(|text| !text.is_empty())
        {
            mark(&mut self.rest, "refusal");
            parts.push(Part::Refusal(refusal));
        }
    }
}

/// An image the model made, as the item of a list.
fn image(item: Value<'_>) -> Option<Media> {
    let mut url = None;
    let mut rest = Rest::default();
    item.members(|key, value| match key {
        b"image_url" => url = Some(value),
        b"type" => {}
        _ => keep(&mut rest, key, value),
    });
    let mut media = media::of_url(b"image_url", set(url)?, rest)?;
    mark(&mut media.rest, "images");
    media.kind = MediaKind::Image;
    Some(media)
}

/// The words in `reasoning_details`.
pub(crate) fn thought(details: Value<'_>) -> String {
    let mut text = String::new();
    details.items(|item| {
        item.members(|key, value| {
            if matches!(key, b"text" | b"summary") {
                text.push_str(&value.meaning().unwrap_or_default());
            }
        });
    });
    text
}
