//! What the events of a streamed answer mean.

use std::fmt;
use std::ops::Range;

use crate::Dialect;
use crate::dialect::{BedrockReader, ChatReader, GenerateReader, MessagesReader, ResponsesReader};
use crate::reply::{Flaw, TokenCount};
use crate::sse::Frame;

/// What one event is for the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A comment or ping: keeps the line, is no progress.
    Filler,
    /// The answer announces itself: a role, an id, a message start. No content yet.
    Opening,
    /// Text, reasoning, a refusal, or a piece of a tool call.
    Content,
    /// The end comes: a finish reason, usage, a block's end, the end marker.
    Closing,
    /// An error in band; its data is the error for the classifier.
    Error,
    /// Data that is no JSON of this dialect.
    Malformed,
}

/// What each dialect knows of its streams.
pub(crate) trait ReadStream: fmt::Debug + Send {
    /// What an event means; `data` has no white space at its end and is not empty.
    fn read(&mut self, event: Option<&[u8]>, data: &[u8]) -> Meaning;
    /// Whether the end marker came.
    fn is_complete(&self) -> bool;
    /// The end marker, if the stream was sent without and clients wait for it.
    fn missing_end_marker(&self) -> Option<&'static [u8]>;
    /// Whether an event is known to be missing.
    fn has_gap(&self) -> bool {
        false
    }
    /// What is wrong with the stream at a clean end of its body.
    fn end(&self) -> Option<Flaw>;
    /// Where the error stands in the data of the last event that was one.
    fn error(&self) -> Option<Range<usize>>;
    /// The model that answers.
    fn model(&self) -> Option<&str>;
    /// Tokens so far.
    fn usage(&self) -> TokenCount;
}

/// Follows one streamed answer of one attempt.
#[derive(Debug)]
pub struct StreamReader {
    reader: Box<dyn ReadStream>,
}

impl StreamReader {
    /// For a stream in this dialect.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        let reader: Box<dyn ReadStream> = match dialect {
            Dialect::ChatCompletions | Dialect::Embeddings => Box::new(ChatReader::default()),
            Dialect::Messages => Box::new(MessagesReader::default()),
            Dialect::Responses => Box::new(ResponsesReader::default()),
            Dialect::GenerateContent => Box::new(GenerateReader::default()),
            Dialect::BedrockConverse => Box::new(BedrockReader::default()),
        };
        Self { reader }
    }

    /// What the next frame means.
    pub fn read(&mut self, frame: &Frame) -> Meaning {
        let Some(data) = frame.data().map(<[u8]>::trim_ascii_end) else { return Meaning::Filler };
        if data.is_empty() {
            return Meaning::Filler;
        }
        if self.is_complete() {
            return Meaning::Closing;
        }
        self.reader.read(frame.event(), data)
    }

    /// Whether the end marker came: nothing is missing, whatever follows.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.reader.is_complete()
    }

    /// The end marker that clients wait for, if the stream was sent without.
    #[must_use]
    pub fn missing_end_marker(&self) -> Option<&'static [u8]> {
        if self.is_complete() { None } else { self.reader.missing_end_marker() }
    }

    /// Whether an event is known to be missing, as events are numbered: what comes now does not
    /// follow what came before, and the stream will not be whole at its end.
    #[must_use]
    pub fn has_gap(&self) -> bool {
        self.reader.has_gap()
    }

    /// Judges the stream at a clean end of its body. An answer that said why it stops is whole
    /// without its end marker.
    ///
    /// # Errors
    /// What is missing or broken.
    pub fn end(&self) -> Result<(), Flaw> {
        self.reader.end().map_or(Ok(()), Err)
    }

    /// Where the error of the last [`Meaning::Error`] stands in its frame's data: the JSON that has
    /// it as its `error`, or that is the error itself, be it JSON or not. `None` if only a finish
    /// reason told of it.
    #[must_use]
    pub fn error(&self) -> Option<Range<usize>> {
        self.reader.error()
    }

    /// The model that answers, once it was named.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.reader.model()
    }

    /// Tokens, as far as the stream has said.
    #[must_use]
    pub fn usage(&self) -> TokenCount {
        self.reader.usage()
    }
}
