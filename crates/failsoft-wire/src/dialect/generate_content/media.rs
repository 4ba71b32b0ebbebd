//! Media, written.

use super::keys::{HERE, has_inside, write_inside, write_outside};
use crate::base64;
use crate::dialect::media_type;
use crate::neutral::{Media, MediaKind, MediaSource};
use crate::write::Writer;

/// Writes the members of a part that is a medium.
pub(super) fn write(part: &mut Writer<'_>, media: &Media) {
    let is_own = media.rest.is_of(HERE);
    match &media.source {
        MediaSource::Inline { mime, base64 } => inline(part, media, (mime, base64)),
        MediaSource::Text(text) => {
            inline(part, media, ("text/plain", &base64::encode(text.as_bytes())));
        }
        MediaSource::Url { url, mime } => part.key("fileData").object(|data| {
            let guess = || (!is_own).then(|| guessed(url, media.kind));
            data.text_if("mimeType", mime.as_deref().or_else(guess));
            data.text("fileUri", url);
            inside(data, media);
        }),
        MediaSource::Stored(uri) => part.key("fileData").object(|data| {
            if !has_inside(&media.rest, "mimeType") && !is_own {
                data.text("mimeType", guessed(uri, media.kind));
            }
            data.text("fileUri", uri);
            inside(data, media);
        }),
    }
    write_outside(part, &media.rest);
}

fn inline(part: &mut Writer<'_>, media: &Media, (mime, base64): (&str, &str)) {
    part.key("inlineData").object(|data| {
        data.text("mimeType", mime);
        data.text("data", base64);
        inside(data, media);
    });
}

/// Only Vertex takes names, so only those that came in this dialect are written.
fn inside(data: &mut Writer<'_>, media: &Media) {
    if media.rest.is_of(HERE) {
        data.text_if("displayName", media.name.as_deref());
    }
    write_inside(data, &media.rest);
}

/// The media type of a file at an address, which must be said: by its ending, else by its kind.
fn guessed(url: &str, kind: MediaKind) -> &'static str {
    media_type::of_name(url).unwrap_or(match kind {
        MediaKind::Image => "image/jpeg",
        MediaKind::File => "application/pdf",
        MediaKind::Audio => "audio/mpeg",
        MediaKind::Video => "video/mp4",
    })
}
