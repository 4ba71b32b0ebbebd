//! Events, written.

use super::super::block::{self, is_redacted};
use super::super::reply::{Style, write_head, write_sequence};
use super::super::words::{stop_word, write_usage};
use super::super::{HERE, names};
use crate::dialect::Thread;
use crate::neutral::{Citation, Delta, Maker, Opening, PartStart, Piece, Rest, Seal, Stop, Usage};
use crate::translate::{Presented, WriteDeltas};
use crate::write::Writer;

/// Writes the events of a stream.
#[derive(Debug)]
pub(crate) struct DeltaWriter {
    presented: Presented,
    /// Held back until the next piece, which may tell the tokens.
    opening: Option<Opening>,
    has_begun: bool,
    /// The block that is written, or the next one.
    index: u32,
    open: Open,
    stop: Option<Stop>,
    usage: Option<Usage>,
    has_calls: bool,
    has_refused: bool,
    cited: u32,
    /// Who makes the open part, if its seals carry a mark, and whether it is nobody's unsealed.
    maker: Option<Maker>,
    is_nobodys: bool,
    /// Several targets speak.
    is_spliced: bool,
}

/// The part that is open.
#[derive(Debug)]
enum Open {
    /// None, or one this dialect has no block for.
    Nothing,
    /// Words; their block begins with the first of them.
    Text { has_begun: bool },
    /// Thoughts; their seal is written as a whole, behind them.
    Thinking { seal: Option<Seal>, is_signed: bool },
    /// Thoughts without words, written as a whole.
    Redacted { rest: Rest, seal: Option<Seal> },
    /// A block of which everything but its end went out.
    Sent,
    /// A tool call with its arguments so far, if they are not known to be an object.
    Call { held: Option<String>, is_custom: bool, seal: Option<Seal> },
}

impl DeltaWriter {
    pub(crate) const fn new(presented: Presented) -> Self {
        Self {
            presented,
            opening: None,
            has_begun: false,
            index: 0,
            open: Open::Nothing,
            stop: None,
            usage: None,
            has_calls: false,
            has_refused: false,
            cited: 0,
            maker: None,
            is_nobodys: false,
            is_spliced: false,
        }
    }
}

impl WriteDeltas for DeltaWriter {
    fn write(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin(opening) => {
                self.opening = Some(opening.clone());
                return;
            }
            Delta::Usage(usage) => self.usage = Some(usage.clone()),
            Delta::PartBegin { .. }
            | Delta::Piece { .. }
            | Delta::PartEnd { .. }
            | Delta::Finish { .. }
            | Delta::End => {}
        }
        self.message_start(out);
        match delta {
            Delta::PartBegin { choice: 0, start } => self.part_begin(start, out),
            Delta::Piece { choice: 0, piece } => self.piece(piece, out),
            Delta::PartEnd { choice: 0 } => self.part_end(out),
            Delta::Finish { choice: 0, stop } => self.stop = Some(stop.clone()),
            Delta::End => self.end(out),
            // There is one answer in this dialect.
            Delta::PartBegin { .. }
            | Delta::Piece { .. }
            | Delta::PartEnd { .. }
            | Delta::Finish { .. }
            | Delta::Begin(_)
            | Delta::Usage(_) => {}
        }
    }

    fn pick_up(&mut self, thread: &Thread) {
        (self.is_spliced, self.is_nobodys) = (true, true);
        let Thread::Messages(thread) = thread else { return };
        self.has_begun |= thread.has_begun;
        self.index = thread.next;
        let Some(block) = thread.open.first() else {
            self.open = Open::Nothing;
            return;
        };
        self.index = block.index;
        match &mut self.open {
            Open::Text { has_begun } => *has_begun = true,
            Open::Thinking { is_signed, .. } => *is_signed = block.is_signed,
            Open::Call { .. } => {}
            Open::Nothing | Open::Redacted { .. } | Open::Sent => self.open = Open::Sent,
        }
    }

    fn made_by(&mut self, maker: Option<Maker>) {
        (self.is_spliced, self.is_nobodys) = (true, true);
        self.presented.maker = maker;
    }
}

impl DeltaWriter {
    fn message_start(&mut self, out: &mut Vec<u8>) {
        if self.has_begun {
            return;
        }
        self.has_begun = true;
        let opening = self.opening.take().unwrap_or_default();
        event(out, "message_start", |writer| {
            writer.key("message").object(|writer| {
                let (id, model) = (opening.id.as_deref(), opening.model.as_deref());
                write_head(writer, id, model, (&opening.rest, &self.presented));
                writer.key("content").array(|_| {});
                writer.key("stop_reason").null();
                write_sequence(writer, None);
                write_usage(writer, self.usage.as_ref());
                writer.rest(&opening.rest, HERE);
            });
        });
    }

    fn part_begin(&mut self, start: &PartStart, out: &mut Vec<u8>) {
        self.part_end(out); // a part that was not ended
        self.maker = self.presented.maker;
        self.is_nobodys = self.is_spliced && self.maker.is_none();
        self.open = match start {
            PartStart::Text => Open::Text { has_begun: false },
            PartStart::Refusal => {
                self.has_refused = true;
                Open::Text { has_begun: false }
            }
            PartStart::Thinking { rest } if is_redacted(rest) => {
                Open::Redacted { rest: rest.clone(), seal: None }
            }
            PartStart::Thinking { rest } => {
                self.block_start(out, |writer| {
                    writer.text("type", "thinking");
                    writer.text("thinking", "");
                    writer.text("signature", "");
                    writer.rest(rest, HERE);
                });
                Open::Thinking { seal: None, is_signed: false }
            }
            PartStart::ToolCall { id, name, is_custom, rest } => {
                self.has_calls = true;
                self.block_start(out, |writer| {
                    writer.text("type", "tool_use");
                    writer.text("id", &names::id(id));
                    writer.text("name", name);
                    writer.key("input").object(|_| {});
                    writer.rest(rest, HERE);
                });
                Open::Call { held: Some(String::new()), is_custom: *is_custom, seal: None }
            }
            PartStart::Foreign(rest) if block::is_ours(rest) => {
                self.block_start(out, |writer| writer.rest(rest, HERE));
                self.block_stop(out);
                Open::Nothing
            }
            PartStart::Foreign(_) | PartStart::Media(_) => Open::Nothing,
        };
    }

    fn piece(&mut self, piece: &Piece, out: &mut Vec<u8>) {
        match (piece, &mut self.open) {
            (Piece::Text(text), Open::Text { has_begun }) if !text.is_empty() => {
                if !std::mem::replace(has_begun, true) {
                    self.text_start(out);
                }
                self.delta(out, "text_delta", |writer| writer.text("text", text));
            }
            (Piece::Text(text), Open::Thinking { .. }) if !text.is_empty() => {
                self.delta(out, "thinking_delta", |writer| writer.text("thinking", text));
            }
            (
                Piece::Seal(seal),
                Open::Thinking { seal: known, .. }
                | Open::Redacted { seal: known, .. }
                | Open::Call { seal: known, .. },
            ) => match known {
                Some(known) => known.value.push_str(&seal.value),
                None => *known = Some(seal.clone()),
            },
            (Piece::Arguments(json), Open::Call { held, is_custom, .. }) => match held {
                Some(text) => {
                    text.push_str(json);
                    if !*is_custom && text.trim_start().starts_with('{') {
                        let text = held.take().unwrap_or_default();
                        self.arguments(&text, out);
                    }
                }
                None => self.arguments(json, out),
            },
            (Piece::Citation(citation), Open::Text { has_begun }) => {
                if !std::mem::replace(has_begun, true) {
                    self.text_start(out);
                }
                self.citation(citation, out);
            }
            (
                Piece::Text(_)
                | Piece::Seal(_)
                | Piece::Arguments(_)
                | Piece::Citation(_)
                | Piece::Logprobs(_),
                _,
            ) => {}
        }
    }

    fn text_start(&self, out: &mut Vec<u8>) {
        self.block_start(out, |writer| {
            writer.text("type", "text");
            writer.text("text", "");
        });
    }

    fn citation(&mut self, citation: &Citation, out: &mut Vec<u8>) {
        let mut style = Style { maker: self.presented.maker, cited: self.cited };
        self.delta(out, "citations_delta", |writer| {
            style.citation(writer.key("citation"), citation);
        });
        self.cited = style.cited;
    }

    fn arguments(&self, json: &str, out: &mut Vec<u8>) {
        self.delta(out, "input_json_delta", |writer| writer.text("partial_json", json));
    }

    fn part_end(&mut self, out: &mut Vec<u8>) {
        let style = Style { maker: self.maker, cited: 0 };
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing | Open::Text { has_begun: false } => return,
            Open::Text { has_begun: true }
            | Open::Thinking { is_signed: true, .. }
            | Open::Sent => {}
            Open::Thinking { seal, .. } => {
                let signature = match seal {
                    // Nobody can take it back, and the mark says so.
                    None if self.is_nobodys => Maker::NOBODY.mark(),
                    seal => style.signature(seal.as_ref()),
                };
                self.delta(out, "signature_delta", |writer| writer.text("signature", &signature));
            }
            Open::Redacted { rest, seal } => {
                let signature = style.signature(seal.as_ref());
                self.block_start(out, |writer| {
                    writer.text("data", &signature);
                    writer.rest(&rest, HERE);
                });
            }
            Open::Call { held, is_custom, seal } => {
                if let Some(text) = held {
                    self.arguments(&whole_arguments(&text, is_custom), out);
                }
                if let Some(signature) = style.signature_of_call(seal.as_ref()) {
                    self.block_stop(out);
                    self.block_start(out, |writer| {
                        writer.text("type", "thinking");
                        writer.text("thinking", "");
                        writer.text("signature", &signature);
                    });
                }
            }
        }
        self.block_stop(out);
    }

    fn block_start(&self, out: &mut Vec<u8>, block: impl FnOnce(&mut Writer<'_>)) {
        event(out, "content_block_start", |writer| {
            writer.value("index", self.index);
            writer.key("content_block").object(block);
        });
    }

    fn delta(&self, out: &mut Vec<u8>, kind: &str, delta: impl FnOnce(&mut Writer<'_>)) {
        event(out, "content_block_delta", |writer| {
            writer.value("index", self.index);
            writer.key("delta").object(|writer| {
                writer.text("type", kind);
                delta(writer);
            });
        });
    }

    fn block_stop(&mut self, out: &mut Vec<u8>) {
        event(out, "content_block_stop", |writer| writer.value("index", self.index));
        self.index += 1;
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.part_end(out);
        let stop = self.stop.as_ref();
        event(out, "message_delta", |writer| {
            writer.key("delta").object(|writer| {
                writer.text("stop_reason", stop_word(stop, self.has_calls, self.has_refused));
                write_sequence(writer, stop.and_then(|stop| stop.sequence.as_deref()));
                writer.key("stop_details").null();
            });
            write_usage(writer, self.usage.as_ref());
        });
        event(out, "message_stop", |_| {});
    }
}

/// Arguments that did not begin as an object: none, or text that becomes the one member of one.
fn whole_arguments(text: &str, is_custom: bool) -> String {
    if text.trim().is_empty() && !is_custom {
        return "{}".to_owned();
    }
    serde_json::json!({ "input": text }).to_string()
}

/// Appends an event; its name is its data's type too.
fn event(out: &mut Vec<u8>, name: &str, members: impl FnOnce(&mut Writer<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    Writer::new(out).object(|writer| {
        writer.text("type", name);
        members(writer);
    });
    out.extend_from_slice(b"\n\n");
}
