//! Events, read.

use std::collections::VecDeque;

use super::super::block::{self, Side};
use super::super::members::kept;
use super::super::reply::marked;
use super::super::words::{Tokens, stop};
use super::super::{HERE, names};
use crate::dialect::members::Members;
use crate::neutral::{Delta, Opening, Part, PartStart, Piece, Rest};
use crate::scan::{Broken, Scanner, Value};
use crate::sse::Frame;
use crate::translate::ReadDeltas;

/// Reads the events of a stream.
#[derive(Debug, Default)]
pub(crate) struct DeltaReader {
    tokens: Tokens,
    has_begun: bool,
    has_ended: bool,
    /// Blocks that are not over. The first one's pieces are passed on, the others wait.
    blocks: VecDeque<Block>,
    /// How many blocks have begun, for events that do not say which they mean.
    count: u32,
}

#[derive(Debug)]
struct Block {
    index: u32,
    held: Vec<Delta>,
    is_over: bool,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Passed on piece by piece.
    Pieces,
    /// A tool call, the arguments its start held, and whether any came after it.
    Call { start: String, has_arguments: bool },
    /// Passed on as a whole, with the arguments that came.
    Whole { rest: Rest, input: String },
}

/// The members of an event.
#[derive(Default)]
struct Event<'a> {
    kind: Option<&'a [u8]>,
    index: Option<u32>,
    message: Option<Value<'a>>,
    content_block: Option<Value<'a>>,
    usage: Option<Value<'a>>,
    delta: Inner<'a>,
}

#[derive(Default)]
struct Inner<'a> {
    text: Option<Value<'a>>,
    thinking: Option<Value<'a>>,
    partial_json: Option<Value<'a>>,
    signature: Option<Value<'a>>,
    citation: Option<Value<'a>>,
    stop_reason: Option<Value<'a>>,
    stop_sequence: Option<Value<'a>>,
}

impl<'a> Event<'a> {
    fn read(data: &'a [u8]) -> Result<Self, Broken> {
        let mut event = Self::default();
        let mut scanner = Scanner::new(data);
        scanner.members(|scanner, key| {
            if key == b"delta" {
                scanner.members(|scanner, key| event.delta.member(key, scanner.value()?))?;
                return Ok(());
            }
            let value = scanner.value()?;
            match key {
                b"type" => event.kind = value.text(),
                b"index" => event.index = value.count(),
                b"message" => event.message = Some(value),
                b"content_block" => event.content_block = Some(value),
                b"usage" => event.usage = Some(value),
                _ => {}
            }
            Ok(())
        })?;
        scanner.end()?;
        Ok(event)
    }
}

impl<'a> Inner<'a> {
    fn member(&mut self, key: &[u8], value: Value<'a>) -> Result<(), Broken> {
        match key {
            b"text" => self.text = Some(value),
            b"thinking" => self.thinking = Some(value),
            b"partial_json" => self.partial_json = Some(value),
            b"signature" => self.signature = Some(value),
            b"citation" => self.citation = Some(value),
            b"stop_reason" => self.stop_reason = Some(value),
            b"stop_sequence" => self.stop_sequence = Some(value),
            _ => {}
        }
        Ok(())
    }
}

impl ReadDeltas for DeltaReader {
    fn read(&mut self, frame: &Frame, out: &mut Vec<Delta>) {
        let data = frame.data().map(<[u8]>::trim_ascii_end).unwrap_or_default();
        if self.has_ended || data.first() != Some(&b'{') {
            return;
        }
        let Ok(event) = Event::read(data) else { return };
        let is_known = event.kind.is_some_and(|kind| self.event(kind, &event, out));
        // Relays drop the type or the event's name, but hardly both.
        if !is_known && let Some(name) = frame.event() {
            self.event(name, &event, out);
        }
    }

    fn end(&mut self, out: &mut Vec<Delta>) {
        self.close_all(out);
        if !self.has_ended {
            self.begin(Opening { rest: Rest::of(HERE), ..Opening::default() }, out);
            out.push(Delta::End);
            self.has_ended = true;
        }
    }

    fn waits(&self) -> bool {
        let is_held = |block: &Block| matches!(block.kind, Kind::Whole { .. });
        self.blocks.len() > 1 || self.blocks.iter().any(is_held)
    }
}

impl DeltaReader {
    fn event(&mut self, kind: &[u8], event: &Event<'_>, out: &mut Vec<Delta>) -> bool {
        match kind {
            b"content_block_delta" => self.delta(event, out),
            b"message_start" => self.message_start(event, out),
            b"content_block_start" => self.block_start(event, out),
            b"content_block_stop" => {
                if let Some(at) = self.position(event.index) {
                    self.close(at, out);
                }
            }
            b"message_delta" => self.message_delta(event, out),
            b"message_stop" => self.end(out),
            _ => return false,
        }
        true
    }

    fn begin(&mut self, opening: Opening, out: &mut Vec<Delta>) {
        if !self.has_begun {
            self.has_begun = true;
            out.push(Delta::Begin(opening));
        }
    }

    fn message_start(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) {
        let Some(members) = event.message.and_then(Members::of_object) else { return };
        let known =
            ["id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"];
        let opening = Opening {
            id: members.text("id"),
            model: members.text("model"),
            created: None,
            rest: marked(members.others(HERE, &known)),
        };
        self.begin(opening, out);
        if let Some(usage) = members.find("usage") {
            self.tokens.read(usage);
            out.push(Delta::Usage(self.tokens.usage()));
        }
    }

    fn message_delta(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) {
        self.begin(Opening { rest: Rest::of(HERE), ..Opening::default() }, out);
        let word = event.delta.stop_reason.and_then(Value::meaning).filter(|word| !word.is_empty());
        if let Some(word) = word {
            self.close_all(out);
            let stop = stop(word, event.delta.stop_sequence.and_then(Value::meaning));
            out.push(Delta::Finish { choice: 0, stop });
        }
        if let Some(usage) = event.usage.filter(|usage| usage.is_object()) {
            self.tokens.read(usage);
            out.push(Delta::Usage(self.tokens.usage()));
        }
    }

    fn block_start(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) {
        let Some(members) = event.content_block.and_then(Members::of_object) else { return };
        self.begin(Opening { rest: Rest::of(HERE), ..Opening::default() }, out);
        let index = event.index.unwrap_or(self.count);
        self.count = index.saturating_add(1);
        let (kind, start, pieces) = opened(&members);
        self.blocks.push_back(Block { index, held: Vec::new(), is_over: false, kind });
        let at = self.blocks.len() - 1;
        if let Some(start) = start {
            self.emit(at, Delta::PartBegin { choice: 0, start }, out);
        }
        for piece in pieces {
            self.emit(at, Delta::Piece { choice: 0, piece }, out);
        }
    }

    fn delta(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) {
        let Some(at) = self.position(event.index) else { return };
        let Inner { text: words, thinking, partial_json, signature, citation, .. } = &event.delta;
        let piece = if let Some(words) = words.or(*thinking) {
            words.meaning().map(Piece::Text)
        } else if let Some(json) = partial_json {
            json.meaning().and_then(|json| self.arguments(at, json))
        } else if let Some(signature) = signature {
            signature.meaning().and_then(|text| Side::Answered.seal(text)).map(Piece::Seal)
        } else {
            citation
                .and_then(Members::of_object)
                .map(|members| Piece::Citation(block::citation(&members)))
        };
        if let Some(piece) = piece {
            self.emit(at, Delta::Piece { choice: 0, piece }, out);
        }
    }

    fn arguments(&mut self, at: usize, json: String) -> Option<Piece> {
        match &mut self.blocks.get_mut(at)?.kind {
            Kind::Call { has_arguments, .. } if !json.is_empty() => {
                *has_arguments = true;
                Some(Piece::Arguments(json))
            }
            Kind::Whole { input, .. } => {
                input.push_str(&json);
                None
            }
            Kind::Call { .. } | Kind::Pieces => None,
        }
    }

    /// The block an event speaks of: the last one, if it does not say.
    fn position(&self, index: Option<u32>) -> Option<usize> {
        self.blocks
            .iter()
            .rposition(|block| !block.is_over && index.is_none_or(|index| index == block.index))
    }

    /// Passes on what the open block brings, and holds what others bring until their turn.
    fn emit(&mut self, at: usize, delta: Delta, out: &mut Vec<Delta>) {
        match self.blocks.get_mut(at) {
            Some(block) if at > 0 => block.held.push(delta),
            Some(_) | None => out.push(delta),
        }
    }

    fn close(&mut self, at: usize, out: &mut Vec<Delta>) {
        let Some(block) = self.blocks.get_mut(at) else { return };
        block.is_over = true;
        match &mut block.kind {
            Kind::Pieces => {}
            Kind::Call { start, has_arguments } => {
                if !*has_arguments {
                    let piece = Piece::Arguments(std::mem::take(start));
                    self.emit(at, Delta::Piece { choice: 0, piece }, out);
                }
            }
            Kind::Whole { rest, input } => {
                let start = PartStart::Foreign(whole(rest, input));
                self.emit(at, Delta::PartBegin { choice: 0, start }, out);
            }
        }
        self.emit(at, Delta::PartEnd { choice: 0 }, out);
        while self.blocks.front().is_some_and(|block| block.is_over) {
            self.blocks.pop_front();
            if let Some(next) = self.blocks.front_mut() {
                out.append(&mut next.held);
            }
        }
    }

    fn close_all(&mut self, out: &mut Vec<Delta>) {
        while let Some(at) = self.position(None) {
            // From the first on, so that each is passed on at once.
            let first = self.blocks.iter().position(|block| !block.is_over).unwrap_or(at);
            self.close(first, out);
        }
    }
}

/// What a block begins as, and what its start holds already.
fn opened(members: &Members<'_>) -> (Kind, Option<PartStart>, Vec<Piece>) {
    match block::part(members, Side::Answered) {
        Part::Text { text, citations, .. } => {
            let text = (!text.is_empty()).then_some(Piece::Text(text));
            let citations = citations.into_iter().map(Piece::Citation);
            (Kind::Pieces, Some(PartStart::Text), text.into_iter().chain(citations).collect())
        }
        Part::Thinking { text, seal, rest } => {
            let text = (!text.is_empty()).then_some(Piece::Text(text));
            let pieces = text.into_iter().chain(seal.map(Piece::Seal)).collect();
            (Kind::Pieces, Some(PartStart::Thinking { rest }), pieces)
        }
        Part::ToolCall(call) => {
            let start = if call.arguments.is_empty() { "{}".to_owned() } else { call.arguments };
            let kind = Kind::Call { start, has_arguments: false };
            let (id, name) = (call.id, names::plain(call.name));
            let start = PartStart::ToolCall { id, name, is_custom: false, rest: call.rest };
            (kind, Some(start), Vec::new())
        }
        Part::Refusal(_) | Part::Media(_) | Part::ToolResult(_) | Part::Foreign(_) => {
            (Kind::Whole { rest: members.rest(HERE), input: String::new() }, None, Vec::new())
        }
    }
}

/// A block with the arguments that came after its start.
fn whole(rest: &Rest, input: &str) -> Rest {
    if input.is_empty() || !crate::scan::is_json(input.as_bytes()) || kept(rest, "input").is_none()
    {
        return rest.clone();
    }
    let mut whole = Rest::of(HERE);
    for (key, json) in rest.members_for(HERE) {
        let json = if &**key == "input" { input } else { json.as_str() };
        whole.keep(key.as_bytes(), json.as_bytes());
    }
    whole
}
