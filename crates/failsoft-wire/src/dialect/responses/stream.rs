//! Streamed answers: what each event means, and when a stream is whole.

use std::ops::Range;

use crate::dialect::failure::span;
use crate::reply::{Arguments, FlatError, Flaw, TokenCount};
use crate::scan::{Broken, Scanner, Value};
use crate::stream::{Meaning, ReadStream};

use super::answer::{Answer, Item};

/// More tool calls than this are an attack, not an answer.
const MAX_CALLS: usize = 16_384;

/// What has been seen of a stream.
#[derive(Debug, Default)]
pub(crate) struct ResponsesReader {
    model: Option<String>,
    usage: TokenCount,
    calls: Vec<Call>,
    has_content: bool,
    end: Option<End>,
    error: Option<Range<usize>>,
    has_failed: bool,
    last: Last,
    /// An event that matters is missing.
    has_gap: bool,
    /// The last event could not be read.
    was_malformed: bool,
}

/// How the terminal event ended the answer.
#[derive(Debug)]
enum End {
    Whole,
    /// Something honest stopped it.
    Stopped,
    BrokenOff(String),
}

#[derive(Debug)]
struct Call {
    index: Option<u32>,
    arguments: Arguments,
}

/// The event before.
#[derive(Debug, Default)]
struct Last {
    number: Option<u32>,
    /// Of a delta: the item it belonged to.
    delta_of: Option<u32>,
}

/// The members at the top of an event that matter.
#[derive(Default)]
struct Event<'a> {
    kind: Option<&'a [u8]>,
    number: Option<u32>,
    index: Option<u32>,
    delta: Option<Value<'a>>,
    arguments: Option<Value<'a>>,
    has_words: bool,
    item: Item<'a>,
    answer: Answer<'a>,
    /// Where the `response` stands.
    answer_span: Option<Range<usize>>,
    is_error: bool,
    flat: FlatError,
}

impl<'a> Event<'a> {
    fn read(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        match key {
            b"item" => {
                scanner.members(|scanner, key| self.item.read(scanner, key))?;
            }
            b"response" => {
                scanner.token()?;
                let start = scanner.position();
                scanner.members(|scanner, key| {
                    self.answer.note(key, scanner.value()?);
                    Ok(())
                })?;
                self.answer_span = Some(start..scanner.position());
            }
            b"part" => {
                scanner.members(|scanner, key| {
                    let is_full = scanner.value()?.is_full();
                    self.has_words |= is_full && matches!(key, b"text" | b"refusal");
                    Ok(())
                })?;
            }
            _ => self.note(key, scanner.value()?),
        }
        Ok(())
    }

    fn note(&mut self, key: &[u8], value: Value<'a>) {
        match key {
            b"type" => self.kind = value.text(),
            b"sequence_number" => self.number = value.count(),
            b"output_index" => self.index = value.count(),
            b"delta" => self.delta = Some(value),
            b"arguments" => self.arguments = Some(value),
            b"text" | b"refusal" | b"input" | b"code" => self.has_words |= value.is_full(),
            b"error" => self.is_error |= value.is_full(),
            _ => {}
        }
        self.flat.note(key, value);
    }
}

impl ReadStream for ResponsesReader {
    fn read(&mut self, event: Option<&[u8]>, data: &[u8]) -> Meaning {
        if data == b"[DONE]" {
            return Meaning::Closing; // some relays add it
        }
        let mut scanner = Scanner::new(data);
        let mut top = Event::default();
        let scanned = scanner.members(|scanner, key| top.read(scanner, key));
        match scanned.and_then(|is_object| scanner.end().map(|()| is_object)) {
            Ok(true) => {}
            Ok(false) | Err(_) if event == Some(b"error") => return self.fail(span(data)),
            Ok(false) | Err(_) => {
                self.was_malformed = true;
                return Meaning::Malformed;
            }
        }
        if top.is_error {
            return self.fail(span(data));
        }
        // Relays drop the type or the event's name, but hardly both.
        match top.kind.filter(|kind| !kind.is_empty()).or(event) {
            Some(b"error") => self.fail(span(data)),
            Some(_) if self.misses_a_piece(&top) => Meaning::Malformed,
            Some(kind) if kind.starts_with(b"response.") => self.event(kind, &top, data),
            // A foreign error; new kinds of events may come.
            Some(_) | None if top.flat.is_one() => self.fail(span(data)),
            Some(_) | None => Meaning::Filler,
        }
    }

    fn is_complete(&self) -> bool {
        self.end.is_some() && !self.has_failed && !self.has_gap
    }

    fn has_gap(&self) -> bool {
        self.has_gap
    }

    fn missing_end_marker(&self) -> Option<&'static [u8]> {
        None
    }

    fn end(&self) -> Option<Flaw> {
        if let Some(error) = self.error.clone().filter(|_| self.has_failed) {
            return Some(Flaw::Error(error));
        }
        match &self.end {
            _ if self.has_gap => Some(Flaw::NoEnd),
            None => Some(Flaw::NoEnd),
            Some(End::BrokenOff(status)) => Some(Flaw::BrokenOff(status.clone())),
            Some(End::Stopped) => None,
            Some(End::Whole) if !self.has_content => Some(Flaw::Empty),
            Some(End::Whole) => {
                let is_broken = |call: &Call| !call.arguments.are_whole();
                self.calls.iter().any(is_broken).then_some(Flaw::InvalidToolArguments)
            }
        }
    }

    fn error(&self) -> Option<Range<usize>> {
        self.error.clone()
    }

    fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    fn usage(&self) -> TokenCount {
        self.usage
    }
}

impl ResponsesReader {
    fn fail(&mut self, error: Range<usize>) -> Meaning {
        self.error = Some(error);
        self.has_failed = true;
        Meaning::Error
    }

    /// Events are numbered. A hole between two pieces of one item is a lost piece, and one that
    /// could not be read leaves a hole if it was an event at all; elsewhere a relay may have left
    /// out what it thought nobody needs.
    fn misses_a_piece(&mut self, top: &Event<'_>) -> bool {
        let delta_of = top.index.filter(|_| top.delta.is_some());
        let is_hole = match (self.last.number, top.number) {
            (Some(last), Some(number)) => number > last.saturating_add(1),
            (_, _) => false,
        };
        let is_piece = delta_of.is_some() && delta_of == self.last.delta_of;
        let misses = is_hole && (is_piece || self.was_malformed);
        self.was_malformed = false;
        self.has_gap |= misses;
        self.last = Last { number: top.number.or(self.last.number), delta_of };
        misses
    }

    fn event(&mut self, kind: &[u8], top: &Event<'_>, data: &[u8]) -> Meaning {
        match kind.strip_prefix(b"response.").unwrap_or(kind) {
            b"output_item.added" => self.item_added(top),
            b"output_item.done" => {
                self.whole_arguments(top.index, top.item.arguments);
                self.closed(top.item.has_content())
            }
            b"created" | b"queued" | b"in_progress" => {
                self.note_answer(top);
                self.quiet()
            }
            b"completed" | b"incomplete" | b"failed" | b"cancelled" => {
                self.terminal(kind, top, data)
            }
            b"output_text.annotation.added" => self.content(),
            b"image_generation_call.partial_image" => self.content(),
            b"function_call_arguments.delta" => {
                if let Some(piece) = top.delta
                    && let Some(call) = self.call(top.index)
                {
                    call.arguments.push(piece);
                }
                self.delta(top)
            }
            b"function_call_arguments.done" => {
                self.whole_arguments(top.index, top.arguments);
                Meaning::Closing
            }
            kind if kind.ends_with(b".delta") => self.delta(top),
            kind if kind.ends_with(b".done") => self.closed(top.has_words),
            kind if kind.ends_with(b"_part.added") && top.has_words => self.content(),
            kind if kind.ends_with(b"_part.added") => self.quiet(),
            kind if kind.ends_with(b".completed") || kind.ends_with(b".failed") => Meaning::Closing,
            // A tool of the provider's goes on with its work.
            kind if memchr::memmem::find(kind, b"_call.").is_some() && self.has_content => {
                Meaning::Content
            }
            _ => self.quiet(),
        }
    }

    fn item_added(&mut self, top: &Event<'_>) -> Meaning {
        if self.calls.len() >= MAX_CALLS {
            return Meaning::Malformed;
        }
        if top.item.kind == b"function_call" {
            let mut call = Call { index: top.index, arguments: Arguments::default() };
            if let Some(arguments) = top.item.arguments {
                call.arguments.push(arguments);
            }
            self.calls.push(call);
        }
        if top.item.has_content() { self.content() } else { self.quiet() }
    }

    fn delta(&mut self, top: &Event<'_>) -> Meaning {
        if top.delta.is_some_and(|delta| delta.is_full()) {
            self.content()
        } else {
            Meaning::Filler
        }
    }

    /// An end that tells what no piece told is content itself.
    fn closed(&mut self, has_words: bool) -> Meaning {
        if has_words && !self.has_content { self.content() } else { Meaning::Closing }
    }

    fn content(&mut self) -> Meaning {
        self.has_content = true;
        Meaning::Content
    }

    const fn quiet(&self) -> Meaning {
        if self.has_content { Meaning::Filler } else { Meaning::Opening }
    }

    fn terminal(&mut self, kind: &[u8], top: &Event<'_>, data: &[u8]) -> Meaning {
        self.note_answer(top);
        if kind.ends_with(b".failed") || top.answer.has_failed() {
            return self.fail(top.answer_span.clone().unwrap_or_else(|| span(data)));
        }
        self.has_content |= top.answer.held().has_content;
        let name = kind.strip_prefix(b"response.").unwrap_or(kind);
        self.end = Some(match top.answer.status().unwrap_or(name) {
            b"incomplete" => End::Stopped,
            status @ (b"cancelled" | b"queued" | b"in_progress") => {
                self.has_failed = true;
                End::BrokenOff(String::from_utf8_lossy(status).into_owned())
            }
            _ if name == b"incomplete" => End::Stopped,
            _ => End::Whole,
        });
        if self.has_failed { Meaning::Error } else { Meaning::Closing }
    }

    fn note_answer(&mut self, top: &Event<'_>) {
        self.model = top.answer.model().or(self.model.take());
        let usage = top.answer.usage();
        self.usage.input = self.usage.input.max(usage.input);
        self.usage.output = self.usage.output.max(usage.output);
    }

    fn call(&mut self, index: Option<u32>) -> Option<&mut Call> {
        self.calls.iter_mut().rfind(|call| index.is_none() || call.index == index)
    }

    /// The arguments once more, all of them.
    fn whole_arguments(&mut self, index: Option<u32>, arguments: Option<Value<'_>>) {
        if let Some(whole) = arguments.filter(|whole| whole.is_full())
            && let Some(call) = self.call(index)
        {
            call.arguments = Arguments::default();
            call.arguments.push(whole);
        }
    }
}
