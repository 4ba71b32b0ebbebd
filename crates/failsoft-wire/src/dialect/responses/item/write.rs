//! Items and their content as they are written, in a conversation or in an answer.

use super::super::kept::{BARE, CUSTOM, OWN, SOUND, is_plain, kept as kept_member};
use super::content::usual_kind;
use crate::dialect::media_type;
use crate::neutral::{Citation, Media, MediaKind, MediaSource, Part, Rest, Role, ToolCall};
use crate::write::Writer;

/// Whose call is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Origin {
    /// One of this dialect's: what it left out stays out.
    Own,
    /// Another dialect's: everything the schema demands is said.
    Other,
}

/// A thought as it is written.
pub(in super::super) struct Thought<'a> {
    pub(in super::super) id: Option<&'a str>,
    pub(in super::super) text: &'a str,
    pub(in super::super) encrypted: Option<&'a str>,
    pub(in super::super) rest: &'a Rest,
}

/// Writes a thought.
pub(in super::super) fn reasoning(out: &mut Writer<'_>, thought: &Thought<'_>) {
    let rest = thought.rest;
    out.object(|item| {
        item.text("type", "reasoning");
        item.text_if("id", thought.id);
        if kept_member(rest, "summary").is_none() {
            let has_words = !thought.text.is_empty() && kept_member(rest, "content").is_none();
            item.key("summary").array(|parts| {
                if has_words {
                    words(parts, "summary_text", thought.text);
                }
            });
        }
        item.text_if("encrypted_content", thought.encrypted);
        item.rest_but(rest, OWN, if thought.id.is_some() { &["id"] } else { &[] });
    });
}

/// A piece of content that is words and nothing else.
pub(in super::super) fn words(out: &mut Writer<'_>, kind: &str, text: &str) {
    out.object(|part| {
        part.text("type", kind);
        part.text("text", text);
    });
}

/// Writes a tool call. In an answer it has an id of its own and a status.
pub(in super::super) fn tool_call(
    out: &mut Writer<'_>,
    call: &ToolCall,
    call_id: &str,
    made: Option<(&str, &str)>,
) {
    out.object(|item| {
        let (kind, arguments) = match call.is_custom {
            true => ("custom_tool_call", "input"),
            false => ("function_call", "arguments"),
        };
        item.text("type", kind);
        if let Some((id, status)) = made {
            if kept_member(&call.rest, "id").is_none() {
                item.text("id", id);
            }
            if kept_member(&call.rest, "status").is_none() && !call.is_custom {
                item.text("status", status);
            }
        }
        item.text("call_id", call_id);
        item.text("name", &call.name);
        let is_whole = made.is_none_or(|(_, status)| status == "completed");
        let is_empty = is_whole && call.arguments.trim().is_empty() && !call.is_custom;
        item.text(arguments, if is_empty { "{}" } else { &call.arguments });
        item.rest(&call.rest, OWN);
    });
}

/// Whether a result's own members say that it is a custom tool's.
pub(in super::super) fn is_custom_output(rest: &Rest) -> bool {
    rest.is_marked(OWN, CUSTOM)
}

/// Writes what a tool answered: a string if it is nothing but words.
pub(in super::super) fn result(out: &mut Writer<'_>, parts: &[Part], origin: Origin) {
    match parts {
        [] => out.string(""),
        [Part::Text { text, rest, .. }] if is_plain(rest) => out.string(text),
        parts => out.array(|out| {
            for part in parts {
                content(out, part, Role::User, origin);
            }
        }),
    }
}

/// Writes a piece of content of a turn of this role.
pub(in super::super) fn content(out: &mut Writer<'_>, part: &Part, role: Role, origin: Origin) {
    match part {
        Part::Text { text, citations, rest } => self::text(out, (text, citations, rest), role, ""),
        Part::Refusal(text) => out.object(|part| {
            part.text("type", "refusal");
            part.text("refusal", text);
        }),
        Part::Media(media) => self::media(out, media, origin),
        Part::Foreign(rest) => out.object(|part| part.rest(rest, OWN)),
        Part::Thinking { text, .. } => words(out, "input_text", text),
        Part::ToolCall(call) => words(out, "input_text", &call.arguments),
        Part::ToolResult(_) => words(out, "input_text", ""),
    }
}

/// Writes words, with where they come from if they are the model's; `logprobs` are the items of
/// their list.
pub(in super::super) fn text(
    out: &mut Writer<'_>,
    (text, citations, rest): (&str, &[Citation], &Rest),
    role: Role,
    logprobs: &str,
) {
    out.object(|part| {
        if kept_member(rest, "type").is_none() {
            part.text("type", std::str::from_utf8(usual_kind(role)).unwrap_or_default());
        }
        if role == Role::Assistant {
            part.key("annotations").array(|list| {
                for citation in citations {
                    annotation(list, citation);
                }
            });
            if kept_member(rest, "logprobs").is_none() {
                part.key("logprobs").list(logprobs);
            }
        }
        part.text("text", text);
        part.rest(rest, OWN);
    });
}

/// Writes where words come from. This dialect knows addresses; what has none is told by nobody.
pub(in super::super) fn annotation(out: &mut Writer<'_>, citation: &Citation) {
    if !citation.rest.members_for(OWN).is_empty() {
        out.object(|object| object.rest(&citation.rest, OWN));
        return;
    }
    let Some(url) = &citation.url else { return };
    let (start, end) = citation.span.unwrap_or((0, 0));
    out.object(|object| {
        object.text("type", "url_citation");
        object.text("url", url);
        object.text("title", citation.title.as_deref().unwrap_or_default());
        object.value("start_index", start);
        object.value("end_index", end);
    });
}

/// Writes an image, a document or a sound.
fn media(out: &mut Writer<'_>, media: &Media, origin: Origin) {
    let is_own_sound = media.rest.is_marked(OWN, SOUND);
    match (media.kind, &media.source) {
        _ if is_own_sound => out.object(|part| part.rest(&media.rest, OWN)),
        (_, MediaSource::Text(text)) => {
            let title = media.name.as_deref().map(|name| format!("{name}:\n\n"));
            words(out, "input_text", &(title.unwrap_or_default() + text));
        }
        (MediaKind::Image, source) => out.object(|part| {
            part.text("type", "input_image");
            match source {
                MediaSource::Inline { .. } | MediaSource::Text(_) => {
                    part.text("image_url", &source.url());
                }
                MediaSource::Url { url, .. } => part.text("image_url", url),
                MediaSource::Stored(id) => part.text("file_id", id),
            }
            part.text_if("detail", detail(media, origin));
            part.rest(&media.rest, OWN);
        }),
        (MediaKind::File | MediaKind::Audio | MediaKind::Video, source) => out.object(|part| {
            part.text("type", "input_file");
            file(part, media, source, origin);
            part.rest(&media.rest, OWN);
        }),
    }
}

fn file(part: &mut Writer<'_>, media: &Media, source: &MediaSource, origin: Origin) {
    let name = media.name.as_deref();
    match source {
        MediaSource::Inline { mime, base64 } => {
            let default = (origin == Origin::Other).then(|| media_type::document(mime));
            part.text_if("filename", name.or(default.as_deref()));
            let is_bare = media.rest.is_marked(OWN, BARE);
            let url = source.url();
            part.text("file_data", if is_bare { base64 } else { &url });
        }
        MediaSource::Url { url, .. } => {
            // The API takes a name beside bytes only.
            part.text_if("filename", name.filter(|_| origin == Origin::Own));
            part.text("file_url", url);
        }
        MediaSource::Stored(id) => {
            part.text_if("filename", name.filter(|_| origin == Origin::Own));
            part.text("file_id", id);
        }
        MediaSource::Text(_) => {}
    }
    part.text_if("detail", media.detail.as_deref().filter(|_| origin == Origin::Own));
}

/// The schema wants one with each image.
fn detail(media: &Media, origin: Origin) -> Option<&str> {
    let said = media.detail.as_deref();
    match origin {
        Origin::Own => said,
        Origin::Other => {
            let known = said.filter(|word| matches!(*word, "low" | "high" | "original"));
            Some(known.unwrap_or("auto"))
        }
    }
}

/// Writes an image the model made, as its tool for that does.
pub(in super::super) fn made_image(out: &mut Writer<'_>, media: &Media, id: &str) {
    let MediaSource::Inline { mime, base64 } = &media.source else { return };
    let format = mime.strip_prefix("image/").unwrap_or_default();
    out.object(|item| {
        if media.rest.members_for(OWN).is_empty() {
            item.text("type", "image_generation_call");
            item.text("id", id);
            item.text("status", "completed");
            if matches!(format, "png" | "webp" | "jpeg" | "gif") {
                item.text("output_format", format);
            }
        }
        item.text("result", base64);
        item.rest(&media.rest, OWN);
    });
}
