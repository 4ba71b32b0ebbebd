//! Images, documents, sounds and films: here in base64, or in S3.

use super::{DIALECT, keep};
use crate::base64;
use crate::neutral::{Media, MediaKind, MediaSource, Rest};
use crate::scan::Value;
use crate::translate::Unfit;
use crate::write::Writer;

/// Formats, by the media types they stand for; the first of a format is the one it is read as.
const FORMATS: &[(MediaKind, &str, &str)] = &[
    (MediaKind::Image, "png", "image/png"),
    (MediaKind::Image, "jpeg", "image/jpeg"),
    (MediaKind::Image, "jpeg", "image/jpg"),
    (MediaKind::Image, "gif", "image/gif"),
    (MediaKind::Image, "webp", "image/webp"),
    (MediaKind::File, "pdf", "application/pdf"),
    (MediaKind::File, "csv", "text/csv"),
    (MediaKind::File, "doc", "application/msword"),
    (
        MediaKind::File,
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (MediaKind::File, "xls", "application/vnd.ms-excel"),
    (MediaKind::File, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (MediaKind::File, "html", "text/html"),
    (MediaKind::File, "txt", "text/plain"),
    (MediaKind::File, "txt", "application/json"),
    (MediaKind::File, "md", "text/markdown"),
    (MediaKind::Audio, "mp3", "audio/mpeg"),
    (MediaKind::Audio, "mp3", "audio/mp3"),
    (MediaKind::Audio, "wav", "audio/wav"),
    (MediaKind::Audio, "wav", "audio/x-wav"),
    (MediaKind::Audio, "opus", "audio/opus"),
    (MediaKind::Audio, "aac", "audio/aac"),
    (MediaKind::Audio, "flac", "audio/flac"),
    (MediaKind::Audio, "ogg", "audio/ogg"),
    (MediaKind::Audio, "mp4", "audio/mp4"),
    (MediaKind::Audio, "m4a", "audio/x-m4a"),
    (MediaKind::Audio, "mka", "audio/x-matroska"),
    (MediaKind::Audio, "pcm", "audio/pcm"),
    (MediaKind::Audio, "webm", "audio/webm"),
    (MediaKind::Video, "mp4", "video/mp4"),
    (MediaKind::Video, "mkv", "video/x-matroska"),
    (MediaKind::Video, "mov", "video/quicktime"),
    (MediaKind::Video, "webm", "video/webm"),
    (MediaKind::Video, "flv", "video/x-flv"),
    (MediaKind::Video, "mpeg", "video/mpeg"),
    (MediaKind::Video, "wmv", "video/x-ms-wmv"),
    (MediaKind::Video, "three_gp", "video/3gpp"),
];

/// The longest name a document may have.
const MAX_NAME: usize = 200;

/// A medium, from the value of its block.
pub(super) fn decode(key: &[u8], value: Value<'_>) -> Option<Media> {
    let kind = match key {
        b"image" => MediaKind::Image,
        b"document" => MediaKind::File,
        b"audio" => MediaKind::Audio,
        _ => MediaKind::Video,
    };
    let (mut format, mut name, mut source) = (None, None, None);
    let mut rest = Rest::default();
    value.members(|key, value| match key {
        b"format" => format = Some(value),
        b"name" => name = value.string(),
        b"source" => source = Some(value),
        _ => keep(&mut rest, key, value.raw),
    });
    let said = format.and_then(|format| format.string());
    let mime = said.as_deref().and_then(|format| mime(kind, format));
    if let Some(format) = format.filter(|_| mime.is_none()) {
        keep(&mut rest, b"format", format.raw);
    }
    let raw = source?;
    let source = read_source(raw, mime, &mut rest)?;
    if let MediaSource::Text(_) = &source {
        keep(&mut rest, b"source", raw.raw);
        if let Some(format) = format.filter(|_| mime.is_some()) {
            keep(&mut rest, b"format", format.raw);
        }
    }
    Some(Media { kind, source, name, detail: None, rest })
}

fn read_source(source: Value<'_>, mime: Option<&str>, rest: &mut Rest) -> Option<MediaSource> {
    let mut found = None;
    source.members(|key, value| match key {
        b"bytes" => {
            let mime = mime.unwrap_or("application/octet-stream").to_owned();
            found = value.string().map(|base64| MediaSource::Inline { mime, base64 });
        }
        b"text" => found = value.string().map(MediaSource::Text),
        b"s3Location" => {
            let mut uri = None;
            value.members(|key, value| match key {
                b"uri" => uri = value.string(),
                _ => keep(rest, b"source", source.raw),
            });
            found = uri.map(|url| MediaSource::Url { url, mime: mime.map(str::to_owned) });
        }
        b"content" => {
            let mut text = String::new();
            value.items(|item| {
                item.members(|_, value| text.push_str(&value.string().unwrap_or_default()));
            });
            found = Some(MediaSource::Text(text));
        }
        _ => {}
    });
    found
}

fn mime(kind: MediaKind, format: &str) -> Option<&'static str> {
    let row = FORMATS.iter().find(|row| row.0 == kind && row.1 == format);
    row.map(|row| row.2)
}

/// The format of a medium, by its media type, else by its name's end.
fn format<'a>(media: &'a Media, mime: Option<&str>) -> Option<&'a str> {
    let mime = mime.map(|mime| mime.split(';').next().unwrap_or(mime).trim().to_ascii_lowercase());
    let kind = media.kind;
    let said = FORMATS.iter().find(|row| row.0 == kind && Some(row.2) == mime.as_deref());
    let ending = || {
        let (_, ending) = media.name.as_deref()?.rsplit_once('.')?;
        FORMATS.iter().find(|row| row.0 == kind && row.1.eq_ignore_ascii_case(ending))
    };
    let is_text = kind == MediaKind::File && mime.is_some_and(|mime| mime.starts_with("text/"));
    let text = || FORMATS.iter().find(|row| is_text && row.1 == "txt");
    said.or_else(ending).or_else(text).map(|row| row.1)
}

/// Whether a block of this dialect can hold it.
pub(super) fn check(media: &Media) -> Result<(), Unfit> {
    let is_kept = !media.rest.members_for(DIALECT).is_empty();
    let fits = is_kept
        || match &media.source {
            MediaSource::Inline { mime, .. } => format(media, Some(mime)).is_some(),
            MediaSource::Text(_) => media.kind == MediaKind::File,
            MediaSource::Url { url, mime } => {
                url.starts_with("s3://") && format(media, mime.as_deref()).is_some()
            }
            MediaSource::Stored(_) => false,
        };
    if fits { Ok(()) } else { Err(Unfit { feature: media.feature() }) }
}

/// Names of documents: no two may be the same, and few characters are allowed in them.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<String>);

impl Names {
    fn take(&mut self, name: Option<&str>, format: Option<&str>) -> String {
        let ending = format.map(|format| format!(".{format}"));
        let name = name.unwrap_or_default();
        let name = ending.and_then(|ending| name.strip_suffix(&ending)).unwrap_or(name);
        let plain = allowed(name);
        let mut unique = plain.clone();
        let mut count = 1;
        while self.0.contains(&unique) {
            count += 1;
            unique = format!("{plain} ({count})");
        }
        self.0.push(unique.clone());
        unique
    }
}

fn allowed(name: &str) -> String {
    let mut plain = String::new();
    for letter in name.trim().chars().take(MAX_NAME - 8) {
        let letter = match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' => letter,
            '-' | '_' | '(' | ')' | '[' | ']' => letter,
            _ if letter.is_whitespace() => ' ',
            _ => '-',
        };
        if letter != ' ' || !plain.ends_with(' ') {
            plain.push(letter);
        }
    }
    if plain.is_empty() { "document".to_owned() } else { plain }
}

/// A medium as a block; nothing if [`check`] refuses it.
pub(super) fn write(writer: &mut Writer<'_>, media: &Media, names: &mut Names) {
    if check(media).is_err() {
        return;
    }
    let key = match media.kind {
        MediaKind::Image => "image",
        MediaKind::File => "document",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
    };
    let kept = media.rest.members_for(DIALECT);
    let is_kept = |key: &str| kept.iter().any(|(known, _)| **known == *key);
    let format = match &media.source {
        MediaSource::Inline { mime, .. } => format(media, Some(mime)),
        MediaSource::Url { mime, .. } => format(media, mime.as_deref()),
        MediaSource::Text(_) if kept.is_empty() => Some("txt"),
        MediaSource::Text(_) | MediaSource::Stored(_) => None,
    };
    super::blocks::write_block(writer, key, |writer| {
        writer.object(|object| {
            object.text_if("format", format.filter(|_| !is_kept("format")));
            if media.kind == MediaKind::File {
                object.text("name", &names.take(media.name.as_deref(), format));
            }
            if !is_kept("source") {
                object.key("source").object(|source| write_source(source, media));
            }
            object.rest(&media.rest, DIALECT);
        });
    });
}

fn write_source(source: &mut Writer<'_>, media: &Media) {
    match &media.source {
        MediaSource::Inline { base64, .. } => source.text("bytes", base64),
        // Only some models take a document's text as it is; bytes are understood by all.
        MediaSource::Text(text) => source.text("bytes", &base64::encode(text.as_bytes())),
        MediaSource::Url { url, .. } => {
            source.key("s3Location").object(|place| place.text("uri", url));
        }
        MediaSource::Stored(_) => {}
    }
}

#[cfg(test)]
mod tests;
