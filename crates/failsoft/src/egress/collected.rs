//! A body that is read to its end before it is judged.

use bytes::{Bytes, BytesMut};
use failsoft_engine::Usage;
use failsoft_provider::{Place, Reading};
use http::{HeaderMap, StatusCode};

use super::judge::{Judge, usage_of};
use super::translation::Translation;

/// The largest plain answer that is taken.
const MAX_REPLY: usize = 64 * 1024 * 1024;
/// How much of an error is read; the rest says nothing new.
const MAX_ERROR: usize = 256 * 1024;

/// What the body should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A status said so.
    Error,
    /// An answer.
    Plain,
    /// A stream was asked for, and a document came.
    NoStream,
}

/// A body on its way in.
#[derive(Debug)]
pub(crate) struct Collected {
    first: Bytes,
    more: BytesMut,
    expected: Expected,
}

impl Collected {
    pub(crate) fn new(expected: Expected) -> Self {
        Self { first: Bytes::new(), more: BytesMut::new(), expected }
    }

    pub(crate) fn is_error(&self) -> bool {
        self.expected == Expected::Error
    }

    /// Takes a chunk; `false` if the body is larger than is taken. Most bodies are one chunk, and
    /// are never copied.
    pub(crate) fn push(&mut self, chunk: Bytes) -> bool {
        let had = self.first.len() + self.more.len();
        if self.is_error() && had >= MAX_ERROR {
            return true;
        }
        if had == 0 {
            self.first = chunk;
        } else {
            if self.more.is_empty() {
                self.more.extend_from_slice(&std::mem::take(&mut self.first));
            }
            self.more.extend_from_slice(&chunk);
        }
        self.first.len() + self.more.len() <= MAX_REPLY
    }

    /// The answer as its client reads it, or what is wrong with it.
    pub(crate) fn judge(
        self,
        judge: &Judge,
        (status, headers): (StatusCode, &HeaderMap),
        translation: Option<&Translation>,
    ) -> Result<(Bytes, Usage), Box<Reading>> {
        let body = if self.more.is_empty() { self.first } else { self.more.freeze() };
        match self.expected {
            Expected::Error => Err(Box::new(judge.error(Place::Http, status, headers, &body))),
            Expected::Plain => {
                let usage = judge.reply(status, headers, &body)?;
                let body = match translation {
                    Some(translation) => judge.translated((status, headers), &body, translation)?,
                    None => failsoft_wire::in_utf8(body),
                };
                Ok((body, usage_of(usage)))
            }
            Expected::NoStream => Err(Box::new(judge.no_stream(status, headers, &body))),
        }
    }
}
