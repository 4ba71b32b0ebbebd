//! Content blocks: what messages, answers and tool results are made of.

use super::{DIALECT, keep, media};
use crate::neutral::{Citation, Part, Rest, Seal, ToolCall, ToolResult};
use crate::scan::{Broken, Scanner, Value};
use crate::write::Writer;

/// How a seal begins that stands for thoughts the provider keeps to itself. No signature holds a
/// colon.
const REDACTED: &str = "redacted:";

/// A block, where it stands.
pub(super) fn read(scanner: &mut Scanner<'_>) -> Result<Part, Broken> {
    let mut only = None;
    let mut rest = Rest::default();
    scanner.members(|scanner, key| {
        let value = scanner.value()?;
        match only.replace((key, value)) {
            Some((before, first)) if rest.is_empty() => {
                keep(&mut rest, before, first.raw);
                keep(&mut rest, key, value.raw);
            }
            Some(_) => keep(&mut rest, key, value.raw),
            None => {}
        }
        Ok(())
    })?;
    let Some((key, value)) = only.filter(|_| rest.is_empty()) else {
        return Ok(Part::Foreign(rest));
    };
    Ok(known(key, value).unwrap_or_else(|| {
        keep(&mut rest, key, value.raw);
        Part::Foreign(rest)
    }))
}

/// All blocks of an array, where it stands; `None` for anything else.
pub(super) fn read_all(scanner: &mut Scanner<'_>) -> Result<Option<Vec<Part>>, Broken> {
    let mut parts = Vec::new();
    let is_array = scanner.items(|scanner| {
        parts.push(read(scanner)?);
        Ok(())
    })?;
    Ok(is_array.then_some(parts))
}

/// A block that was checked before.
fn decode(block: Value<'_>) -> Part {
    read(&mut Scanner::new(block.raw)).unwrap_or_else(|_| Part::Foreign(Rest::default()))
}

fn known(key: &[u8], value: Value<'_>) -> Option<Part> {
    match key {
        b"text" => value.string().map(Part::text),
        b"toolUse" => tool_call(value).map(Part::ToolCall),
        b"toolResult" => tool_result(value).map(Part::ToolResult),
        b"reasoningContent" => thinking(value),
        b"citationsContent" => cited(value),
        b"image" | b"document" | b"audio" | b"video" => media::decode(key, value).map(Part::Media),
        _ => None,
    }
}

fn tool_call(value: Value<'_>) -> Option<ToolCall> {
    let (mut id, mut name, mut input, mut is_hosted) = (None, None, None, false);
    let mut rest = Rest::default();
    value.members(|key, value| match key {
        b"toolUseId" => id = value.string(),
        b"name" => name = value.string(),
        b"input" => input = Some(value),
        _ => {
            is_hosted |= key == b"type" && value.text() == Some(b"server_tool_use");
            keep(&mut rest, key, value.raw);
        }
    });
    let arguments = String::from_utf8_lossy(input?.raw).into_owned();
    let call = ToolCall { id: id?, name: name?, arguments, seal: None, is_custom: false, rest };
    (!is_hosted).then_some(call)
}

fn tool_result(value: Value<'_>) -> Option<ToolResult> {
    let (mut id, mut is_error, mut is_hosted) = (None, false, false);
    let mut content = Vec::new();
    let mut rest = Rest::default();
    value.members(|key, value| match key {
        b"toolUseId" => id = value.string(),
        b"content" => _ = value.items(|item| content.push(result_item(item))),
        b"status" if value.text() == Some(b"error") => is_error = true,
        _ => {
            is_hosted |= key == b"type";
            keep(&mut rest, key, value.raw);
        }
    });
    let result = ToolResult { id: id?, name: None, content, is_error, rest };
    (!is_hosted).then_some(result)
}

/// Blocks of a tool's answer are blocks like any other, but for JSON.
fn result_item(item: Value<'_>) -> Part {
    let mut json = None;
    item.members(|key, value| json = (key == b"json").then_some(value));
    let Some(json) = json else { return decode(item) };
    let mut rest = Rest::default();
    keep(&mut rest, b"json", json.raw);
    let text = String::from_utf8_lossy(json.raw).into_owned();
    Part::Text { text, citations: Vec::new(), rest }
}

fn thinking(value: Value<'_>) -> Option<Part> {
    let (mut text, mut seal, mut is_known) = (None, None, true);
    value.members(|key, value| match key {
        b"reasoningText" => value.members(|key, value| match key {
            b"text" => text = value.string(),
            b"signature" => seal = value.string().map(|value| Seal::read(&value)),
            _ => is_known = false,
        }),
        b"redactedContent" => {
            seal = value.string().map(|value| redacted(&value));
            text = seal.is_some().then(String::new);
        }
        _ => is_known = false,
    });
    let text = text.filter(|_| is_known)?;
    Some(Part::Thinking { text, seal, rest: Rest::default() })
}

/// The seal of thoughts the provider keeps to itself.
pub(super) fn redacted(base64: &str) -> Seal {
    Seal { value: format!("{REDACTED}{base64}"), maker: None }
}

/// What the provider keeps to itself, in base64, if it is that.
pub(super) fn unredacted(seal: &str) -> Option<&str> {
    seal.strip_prefix(REDACTED)
}

fn cited(value: Value<'_>) -> Option<Part> {
    let (mut text, mut pieces, mut is_text) = (String::new(), 0, true);
    let mut citations = Vec::new();
    let mut rest = Rest::default();
    value.members(|key, value| match key {
        b"content" => {
            value.items(|item| {
                item.members(|key, value| match (key, value.string()) {
                    (b"text", Some(piece)) => text.push_str(&piece),
                    _ => is_text = false,
                });
                pieces += 1;
            });
            if pieces != 1 {
                keep(&mut rest, key, value.raw);
            }
        }
        b"citations" => _ = value.items(|item| citations.push(citation(item))),
        _ => is_text = false,
    });
    is_text.then_some(Part::Text { text, citations, rest })
}

/// Where words come from.
pub(super) fn citation(value: Value<'_>) -> Citation {
    let mut cited =
        Citation { url: None, title: None, quote: None, span: None, rest: Rest::default() };
    let mut quote = String::new();
    value.members(|key, value| {
        keep(&mut cited.rest, key, value.raw);
        match key {
            b"title" => cited.title = value.string(),
            b"sourceContent" => {
                value.items(|item| {
                    item.members(|_, value| quote.push_str(&value.string().unwrap_or_default()));
                });
            }
            b"location" => cited.url = address(value),
            _ => {}
        }
    });
    cited.quote = Some(quote).filter(|quote| !quote.is_empty());
    cited
}

/// The address in a citation's location, if it is on the web.
fn address(location: Value<'_>) -> Option<String> {
    let (mut web, mut url) = (None, None);
    location.members(|key, value| web = web.or((key == b"web").then_some(value)));
    web?.members(|key, value| {
        if key == b"url" {
            url = value.string();
        }
    });
    url
}

/// A citation as a value.
pub(super) fn write_citation(writer: &mut Writer<'_>, citation: &Citation) {
    writer.object(|object| {
        if citation.rest.is_of(DIALECT) {
            object.rest(&citation.rest, DIALECT);
            return;
        }
        object.text_if("title", citation.title.as_deref());
        if let Some(quote) = &citation.quote {
            object.key("sourceContent").array(|items| {
                items.object(|item| item.text("text", quote));
            });
        }
        if let Some(url) = &citation.url {
            object.key("location").object(|location| {
                location.key("web").object(|web| web.text("url", url));
            });
        }
    });
}

/// A block of one member.
pub(super) fn write_block(writer: &mut Writer<'_>, key: &str, value: impl FnOnce(&mut Writer<'_>)) {
    writer.object(|block| value(block.key(key)));
}

/// Words, with where they come from.
pub(super) fn write_cited(
    writer: &mut Writer<'_>,
    text: &str,
    citations: &[Citation],
    rest: &Rest,
) {
    if citations.is_empty() {
        writer.object(|block| block.text("text", text));
        return;
    }
    write_block(writer, "citationsContent", |writer| {
        writer.object(|object| {
            if rest.members_for(DIALECT).is_empty() {
                object.key("content").array(|items| items.object(|item| item.text("text", text)));
            }
            object.rest(rest, DIALECT);
            object.key("citations").array(|items| {
                for citation in citations {
                    write_citation(items, citation);
                }
            });
        });
    });
}

/// Thoughts, with what seals them.
pub(super) fn write_thinking(writer: &mut Writer<'_>, text: &str, seal: Option<&str>) {
    write_block(writer, "reasoningContent", |writer| {
        writer.object(|object| match seal.and_then(unredacted) {
            Some(base64) => object.text("redactedContent", base64),
            None => object.key("reasoningText").object(|object| {
                object.text("text", text);
                object.text_if("signature", seal);
            }),
        });
    });
}
