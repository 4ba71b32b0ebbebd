//! What the events of a stream tell that its pieces do not: ids, places and numbers as a client got
//! them, so that another target's answer can go on with them.

use super::{Dialect, chat_completions, messages, responses};
use crate::sse::Frame;

/// Follows a stream that is passed on as it comes.
#[derive(Debug)]
pub(crate) enum Thread {
    ChatCompletions(chat_completions::Thread),
    Messages(messages::Thread),
    Responses(Box<responses::Thread>),
    /// The pieces tell all there is.
    Plain,
}

impl Thread {
    /// Of a client of this dialect.
    pub(crate) fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::ChatCompletions => Self::ChatCompletions(chat_completions::Thread::default()),
            Dialect::Messages => Self::Messages(messages::Thread::default()),
            Dialect::Responses => Self::Responses(Box::default()),
            Dialect::GenerateContent | Dialect::BedrockConverse | Dialect::Embeddings => {
                Self::Plain
            }
        }
    }

    /// Takes a frame that goes to the client.
    pub(crate) fn follow(&mut self, frame: &Frame) {
        let Some(data) = frame.data() else { return };
        match self {
            Self::ChatCompletions(thread) => thread.follow(data),
            Self::Messages(thread) => thread.follow(frame.event(), data),
            Self::Responses(thread) => thread.follow(frame.event(), data),
            Self::Plain => {}
        }
    }

    /// Whether somebody else can go on from here: nothing is open that no piece told of.
    pub(crate) fn is_continuable(&self) -> bool {
        match self {
            Self::ChatCompletions(_) | Self::Plain => true,
            Self::Messages(thread) => thread.is_continuable(),
            Self::Responses(thread) => thread.is_continuable(),
        }
    }
}

#[cfg(test)]
mod tests;
