//! Answers, plain and streamed.

use std::ops::Range;

use crate::dialect::failure::{Failure, span};
use crate::reply::{Arguments, Finish, FlatError, Flaw, ReplyHead, TokenCount};
use crate::scan::{Broken, Scanner, Value};
use crate::stream::{Meaning, ReadStream};

/// More blocks than this are an attack, not an answer.
const MAX_BLOCKS: usize = 16_384;

/// Reads a plain answer.
pub(crate) fn read_reply(body: &[u8]) -> ReplyHead {
    let mut scanner = Scanner::new(body);
    let mut top = Top::default();
    let scanned = scanner.members(|scanner, key| top.read(scanner, key));
    let flaw = match scanned.and_then(|is_object| scanner.end().map(|()| is_object)) {
        Ok(is_object) => top.judge_reply(is_object, body),
        Err(broken) => Some(Flaw::of_broken(broken, body)),
    };
    let mut usage = TokenCount::default();
    if let Some(value) = top.usage {
        // The value was checked before: it cannot be broken.
        _ = usage.read(&mut Scanner::new(value.raw));
    }
    ReplyHead { flaw, model: top.model.and_then(|model| model.string()), usage }
}

/// The members at the top of a plain answer or of an event, and of what stands in them.
#[derive(Default)]
struct Top<'a> {
    kind: Option<&'a [u8]>,
    is_error: bool,
    flat: FlatError,
    index: Option<u32>,
    model: Option<Value<'a>>,
    usage: Option<Value<'a>>,
    content: Option<Value<'a>>,
    stop_reason: Option<Value<'a>>,
    /// Of an event: its `message`, `content_block` or `delta`.
    inside: Inside<'a>,
}

/// What stands one level down in an event.
#[derive(Default)]
struct Inside<'a> {
    kind: Option<&'a [u8]>,
    has_words: bool,
    partial_json: Option<Value<'a>>,
}

impl<'a> Top<'a> {
    fn read(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        match key {
            b"type" => {
                let value = scanner.value()?;
                self.kind = value.text();
                self.flat.note(key, value);
            }
            b"index" => self.index = scanner.value()?.count(),
            b"message" => {
                if scanner.token()? == b'{' {
                    scanner.members(|scanner, key| self.message(scanner, key))?;
                } else {
                    self.flat.note(key, scanner.value()?);
                }
            }
            b"content_block" => {
                scanner.members(|scanner, key| self.inside.read(scanner, key))?;
            }
            b"delta" => {
                scanner.members(|scanner, key| match key {
                    b"stop_reason" => {
                        self.stop_reason = Some(scanner.value()?);
                        Ok(())
                    }
                    _ => self.inside.read(scanner, key),
                })?;
            }
            b"error" => self.is_error |= scanner.value()?.is_full(),
            b"content" => self.content = Some(scanner.value()?),
            b"model" | b"usage" | b"stop_reason" => self.message(scanner, key)?,
            _ => self.flat.note(key, scanner.value()?),
        }
        Ok(())
    }

    fn message(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        let value = scanner.value()?;
        match key {
            b"model" => self.model = Some(value),
            b"usage" => self.usage = Some(value),
            b"stop_reason" => self.stop_reason = Some(value),
            _ => {}
        }
        Ok(())
    }

    fn reason(&self) -> Option<&'a [u8]> {
        self.stop_reason?.text().filter(|reason| !reason.is_empty())
    }

    fn judge_reply(&self, is_object: bool, body: &[u8]) -> Option<Flaw> {
        let is_answer = self.content.is_some_and(|content| content.is_array());
        let is_flat_error = self.flat.is_one() && !is_answer;
        if self.is_error || self.kind == Some(b"error") || is_flat_error {
            return Some(Flaw::Error(span(body)));
        }
        let finish = self.reason().map(Finish::of);
        if finish == Some(Finish::Broken) {
            return Some(Flaw::BrokenOff(self.stop_reason?.string()?));
        }
        if !is_object || !(is_answer || finish == Some(Finish::Stopped)) {
            return Some(Flaw::WrongShape);
        }
        let is_empty = !self.content.is_some_and(has_content);
        (is_empty && finish != Some(Finish::Stopped)).then_some(Flaw::Empty)
    }
}

impl<'a> Inside<'a> {
    fn read(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        let value = scanner.value()?;
        match key {
            b"type" => self.kind = value.text(),
            b"text" | b"thinking" => self.has_words |= value.is_full(),
            b"partial_json" => {
                self.has_words |= value.is_full();
                self.partial_json = Some(value);
            }
            _ => {}
        }
        Ok(())
    }

    /// Text and thinking may be empty; any other block is content as it stands.
    fn block_has_content(&self) -> bool {
        match self.kind {
            Some(b"text" | b"thinking") => self.has_words,
            Some(_) => true,
            None => false,
        }
    }
}

/// Whether any block of a plain answer holds something.
fn has_content(blocks: Value<'_>) -> bool {
    let mut found = false;
    // The value was checked before: it cannot be broken.
    _ = Scanner::new(blocks.raw).items(|scanner| {
        let mut block = Inside::default();
        scanner.members(|scanner, key| block.read(scanner, key))?;
        found |= block.block_has_content();
        Ok(())
    });
    found
}

/// What has been seen of a stream.
#[derive(Debug, Default)]
pub(crate) struct MessagesReader {
    model: Option<String>,
    usage: TokenCount,
    blocks: Vec<Block>,
    finish: Option<Finish>,
    has_content: bool,
    failure: Failure,
    /// The end marker came.
    is_done: bool,
}

#[derive(Debug)]
struct Block {
    index: u32,
    is_open: bool,
    input: Arguments,
}

impl ReadStream for MessagesReader {
    fn read(&mut self, event: Option<&[u8]>, data: &[u8]) -> Meaning {
        if data == b"[DONE]" {
            return Meaning::Closing; // some relays add it
        }
        let mut scanner = Scanner::new(data);
        let mut top = Top::default();
        let scanned = scanner.members(|scanner, key| top.read(scanner, key));
        let is_object = match scanned.and_then(|is| scanner.end().map(|()| is)) {
            Ok(is_object) => is_object,
            Err(_) if event == Some(b"error") => return self.fail(data),
            Err(_) => return Meaning::Malformed,
        };
        if !is_object && event != Some(b"error") {
            return Meaning::Malformed;
        }
        if top.is_error {
            return self.fail(data);
        }
        let meaning = top.kind.and_then(|kind| self.event(kind, &top));
        // Relays drop the type or the event's name, but hardly both.
        match meaning.or_else(|| self.event(event?, &top)) {
            Some(Meaning::Error) if self.failure.broken_off.is_none() => self.fail(data),
            Some(meaning) => meaning,
            None if top.flat.is_one() => self.fail(data),
            None => Meaning::Filler, // new kinds of events may come
        }
    }

    fn is_complete(&self) -> bool {
        self.is_done && self.has_ended()
    }

    fn missing_end_marker(&self) -> Option<&'static [u8]> {
        Some(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
    }

    fn end(&self) -> Option<Flaw> {
        if let Some(flaw) = self.failure.flaw() {
            return Some(flaw);
        }
        if !self.has_ended() {
            return Some(Flaw::NoEnd);
        }
        let is_whole = self.finish != Some(Finish::Stopped);
        if is_whole && !self.has_content {
            return Some(Flaw::Empty);
        }
        let is_broken = |block: &Block| is_whole && !block.input.are_whole();
        self.blocks.iter().any(is_broken).then_some(Flaw::InvalidToolArguments)
    }

    fn error(&self) -> Option<Range<usize>> {
        self.failure.error.clone()
    }

    fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    fn usage(&self) -> TokenCount {
        self.usage
    }
}

impl MessagesReader {
    /// It said why it stops, and every block is closed: nothing of the answer can be missing.
    fn has_ended(&self) -> bool {
        !self.failure.has_come()
            && self.finish.is_some()
            && !self.blocks.iter().any(|block| block.is_open)
    }

    fn fail(&mut self, data: &[u8]) -> Meaning {
        self.failure.error = Some(span(data));
        Meaning::Error
    }

    fn event(&mut self, name: &[u8], top: &Top<'_>) -> Option<Meaning> {
        Some(match name {
            b"content_block_delta" => self.delta(top),
            b"ping" => Meaning::Filler,
            b"message_start" => {
                self.note_usage(top);
                self.model = top.model.and_then(|model| model.string()).or(self.model.take());
                Meaning::Opening
            }
            b"content_block_start" => self.block_start(top),
            b"content_block_stop" => {
                if let Some(block) = self.block(top) {
                    block.is_open = false;
                }
                Meaning::Closing
            }
            b"message_delta" => {
                self.note_usage(top);
                self.note_finish(top)
            }
            b"message_stop" => {
                self.is_done = true;
                Meaning::Closing
            }
            b"error" => Meaning::Error,
            _ => return None,
        })
    }

    fn block_start(&mut self, top: &Top<'_>) -> Meaning {
        if self.blocks.len() >= MAX_BLOCKS {
            return Meaning::Malformed;
        }
        let index = top.index.unwrap_or_else(|| u32::try_from(self.blocks.len()).unwrap_or(0));
        self.blocks.push(Block { index, is_open: true, input: Arguments::default() });
        if top.inside.block_has_content() {
            self.has_content = true;
            Meaning::Content
        } else if self.has_content {
            Meaning::Filler
        } else {
            Meaning::Opening
        }
    }

    fn delta(&mut self, top: &Top<'_>) -> Meaning {
        if let Some(piece) = top.inside.partial_json
            && let Some(block) = self.block(top)
        {
            block.input.push(piece);
        }
        match top.inside.kind {
            // A thinking block's last delta; nobody sees it.
            Some(b"signature_delta") => Meaning::Closing,
            Some(b"text_delta" | b"thinking_delta" | b"input_json_delta") | None
                if !top.inside.has_words =>
            {
                Meaning::Filler
            }
            Some(_) | None => {
                self.has_content = true;
                Meaning::Content
            }
        }
    }

    /// The block an event speaks of: the last one, if it does not say.
    fn block(&mut self, top: &Top<'_>) -> Option<&mut Block> {
        self.blocks.iter_mut().rfind(|block| top.index.is_none_or(|index| index == block.index))
    }

    fn note_finish(&mut self, top: &Top<'_>) -> Meaning {
        let Some(reason) = top.reason() else { return Meaning::Closing };
        let finish = Finish::of(reason);
        self.finish = Some(finish);
        if finish != Finish::Broken {
            return Meaning::Closing;
        }
        self.failure.broken_off = top.stop_reason.and_then(|value| value.string());
        Meaning::Error
    }

    fn note_usage(&mut self, top: &Top<'_>) {
        if let Some(value) = top.usage {
            // The value was checked before: it cannot be broken.
            _ = self.usage.read(&mut Scanner::new(value.raw));
        }
    }
}
