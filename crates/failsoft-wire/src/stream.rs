//! What the events of a streamed answer mean.

use std::ops::Range;

use crate::Dialect;
use crate::dialect::{ChatReader, MessagesReader};
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

/// Follows one streamed answer of one attempt.
#[derive(Debug)]
pub struct StreamReader {
    reader: Reader,
}

#[derive(Debug)]
enum Reader {
    Chat(ChatReader),
    Messages(MessagesReader),
}

impl StreamReader {
    /// For a stream in this dialect.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        let reader = match dialect {
            Dialect::ChatCompletions => Reader::Chat(ChatReader::default()),
            Dialect::Messages => Reader::Messages(MessagesReader::default()),
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
        match &mut self.reader {
            Reader::Chat(reader) => reader.read(frame.event(), data),
            Reader::Messages(reader) => reader.read(frame.event(), data),
        }
    }

    /// Whether the end marker came: nothing is missing, whatever follows.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        match &self.reader {
            Reader::Chat(reader) => reader.is_complete(),
            Reader::Messages(reader) => reader.is_complete(),
        }
    }

    /// The end marker that clients wait for, if the stream was sent without.
    #[must_use]
    pub fn missing_end_marker(&self) -> Option<&'static [u8]> {
        if self.is_complete() {
            return None;
        }
        Some(match &self.reader {
            Reader::Chat(_) => b"data: [DONE]\n\n",
            Reader::Messages(_) => b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        })
    }

    /// Judges the stream at a clean end of its body. An answer that said why it stops is whole
    /// without its end marker.
    ///
    /// # Errors
    /// What is missing or broken.
    pub fn end(&self) -> Result<(), Flaw> {
        let flaw = match &self.reader {
            Reader::Chat(reader) => reader.end(),
            Reader::Messages(reader) => reader.end(),
        };
        flaw.map_or(Ok(()), Err)
    }

    /// Where the error of the last [`Meaning::Error`] stands in its frame's data: the JSON that has
    /// it as its `error`, or that is the error itself, be it JSON or not. `None` if only a finish
    /// reason told of it.
    #[must_use]
    pub fn error(&self) -> Option<Range<usize>> {
        match &self.reader {
            Reader::Chat(reader) => reader.error(),
            Reader::Messages(reader) => reader.error(),
        }
    }

    /// The model that answers, once it was named.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        match &self.reader {
            Reader::Chat(reader) => reader.model(),
            Reader::Messages(reader) => reader.model(),
        }
    }

    /// Tokens, as far as the stream has said.
    #[must_use]
    pub fn usage(&self) -> TokenCount {
        match &self.reader {
            Reader::Chat(reader) => reader.usage(),
            Reader::Messages(reader) => reader.usage(),
        }
    }
}
