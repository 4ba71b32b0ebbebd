//! How the answers of a route travel to clients, after the check.

use std::time::Duration;

use crate::Texts;

/// How the answers of a route travel to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streams {
    /// When the answer begins to go out.
    pub delivery: StreamDelivery,
    /// What of it waits until it is whole.
    pub hold: Hold,
    /// A comment goes out on a stream that was silent so long. `None`: never.
    pub heartbeat: Option<Duration>,
    /// The head goes out after so long a wait without content; later errors stand inside the
    /// stream. `None`: never.
    pub begin_after: Option<Duration>,
    /// What is made of an answer that repeats itself without end.
    pub repetition: Repetition,
    /// The operator's words that ask a target to go on with an answer; [`END`] stands for its last
    /// words. Built-in texts where empty.
    pub instruction: Texts,
}

/// The place of the answer's last words in [`Streams::instruction`].
pub const END: &str = "{end}";

/// When an answer begins to go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamDelivery {
    /// With its first content.
    #[default]
    Live,
    /// When all of it is there.
    Whole,
}

/// What of a streamed answer waits until it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Each tool call.
    pub tool_calls: bool,
    /// Answers that were asked for as JSON.
    pub json: bool,
}

/// What is made of an answer that repeats itself without end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repetition {
    /// It is broken.
    #[default]
    Fail,
    /// It is what was asked for.
    Allow,
}

impl Default for Streams {
    /// Proxies give a silent line up after 60 s; half a tool call helps nobody.
    fn default() -> Self {
        Self {
            delivery: StreamDelivery::Live,
            hold: Hold { tool_calls: true, json: false },
            heartbeat: Some(Duration::from_secs(15)),
            begin_after: Some(Duration::from_secs(50)),
            repetition: Repetition::Fail,
            instruction: Texts::default(),
        }
    }
}
