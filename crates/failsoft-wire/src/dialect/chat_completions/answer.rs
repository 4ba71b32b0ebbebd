//! Answers, plain and streamed: a plain one is read as a stream of one chunk.

use std::ops::Range;

use super::choice::{Part, Piece};
use crate::dialect::failure::{Failure, error_in_array};
use crate::reply::{Arguments, Finish, FlatError, Flaw, ReplyHead, TokenCount};
use crate::scan::{Broken, Scanner};
use crate::stream::{Meaning, ReadStream};

/// More choices or tool calls than this are an attack, not an answer.
const MAX_PARTS: usize = 1024;

/// Reads a plain answer.
pub(crate) fn read_reply(body: &[u8]) -> ReplyHead {
    let mut reader = ChatReader::default();
    let flaw = match reader.take(body) {
        Ok(chunk) => reader.judge_reply(&chunk),
        Err(broken) => Some(Flaw::of_broken(broken, body)),
    };
    ReplyHead { flaw, model: reader.model, usage: reader.usage }
}

/// What has been seen of an answer.
#[derive(Debug, Default)]
pub(crate) struct ChatReader {
    model: Option<String>,
    usage: TokenCount,
    choices: Vec<Choice>,
    calls: Vec<Call>,
    /// Something came that a person or program can use.
    has_content: bool,
    failure: Failure,
    /// The end marker came.
    is_done: bool,
}

/// One of the alternatives that were asked for.
#[derive(Debug)]
struct Choice {
    index: u32,
    finish: Option<Finish>,
}

/// A tool call of a choice.
#[derive(Debug)]
struct Call {
    choice: u32,
    index: u32,
    id: Vec<u8>,
    arguments: Arguments,
}

/// What one chunk brought.
#[derive(Debug, Default)]
struct Chunk {
    is_object: bool,
    has_choices_key: bool,
    has_choices: bool,
    has_content: bool,
    has_finish: bool,
    has_usage: bool,
    is_error: bool,
}

impl ReadStream for ChatReader {
    fn read(&mut self, event: Option<&[u8]>, data: &[u8]) -> Meaning {
        if data == b"[DONE]" {
            self.is_done = true;
            return Meaning::Closing;
        }
        let had_content = self.has_content;
        let chunk = match self.take(data) {
            Ok(chunk) => chunk,
            Err(_) if event == Some(b"error") => Chunk { is_error: true, ..Chunk::default() },
            Err(_) => return Meaning::Malformed,
        };
        if chunk.is_error || (event == Some(b"error") && !chunk.has_content) {
            if !self.failure.has_come() {
                self.failure.error = Some(0..data.len());
            }
            return Meaning::Error;
        }
        if !chunk.is_object {
            Meaning::Malformed
        } else if chunk.has_content {
            Meaning::Content
        } else if chunk.has_finish || (chunk.has_usage && !chunk.has_choices && self.has_begun()) {
            Meaning::Closing
        } else if chunk.has_choices_key && !had_content {
            Meaning::Opening
        } else {
            Meaning::Filler
        }
    }

    fn is_complete(&self) -> bool {
        self.is_done && !self.failure.has_come() && self.has_begun() && self.is_finished()
    }

    fn missing_end_marker(&self) -> Option<&'static [u8]> {
        Some(b"data: [DONE]\n\n")
    }

    fn end(&self) -> Option<Flaw> {
        if let Some(flaw) = self.failure.flaw() {
            return Some(flaw);
        }
        if !self.has_begun() || !self.is_finished() {
            return Some(Flaw::NoEnd);
        }
        self.judge_content()
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

impl ChatReader {
    fn judge_reply(&self, chunk: &Chunk) -> Option<Flaw> {
        if let Some(flaw) = self.failure.flaw() {
            return Some(flaw);
        }
        if !chunk.has_choices_key {
            return Some(Flaw::WrongShape);
        }
        self.judge_content()
    }

    fn judge_content(&self) -> Option<Flaw> {
        let is = |choice: &Choice, finish| choice.finish == Some(finish);
        if !self.has_content && !self.choices.iter().any(|choice| is(choice, Finish::Stopped)) {
            return Some(Flaw::Empty);
        }
        let must_be_whole = |call: &Call| {
            let stopped =
                |choice: &Choice| choice.index == call.choice && is(choice, Finish::Stopped);
            !self.choices.iter().any(stopped)
        };
        let broken = |call: &&Call| !call.arguments.are_whole() && must_be_whole(call);
        self.calls.iter().find(broken).map(|_| Flaw::InvalidToolArguments)
    }

    fn has_begun(&self) -> bool {
        !self.choices.is_empty()
    }

    fn is_finished(&self) -> bool {
        self.choices.iter().all(|choice| choice.finish.is_some())
    }

    /// Takes one chunk, or a whole plain answer.
    fn take(&mut self, data: &[u8]) -> Result<Chunk, Broken> {
        let mut scanner = Scanner::new(data);
        if scanner.token()? == b'[' {
            // Such is an error, or nothing that is known.
            let error = error_in_array(scanner)?;
            let is_error = error.is_some();
            self.failure.error = error.or(self.failure.error.take());
            return Ok(Chunk { is_error, ..Chunk::default() });
        }
        let start = scanner.position();
        let mut chunk = Chunk::default();
        let mut flat = FlatError::default();
        let mut is_error = false;
        chunk.is_object = scanner.members(|scanner, key| {
            match key {
                b"choices" => chunk.has_choices_key = self.choices(scanner, &mut chunk)?,
                b"usage" => chunk.has_usage |= self.usage.read(scanner)?,
                b"x_groq" => self.vendor(scanner, &mut chunk)?,
                b"error" => is_error |= scanner.value()?.is_full(),
                b"object" => is_error |= scanner.value()?.text() == Some(b"error"),
                b"model" if self.model.is_none() => {
                    self.model = scanner.value()?.string().filter(|model| !model.is_empty());
                }
                b"type" => {
                    let value = scanner.value()?;
                    is_error |= value.text() == Some(b"error");
                    flat.note(key, value);
                }
                _ => flat.note(key, scanner.value()?),
            }
            Ok(())
        })?;
        let end = scanner.position();
        scanner.end()?;
        if is_error || (flat.is_one() && !chunk.has_choices_key) {
            self.failure.error = Some(start..end);
            chunk.is_error = true;
        }
        Ok(chunk)
    }

    fn choices(&mut self, scanner: &mut Scanner<'_>, chunk: &mut Chunk) -> Result<bool, Broken> {
        let mut position = 0;
        scanner.items(|scanner| {
            scanner.token()?;
            let start = scanner.position();
            let mut part = Part::default();
            if !scanner.members(|scanner, key| part.read(scanner, key))? {
                return Ok(());
            }
            chunk.has_choices = true;
            chunk.has_content |= part.has_content;
            chunk.is_error |= part.error;
            if part.error {
                self.failure.error.get_or_insert(start..scanner.position());
            }
            let index = part.index.unwrap_or(position);
            position += 1;
            self.has_content |= part.has_content;
            self.calls_of(index, &part)?;
            self.finish(index, &part, chunk)
        })
    }

    fn finish(&mut self, index: u32, part: &Part<'_>, chunk: &mut Chunk) -> Result<(), Broken> {
        let at = self.choices.iter().position(|choice| choice.index == index);
        let at = at.unwrap_or_else(|| {
            self.choices.push(Choice { index, finish: None });
            self.choices.len() - 1
        });
        if self.choices.len() > MAX_PARTS {
            return Err(Broken::TooComplex);
        }
        let reason = part.finish.and_then(|value| Some((value, value.text()?)));
        let Some((value, text)) = reason.filter(|(_, text)| !text.is_empty()) else {
            return Ok(());
        };
        let finish = Finish::of(text);
        if let Some(choice) = self.choices.get_mut(at) {
            choice.finish = Some(finish);
        }
        chunk.has_finish = true;
        if finish == Finish::Broken {
            self.failure.broken_off = value.string();
            chunk.is_error = true;
        }
        Ok(())
    }

    fn calls_of(&mut self, choice: u32, part: &Part<'_>) -> Result<(), Broken> {
        for piece in &part.calls {
            let at = self.call(choice, piece, part.is_message);
            if self.calls.len() > MAX_PARTS {
                return Err(Broken::TooComplex);
            }
            if let (Some(call), Some(arguments)) = (self.calls.get_mut(at), piece.arguments) {
                call.arguments.push(arguments);
            }
        }
        Ok(())
    }

    /// The call a piece belongs to. Some servers leave the index out, some give every call the
    /// same one, some repeat id and name in every piece or invent a new id each time.
    fn call(&mut self, choice: u32, piece: &Piece<'_>, is_whole: bool) -> usize {
        let belongs = |call: &Call| {
            call.choice == choice && piece.index.is_none_or(|index| index == call.index)
        };
        let found = self.calls.iter().rposition(belongs).filter(|_| !is_whole);
        let known = found.and_then(|at| Some((at, self.calls.get(at)?)));
        if let Some((at, call)) = known {
            let is_new_id = !piece.id.is_empty() && piece.id != call.id;
            if !(is_new_id && piece.has_name && call.arguments.are_whole()) {
                return at;
            }
        }
        self.calls.push(Call {
            choice,
            index: piece.index.unwrap_or(0),
            id: piece.id.to_vec(),
            arguments: Arguments::default(),
        });
        self.calls.len() - 1
    }

    /// A vendor's own object, which may hold an error or the usage.
    fn vendor(&mut self, scanner: &mut Scanner<'_>, chunk: &mut Chunk) -> Result<(), Broken> {
        scanner.token()?;
        let start = scanner.position();
        let mut is_error = false;
        scanner.members(|scanner, key| {
            match key {
                b"error" => is_error |= scanner.value()?.is_full(),
                b"usage" => chunk.has_usage |= self.usage.read(scanner)?,
                _ => _ = scanner.value()?,
            }
            Ok(())
        })?;
        if is_error {
            self.failure.error = Some(start..scanner.position());
            chunk.is_error = true;
        }
        Ok(())
    }
}
