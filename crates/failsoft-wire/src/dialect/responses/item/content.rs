//! Content: what stands inside messages and tool results.

use super::super::kept::{BARE, ITEM, MADE, OWN, SOUND};
use crate::dialect::media_type;
use crate::dialect::members::{Members, objects};
use crate::neutral::{Citation, Media, MediaKind, MediaSource, Part, Role};
use crate::scan::Value;

/// What a piece of content says, and its log probabilities.
pub(super) struct Content<'a> {
    pub(super) part: Part,
    pub(super) logprobs: Option<Value<'a>>,
}

/// Reads a piece of content of a turn of this role.
pub(super) fn read(mut members: Members<'_>, role: Role) -> Content<'_> {
    let mut logprobs = None;
    let part = match members.word("type") {
        b"input_text" | b"output_text" | b"text" | b"summary_text" | b"reasoning_text" => {
            logprobs = members.take("logprobs").filter(|value| value.is_full());
            text(members, role)
        }
        b"refusal" => match members.take_text("refusal") {
            Some(text) => Part::Refusal(text),
            None => Part::Foreign(members.rest(OWN)),
        },
        b"input_image" => image(members),
        b"input_file" => file(members),
        b"input_audio" => audio(members),
        _ => Part::Foreign(members.rest(OWN)),
    };
    Content { part, logprobs }
}

fn text(mut members: Members<'_>, role: Role) -> Part {
    if members.word("type") == usual_kind(role) {
        members.take("type");
    }
    let text = members.take_text("text").unwrap_or_default();
    let mut citations = Vec::new();
    if let Some(list) = members.take("annotations") {
        objects(list, |members| citations.push(citation(members)));
    }
    Part::Text { text, citations, rest: members.rest(OWN) }
}

/// What text is called in a turn of this role.
pub(super) const fn usual_kind(role: Role) -> &'static [u8] {
    match role {
        Role::Assistant => b"output_text",
        Role::User | Role::System => b"input_text",
    }
}

/// Where words come from. All of it is kept as well.
pub(in super::super) fn citation(members: Members<'_>) -> Citation {
    let number = |key| members.find(key).and_then(|value| value.count());
    let words = |key| members.find(key).and_then(Value::meaning);
    Citation {
        url: words("url"),
        title: words("title").or_else(|| words("filename")),
        quote: None,
        span: number("start_index").zip(number("end_index")),
        rest: members.rest(OWN),
    }
}

fn image(mut members: Members<'_>) -> Part {
    let url = members.find("image_url");
    let url = url.and_then(|url| url.meaning().or_else(|| Members::of(url).find("url")?.meaning()));
    let source = if let Some(url) = url {
        members.take("image_url");
        MediaSource::of_url(url)
    } else if let Some(id) = members.take_text("file_id") {
        MediaSource::Stored(id)
    } else {
        return Part::Foreign(members.rest(OWN));
    };
    let detail = members.take_text("detail");
    members.take("type");
    let rest = members.rest(OWN);
    Part::Media(Media { kind: MediaKind::Image, source, name: None, detail, rest })
}

fn file(mut members: Members<'_>) -> Part {
    if !["file_data", "file_url", "file_id"].iter().any(|key| !members.word(key).is_empty()) {
        return Part::Foreign(members.rest(OWN));
    }
    let name = members.take_text("filename");
    let mut is_bare = false;
    let source = if let Some(data) = members.take_text("file_data") {
        match MediaSource::of_url(data) {
            MediaSource::Url { url: base64, .. } => {
                is_bare = true;
                let mime = name.as_deref().and_then(media_type::of_name);
                let mime = mime.unwrap_or("application/pdf").to_owned();
                MediaSource::Inline { mime, base64 }
            }
            source @ (MediaSource::Inline { .. }
            | MediaSource::Text(_)
            | MediaSource::Stored(_)) => source,
        }
    } else if let Some(url) = members.take_text("file_url") {
        MediaSource::of_url(url)
    } else {
        MediaSource::Stored(members.take_text("file_id").unwrap_or_default())
    };
    let detail = members.take_text("detail");
    members.take("type");
    let mut rest = members.rest(OWN);
    if is_bare {
        rest.mark(BARE);
    }
    Part::Media(Media { kind: MediaKind::File, source, name, detail, rest })
}

fn audio(members: Members<'_>) -> Part {
    let inside = members.find("input_audio").map(Members::of);
    let said = |key| inside.as_ref()?.find(key).and_then(Value::meaning);
    let (data, format) = (said("data"), said("format"));
    let mut rest = members.rest(OWN);
    let Some((base64, format)) = data.zip(format) else { return Part::Foreign(rest) };
    rest.mark(SOUND);
    let source = MediaSource::Inline { mime: format!("audio/{format}"), base64 };
    Part::Media(Media { kind: MediaKind::Audio, source, name: None, detail: None, rest })
}

/// An image that a tool of the provider's made; all but its bytes is kept.
pub(super) fn made_image(mut members: Members<'_>) -> Part {
    let base64 = members.take_text("result").unwrap_or_default();
    let format = String::from_utf8_lossy(members.word("output_format")).into_owned();
    let mime = format!("image/{}", if format.is_empty() { "png" } else { &format });
    let mut rest = members.rest(OWN);
    rest.mark(MADE);
    Part::Media(Media {
        kind: MediaKind::Image,
        source: MediaSource::Inline { mime, base64 },
        name: None,
        detail: None,
        rest,
    })
}

/// Something the provider keeps. All of it is kept as well.
pub(super) fn stored(members: Members<'_>) -> Part {
    let id = members.find("id").and_then(Value::meaning).unwrap_or_default();
    let mut rest = members.rest(OWN);
    rest.mark(ITEM);
    let source = MediaSource::Stored(id);
    Part::Media(Media { kind: MediaKind::File, source, name: None, detail: None, rest })
}
