//! Answers, plain and streamed: a plain one is read as a stream of one chunk.

use std::ops::Range;

use super::keys::camel;
use super::numbers;
use super::verdict::{self, Finish};
use crate::dialect::failure::{Failure, error_in_array};
use crate::reply::{FlatError, Flaw, ReplyHead, TokenCount};
use crate::scan::{Broken, Scanner, Value};
use crate::stream::{Meaning, ReadStream};

/// More candidates than this are an attack, not an answer.
const MAX_CANDIDATES: usize = 1024;

/// Reads a plain answer.
pub(crate) fn read_reply(body: &[u8]) -> ReplyHead {
    let mut reader = GenerateReader::default();
    let flaw = match reader.take(body) {
        Ok(chunk) => reader.judge_reply(&chunk),
        Err(broken) => Some(Flaw::of_broken(broken, body)),
    };
    ReplyHead { flaw, model: reader.model, usage: reader.usage }
}

/// What has been seen of an answer.
#[derive(Debug, Default)]
pub(crate) struct GenerateReader {
    model: Option<String>,
    usage: TokenCount,
    has_usage: bool,
    candidates: Vec<Candidate>,
    /// Something came that a person or program can use.
    has_content: bool,
    has_broken_arguments: bool,
    /// A prompt that was refused breaks the answer off, too.
    failure: Failure,
}

#[derive(Debug)]
struct Candidate {
    index: u32,
    finish: Option<Finish>,
}

/// What one chunk brought.
#[derive(Debug, Default)]
struct Chunk {
    is_object: bool,
    is_answer: bool,
    has_content: bool,
    has_finish: bool,
    is_error: bool,
}

/// What one candidate of a chunk brought.
#[derive(Default)]
struct Piece<'a> {
    index: Option<u32>,
    finish: Option<Value<'a>>,
    has_content: bool,
    has_broken_arguments: bool,
}

impl ReadStream for GenerateReader {
    fn read(&mut self, event: Option<&[u8]>, data: &[u8]) -> Meaning {
        if data == b"[DONE]" {
            return Meaning::Closing; // some relays add it
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
        } else if chunk.has_finish || (chunk.is_answer && self.is_finished()) {
            Meaning::Closing
        } else if chunk.is_answer && !had_content {
            Meaning::Opening
        } else {
            Meaning::Filler
        }
    }

    /// There is no end marker. Usage comes with every chunk, so nothing is missing once a chunk
    /// said why each candidate ends.
    fn is_complete(&self) -> bool {
        let is_paused = |candidate: &Candidate| candidate.finish == Some(Finish::Paused);
        self.has_usage
            && !self.failure.has_come()
            && self.is_finished()
            && !self.candidates.iter().any(is_paused)
    }

    fn missing_end_marker(&self) -> Option<&'static [u8]> {
        None
    }

    fn end(&self) -> Option<Flaw> {
        if let Some(flaw) = self.failure.flaw() {
            return Some(flaw);
        }
        if !self.is_finished() {
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

impl GenerateReader {
    fn judge_reply(&self, chunk: &Chunk) -> Option<Flaw> {
        if let Some(flaw) = self.failure.flaw() {
            return Some(flaw);
        }
        if chunk.is_answer { self.judge_content() } else { Some(Flaw::WrongShape) }
    }

    fn judge_content(&self) -> Option<Flaw> {
        let is_honest = |candidate: &Candidate| {
            matches!(candidate.finish, Some(Finish::Stopped | Finish::Paused))
        };
        if !self.has_content && !self.candidates.iter().any(is_honest) {
            return Some(Flaw::Empty);
        }
        self.has_broken_arguments.then_some(Flaw::InvalidToolArguments)
    }

    fn is_finished(&self) -> bool {
        let is_finished = |candidate: &Candidate| candidate.finish.is_some();
        !self.candidates.is_empty() && self.candidates.iter().all(is_finished)
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
        let mut has_error = false;
        chunk.is_object = scanner.members(|scanner, key| {
            match camel(key).as_ref() {
                b"candidates" => self.candidates(scanner, &mut chunk)?,
                b"usageMetadata" => self.usage(scanner)?,
                b"promptFeedback" => self.feedback(scanner, &mut chunk)?,
                b"modelVersion" if self.model.is_none() => {
                    self.model = scanner.value()?.string().filter(|model| !model.is_empty());
                }
                b"error" => has_error |= scanner.value()?.is_full(),
                _ => flat.note(key, scanner.value()?),
            }
            Ok(())
        })?;
        let end = scanner.position();
        scanner.end()?;
        if has_error || (flat.is_one() && !chunk.is_answer) {
            self.failure.error = Some(start..end);
            chunk.is_error = true;
        }
        Ok(chunk)
    }

    fn candidates(&mut self, scanner: &mut Scanner<'_>, chunk: &mut Chunk) -> Result<(), Broken> {
        let mut position = 0;
        chunk.is_answer |= scanner.items(|scanner| {
            let mut piece = Piece::default();
            if !scanner.members(|scanner, key| piece.read(scanner, key))? {
                return Ok(());
            }
            chunk.has_content |= piece.has_content;
            self.has_content |= piece.has_content;
            self.has_broken_arguments |= piece.has_broken_arguments;
            let index = piece.index.unwrap_or(position);
            position += 1;
            self.finish(index, &piece, chunk)
        })?;
        Ok(())
    }

    fn finish(&mut self, index: u32, piece: &Piece<'_>, chunk: &mut Chunk) -> Result<(), Broken> {
        let word = piece.finish.and_then(verdict::word);
        let finish = word.as_deref().map(verdict::finish);
        match self.candidates.iter_mut().find(|candidate| candidate.index == index) {
            Some(candidate) => candidate.finish = finish.or(candidate.finish),
            None => self.candidates.push(Candidate { index, finish }),
        }
        if self.candidates.len() > MAX_CANDIDATES {
            return Err(Broken::TooComplex);
        }
        chunk.has_finish |= finish.is_some();
        if finish == Some(Finish::Broken) {
            self.failure.broken_off = word;
            chunk.is_error = true;
        }
        Ok(())
    }

    /// Says why a prompt was refused: then there are no candidates.
    fn feedback(&mut self, scanner: &mut Scanner<'_>, chunk: &mut Chunk) -> Result<(), Broken> {
        chunk.is_answer |= scanner.members(|scanner, key| {
            let value = scanner.value()?;
            if camel(key).as_ref() == b"blockReason" && value.is_full() && !chunk.has_content {
                // A prompt blocked for other reasons is blocked; an answer ended so merely broke.
                let is_telling = |word: &String| word != "OTHER" && !word.ends_with("UNSPECIFIED");
                let known = value.string().filter(is_telling);
                self.failure.broken_off = Some(known.unwrap_or_else(|| "BLOCKED".to_owned()));
                chunk.is_error = true;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn usage(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Broken> {
        let (mut input, mut output) = (None, None);
        let add = |sum: &mut Option<u32>, value: Value<'_>| {
            let count = numbers::count(&value);
            *sum = count.map(|count| count.saturating_add(sum.unwrap_or(0))).or(*sum);
        };
        self.has_usage |= scanner.members(|scanner, key| {
            let value = scanner.value()?;
            match camel(key).as_ref() {
                b"promptTokenCount" | b"toolUsePromptTokenCount" => add(&mut input, value),
                b"candidatesTokenCount" | b"thoughtsTokenCount" => add(&mut output, value),
                _ => {}
            }
            Ok(())
        })?;
        self.usage.input = input.unwrap_or(self.usage.input);
        self.usage.output = output.unwrap_or(self.usage.output);
        Ok(())
    }
}

impl<'a> Piece<'a> {
    fn read(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        match camel(key).as_ref() {
            b"index" => self.index = numbers::count(&scanner.value()?),
            b"finishReason" => self.finish = Some(scanner.value()?),
            b"content" => {
                scanner.members(|scanner, key| match key {
                    b"parts" => self.parts(scanner),
                    _ => scanner.value().map(|_| ()),
                })?;
            }
            _ => _ = scanner.value()?,
        }
        Ok(())
    }

    fn parts(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Broken> {
        scanner.items(|scanner| {
            scanner.members(|scanner, key| self.part(scanner, key))?;
            Ok(())
        })?;
        Ok(())
    }

    /// Any member is content but those that only say something of it.
    fn part(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        match camel(key).as_ref() {
            b"text" => self.has_content |= scanner.value()?.is_full(),
            b"thought" | b"thoughtSignature" | b"partMetadata" => _ = scanner.value()?,
            b"functionCall" => {
                self.has_content |= scanner.members(|scanner, key| {
                    let value = scanner.value()?;
                    let is_broken = key == b"args" && !value.is_object() && !value.is_null();
                    self.has_broken_arguments |= is_broken;
                    Ok(())
                })?;
            }
            _ => self.has_content |= !scanner.value()?.is_null(),
        }
        Ok(())
    }
}
