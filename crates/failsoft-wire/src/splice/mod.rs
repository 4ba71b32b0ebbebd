//! One answer for one client, from however many targets.
//!
//! The first target's frames pass as they came, or translated; each is read as pieces, too, so that
//! what the client has is known. If the target breaks, another goes on: its answer is read as
//! pieces, what the client has is taken off at the [`seam`], and the rest is written as the stream
//! goes on for the client, with the ids and numbers it began with.

mod anchor;
mod continued;
mod delivered;
mod gate;
mod leg;
mod likeness;
mod out;
mod queue;
mod repetition;
mod seam;
mod splicer;
mod tokens;

pub use continued::continued;
pub use delivered::Delivered;
pub use repetition::may_repeat_itself;
pub use splicer::Splicer;

/// What of a stream waits until it is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    /// Tool calls, whose arguments must then be valid.
    pub tool_calls: bool,
    /// Texts, because they are JSON.
    pub text: bool,
    /// The whole answer.
    pub everything: bool,
}

/// Who can go on with what was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumable {
    /// Nobody.
    Never,
    /// A target that takes the beginning of its answer.
    ByPrefill,
    /// Any target.
    Anywhere,
    /// Nobody need: all that its caller's bound allows was delivered.
    Said,
}

/// How the next target was asked to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onward {
    /// It got the call as it was: nothing that could be continued was delivered.
    Anew,
    /// It got the delivered text as the beginning of its answer.
    Prefill {
        /// Whether it is known to repeat it.
        echoes: bool,
    },
    /// It got the delivered text in the conversation, and an instruction to repeat the last words
    /// and go on.
    Asked,
}
