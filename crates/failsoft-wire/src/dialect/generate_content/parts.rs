//! Parts, as turns and answers hold them.

use super::ids::Ids;
use super::keys::{HERE, camel, keep_inside};
use super::{numbers, seal};
use crate::base64;
use crate::neutral::{Json, Media, MediaKind, MediaSource, Part, Rest, Seal, ToolCall, ToolResult};
use crate::scan::{Broken, Scanner, Value};

/// The addresses only the account that put something there can read.
const STORES: [&str; 2] = ["gs://", "https://generativelanguage.googleapis.com/"];

/// Reads the parts of a `content`; one may stand alone. Tells whether they were any.
pub(super) fn read_all(
    scanner: &mut Scanner<'_>,
    ids: &mut Ids,
    out: &mut Vec<Part>,
) -> Result<bool, Broken> {
    if scanner.token()? == b'{' {
        return read(scanner, ids, out);
    }
    scanner.items(|scanner| read(scanner, ids, out).map(|_| ()))
}

/// Reads one part.
fn read(scanner: &mut Scanner<'_>, ids: &mut Ids, out: &mut Vec<Part>) -> Result<bool, Broken> {
    let mut found = Found::default();
    let is_object = scanner.members(|scanner, key| {
        let value = scanner.value()?;
        if !value.is_null() {
            found.take(key, value);
        }
        Ok(())
    })?;
    if is_object {
        found.finish(ids, out);
    }
    Ok(is_object)
}

/// A signature alone: of the thought before it, if that has none, else a thought without words.
fn push_seal(seal: Option<Seal>, out: &mut Vec<Part>) {
    match (seal, out.last_mut()) {
        (Some(seal), Some(Part::Thinking { seal: known @ None, .. })) => *known = Some(seal),
        (Some(seal), _) => {
            let text = String::new();
            out.push(Part::Thinking { text, seal: Some(seal), rest: Rest::of(HERE) });
        }
        (None, _) => {}
    }
}

/// The signature of a part that is nothing else.
pub(super) fn lone_seal(part: &Part) -> Option<&Seal> {
    match part {
        Part::Thinking { text, seal, .. } if text.is_empty() => seal.as_ref(),
        Part::Text { .. }
        | Part::Refusal(_)
        | Part::Thinking { .. }
        | Part::Media(_)
        | Part::ToolCall(_)
        | Part::ToolResult(_)
        | Part::Foreign(_) => None,
    }
}

/// Whether a signature that stands alone behind this part is written as its own.
pub(super) fn takes_seal(part: &Part) -> bool {
    match part {
        Part::Text { text, .. } => !text.is_empty(),
        Part::Media(_) => true,
        Part::Foreign(rest) => rest.is_of(HERE),
        Part::Refusal(_) | Part::Thinking { .. } | Part::ToolCall(_) | Part::ToolResult(_) => false,
    }
}

/// What a part holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Data {
    Call,
    Result,
    Inline,
    File,
}

struct Found<'a> {
    text: Option<String>,
    is_thought: bool,
    seal: Option<Seal>,
    data: Option<(Data, &'a [u8], Value<'a>)>,
    rest: Rest,
}

impl Default for Found<'_> {
    fn default() -> Self {
        Self { text: None, is_thought: false, seal: None, data: None, rest: Rest::of(HERE) }
    }
}

impl<'a> Found<'a> {
    fn take(&mut self, key: &'a [u8], value: Value<'a>) {
        let data = match camel(key).as_ref() {
            b"text" if self.text.is_none() => {
                self.text = value.string();
                if self.text.is_none() {
                    self.rest.keep(key, value.raw);
                }
                return;
            }
            b"thought" => {
                self.is_thought = numbers::boolean(&value) == Some(true);
                return;
            }
            b"thoughtSignature" => {
                let text = value.string().filter(|text| !text.is_empty());
                self.seal = text.map(|text| seal::read(&text));
                return;
            }
            b"functionCall" => Data::Call,
            b"functionResponse" => Data::Result,
            b"inlineData" => Data::Inline,
            b"fileData" => Data::File,
            _ => return self.rest.keep(key, value.raw),
        };
        if self.data.is_none() && value.is_object() {
            self.data = Some((data, key, value));
        } else {
            self.rest.keep(key, value.raw);
        }
    }

    /// A signature beside anything but a call becomes a thought of its own behind it.
    fn finish(mut self, ids: &mut Ids, out: &mut Vec<Part>) {
        let seal = self.seal.take();
        match self.data {
            Some((Data::Call, _, value)) => return out.push(call(value, ids, seal, self.rest)),
            Some((Data::Result, _, value)) => out.push(result(value, ids, self.rest)),
            Some((Data::Inline, _, value)) => {
                let known = inline(value, &mut self.rest);
                out.push(known.unwrap_or_else(|| self.foreign()));
            }
            Some((Data::File, _, value)) => {
                let known = file(value, &mut self.rest);
                out.push(known.unwrap_or_else(|| self.foreign()));
            }
            None => return self.words(seal, out),
        }
        push_seal(seal, out);
    }

    /// Words, thoughts, a signature alone, or something unknown.
    fn words(mut self, seal: Option<Seal>, out: &mut Vec<Part>) {
        let is_bare = self.rest.is_empty();
        match self.text.take() {
            Some(text) if text.is_empty() && is_bare && (seal.is_some() || self.is_thought) => {}
            Some(text) if self.is_thought => {
                return out.push(Part::Thinking { text, seal, rest: self.rest });
            }
            Some(text) => {
                let rest = if is_bare { Rest::default() } else { self.rest };
                out.push(Part::Text { text, citations: Vec::new(), rest });
            }
            None if is_bare => {}
            None => out.push(self.foreign()),
        }
        push_seal(seal, out);
    }

    /// The whole part as it stands, its signature aside.
    fn foreign(&mut self) -> Part {
        let mut rest = std::mem::replace(&mut self.rest, Rest::of(HERE));
        if let Some((_, key, value)) = self.data {
            rest.keep(key, value.raw);
        }
        if self.is_thought {
            rest.keep(b"thought", b"true");
        }
        if let Some(text) = &self.text {
            rest.keep(b"text", serde_json::Value::from(text.as_str()).to_string().as_bytes());
        }
        Part::Foreign(rest)
    }
}

fn call(value: Value<'_>, ids: &mut Ids, seal: Option<Seal>, mut rest: Rest) -> Part {
    let (mut id, mut name, mut arguments) = (None, String::new(), String::new());
    _ = Scanner::new(value.raw).members(|scanner, key| {
        let value = scanner.value()?;
        match key {
            _ if value.is_null() => {}
            b"id" => id = value.string().filter(|id| !id.is_empty()),
            b"name" => name = value.string().unwrap_or_default(),
            b"args" => arguments = String::from_utf8_lossy(value.raw).into_owned(),
            _ => keep_inside(&mut rest, key, value.raw),
        }
        Ok(())
    });
    let id = ids.call(id, &name);
    Part::ToolCall(ToolCall { id, name, arguments, seal, is_custom: false, rest })
}

fn result(value: Value<'_>, ids: &mut Ids, mut rest: Rest) -> Part {
    let (mut id, mut name) = (None, String::new());
    let mut said = Said::default();
    let mut media = Vec::new();
    _ = Scanner::new(value.raw).members(|scanner, key| {
        let value = scanner.value()?;
        match key {
            _ if value.is_null() => {}
            b"id" => id = value.string().filter(|id| !id.is_empty()),
            b"name" => name = value.string().unwrap_or_default(),
            b"response" => said = Said::read(value),
            b"parts" => _ = read_all(&mut Scanner::new(value.raw), ids, &mut media)?,
            _ => keep_inside(&mut rest, key, value.raw),
        }
        Ok(())
    });
    if let Some(key) = said.key {
        rest.keep(RESPONSE_KEY.as_bytes(), format!("\"{key}\"").as_bytes());
    }
    let id = ids.result(id, &name);
    let content = said.text.map(Part::text).into_iter().chain(media).collect();
    let name = (!name.is_empty()).then_some(name);
    Part::ToolResult(ToolResult { id, name, content, is_error: said.is_error, rest })
}

/// Where it is kept under which name a tool's words stood, if under another than ours. Never
/// written as it is.
pub(super) const RESPONSE_KEY: &str = "..response";

/// What a tool said.
#[derive(Default)]
struct Said {
    text: Option<String>,
    is_error: bool,
    key: Option<&'static str>,
}

impl Said {
    /// An object with nothing but words under a well-known name is those words; anything else is
    /// its JSON.
    fn read(value: Value<'_>) -> Self {
        let json = || String::from_utf8_lossy(value.raw).into_owned();
        let Some((key, text)) = only_text(value.raw) else {
            return Self { text: Some(json()), ..Self::default() };
        };
        match key.as_slice() {
            b"result" => Self { text: Some(text), ..Self::default() },
            b"output" => Self { text: Some(text), key: Some("output"), is_error: false },
            b"error" => Self { text: Some(text), is_error: true, key: None },
            _ => Self { text: Some(json()), ..Self::default() },
        }
    }
}

/// The one member of an object, if it is a string.
pub(super) fn only_text(json: &[u8]) -> Option<(Vec<u8>, String)> {
    let mut found = None;
    let mut members = 0;
    let read = Scanner::new(json).members(|scanner, key| {
        let value = scanner.value()?;
        members += 1;
        found = value.string().map(|text| (key.to_vec(), text));
        Ok(())
    });
    found.filter(|_| read == Ok(true) && members == 1)
}

fn inline(value: Value<'_>, rest: &mut Rest) -> Option<Part> {
    let (mut mime, mut data, mut name) = (String::new(), None, None);
    _ = Scanner::new(value.raw).members(|scanner, key| {
        let value = scanner.value()?;
        match camel(key).as_ref() {
            _ if value.is_null() => {}
            b"mimeType" => mime = value.string().unwrap_or_default(),
            b"data" => data = value.string().map(|data| base64::standard(&data).into_owned()),
            b"displayName" => name = value.string(),
            _ => keep_inside(rest, key, value.raw),
        }
        Ok(())
    });
    let source = MediaSource::Inline { base64: data?, mime };
    Some(Part::Media(media(source, name, taken(rest))))
}

fn file(value: Value<'_>, rest: &mut Rest) -> Option<Part> {
    let (mut uri, mut mime, mut name) = (None, None, None);
    _ = Scanner::new(value.raw).members(|scanner, key| {
        let value = scanner.value()?;
        match camel(key).as_ref() {
            _ if value.is_null() => {}
            b"fileUri" => uri = value.string(),
            b"mimeType" => mime = value.string(),
            b"displayName" => name = value.string(),
            _ => keep_inside(rest, key, value.raw),
        }
        Ok(())
    });
    let uri = uri?;
    let mut known =
        media(MediaSource::Url { url: uri.clone(), mime: mime.clone() }, name, taken(rest));
    if is_stored(&uri) {
        if let Some(mime) = &mime {
            keep_inside(
                &mut known.rest,
                b"mimeType",
                serde_json::Value::from(mime.as_str()).to_string().as_bytes(),
            );
        }
        known.source = MediaSource::Stored(uri);
    }
    Some(Part::Media(known))
}

/// What was kept of a part, once it turned out to be a medium.
const fn taken(rest: &mut Rest) -> Rest {
    std::mem::replace(rest, Rest::of(HERE))
}

/// Whether an address is one of Google's stores.
pub(super) fn is_stored(uri: &str) -> bool {
    STORES.iter().any(|store| uri.starts_with(store))
}

/// The one site whose films Google reads by the address of their page, which says no type.
fn is_film(source: &MediaSource) -> bool {
    let sites = ["youtube.com/", "youtu.be/"];
    matches!(source, MediaSource::Url { url, .. } if sites.iter().any(|site| url.contains(site)))
}

fn media(source: MediaSource, name: Option<String>, rest: Rest) -> Media {
    let mime = match &source {
        MediaSource::Inline { mime, .. } => mime.as_str(),
        MediaSource::Url { mime, .. } => mime.as_deref().unwrap_or_default(),
        MediaSource::Text(_) | MediaSource::Stored(_) => "",
    };
    let kind = match mime.split('/').next() {
        Some("image") => MediaKind::Image,
        Some("audio") => MediaKind::Audio,
        Some("video") => MediaKind::Video,
        Some("") if is_film(&source) => MediaKind::Video,
        Some(_) | None => MediaKind::File,
    };
    Media { kind, source, name, detail: None, rest }
}

/// A JSON value that is kept as text.
pub(super) fn json(value: Value<'_>) -> Json {
    Json::checked(value.raw)
}
