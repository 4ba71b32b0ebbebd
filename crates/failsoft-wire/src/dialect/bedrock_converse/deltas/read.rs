//! From events to pieces.

use std::collections::VecDeque;

use crate::base64;
use crate::dialect::bedrock_converse::blocks;
use crate::dialect::bedrock_converse::reply::{BESIDE_USAGE, read_stop, read_usage, stop_sequence};
use crate::dialect::bedrock_converse::{keep, media};
use crate::neutral::{Delta, Opening, PartStart, Piece, Rest, Seal, Usage};
use crate::scan::{Scanner, Value};
use crate::sse::Frame;
use crate::translate::ReadDeltas;
use crate::write::Writer;

/// An answer has one choice.
const CHOICE: u32 = 0;

/// More blocks than this at once are an attack, not an answer.
const MAX_BLOCKS: usize = 1_024;

/// Reads a stream's events.
#[derive(Debug, Default)]
pub(crate) struct DeltaReader {
    has_begun: bool,
    /// Blocks that are not whole; the first one is open, those behind it wait.
    blocks: VecDeque<Block>,
    has_finished: bool,
    has_ended: bool,
}

/// A block that is not whole.
#[derive(Debug)]
struct Block {
    index: u32,
    kind: Kind,
    /// Whether the client was told that it began.
    is_told: bool,
    /// What waits until the blocks before it are whole.
    waiting: Vec<Piece>,
    is_whole: bool,
}

#[derive(Debug)]
enum Kind {
    /// It began, and has not said what it is.
    Unknown,
    Told(PartStart),
    /// Thoughts the provider keeps to itself, in pieces of base64.
    Redacted(Vec<String>),
    /// A block that is told only when it is whole: its key, its members so far, and the pieces of
    /// its content.
    Whole {
        key: Box<str>,
        start: String,
        pieces: Vec<String>,
    },
}

impl ReadDeltas for DeltaReader {
    fn read(&mut self, frame: &Frame, out: &mut Vec<Delta>) {
        let (Some(event), Some(data)) = (frame.event(), frame.data()) else { return };
        let mut scanner = Scanner::new(data);
        let Ok(value) = scanner.value() else { return };
        if self.has_ended || !value.is_object() {
            return;
        }
        match event {
            b"messageStart" => self.begin(out),
            b"contentBlockStart" => self.start(value, out),
            b"contentBlockDelta" => self.delta(value, out),
            b"contentBlockStop" => self.stop(value, out),
            b"messageStop" => self.finish(value, out),
            b"metadata" => self.usage(value, out),
            _ => {}
        }
    }

    fn end(&mut self, out: &mut Vec<Delta>) {
        if self.has_ended {
            return;
        }
        self.begin(out);
        self.close(out);
        self.has_ended = true;
        out.push(Delta::End);
    }

    fn waits(&self) -> bool {
        self.blocks.len() > 1 || self.blocks.iter().any(|block| !block.is_told)
    }
}

impl DeltaReader {
    fn begin(&mut self, out: &mut Vec<Delta>) {
        if !self.has_begun {
            self.has_begun = true;
            out.push(Delta::Begin(Opening::default()));
        }
    }

    fn start(&mut self, event: Value<'_>, out: &mut Vec<Delta>) {
        self.begin(out);
        let (mut index, mut kind) = (0, Kind::Unknown);
        event.members(|key, value| match key {
            b"contentBlockIndex" => index = value.count().unwrap_or(0),
            b"start" => value.members(|key, value| kind = started(key, value)),
            _ => {}
        });
        let block = self.block(index);
        if let Some(block) = block {
            block.kind = kind;
        }
        self.tell(out);
    }

    fn delta(&mut self, event: Value<'_>, out: &mut Vec<Delta>) {
        self.begin(out);
        let (mut index, mut delta) = (0, None);
        event.members(|key, value| match key {
            b"contentBlockIndex" => index = value.count().unwrap_or(0),
            b"delta" => delta = Some(value),
            _ => {}
        });
        let (Some(delta), Some(block)) = (delta, self.block(index)) else { return };
        delta.members(|key, value| block.take(key, value));
        self.tell(out);
    }

    fn stop(&mut self, event: Value<'_>, out: &mut Vec<Delta>) {
        let mut index = 0;
        event.members(|key, value| {
            if key == b"contentBlockIndex" {
                index = value.count().unwrap_or(0);
            }
        });
        if let Some(block) = self.blocks.iter_mut().find(|block| block.index == index) {
            block.is_whole = true;
        }
        self.tell(out);
    }

    fn finish(&mut self, event: Value<'_>, out: &mut Vec<Delta>) {
        self.begin(out);
        let (mut word, mut sequence) = (None, None);
        event.members(|key, value| match key {
            b"stopReason" => word = value.string(),
            b"additionalModelResponseFields" => sequence = stop_sequence(value),
            _ => {}
        });
        let Some(word) = word.filter(|_| !self.has_finished) else { return };
        self.close(out);
        self.has_finished = true;
        out.push(Delta::Finish { choice: CHOICE, stop: read_stop(&word, sequence) });
    }

    fn usage(&mut self, event: Value<'_>, out: &mut Vec<Delta>) {
        self.begin(out);
        let (mut usage, mut beside) = (None, Vec::new());
        event.members(|key, value| match key {
            b"usage" => usage = read_usage(value),
            _ if BESIDE_USAGE.iter().any(|known| known.as_bytes() == key) => {
                beside.push((key, value));
            }
            _ => {} // padding
        });
        let mut usage: Usage = usage.unwrap_or_default();
        beside.iter().for_each(|(key, value)| keep(&mut usage.rest, key, value.raw));
        out.push(Delta::Usage(usage));
        if self.has_finished {
            self.has_ended = true;
            out.push(Delta::End);
        }
    }

    /// The block of this index, a new one if need be.
    fn block(&mut self, index: u32) -> Option<&mut Block> {
        let known = self.blocks.iter().position(|block| block.index == index && !block.is_whole);
        let at = known.unwrap_or(self.blocks.len());
        if known.is_none() {
            if at >= MAX_BLOCKS || self.has_finished {
                return None;
            }
            self.blocks.push_back(Block {
                index,
                kind: Kind::Unknown,
                is_told: false,
                waiting: Vec::new(),
                is_whole: false,
            });
        }
        self.blocks.get_mut(at)
    }

    /// Every block ends here.
    fn close(&mut self, out: &mut Vec<Delta>) {
        self.blocks.iter_mut().for_each(|block| block.is_whole = true);
        self.tell(out);
    }

    /// Tells what can be told: of the first block everything, of those behind it nothing until it
    /// is whole.
    fn tell(&mut self, out: &mut Vec<Delta>) {
        while let Some(block) = self.blocks.front_mut() {
            block.tell(out);
            if !block.is_whole {
                return;
            }
            self.blocks.pop_front();
        }
    }
}

/// What a block is, by how it starts.
fn started(key: &[u8], value: Value<'_>) -> Kind {
    if key == b"toolUse" {
        let (mut id, mut name, mut is_hosted) = (None, None, false);
        let mut rest = Rest::default();
        value.members(|key, value| match key {
            b"toolUseId" => id = value.string(),
            b"name" => name = value.string(),
            _ => {
                is_hosted |= key == b"type" && value.text() == Some(b"server_tool_use");
                keep(&mut rest, key, value.raw);
            }
        });
        if let (false, Some(id), Some(name)) = (is_hosted, id, name) {
            return Kind::Told(PartStart::ToolCall { id, name, is_custom: false, rest });
        }
    }
    let key = String::from_utf8_lossy(key).into();
    let start = String::from_utf8_lossy(value.raw).into_owned();
    Kind::Whole { key, start, pieces: Vec::new() }
}

impl Block {
    fn take(&mut self, key: &[u8], value: Value<'_>) {
        match (key, &mut self.kind) {
            (b"reasoningContent", _) => value.members(|key, value| self.think(key, value)),
            (b"text", Kind::Unknown | Kind::Told(PartStart::Text)) => {
                self.kind = Kind::Told(PartStart::Text);
                self.waiting.extend(value.string().map(Piece::Text));
            }
            (b"citation", Kind::Unknown | Kind::Told(PartStart::Text)) => {
                self.kind = Kind::Told(PartStart::Text);
                self.waiting.push(Piece::Citation(blocks::citation(value)));
            }
            (b"toolUse", Kind::Told(PartStart::ToolCall { .. })) => value.members(|key, value| {
                if key == b"input" {
                    self.waiting.extend(value.string().map(Piece::Arguments));
                }
            }),
            (_, Kind::Whole { pieces, .. }) => {
                pieces.push(String::from_utf8_lossy(value.raw).into_owned());
            }
            _ => {}
        }
    }

    fn think(&mut self, key: &[u8], value: Value<'_>) {
        let Some(words) = value.string() else { return };
        match (key, &mut self.kind) {
            (b"redactedContent", Kind::Unknown) => self.kind = Kind::Redacted(vec![words]),
            (b"redactedContent", Kind::Redacted(pieces)) => pieces.push(words),
            (b"text" | b"signature", Kind::Unknown | Kind::Told(PartStart::Thinking { .. })) => {
                self.kind = Kind::Told(PartStart::Thinking { rest: Rest::default() });
                self.waiting.push(match key {
                    b"text" => Piece::Text(words),
                    _ => Piece::Seal(Seal { value: words, maker: None }),
                });
            }
            _ => {}
        }
    }

    fn tell(&mut self, out: &mut Vec<Delta>) {
        if self.is_whole {
            self.settle();
        }
        let Kind::Told(start) = &self.kind else { return };
        if !self.is_told {
            self.is_told = true;
            out.push(Delta::PartBegin { choice: CHOICE, start: start.clone() });
        }
        let pieces = self.waiting.drain(..);
        out.extend(pieces.map(|piece| Delta::Piece { choice: CHOICE, piece }));
        if self.is_whole {
            out.push(Delta::PartEnd { choice: CHOICE });
        }
    }

    /// Turns what is told only as a whole into what it is.
    fn settle(&mut self) {
        match &self.kind {
            Kind::Redacted(pieces) => {
                let seal = blocks::redacted(&joined(pieces));
                self.waiting.push(Piece::Seal(seal));
                self.kind = Kind::Told(PartStart::Thinking { rest: Rest::default() });
            }
            Kind::Whole { key, start, pieces } => {
                if let Some(start) = whole(key, start, pieces) {
                    self.kind = Kind::Told(start);
                }
            }
            Kind::Unknown | Kind::Told(_) => {}
        }
    }
}

/// Pieces of base64 as one.
fn joined(pieces: &[String]) -> String {
    if let [one] = pieces {
        return one.clone();
    }
    let bytes: Option<Vec<_>> = pieces.iter().map(|piece| base64::decode(piece)).collect();
    bytes.map_or_else(|| pieces.concat(), |bytes| base64::encode(&bytes.concat()))
}

/// The block as a plain answer would hold it, and what it is there.
fn whole(key: &str, start: &str, pieces: &[String]) -> Option<PartStart> {
    let mut block = Vec::new();
    let mut input = String::new();
    Writer::new(&mut block).object(|object| {
        for_each_member(start, |key, value| object.as_written(key, value));
        match key {
            "toolUse" => {
                for piece in pieces {
                    for_each_value(piece, |value| {
                        input.push_str(&value.string().unwrap_or_default())
                    });
                }
                let input = if input.trim().is_empty() { "{}" } else { &input };
                if crate::scan::is_json(input.as_bytes()) {
                    object.key("input").raw(input);
                }
            }
            "toolResult" => object.key("content").array(|content| {
                for piece in pieces {
                    let list = Scanner::new(piece.as_bytes()).value();
                    let each = |item: Value<'_>| content.raw(&String::from_utf8_lossy(item.raw));
                    _ = list.map(|list| list.items(each));
                }
            }),
            _ => {
                let last = pieces.last().map(String::as_str).unwrap_or_default();
                for_each_member(last, |key, value| object.as_written(key, value));
            }
        }
    });
    let value = Scanner::new(&block).value().ok()?;
    if let Some(media) = (key == "image").then(|| media::decode(b"image", value)).flatten() {
        return Some(PartStart::Media(media));
    }
    let mut rest = Rest::default();
    keep(&mut rest, key.as_bytes(), value.raw);
    Some(PartStart::Foreign(rest))
}

fn for_each_member(json: &str, mut member: impl FnMut(&[u8], &str)) {
    if let Ok(value) = Scanner::new(json.as_bytes()).value() {
        value.members(|key, value| member(key, &String::from_utf8_lossy(value.raw)));
    }
}

fn for_each_value(json: &str, mut visit: impl FnMut(Value<'_>)) {
    if let Ok(value) = Scanner::new(json.as_bytes()).value() {
        value.members(|_, value| visit(value));
    }
}
