//! The items of a `content` list.

use super::media;
use crate::dialect::chat_completions::kept::{self, OWN, keep, whole};
use crate::neutral::{Part, Rest};
use crate::scan::Value;
use crate::write::Writer;

/// The items of a list; `None` if it is none, or holds something that is no object.
pub(crate) fn list(value: Value<'_>) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut is_list = value.is_array();
    value.items(|item| {
        is_list &= item.is_object();
        parts.push(part(item));
    });
    is_list.then_some(parts)
}

/// One item. What is not understood is kept whole.
fn part(item: Value<'_>) -> Part {
    let mut kind = None;
    let mut payload = None;
    let mut rest = Rest::default();
    item.members(|key, value| match key {
        b"type" => kind = value.text(),
        b"text" | b"refusal" | b"image_url" | b"video_url" | b"file" | b"input_audio"
        | b"thinking"
            if payload.is_none() =>
        {
            payload = Some((key, value));
        }
        _ => keep(&mut rest, key, value),
    });
    let known = payload.filter(|(key, _)| kind == Some(*key));
    let known = known.and_then(|(key, value)| understood(key, value, rest));
    known.unwrap_or_else(|| Part::Foreign(whole(item)))
}

fn understood(kind: &[u8], value: Value<'_>, rest: Rest) -> Option<Part> {
    match kind {
        b"text" => Some(Part::Text { text: value.meaning()?, citations: Vec::new(), rest }),
        b"refusal" if rest.is_empty() => Some(Part::Refusal(value.meaning()?)),
        b"thinking" => {
            let mut rest = rest;
            kept::mark(&mut rest, "item");
            Some(Part::Thinking { text: thought_items(value)?, seal: None, rest })
        }
        b"image_url" | b"video_url" => media::of_url(kind, value, rest).map(Part::Media),
        b"file" => media::of_file(value, rest).map(Part::Media),
        b"input_audio" => media::of_audio(value, rest).map(Part::Media),
        _ => None,
    }
}

/// The words of a thought that is itself a list of texts, if it is nothing but that.
pub(crate) fn thought_items(value: Value<'_>) -> Option<String> {
    let mut text = String::new();
    let mut is_plain = value.is_array();
    value.items(|item| {
        let mut words = None;
        item.members(|key, value| match key {
            b"text" => words = value.meaning(),
            b"type" => is_plain &= value.text() == Some(b"text"),
            _ => is_plain = false,
        });
        match words {
            Some(words) => text.push_str(&words),
            None => is_plain = false,
        }
    });
    is_plain.then_some(text)
}

/// Writes one item, if this dialect can hold it.
pub(crate) fn write_item(out: &mut Writer<'_>, part: &Part) {
    match part {
        Part::Text { text, rest, .. } => out.object(|item| {
            item.text("type", "text");
            item.text("text", text);
            item.rest(rest, OWN);
        }),
        Part::Refusal(text) => out.object(|item| {
            item.text("type", "refusal");
            item.text("refusal", text);
        }),
        Part::Thinking { text, rest, .. } => out.object(|item| {
            item.text("type", "thinking");
            item.key("thinking").array(|texts| {
                texts.object(|one| {
                    one.text("type", "text");
                    one.text("text", text);
                });
            });
            item.rest(rest, OWN);
        }),
        Part::Media(known) => media::write_media(out, known),
        Part::Foreign(rest) if rest.is_of(OWN) => out.object(|item| item.rest(rest, OWN)),
        Part::ToolCall(_) | Part::ToolResult(_) | Part::Foreign(_) => {}
    }
}
