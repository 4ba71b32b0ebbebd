//! What an answer says, piece by piece.

use super::{Citation, Json, Media, Rest, Seal, Stop, Usage};

/// A piece of a streamed answer.
///
/// Order: `Begin` once; for each choice its parts one after another (`PartBegin`, `Piece`s,
/// `PartEnd`), then its `Finish`; `Usage` whenever it is known, the last one counts; `End` once.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// The answer announces itself.
    Begin(Opening),
    /// A part begins. Parts of a choice are numbered from 0 and never overlap.
    PartBegin {
        /// The choice.
        choice: u32,
        /// What begins.
        start: PartStart,
    },
    /// More of the part of this choice that was begun last.
    Piece {
        /// The choice.
        choice: u32,
        /// What came.
        piece: Piece,
    },
    /// The part of this choice that was begun last is whole.
    PartEnd {
        /// The choice.
        choice: u32,
    },
    /// A choice is whole.
    Finish {
        /// The choice.
        choice: u32,
        /// Why it ended.
        stop: Stop,
    },
    /// Tokens so far. A later one replaces it.
    Usage(Usage),
    /// The answer is whole.
    End,
}

/// How an answer announces itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opening {
    /// Its id, in the provider's words.
    pub id: Option<String>,
    /// The model that answers, in the provider's words.
    pub model: Option<String>,
    /// Seconds since 1970.
    pub created: Option<u64>,
    /// What the dialect adds.
    pub rest: Rest,
}

/// A part that begins.
#[derive(Clone, Debug, PartialEq)]
pub enum PartStart {
    /// Words.
    Text,
    /// Words for why there will be no answer.
    Refusal,
    /// Thoughts. `rest` holds what the dialect adds.
    Thinking {
        /// What the dialect adds.
        rest: Rest,
    },
    /// A tool is asked for.
    ToolCall {
        /// Its id; made up where the dialect has none.
        id: String,
        /// Its name.
        name: String,
        /// Whether the arguments are free text instead of JSON.
        is_custom: bool,
        /// What the dialect adds.
        rest: Rest,
    },
    /// An image or a sound the model made, whole.
    Media(Media),
    /// Something only this dialect has, whole.
    Foreign(Rest),
}

/// More of a part.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Words, of a text, a refusal or a thought.
    Text(String),
    /// A piece of a tool call's arguments.
    Arguments(String),
    /// What seals a thought or a tool call.
    Seal(Seal),
    /// Where words of this text come from.
    Citation(Citation),
    /// Log probabilities as `chat_completions` writes them in a chunk.
    Logprobs(Json),
}
