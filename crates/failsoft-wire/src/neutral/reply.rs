//! What an answer says.

use super::{Json, Part, Rest};

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// Its id, in the provider's words.
    pub id: Option<String>,
    /// The model that answered, in the provider's words.
    pub model: Option<String>,
    /// Seconds since 1970.
    pub created: Option<u64>,
    /// The alternatives; one, unless more were asked for.
    pub choices: Vec<Choice>,
    /// Tokens.
    pub usage: Option<Usage>,
    /// What the dialect adds.
    pub rest: Rest,
}

/// One alternative.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// What was said.
    pub parts: Vec<Part>,
    /// Why it ended there.
    pub stop: Option<Stop>,
    /// Log probabilities as `chat_completions` writes them (`{"content": […]}`).
    pub logprobs: Option<Json>,
    /// What the dialect adds.
    pub rest: Rest,
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// In shared words.
    pub reason: StopReason,
    /// The stop sequence that was met, if the dialect says which.
    pub sequence: Option<String>,
    /// The dialect's own word, given back to the same dialect.
    pub word: Option<(crate::Dialect, String)>,
}

/// Why an answer ended, in shared words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// The model was done.
    Done,
    /// The bound on tokens was met.
    Length,
    /// The context is full.
    ContextFull,
    /// It asks for tools.
    ToolCalls,
    /// A stop sequence was met.
    Sequence,
    /// A filter stopped it.
    Filtered,
    /// The model refused.
    Refused,
    /// The provider paused a long turn; it goes on when the answer is sent back.
    Paused,
    /// Something else.
    Other,
}

/// Tokens, in one meaning for all dialects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Tokens read, those from a cache and those written to one included.
    pub input: u32,
    /// Of these, tokens that came from a cache.
    pub cached: u32,
    /// Of these, tokens that were written to a cache.
    pub cache_written: u32,
    /// Tokens written, thoughts included.
    pub output: u32,
    /// Of these, thoughts.
    pub reasoning: u32,
    /// What the dialect adds.
    pub rest: Rest,
}

impl Stop {
    /// The dialect's own word, if it is of this one.
    pub(crate) fn word_of(&self, dialect: crate::Dialect) -> Option<&str> {
        let (known, word) = self.word.as_ref()?;
        (*known == dialect).then_some(word)
    }

    /// This reason, with nothing said beside it.
    #[must_use]
    pub const fn of(reason: StopReason) -> Self {
        Self { reason, sequence: None, word: None }
    }
}
