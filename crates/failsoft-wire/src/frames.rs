//! Frames of a stream, however its dialect cuts them.

use bytes::Bytes;

use crate::Dialect;
use crate::dialect::event_stream;
use crate::sse::{self, Frame, TooLong};

/// Why no further frame can be cut from a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// A frame longer than the decoder allows.
    TooLong,
    /// A checksum that does not fit, or lengths that cannot be: the bytes were changed on their
    /// way, or are no frames at all.
    Corrupt,
}

impl From<TooLong> for FrameFault {
    fn from(TooLong: TooLong) -> Self {
        Self::TooLong
    }
}

/// Cuts a stream into frames.
#[derive(Debug)]
pub enum FrameDecoder {
    /// Server-sent events.
    Sse(sse::Decoder),
    /// Binary frames with checksums.
    EventStream(event_stream::Decoder),
}

impl FrameDecoder {
    /// For streams of this dialect; frames longer than `max` bytes are refused.
    #[must_use]
    pub fn new(dialect: Dialect, max: usize) -> Self {
        match dialect {
            Dialect::BedrockConverse => Self::EventStream(event_stream::Decoder::new(max)),
            Dialect::ChatCompletions
            | Dialect::Messages
            | Dialect::Responses
            | Dialect::GenerateContent
            | Dialect::Embeddings => Self::Sse(sse::Decoder::new(max)),
        }
    }

    /// Takes bytes as they came.
    pub fn push(&mut self, chunk: Bytes) {
        match self {
            Self::Sse(decoder) => decoder.push(chunk),
            Self::EventStream(decoder) => decoder.push(chunk),
        }
    }

    /// The next whole frame.
    ///
    /// # Errors
    /// When a frame is longer than allowed, or its checksum is wrong.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameFault> {
        match self {
            Self::Sse(decoder) => Ok(decoder.next_frame()?),
            Self::EventStream(decoder) => decoder.next_frame(),
        }
    }

    /// The body ended as bodies do. True if that makes a frame whole whose blank line was left out.
    /// Binary frames say how long they are: what is left of one is never a frame, and what it would
    /// have said is missing from the answer.
    pub fn close(&mut self) -> bool {
        match self {
            Self::Sse(decoder) if decoder.unfinished().is_some() => {
                decoder.push(Bytes::from_static(b"\n\n"));
                true
            }
            Self::Sse(_) | Self::EventStream(_) => false,
        }
    }
}
