//! From events to pieces.

use super::super::item::{Item, Place, read as read_item, read_citation};
use super::super::kept::OWN;
use super::super::reply::Told;
use super::queue::{Key, Queue};
use crate::dialect::members::Members;
use crate::neutral::{
    Choice, Delta, Json, Opening, Part, PartStart, Piece, Reply, Rest, StopReason, deltas,
};
use crate::scan::{Broken, Scanner, Value};
use crate::sse::Frame;
use crate::translate::ReadDeltas;

/// The place of what an item has but one of.
const WHOLE: u32 = u32::MAX;

/// Reads the events of a stream.
#[derive(Debug, Default)]
pub(crate) struct DeltaReader {
    queue: Queue,
    has_begun: bool,
    has_calls: bool,
    has_refused: bool,
    has_ended: bool,
    /// The item whose content came in pieces last.
    streamed: Option<u32>,
}

/// The members at the top of an event.
#[derive(Default)]
pub(super) struct Event<'a> {
    pub(super) kind: &'a [u8],
    pub(super) index: u32,
    pub(super) place: u32,
    pub(super) summary: u32,
    pub(super) item_id: Option<Value<'a>>,
    /// A piece of words or arguments.
    pub(super) delta: Option<Value<'a>>,
    /// All of them.
    pub(super) whole: Option<Value<'a>>,
    pub(super) item: Option<Value<'a>>,
    pub(super) part: Option<Value<'a>>,
    pub(super) response: Option<Value<'a>>,
    pub(super) annotation: Option<Value<'a>>,
    pub(super) logprobs: Option<Value<'a>>,
}

impl<'a> Event<'a> {
    pub(super) fn scan(data: &'a [u8]) -> Result<Self, Broken> {
        let mut event = Self::default();
        let count = |value: Value<'_>| value.count().unwrap_or(0);
        Scanner::new(data).members(|scanner, key| {
            let value = scanner.value()?;
            match key {
                b"type" => event.kind = value.text().unwrap_or_default(),
                b"output_index" => event.index = count(value),
                b"content_index" => event.place = count(value),
                b"summary_index" => event.summary = count(value),
                b"item_id" => event.item_id = Some(value),
                b"delta" => event.delta = Some(value),
                b"text" | b"refusal" | b"arguments" | b"input" => event.whole = Some(value),
                b"item" => event.item = Some(value),
                b"part" => event.part = Some(value),
                b"response" => event.response = Some(value),
                b"annotation" => event.annotation = Some(value),
                b"logprobs" => event.logprobs = Some(value),
                _ => {}
            }
            Ok(())
        })?;
        Ok(event)
    }

    fn key(&self) -> Key {
        (self.index, self.place)
    }

    fn words(&self) -> Option<String> {
        self.delta?.meaning().filter(|words| !words.is_empty())
    }
}

impl ReadDeltas for DeltaReader {
    fn read(&mut self, frame: &Frame, out: &mut Vec<Delta>) {
        let Some(data) = frame.data().filter(|_| !self.has_ended) else { return };
        let Ok(mut event) = Event::scan(data) else { return };
        if event.kind.is_empty() {
            event.kind = frame.event().unwrap_or_default();
        }
        if let Some(name) = event.kind.strip_prefix(b"response.") {
            self.event(name, &event, out);
        }
    }

    fn end(&mut self, out: &mut Vec<Delta>) {
        if !self.has_ended {
            self.has_ended = true;
            self.begin(None, out);
            self.queue.end(|_| true, out);
            out.push(Delta::End);
        }
    }

    fn waits(&self) -> bool {
        self.queue.waits()
    }
}

impl DeltaReader {
    fn event(&mut self, name: &[u8], event: &Event<'_>, out: &mut Vec<Delta>) {
        match name {
            b"output_text.delta" => self.text(event, || PartStart::Text, out),
            b"refusal.delta" => {
                self.has_refused = true;
                self.text(event, || PartStart::Refusal, out);
            }
            b"function_call_arguments.delta" | b"custom_tool_call_input.delta" => {
                if let Some(words) = event.words() {
                    self.queue.piece((event.index, WHOLE), Piece::Arguments(words), out);
                }
            }
            b"reasoning_summary_text.delta" => self.thought(event, (true, event.summary), out),
            b"reasoning_text.delta" => self.thought(event, (false, event.place), out),
            b"output_text.done" | b"refusal.done" => self.whole_words(event.key(), event, out),
            b"function_call_arguments.done" | b"custom_tool_call_input.done" => {
                self.whole_words((event.index, WHOLE), event, out);
            }
            b"content_part.added" => self.part_added(event, out),
            b"content_part.done" => {
                let key = event.key();
                self.queue.end(|known| known == key, out);
            }
            b"output_text.annotation.added" => {
                if let Some(annotation) = event.annotation.filter(Value::is_object) {
                    let citation = read_citation(Members::of(annotation));
                    self.queue.piece(event.key(), Piece::Citation(citation), out);
                }
            }
            b"output_item.added" => self.item_added(event, out),
            b"output_item.done" => self.item_done(event, out),
            b"created" | b"queued" | b"in_progress" => self.begin(event.response, out),
            b"completed" | b"incomplete" => self.terminal(name, event, out),
            _ => {}
        }
    }

    fn begin(&mut self, response: Option<Value<'_>>, out: &mut Vec<Delta>) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let mut opening = Opening { rest: Rest::of(OWN), ..Opening::default() };
        if let Some(Reply { id, model, created, .. }) = response.map(|value| Told::of(value).reply)
        {
            opening = Opening { id, model, created, ..opening };
        }
        out.push(Delta::Begin(opening));
    }

    fn text(&mut self, event: &Event<'_>, start: impl FnOnce() -> PartStart, out: &mut Vec<Delta>) {
        let key = event.key();
        self.begin(None, out);
        self.streamed = Some(event.index);
        self.queue.begin(key, start, out);
        if let Some(words) = event.words() {
            self.queue.piece(key, Piece::Text(words), out);
        }
        let entries = event.logprobs.filter(|value| value.is_array() && value.is_full());
        if let Some(list) = entries.and_then(|value| std::str::from_utf8(value.raw).ok())
            && let Some(json) = Json::new(&format!("{{\"content\":{list}}}"))
        {
            self.queue.piece(key, Piece::Logprobs(json), out);
        }
    }

    /// Words of a thought. Of summaries and the thoughts themselves, the first kind is taken;
    /// several of them are paragraphs.
    fn thought(&mut self, event: &Event<'_>, paragraph: (bool, u32), out: &mut Vec<Delta>) {
        let Some(words) = event.words() else { return };
        let key = (event.index, WHOLE);
        self.begin(None, out);
        let id = event.item_id;
        let start = || PartStart::Thinking { rest: with_id(id) };
        self.queue.begin(key, start, out);
        let Some(slot) = self.queue.open(key) else { return };
        let last = slot.paragraph.replace(paragraph);
        if let Some(last) = last.filter(|last| last.0 != paragraph.0) {
            slot.paragraph = Some(last);
            return;
        }
        if last.is_some_and(|last| last != paragraph) {
            self.queue.piece(key, Piece::Text("\n\n".to_owned()), out);
        }
        self.queue.piece(key, Piece::Text(words), out);
    }

    /// The words once more: they count if no piece came before.
    fn whole_words(&mut self, key: Key, event: &Event<'_>, out: &mut Vec<Delta>) {
        let is_missing = self.queue.open(key).is_some_and(|slot| !slot.has_words);
        let Some(words) = event.whole.filter(|_| is_missing).map(Value::meaning_or_json) else {
            return;
        };
        if !words.is_empty() {
            let is_call = key.1 == WHOLE;
            let piece = if is_call { Piece::Arguments(words) } else { Piece::Text(words) };
            self.queue.piece(key, piece, out);
        }
    }

    fn part_added(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) {
        let Some(part) = event.part.map(Members::of) else { return };
        let start = match part.word("type") {
            b"output_text" => PartStart::Text,
            b"refusal" => PartStart::Refusal,
            _ => return,
        };
        self.has_refused |= start == PartStart::Refusal;
        self.begin(None, out);
        self.streamed = Some(event.index);
        self.queue.begin(event.key(), || start, out);
        let words = part.find("text").or(part.find("refusal")).and_then(Value::meaning);
        if let Some(words) = words.filter(|words| !words.is_empty()) {
            self.queue.piece(event.key(), Piece::Text(words), out);
        }
    }

    fn item_added(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) {
        let Some(item) = event.item else { return };
        let kind = Members::of(item).word("type");
        if !matches!(kind, b"function_call" | b"custom_tool_call") {
            return;
        }
        if let Item::Model(Part::ToolCall(mut call)) = read_item(Members::of(item), Place::Answer) {
            let key = (event.index, WHOLE);
            let arguments = std::mem::take(&mut call.arguments);
            self.has_calls = true;
            self.begin(None, out);
            let start = || PartStart::ToolCall {
                id: call.id,
                name: call.name,
                is_custom: call.is_custom,
                rest: call.rest,
            };
            self.queue.begin(key, start, out);
            if !arguments.is_empty() {
                self.queue.piece(key, Piece::Arguments(arguments), out);
            }
        }
    }

    fn item_done(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) {
        let Some(item) = event.item.filter(Value::is_object) else { return };
        self.begin(None, out);
        let index = event.index;
        let read = read_item(Members::of(item), Place::Answer);
        if let Some(slot) = self.queue.open((index, WHOLE)) {
            let is_missing = !slot.has_words;
            match read {
                Item::Model(Part::ToolCall(call)) if is_missing && !call.arguments.is_empty() => {
                    self.queue.piece((index, WHOLE), Piece::Arguments(call.arguments), out);
                }
                Item::Model(Part::Thinking { seal: Some(seal), .. }) => {
                    self.queue.piece((index, WHOLE), Piece::Seal(seal), out);
                }
                Item::Said(_) | Item::Model(_) | Item::Caller(_) | Item::Sealed(_) => {}
            }
        } else {
            match read {
                Item::Said(_) if self.streamed == Some(index) => {}
                Item::Said(said) => self.whole(said.parts, out),
                Item::Model(part) | Item::Caller(part) => self.whole(vec![part], out),
                Item::Sealed(_) => {}
            }
        }
        self.queue.end(|key| key.0 == index, out);
    }

    /// Parts that came whole.
    fn whole(&mut self, parts: Vec<Part>, out: &mut Vec<Delta>) {
        self.has_calls |= parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
        self.has_refused |= parts.iter().any(|part| matches!(part, Part::Refusal(_)));
        let choice = Choice { parts, ..Choice::default() };
        let reply = Reply { choices: vec![choice], ..Reply::default() };
        self.queue.whole(deltas(&reply), out);
    }

    fn terminal(&mut self, name: &[u8], event: &Event<'_>, out: &mut Vec<Delta>) {
        self.begin(event.response, out);
        self.queue.end(|_| true, out);
        let mut told = event.response.map(|value| Told::of(value).reply).unwrap_or_default();
        let mut choice = told.choices.pop().unwrap_or_default();
        if !self.queue.is_used {
            self.whole(std::mem::take(&mut choice.parts), out);
        }
        let status = event.response.map(|value| Members::of(value).word("status"));
        let status = status.filter(|status| !status.is_empty()).unwrap_or(name);
        let mut stop =
            choice.stop.unwrap_or_else(|| super::super::reply::stop_of(status, b"", false));
        if matches!(stop.reason, StopReason::Done | StopReason::ToolCalls | StopReason::Refused) {
            stop.reason = match (self.has_calls, self.has_refused) {
                (true, _) => StopReason::ToolCalls,
                (false, true) => StopReason::Refused,
                (false, false) => StopReason::Done,
            };
        }
        out.push(Delta::Finish { choice: 0, stop });
        out.extend(told.usage.map(Delta::Usage));
        out.push(Delta::End);
        self.has_ended = true;
    }
}

/// The item's id, kept.
fn with_id(id: Option<Value<'_>>) -> Rest {
    let mut rest = Rest::of(OWN);
    if let Some(id) = id {
        rest.keep(b"id", id.raw);
    }
    rest
}
