//! Images, files, sounds and films.

use crate::dialect::chat_completions::kept::{self, OWN, is_marked, keep, keep_inside, kept, mark};
use crate::neutral::{Media, MediaKind, MediaSource, Rest};
use crate::scan::Value;
use crate::write::Writer;

/// An `image_url` or a `video_url`: an object, or the address alone.
pub(super) fn of_url(kind: &[u8], value: Value<'_>, mut rest: Rest) -> Option<Media> {
    let is_image = kind == b"image_url";
    let (mut url, mut detail) = (value.meaning(), None);
    if url.is_some() {
        mark(&mut rest, "bare");
    }
    let mut inside = Rest::default();
    value.members(|key, value| match key {
        b"url" => url = value.meaning(),
        b"detail" if value.text().is_some() => detail = value.meaning(),
        _ => keep(&mut inside, key, value),
    });
    keep_inside(&mut rest, if is_image { "image_url" } else { "video_url" }, &inside);
    if !is_image {
        mark(&mut rest, "video_url");
    }
    let kind = if is_image { MediaKind::Image } else { MediaKind::Video };
    Some(Media { kind, source: MediaSource::of_url(url?), name: None, detail, rest })
}

/// A `file`: its bytes, or its id in the provider's store.
pub(super) fn of_file(value: Value<'_>, mut rest: Rest) -> Option<Media> {
    let (mut data, mut id, mut name) = (None, None, None);
    let mut inside = Rest::default();
    value.members(|key, value| match key {
        b"file_data" if data.is_none() => data = value.meaning(),
        b"file_id" if id.is_none() => id = value.meaning(),
        b"filename" if name.is_none() => name = value.meaning(),
        _ => keep(&mut inside, key, value),
    });
    keep_inside(&mut rest, "file", &inside);
    let source = match (data, id) {
        (Some(data), _) => {
            // An address has a colon; base64 has none.
            if data.contains(':') {
                MediaSource::of_url(data)
            } else {
                mark(&mut rest, "bare");
                MediaSource::Inline { mime: "application/pdf".to_owned(), base64: data }
            }
        }
        (None, Some(id)) => MediaSource::Stored(id),
        (None, None) => return None,
    };
    mark(&mut rest, "file");
    Some(Media { kind: MediaKind::File, source, name, detail: None, rest })
}

/// An `input_audio`.
pub(super) fn of_audio(value: Value<'_>, mut rest: Rest) -> Option<Media> {
    let (mut data, mut format) = (None, None);
    let mut inside = Rest::default();
    value.members(|key, value| match key {
        b"data" => data = value.meaning(),
        b"format" => format = value.meaning(),
        _ => keep(&mut inside, key, value),
    });
    keep_inside(&mut rest, "input_audio", &inside);
    let mime = match format?.as_str() {
        "mp3" => "audio/mpeg".to_owned(),
        format => format!("audio/{format}"),
    };
    mark(&mut rest, "input_audio");
    let source = MediaSource::Inline { mime, base64: data? };
    Some(Media { kind: MediaKind::Audio, source, name: None, detail: None, rest })
}

/// Whether this dialect can say it. What came in it, it can.
pub(crate) fn is_writable(media: &Media) -> bool {
    if media.rest.is_of(OWN) {
        return true;
    }
    match (media.kind, &media.source) {
        (_, MediaSource::Stored(_)) | (MediaKind::Video, _) => false,
        (MediaKind::Image, MediaSource::Text(_)) => false,
        (MediaKind::Image, MediaSource::Inline { .. } | MediaSource::Url { .. }) => true,
        (MediaKind::File, MediaSource::Inline { .. } | MediaSource::Text(_)) => true,
        (MediaKind::File, MediaSource::Url { .. }) => false,
        (MediaKind::Audio, MediaSource::Inline { mime, .. }) => {
            matches!(format(mime), "wav" | "mp3")
        }
        (MediaKind::Audio, MediaSource::Text(_) | MediaSource::Url { .. }) => false,
    }
}

/// The word for a sound's media type.
fn format(mime: &str) -> &str {
    match mime {
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "wav",
        other => other.strip_prefix("audio/").unwrap_or(other),
    }
}

/// Writes an item of a `content` list.
pub(crate) fn write_media(out: &mut Writer<'_>, media: &Media) {
    if let (MediaKind::File, MediaSource::Text(text)) = (media.kind, &media.source) {
        return write_document(out, media.name.as_deref(), text);
    }
    match media.kind {
        MediaKind::Image => write_url(out, "image_url", media),
        MediaKind::Video => write_url(out, "video_url", media),
        MediaKind::File => write_file(out, media),
        MediaKind::Audio => write_audio(out, media),
    }
}

/// A document that is text already stands as one.
fn write_document(out: &mut Writer<'_>, name: Option<&str>, text: &str) {
    out.object(|item| {
        item.text("type", "text");
        match name {
            Some(name) => item.text("text", &format!("{name}:\n\n{text}")),
            None => item.text("text", text),
        }
    });
}

fn write_url(out: &mut Writer<'_>, kind: &str, media: &Media) {
    out.object(|item| {
        item.text("type", kind);
        if is_marked(&media.rest, "bare") {
            item.text(kind, &media.source.url());
        } else {
            item.key(kind).object(|image| {
                image.text("url", &media.source.url());
                let detail = media.detail.as_deref();
                let is_known = |word: &&str| matches!(*word, "auto" | "low" | "high");
                let is_own = media.rest.is_of(OWN);
                // Other dialects have more words for it.
                let detail = detail.filter(|word| is_own || is_known(word) || kind != "image_url");
                image.text_if("detail", detail);
                kept::write_inside(image, &media.rest, kind);
            });
        }
        item.rest_but(&media.rest, OWN, &[kind]);
    });
}

fn write_file(out: &mut Writer<'_>, media: &Media) {
    out.object(|item| {
        item.text("type", "file");
        item.key("file").object(|file| {
            let is_own = media.rest.is_of(OWN);
            let name = media.name.as_deref();
            file.text_if("filename", name.or((!is_own).then_some("document.pdf")));
            match &media.source {
                MediaSource::Stored(id) => file.text("file_id", id),
                MediaSource::Inline { base64, .. } if is_marked(&media.rest, "bare") => {
                    file.text("file_data", base64);
                }
                source @ (MediaSource::Inline { .. }
                | MediaSource::Text(_)
                | MediaSource::Url { .. }) => file.text("file_data", &source.url()),
            }
            kept::write_inside(file, &media.rest, "file");
        });
        item.rest_but(&media.rest, OWN, &["file"]);
    });
}

fn write_audio(out: &mut Writer<'_>, media: &Media) {
    let MediaSource::Inline { mime, base64 } = &media.source else { return };
    out.object(|item| {
        item.text("type", "input_audio");
        item.key("input_audio").object(|audio| {
            audio.text("data", base64);
            audio.text("format", format(mime));
            kept::write_inside(audio, &media.rest, "input_audio");
        });
        item.rest_but(&media.rest, OWN, &["input_audio"]);
    });
}

/// A sound the model made.
pub(super) fn of_spoken(value: Value<'_>) -> Option<Media> {
    let (mut data, mut rest) = (None, Rest::default());
    value.members(|key, value| match key {
        b"data" => data = value.meaning(),
        _ => keep(&mut rest, key, value),
    });
    mark(&mut rest, "audio");
    // Which format it has, only the request says.
    let source = MediaSource::Inline { mime: "audio/wav".to_owned(), base64: data? };
    Some(Media { kind: MediaKind::Audio, source, name: None, detail: None, rest })
}

/// Writes a sound the model made.
pub(super) fn write_spoken_audio(out: &mut Writer<'_>, media: &Media) {
    let MediaSource::Inline { base64, .. } = &media.source else { return };
    out.key("audio").object(|audio| {
        audio.text("data", base64);
        if kept(&media.rest, "id").is_none() {
            audio.text("id", "audio_1");
            audio.value("expires_at", 0);
            audio.text("transcript", "");
        }
        audio.rest(&media.rest, OWN);
    });
}
