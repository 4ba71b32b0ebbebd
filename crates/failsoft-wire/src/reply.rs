//! What a plain answer holds.

use std::ops::Range;

use crate::scan::{Broken, Scanner, Value, is_json};

/// What a body of status 200 turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyHead {
    /// What is wrong with it, if anything is: then it must not reach a client as a success.
    pub flaw: Option<Flaw>,
    /// The model that answered, in the provider's words.
    pub model: Option<String>,
    /// Tokens, as far as the body says.
    pub usage: TokenCount,
}

/// Tokens as the provider counted them; zero where it did not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCount {
    /// Tokens read, those from a cache included.
    pub input: u32,
    /// Tokens written.
    pub output: u32,
}

/// Why a 200 is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Not JSON at all.
    NotJson,
    /// JSON that breaks off, or nothing at all.
    Truncated,
    /// JSON of another shape than the dialect's.
    WrongShape,
    /// An error; the range is the JSON within the body or frame data that has it as its `error`, or
    /// that is the error itself.
    Error(Range<usize>),
    /// No text, no tool call, no refusal, and no honest reason for it.
    Empty,
    /// The stream ended before its end.
    NoEnd,
    /// A finish reason that says the answer broke, e.g. `error`, `abort`.
    BrokenOff(String),
    /// A tool call whose arguments are no JSON.
    InvalidToolArguments,
    /// An answer that was to go on from another and does not.
    DoesNotFit,
    /// The same over and over.
    Repeats,
}

impl Flaw {
    /// What a reply is that cannot be read.
    pub(crate) fn of_broken(broken: Broken, body: &[u8]) -> Self {
        let first = body.trim_ascii_start().first();
        match (broken, first) {
            (Broken::Cut, None | Some(b'{' | b'[')) => Self::Truncated,
            (Broken::At(_) | Broken::Cut, _) => Self::NotJson,
            (Broken::TooComplex, _) => Self::WrongShape,
        }
    }
}

impl TokenCount {
    /// Reads a `usage` object of either dialect; what it does not name stays.
    pub(crate) fn read(&mut self, scanner: &mut Scanner<'_>) -> Result<bool, Broken> {
        let (mut input, mut output) = (None, None);
        let is_object = scanner.members(|scanner, key| {
            let count = scanner.value()?.count();
            match key {
                b"prompt_tokens" => input = count.or(input),
                b"input_tokens" | b"cache_creation_input_tokens" | b"cache_read_input_tokens" => {
                    let sum = input.unwrap_or(0_u32).saturating_add(count.unwrap_or(0));
                    input = count.map(|_| sum).or(input);
                }
                b"completion_tokens" | b"output_tokens" => output = count.or(output),
                _ => {}
            }
            Ok(())
        })?;
        // Counts grow as a stream goes on; a later one may leave the cache out.
        self.input = self.input.max(input.unwrap_or(0));
        self.output = output.unwrap_or(self.output);
        Ok(is_object)
    }
}

/// Why an answer ended, as far as a verdict on it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// The model was done: the answer is what it wanted to say.
    Whole,
    /// Something honest stopped it: it may be short, empty, or cut inside a tool call.
    Stopped,
    /// The provider failed.
    Broken,
}

impl Finish {
    /// For a finish reason of `chat_completions`, a stop reason of `messages`.
    pub(crate) fn of(reason: &[u8]) -> Self {
        match reason {
            b"error" | b"abort" | b"aborted" | b"insufficient_system_resource" => Self::Broken,
            b"length"
            | b"max_tokens"
            | b"model_length"
            | b"model_context_window_exceeded"
            | b"content_filter"
            | b"refusal"
            | b"pause_turn"
            | b"stop_sequence"
            | b"load"
            | b"unload" => Self::Stopped,
            _ => Self::Whole,
        }
    }
}

/// Tool arguments that come in pieces of JSON strings.
#[derive(Debug, Default)]
pub(crate) struct Arguments(Vec<u8>);

impl Arguments {
    /// Takes the next piece: of a string its meaning, of anything else its bytes.
    pub(crate) fn push(&mut self, piece: Value<'_>) {
        if piece.is_null() {
            return;
        }
        match piece.text() {
            Some(text) if memchr::memchr(b'\\', text).is_none() => self.0.extend_from_slice(text),
            Some(_) => self.0.extend(piece.unescaped().unwrap_or_default()),
            None => self.0.extend_from_slice(piece.raw),
        }
    }

    /// No arguments, or JSON.
    pub(crate) fn are_whole(&self) -> bool {
        self.0.trim_ascii().is_empty() || is_json(&self.0)
    }
}

/// A flat error without an `error` key: words, and a name or number for them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FlatError {
    words: bool,
    name: bool,
}

impl FlatError {
    /// Takes a member at the top.
    pub(crate) fn note(&mut self, key: &[u8], value: Value<'_>) {
        match key {
            b"message" => self.words |= value.text().is_some_and(|text| !text.is_empty()),
            b"code" | b"type" | b"status" | b"status_code" => self.name |= value.is_full(),
            // The way of the most used Python framework.
            b"detail" => {
                self.words |= value.is_full();
                self.name |= value.is_full();
            }
            _ => {}
        }
    }

    pub(crate) const fn is_one(self) -> bool {
        self.words && self.name
    }
}
