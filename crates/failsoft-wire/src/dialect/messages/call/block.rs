//! Blocks of requests, written.

use super::super::block::is_redacted;
use super::super::{HERE, names};
use super::fit::{Block, is_blank};
use super::media::{self, Trust};
use crate::neutral::{Citation, Part, Rest, Seal, ToolCall, ToolResult};
use crate::write::Writer;

/// Writes a turn's blocks, in short where they are plain words only.
pub(super) fn content(writer: &mut Writer<'_>, blocks: &[Block<'_>]) {
    if let [block] = blocks
        && let Some(text) = plain(block)
    {
        writer.string(text);
        return;
    }
    writer.array(|writer| blocks.iter().for_each(|block| write(writer, block)));
}

fn plain<'a>(block: &'a Block<'_>) -> Option<&'a str> {
    match block {
        Block::Words(text) => Some(text),
        Block::Part(part) => plain_text(part),
        Block::Media(_) | Block::Call(..) | Block::Result(..) | Block::NoResult(_) => None,
    }
}

/// The words of a text with nothing beside them.
pub(super) fn plain_text(part: &Part) -> Option<&str> {
    match part {
        Part::Text { text, citations, rest } if citations.is_empty() => {
            rest.members_for(HERE).is_empty().then_some(text)
        }
        Part::Text { .. }
        | Part::Refusal(_)
        | Part::Thinking { .. }
        | Part::Media(_)
        | Part::ToolCall(_)
        | Part::ToolResult(_)
        | Part::Foreign(_) => None,
    }
}

fn write(writer: &mut Writer<'_>, block: &Block<'_>) {
    match block {
        Block::Part(part) => self::part(writer, part),
        Block::Media(media) => media::write(writer, media, Trust::Bytes),
        Block::Words(words) => text(writer, words, &[], &Rest::default()),
        Block::Call(call, id) => tool_call(writer, call, id),
        Block::Result(result, id) => tool_result(writer, result, id),
        Block::NoResult(id) => writer.object(|writer| {
            writer.text("type", "tool_result");
            writer.text("tool_use_id", id);
            writer.text("content", "The tool gave no answer.");
            writer.value("is_error", true);
        }),
    }
}

/// Writes a part as a block.
pub(super) fn part(writer: &mut Writer<'_>, part: &Part) {
    match part {
        Part::Text { text, citations, rest } => self::text(writer, text, citations, rest),
        Part::Refusal(text) => self::text(writer, text, &[], &Rest::default()),
        Part::Thinking { text, seal, rest } => thinking(writer, text, seal.as_ref(), rest),
        Part::Media(media) => media::write(writer, media, Trust::Sender),
        Part::ToolCall(call) => tool_call(writer, call, &names::id(&call.id)),
        Part::ToolResult(result) => tool_result(writer, result, &names::id(&result.id)),
        Part::Foreign(rest) => writer.object(|writer| writer.rest(rest, HERE)),
    }
}

fn text(writer: &mut Writer<'_>, text: &str, citations: &[Citation], rest: &Rest) {
    writer.object(|writer| {
        writer.text("type", "text");
        writer.text("text", text);
        let mut ours = citations.iter().filter(|one| !one.rest.members_for(HERE).is_empty());
        if let Some(first) = ours.next() {
            writer.key("citations").array(|writer| {
                for citation in std::iter::once(first).chain(ours) {
                    writer.object(|writer| writer.rest(&citation.rest, HERE));
                }
            });
        }
        writer.rest(rest, HERE);
    });
}

fn thinking(writer: &mut Writer<'_>, text: &str, seal: Option<&Seal>, rest: &Rest) {
    let seal = seal.map_or("", |seal| seal.value.as_str());
    writer.object(|writer| {
        if is_redacted(rest) {
            writer.text("data", seal);
        } else {
            writer.text("type", "thinking");
            writer.text("thinking", text);
            writer.text("signature", seal);
        }
        writer.rest(rest, HERE);
    });
}

fn tool_call(writer: &mut Writer<'_>, call: &ToolCall, id: &str) {
    writer.object(|writer| {
        writer.text("type", "tool_use");
        writer.text("id", id);
        writer.text("name", &names::tool(&call.name));
        writer.json("input", &call.input());
        writer.rest(&call.rest, HERE);
    });
}

fn tool_result(writer: &mut Writer<'_>, result: &ToolResult, id: &str) {
    writer.object(|writer| {
        writer.text("type", "tool_result");
        writer.text("tool_use_id", id);
        let is_told = |part: &&Part| match part {
            Part::Text { text, .. } | Part::Refusal(text) => !is_blank(text),
            Part::Foreign(rest) => !rest.members_for(HERE).is_empty(),
            Part::Media(_) => true,
            Part::Thinking { .. } | Part::ToolCall(_) | Part::ToolResult(_) => false,
        };
        let told: Vec<&Part> = result.content.iter().filter(is_told).collect();
        match told.as_slice() {
            // The dialect wants a word about what failed.
            [] if result.is_error => writer.text("content", "The tool failed."),
            [] => {}
            [one] if plain_text(one).is_some() => {
                writer.text_if("content", plain_text(one));
            }
            parts => {
                let parts = parts.iter();
                writer
                    .key("content")
                    .array(|writer| parts.for_each(|part| self::part(writer, part)));
            }
        }
        if result.is_error {
            writer.value("is_error", true);
        }
        writer.rest(&result.rest, HERE);
    });
}
