//! What answers mean for the policy, plain and streamed.

use std::ops::Range;

use crate::dialect::failure::{Failure, span};
use crate::reply::{Arguments, Finish, Flaw, ReplyHead, TokenCount};
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
        Ok(is_object) => top.judge(is_object, body),
        Err(broken) => Some(Flaw::of_broken(broken, body)),
    };
    ReplyHead { flaw, model: None, usage: top.usage }
}

/// Why an answer ended, as far as a verdict on it goes.
fn finish(reason: &[u8]) -> Finish {
    match reason {
        b"malformed_model_output" | b"malformed_tool_use" => Finish::Broken,
        b"guardrail_intervened" | b"content_filtered" => Finish::Stopped,
        _ => Finish::of(reason),
    }
}

/// The members at the top of a plain answer.
#[derive(Default)]
struct Top<'a> {
    has_kind: bool,
    has_words: bool,
    content: Option<Value<'a>>,
    stop_reason: Option<Value<'a>>,
    usage: TokenCount,
}

impl<'a> Top<'a> {
    fn read(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        match key {
            b"output" => {
                scanner.members(|scanner, key| match key {
                    b"message" => self.message(scanner),
                    _ => scanner.value().map(drop),
                })?;
            }
            b"stopReason" => self.stop_reason = Some(scanner.value()?),
            b"usage" => read_usage(&mut self.usage, scanner)?,
            b"__type" => self.has_kind |= scanner.value()?.is_full(),
            // What the service says of calls it does not know.
            b"Output" => {
                scanner.members(|scanner, key| {
                    self.has_kind |= scanner.value()?.is_full() && key == b"__type";
                    Ok(())
                })?;
            }
            b"message" | b"Message" => {
                self.has_words |= scanner.value()?.text().is_some_and(|text| !text.is_empty());
            }
            _ => _ = scanner.value()?,
        }
        Ok(())
    }

    fn message(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Broken> {
        let members = scanner.members(|scanner, key| {
            let value = scanner.value()?;
            if key == b"content" {
                self.content = Some(value);
            }
            Ok(())
        });
        members.map(drop)
    }

    fn judge(&self, is_object: bool, body: &[u8]) -> Option<Flaw> {
        let is_answer = self.content.is_some_and(|content| content.is_array());
        if self.has_kind || (self.has_words && !is_answer) {
            return Some(Flaw::Error(span(body)));
        }
        let reason = self.stop_reason.and_then(|reason| reason.text());
        let finish = reason.filter(|reason| !reason.is_empty()).map(finish);
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

/// Tokens read are those from a cache and those written to one as well.
fn read_usage(count: &mut TokenCount, scanner: &mut Scanner<'_>) -> Result<(), Broken> {
    let (mut input, mut output) = (0_u32, None);
    scanner.members(|scanner, key| {
        let tokens = scanner.value()?.count();
        match key {
            b"inputTokens" | b"cacheReadInputTokens" | b"cacheWriteInputTokens" => {
                input = input.saturating_add(tokens.unwrap_or(0));
            }
            b"outputTokens" => output = tokens,
            _ => {}
        }
        Ok(())
    })?;
    count.input = count.input.max(input);
    count.output = output.unwrap_or(count.output);
    Ok(())
}

/// Whether any block of a plain answer holds something: words may be missing, anything else is
/// content as it stands.
fn has_content(blocks: Value<'_>) -> bool {
    let mut found = false;
    // The value was checked before: it cannot be broken.
    _ = Scanner::new(blocks.raw).items(|scanner| {
        scanner.members(|scanner, key| {
            let value = scanner.value()?;
            found |= match key {
                b"text" => value.is_full(),
                b"cachePoint" => false,
                _ => value.is_object(),
            };
            Ok(())
        })?;
        Ok(())
    });
    found
}

/// What has been seen of a stream.
#[derive(Debug, Default)]
pub(crate) struct BedrockReader {
    usage: TokenCount,
    inputs: Vec<Input>,
    finish: Option<Finish>,
    has_content: bool,
    failure: Failure,
    /// Usage came after the reason for the end: nothing follows.
    is_done: bool,
}

/// The arguments of a tool call.
#[derive(Debug)]
struct Input {
    index: u32,
    pieces: Arguments,
}

/// The members of an event that matter.
#[derive(Default)]
struct Event<'a> {
    is_error: bool,
    index: u32,
    delta: Delta,
    input: Option<Value<'a>>,
    stop_reason: Option<Value<'a>>,
    usage: TokenCount,
}

/// What an event adds to its block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Delta {
    #[default]
    Nothing,
    /// What seals a thought; nobody sees it.
    Signature,
    Content,
}

impl ReadStream for BedrockReader {
    fn read(&mut self, event: Option<&[u8]>, data: &[u8]) -> Meaning {
        let mut scanner = Scanner::new(data);
        let mut found = Event::default();
        let scanned = scanner.members(|scanner, key| found.read(scanner, key));
        match scanned.and_then(|is_object| scanner.end().map(|()| is_object)) {
            Ok(true) => {}
            Ok(false) | Err(_) => return Meaning::Malformed,
        }
        if found.is_error || event.is_some_and(|event| event.ends_with(b"Exception")) {
            self.failure.error = Some(span(data));
            return Meaning::Error;
        }
        match event {
            Some(b"messageStart") => Meaning::Opening,
            Some(b"contentBlockDelta") => self.delta(&found),
            Some(b"contentBlockStart") => {
                self.has_content = true; // words have no start
                Meaning::Content
            }
            Some(b"contentBlockStop") => Meaning::Closing,
            Some(b"messageStop") => self.stop(&found),
            Some(b"metadata") => {
                self.usage = found.usage;
                self.is_done = self.finish.is_some();
                Meaning::Closing
            }
            Some(_) | None => Meaning::Filler, // new kinds of events may come
        }
    }

    fn is_complete(&self) -> bool {
        self.is_done && !self.failure.has_come()
    }

    fn missing_end_marker(&self) -> Option<&'static [u8]> {
        None
    }

    fn end(&self) -> Option<Flaw> {
        if let Some(flaw) = self.failure.flaw() {
            return Some(flaw);
        }
        let Some(finish) = self.finish else { return Some(Flaw::NoEnd) };
        let is_whole = finish != Finish::Stopped;
        if is_whole && !self.has_content {
            return Some(Flaw::Empty);
        }
        let is_broken = |input: &Input| is_whole && !input.pieces.are_whole();
        self.inputs.iter().any(is_broken).then_some(Flaw::InvalidToolArguments)
    }

    fn error(&self) -> Option<Range<usize>> {
        self.failure.error.clone()
    }

    fn model(&self) -> Option<&str> {
        None // no answer of this dialect says
    }

    fn usage(&self) -> TokenCount {
        self.usage
    }
}

impl BedrockReader {
    fn delta(&mut self, found: &Event<'_>) -> Meaning {
        if let Some(piece) = found.input {
            let known = self.inputs.iter().position(|input| input.index == found.index);
            let at = known.unwrap_or(self.inputs.len());
            if at >= MAX_BLOCKS {
                return Meaning::Malformed;
            }
            if known.is_none() {
                let pieces = Arguments::default();
                self.inputs.push(Input { index: found.index, pieces });
            }
            if let Some(input) = self.inputs.get_mut(at) {
                input.pieces.push(piece);
            }
        }
        match found.delta {
            Delta::Nothing => Meaning::Filler,
            Delta::Signature => Meaning::Closing,
            Delta::Content => {
                self.has_content = true;
                Meaning::Content
            }
        }
    }

    fn stop(&mut self, found: &Event<'_>) -> Meaning {
        let reason = found.stop_reason.and_then(|reason| reason.text());
        let Some(reason) = reason.filter(|reason| !reason.is_empty()) else {
            return Meaning::Closing;
        };
        let finish = finish(reason);
        self.finish = Some(finish);
        if finish != Finish::Broken {
            return Meaning::Closing;
        }
        self.failure.broken_off = found.stop_reason.and_then(|reason| reason.string());
        Meaning::Error
    }
}

impl<'a> Event<'a> {
    fn read(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        match key {
            b"contentBlockIndex" => self.index = scanner.value()?.count().unwrap_or(0),
            b"delta" => {
                scanner.members(|scanner, key| self.delta(scanner, key))?;
            }
            b"stopReason" => self.stop_reason = Some(scanner.value()?),
            b"usage" => read_usage(&mut self.usage, scanner)?,
            b"__type" => {
                scanner.value()?;
                self.is_error = true;
            }
            _ => _ = scanner.value()?,
        }
        Ok(())
    }

    fn delta(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        match key {
            b"text" => self.note(scanner.value()?),
            b"toolUse" => {
                scanner.members(|scanner, key| {
                    let value = scanner.value()?;
                    if key == b"input" {
                        self.note(value);
                        self.input = Some(value);
                    }
                    Ok(())
                })?;
            }
            b"reasoningContent" => {
                scanner.members(|scanner, key| {
                    let value = scanner.value()?;
                    match key {
                        b"signature" if self.delta == Delta::Nothing => {
                            self.delta = Delta::Signature;
                        }
                        b"signature" => {}
                        _ => self.note(value),
                    }
                    Ok(())
                })?;
            }
            _ => self.note(scanner.value()?),
        }
        Ok(())
    }

    fn note(&mut self, value: Value<'_>) {
        if value.is_full() {
            self.delta = Delta::Content;
        }
    }
}

#[cfg(test)]
mod tests;
