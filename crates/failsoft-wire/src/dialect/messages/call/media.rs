//! Images and documents, written.

use std::borrow::Cow;

use super::super::HERE;
use super::super::members::kept;
use crate::base64;
use crate::neutral::{Media, MediaKind, MediaSource};
use crate::translate::Unfit;
use crate::write::Writer;

/// The kinds of images the dialect knows, and how their base64 begins.
const IMAGES: [(&str, &str); 4] = [
    ("image/png", "iVBORw0KGgo"),
    ("image/jpeg", "/9j/"),
    ("image/gif", "R0lGOD"),
    ("image/webp", "UklGR"),
];

/// Whether the dialect takes it.
pub(super) fn check(media: &Media) -> Result<(), Unfit> {
    let fits = match (media.kind, &media.source) {
        (MediaKind::Audio | MediaKind::Video, _) | (_, MediaSource::Stored(_)) => false,
        (MediaKind::Image, MediaSource::Text(_)) => false,
        (MediaKind::Image, MediaSource::Inline { mime, base64 }) => image(mime, base64).is_some(),
        (MediaKind::File, MediaSource::Inline { mime, base64 }) => {
            is_pdf(mime) || base64::decode_text(base64).is_some()
        }
        (MediaKind::Image | MediaKind::File, MediaSource::Url { .. } | MediaSource::Text(_)) => {
            true
        }
    };
    if fits { Ok(()) } else { Err(Unfit { feature: media.feature() }) }
}

/// Whose word counts about an image's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Its sender's.
    Sender,
    /// Its bytes': other dialects let senders err, this one does not.
    Bytes,
}

/// Writes the block.
pub(super) fn write(writer: &mut Writer<'_>, media: &Media, trust: Trust) {
    let kind = if media.kind == MediaKind::Image { "image" } else { "document" };
    writer.object(|writer| {
        writer.text("type", kind);
        if kept(&media.rest, "source").is_none() {
            writer.key("source").object(|writer| source(writer, media, trust));
        }
        if media.kind != MediaKind::Image {
            writer.text_if("title", media.name.as_deref().filter(|name| !name.is_empty()));
        }
        writer.rest(&media.rest, HERE);
    });
}

fn source(writer: &mut Writer<'_>, media: &Media, trust: Trust) {
    match (&media.source, media.kind) {
        (MediaSource::Inline { mime, base64 }, MediaKind::Image) => {
            writer.text("type", "base64");
            let seen = by_bytes(base64).filter(|_| trust == Trust::Bytes);
            writer.text("media_type", seen.or_else(|| image(mime, base64)).unwrap_or(mime));
            writer.text("data", base64);
        }
        (MediaSource::Inline { mime, base64 }, _) => {
            let text = (!is_pdf(mime)).then(|| base64::decode_text(base64)).flatten();
            match text {
                Some(text) => write_text(writer, &text),
                None => {
                    writer.text("type", "base64");
                    writer.text("media_type", "application/pdf");
                    writer.text("data", base64);
                }
            }
        }
        (MediaSource::Text(text), _) => write_text(writer, text),
        (MediaSource::Url { url, .. }, _) => {
            writer.text("type", "url");
            writer.text("url", url);
        }
        (MediaSource::Stored(id), _) => {
            writer.text("type", "file");
            writer.text("file_id", id);
        }
    }
}

fn write_text(writer: &mut Writer<'_>, text: &str) {
    writer.text("type", "text");
    writer.text("media_type", "text/plain");
    writer.text("data", text);
}

/// The media type of an image: what its sender says, if the dialect knows it, else what its bytes
/// say.
fn image(mime: &str, base64: &str) -> Option<&'static str> {
    let mime = essence(mime);
    let mime = if mime == "image/jpg" { "image/jpeg" } else { &mime };
    let said = IMAGES.iter().find(|(known, _)| *known == mime).map(|(known, _)| *known);
    said.or_else(|| by_bytes(base64))
}

/// What kind of image these bytes are.
fn by_bytes(base64: &str) -> Option<&'static str> {
    IMAGES.iter().find(|(_, start)| base64.starts_with(start)).map(|(known, _)| *known)
}

fn is_pdf(mime: &str) -> bool {
    essence(mime) == "application/pdf"
}

fn essence(mime: &str) -> Cow<'_, str> {
    let essence = mime.split(';').next().unwrap_or_default().trim();
    if essence.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(essence.to_ascii_lowercase())
    } else {
        Cow::Borrowed(essence)
    }
}
