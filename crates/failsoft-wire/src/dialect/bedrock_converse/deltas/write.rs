//! From pieces to events.

use crate::dialect::Thread;
use crate::dialect::bedrock_converse::DIALECT;
use crate::dialect::bedrock_converse::blocks;
use crate::dialect::bedrock_converse::event_stream::push_event;
use crate::dialect::bedrock_converse::media::{self, Names};
use crate::dialect::bedrock_converse::reply::{write_stop, write_usage};
use crate::neutral::{Delta, Maker, Media, PartStart, Piece, Rest, Seal, Stop, ToolCall, Usage};
use crate::scan::Scanner;
use crate::translate::{Presented, WriteDeltas};
use crate::write::Writer;

/// Writes a stream's events.
#[derive(Debug)]
pub(crate) struct DeltaWriter {
    presented: Presented,
    index: u32,
    open: Open,
    has_delta: bool,
    stop: Option<Stop>,
    usage: Option<Usage>,
    has_ended: bool,
}

/// The block that is not whole.
#[derive(Debug)]
enum Open {
    Text,
    Thinking,
    /// Its arguments are held until they are whole, for they must be an object.
    Tool(ToolCall),
    Nothing,
}

impl DeltaWriter {
    pub(crate) fn new(presented: Presented) -> Self {
        Self {
            presented,
            index: 0,
            open: Open::Nothing,
            has_delta: false,
            stop: None,
            usage: None,
            has_ended: false,
        }
    }
}

impl WriteDeltas for DeltaWriter {
    fn write(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin(_) => push(out, "messageStart", |event| event.text("role", "assistant")),
            Delta::PartBegin { choice: 0, start } => self.begin(start, out),
            Delta::Piece { choice: 0, piece } => self.piece(piece, out),
            Delta::PartEnd { choice: 0 } => self.end_part(out),
            Delta::Finish { choice: 0, stop } => self.stop = Some(stop.clone()),
            // There is one choice here.
            Delta::PartBegin { .. }
            | Delta::Piece { .. }
            | Delta::PartEnd { .. }
            | Delta::Finish { .. } => {}
            Delta::Usage(usage) => self.usage = Some(usage.clone()),
            Delta::End => self.end(out),
        }
    }

    // No client speaks this dialect, so nothing is passed on in it.
    fn pick_up(&mut self, _thread: &Thread) {}

    fn made_by(&mut self, maker: Option<Maker>) {
        self.presented.maker = maker;
    }
}

impl DeltaWriter {
    fn begin(&mut self, start: &PartStart, out: &mut Vec<u8>) {
        self.has_delta = false;
        match start {
            PartStart::Text | PartStart::Refusal => self.open = Open::Text,
            PartStart::Thinking { .. } => self.open = Open::Thinking,
            PartStart::ToolCall { id, name, is_custom, rest } => {
                self.open = Open::Tool(ToolCall {
                    id: id.clone(),
                    name: name.clone(),
                    arguments: String::new(),
                    seal: None,
                    is_custom: *is_custom,
                    rest: rest.clone(),
                });
                self.start(out, "toolUse", |object| {
                    object.text("toolUseId", id);
                    object.text("name", name);
                    object.rest(rest, DIALECT);
                });
            }
            PartStart::Media(media) => self.media(media, out),
            PartStart::Foreign(rest) => self.foreign(rest, out),
        }
    }

    fn piece(&mut self, piece: &Piece, out: &mut Vec<u8>) {
        match (piece, &mut self.open) {
            (Piece::Text(text), Open::Text) => self.delta(out, |delta| delta.text("text", text)),
            (Piece::Text(text), Open::Thinking) => self.thought(out, "text", text),
            (Piece::Seal(seal), Open::Thinking) => self.seal(seal, out),
            (Piece::Arguments(text), Open::Tool(call)) => call.arguments.push_str(text),
            (Piece::Citation(citation), Open::Text) => {
                self.delta(out, |delta| blocks::write_citation(delta.key("citation"), citation));
            }
            // Calls have no seals here, and nothing has log probabilities.
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

    fn seal(&mut self, seal: &Seal, out: &mut Vec<u8>) {
        let value = seal.shown(self.presented.maker);
        match blocks::unredacted(&value) {
            Some(base64) => self.thought(out, "redactedContent", base64),
            None => self.thought(out, "signature", &value),
        }
    }

    fn thought(&mut self, out: &mut Vec<u8>, key: &str, text: &str) {
        self.delta(out, |delta| {
            delta.key("reasoningContent").object(|object| object.text(key, text));
        });
    }

    fn end_part(&mut self, out: &mut Vec<u8>) {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Text if !self.has_delta => self.delta(out, |delta| delta.text("text", "")),
            Open::Thinking if !self.has_delta => self.thought(out, "text", ""),
            Open::Tool(call) => self.delta(out, |delta| {
                let input = call.input();
                delta.key("toolUse").object(|object| object.text("input", input.as_str()));
            }),
            Open::Text | Open::Thinking => {}
            Open::Nothing => return,
        }
        self.stop_block(out);
    }

    fn media(&mut self, media: &Media, out: &mut Vec<u8>) {
        let mut block = Vec::new();
        media::write(&mut Writer::new(&mut block), media, &mut Names::default());
        self.whole(&block, &["source"], out);
    }

    fn foreign(&mut self, rest: &Rest, out: &mut Vec<u8>) {
        let mut block = Vec::new();
        Writer::new(&mut block).object(|object| object.rest(rest, DIALECT));
        self.whole(&block, &["input", "content", "source"], out);
    }

    /// A block of a plain answer as events: what is named comes as its delta.
    fn whole(&mut self, block: &[u8], in_delta: &[&str], out: &mut Vec<u8>) {
        let Ok(block) = Scanner::new(block).value() else { return };
        block.members(|key, value| {
            let Ok(key) = std::str::from_utf8(key) else { return };
            if !matches!(key, "toolUse" | "toolResult" | "image") {
                return; // streams have no others
            }
            let mut all = Vec::new();
            value.members(|key, value| all.push((key, String::from_utf8_lossy(value.raw))));
            let is_later = |key: &[u8]| in_delta.iter().any(|known| known.as_bytes() == key);
            let (later, first): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|(key, _)| is_later(key));
            self.start(out, key, |object| {
                first.iter().for_each(|(key, json)| object.as_written(key, json));
            });
            for (name, json) in later {
                self.delta(out, |delta| match name {
                    b"input" => delta.key(key).object(|object| object.text("input", &json)),
                    b"content" => delta.key(key).raw(&json),
                    _ => delta.key(key).object(|object| object.as_written(name, &json)),
                });
            }
            self.stop_block(out);
        });
    }

    fn start(&self, out: &mut Vec<u8>, key: &str, members: impl FnOnce(&mut Writer<'_>)) {
        push(out, "contentBlockStart", |event| {
            event.key("start").object(|start| start.key(key).object(members));
            event.value("contentBlockIndex", self.index);
        });
    }

    fn delta(&mut self, out: &mut Vec<u8>, member: impl FnOnce(&mut Writer<'_>)) {
        self.has_delta = true;
        push(out, "contentBlockDelta", |event| {
            event.key("delta").object(member);
            event.value("contentBlockIndex", self.index);
        });
    }

    fn stop_block(&mut self, out: &mut Vec<u8>) {
        push(out, "contentBlockStop", |event| event.value("contentBlockIndex", self.index));
        self.index += 1;
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        push(out, "messageStop", |event| write_stop(event, self.stop.as_ref()));
        push(out, "metadata", |event| write_usage(event, self.usage.as_ref()));
    }
}

fn push(out: &mut Vec<u8>, name: &str, members: impl FnOnce(&mut Writer<'_>)) {
    push_event(out, name, |payload| Writer::new(payload).object(members));
}
