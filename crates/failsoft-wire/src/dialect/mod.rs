//! The dialects, one folder entry each, and the one place that chooses among them.

use std::fmt;
use std::str::FromStr;

use crate::render::{CannedAnswer, ErrorWords, ModelEntry};
use crate::reply::Reply;
use crate::request::{self, OutputBound, RequestHead, RequestProblem};

mod chat_completions;
mod messages;

pub(crate) use chat_completions::ChatReader;
pub(crate) use messages::MessagesReader;

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// `POST /v1/chat/completions`.
    ChatCompletions,
    /// `POST /v1/messages`.
    Messages,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 2] = [Self::ChatCompletions, Self::Messages];

    /// The stable name used in settings, the journal and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat_completions",
            Self::Messages => "messages",
        }
    }

    /// The path clients post to.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/v1/chat/completions",
            Self::Messages => "/v1/messages",
        }
    }

    /// Reads what the policy must know of a request.
    ///
    /// # Errors
    /// Whatever is wrong with it, naming the parameter at fault.
    pub fn read_request(self, body: &[u8]) -> Result<RequestHead, RequestProblem> {
        let bound = match self {
            Self::ChatCompletions => OutputBound::Optional,
            Self::Messages => OutputBound::Required,
        };
        request::read(body, bound)
    }

    /// Reads a plain answer of status 200.
    #[must_use]
    pub fn read_reply(self, body: &[u8]) -> Reply {
        match self {
            Self::ChatCompletions => chat_completions::read_reply(body),
            Self::Messages => messages::read_reply(body),
        }
    }

    /// An error as the dialect's SDKs want it.
    #[must_use]
    pub fn error_body(self, words: &ErrorWords<'_>) -> Vec<u8> {
        match self {
            Self::ChatCompletions => chat_completions::error_body(words),
            Self::Messages => messages::error_body(words),
        }
    }

    /// An error inside a stream that has begun; the SDKs raise on it.
    #[must_use]
    pub fn error_frame(self, words: &ErrorWords<'_>) -> Vec<u8> {
        match self {
            Self::ChatCompletions => chat_completions::error_frame(words),
            Self::Messages => messages::error_frame(words),
        }
    }

    /// A whole plain answer with the operator's text.
    #[must_use]
    pub fn canned_reply(self, answer: &CannedAnswer<'_>) -> Vec<u8> {
        match self {
            Self::ChatCompletions => chat_completions::canned_reply(answer),
            Self::Messages => messages::canned_reply(answer),
        }
    }

    /// A whole stream with the operator's text.
    #[must_use]
    pub fn canned_stream(self, answer: &CannedAnswer<'_>) -> Vec<u8> {
        match self {
            Self::ChatCompletions => chat_completions::canned_stream(answer),
            Self::Messages => messages::canned_stream(answer),
        }
    }

    /// The answer to `GET /v1/models`.
    #[must_use]
    pub fn models(self, models: &[ModelEntry<'_>]) -> Vec<u8> {
        match self {
            Self::ChatCompletions => chat_completions::models(models),
            Self::Messages => messages::models(models),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Dialect {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == name).ok_or(())
    }
}
