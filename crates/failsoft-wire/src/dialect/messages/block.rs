//! Blocks of content, read.

use super::members::kept;
use super::{HERE, names};
use crate::dialect::members::Members;
use crate::neutral::{
    Citation, Media, MediaKind, MediaSource, Part, Rest, Seal, ToolCall, ToolResult,
};
use crate::scan::{Broken, Scanner, Value};

/// Where a block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// In a request: seals may carry our mark.
    Asked,
    /// In an answer: what its maker wrote is kept as it is.
    Answered,
}

impl Side {
    /// A seal, unless it is empty.
    pub(super) fn seal(self, text: String) -> Option<Seal> {
        let seal = match self {
            Self::Asked => Seal::read(&text),
            Self::Answered => Seal { value: text, maker: None },
        };
        Some(seal).filter(|seal| !seal.value.is_empty())
    }
}

/// Reads content: a string or an array of blocks. `None` for anything else.
pub(super) fn content(scanner: &mut Scanner<'_>, side: Side) -> Result<Option<Vec<Part>>, Broken> {
    let mut parts = Vec::new();
    if scanner.token()? != b'[' {
        parts.extend(scanner.value()?.meaning().map(Part::text));
        return Ok((!parts.is_empty()).then_some(parts));
    }
    let mut are_blocks = true;
    scanner.items(|scanner| {
        match Members::scan(scanner)? {
            Some(members) => push(&mut parts, part(&members, side)),
            None => are_blocks = false,
        }
        Ok(())
    })?;
    Ok(are_blocks.then_some(parts))
}

/// Appends a part, or puts the seal it carries back to its tool call.
fn push(parts: &mut Vec<Part>, part: Part) {
    if let Part::Thinking { text, seal: Some(seal), .. } = &part
        && text.is_empty()
        && let Some(seal) = seal.as_call().filter(|seal| seal.maker.is_some())
    {
        if let Some(Part::ToolCall(call)) = parts.last_mut() {
            call.seal = Some(seal);
        }
        return;
    }
    parts.push(part);
}

/// A block's meaning; whole, as it stands, if other dialects have nothing like it.
pub(super) fn part(members: &Members<'_>, side: Side) -> Part {
    let known = match members.kind() {
        Some(b"text") => words(members),
        Some(b"thinking") => thinking(members, side),
        Some(b"redacted_thinking") => redacted(members, side),
        Some(b"tool_use") => tool_call(members),
        Some(b"tool_result") => tool_result(members, side),
        Some(b"image") => media(members, MediaKind::Image),
        Some(b"document") => media(members, MediaKind::File),
        Some(_) | None => None,
    };
    known.unwrap_or_else(|| Part::Foreign(members.rest(HERE)))
}

fn words(members: &Members<'_>) -> Option<Part> {
    let text = members.text("text")?;
    let mut citations = Vec::new();
    if let Some(list) = members.find("citations") {
        let scanned = Scanner::new(list.raw).items(|scanner| {
            citations.extend(Members::scan(scanner)?.map(|members| citation(&members)));
            Ok(())
        });
        scanned.ok()?;
    }
    Some(Part::Text { text, citations, rest: members.others(HERE, &["type", "text", "citations"]) })
}

/// Where words come from.
pub(super) fn citation(members: &Members<'_>) -> Citation {
    Citation {
        url: members.text("url").or_else(|| members.text("source")),
        title: members.text("title").or_else(|| members.text("document_title")),
        quote: members.text("cited_text").filter(|quote| !quote.is_empty()),
        span: None,
        rest: members.rest(HERE),
    }
}

fn thinking(members: &Members<'_>, side: Side) -> Option<Part> {
    Some(Part::Thinking {
        text: members.text("thinking")?,
        seal: members.text("signature").and_then(|text| side.seal(text)),
        rest: members.others(HERE, &["type", "thinking", "signature"]),
    })
}

/// Its `type` stays in the rest: that is how [`is_redacted`] knows it.
fn redacted(members: &Members<'_>, side: Side) -> Option<Part> {
    Some(Part::Thinking {
        text: String::new(),
        seal: Some(members.text("data").and_then(|text| side.seal(text))?),
        rest: members.others(HERE, &["data"]),
    })
}

/// Whether thoughts are to be written as `redacted_thinking`.
pub(super) fn is_redacted(rest: &Rest) -> bool {
    kept(rest, "type") == Some("\"redacted_thinking\"")
}

fn tool_call(members: &Members<'_>) -> Option<Part> {
    let input = members.find("input");
    Some(Part::ToolCall(ToolCall {
        id: names::plain(members.text("id")?),
        name: names::plain(members.text("name")?),
        arguments: input.map(raw).unwrap_or_default(),
        seal: None,
        is_custom: false,
        rest: members.others(HERE, &["type", "id", "name", "input"]),
    }))
}

/// A value as it is written.
pub(super) fn raw(value: Value<'_>) -> String {
    String::from_utf8_lossy(value.raw).into_owned()
}

fn tool_result(members: &Members<'_>, side: Side) -> Option<Part> {
    let content = match members.find("content") {
        Some(value) => self::content(&mut Scanner::new(value.raw), side).ok()??,
        None => Vec::new(),
    };
    let is_error = members.find("is_error").and_then(|value| value.boolean()).unwrap_or(false);
    Some(Part::ToolResult(ToolResult {
        id: names::plain(members.text("tool_use_id")?),
        name: None,
        content,
        is_error,
        rest: members.others(HERE, &["type", "tool_use_id", "content", "is_error"]),
    }))
}

fn media(members: &Members<'_>, kind: MediaKind) -> Option<Part> {
    let source = Members::of_object(members.find("source")?)?;
    let (read, known): (_, &[&str]) = match source.kind()? {
        b"base64" => {
            let (mime, base64) = (source.text("media_type")?, source.text("data")?);
            (MediaSource::Inline { mime, base64 }, &["type", "media_type", "data"])
        }
        b"text" => (MediaSource::Text(source.text("data")?), &["type", "media_type", "data"]),
        b"url" => (MediaSource::Url { url: source.text("url")?, mime: None }, &["type", "url"]),
        b"file" => (MediaSource::Stored(source.text("file_id")?), &["type", "file_id"]),
        _ => return None,
    };
    // A source with more than we know of is kept as it stands.
    let has_more = !source.others(HERE, known).is_empty();
    let (title, rest): (_, &[&str]) = match (kind, has_more) {
        (MediaKind::File, false) => (members.text("title"), &["type", "source", "title"]),
        (MediaKind::File, true) => (members.text("title"), &["type", "title"]),
        (_, false) => (None, &["type", "source"]),
        (_, true) => (None, &["type"]),
    };
    let rest = members.others(HERE, rest);
    Some(Part::Media(Media { kind, source: read, name: title, detail: None, rest }))
}

/// Whether a part is one that only this dialect has.
pub(super) fn is_ours(rest: &Rest) -> bool {
    !rest.members_for(HERE).is_empty()
}
