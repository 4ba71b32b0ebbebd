//! The doors between a dialect and the neutral form.

use std::fmt;

use crate::dialect::Thread;
use crate::neutral::{Delta, Maker, Note};
use crate::sse::Frame;

/// Where a call goes that is written anew.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// The model to ask for.
    pub model: &'a str,
    /// The target's fingerprint. Seals of other makers were taken out before.
    pub maker: Maker,
    /// Output tokens to allow where the dialect demands a bound and the call names none.
    pub max_output: Option<u32>,
    /// Whether this model follows JSON schemas; where not, the schema becomes an instruction.
    pub follows_schemas: bool,
    /// How this target is told to go on from the beginning of an answer.
    pub marks_prefill: PrefillMark,
}

impl Destination<'_> {
    /// Where only the dialect counts.
    pub(crate) const NOBODY: Self = Destination {
        model: "",
        maker: Maker(0),
        max_output: None,
        follows_schemas: false,
        marks_prefill: PrefillMark::None,
    };
}

/// What a target that speaks `chat_completions` wants beside a last message of the assistant's, to
/// go on from it instead of answering it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PrefillMark {
    /// Nothing.
    #[default]
    None,
    /// `"prefix": true` in that message.
    Prefix,
    /// `continue_final_message` and no `add_generation_prompt`, beside the messages.
    ContinueFinal,
}

/// A call written in a target's dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The body.
    pub body: Vec<u8>,
    /// What was left out or made from something else, each feature once.
    pub notes: Vec<Note>,
}

/// Why a call cannot be written in a dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The feature that stands against it.
    pub feature: crate::neutral::Feature,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the target's dialect has no `{}`", self.feature)
    }
}

impl std::error::Error for Unfit {}

/// How an answer is given to a client of another dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// The answer's id if the provider gave none the dialect can use; without a prefix.
    pub id: String,
    /// The model's name if the provider gave none.
    pub model: String,
    /// Seconds since 1970 if the provider did not say.
    pub created: u64,
    /// Whether the client asked for usage in its stream (`chat_completions` only).
    pub include_usage: bool,
    /// Who made the answer: seals that go to the client carry its mark. `None` writes them as they
    /// are, for a client of the maker's own dialect.
    pub maker: Option<Maker>,
}

/// Reads the events of a stream as pieces. It never fails: whether the stream is an answer at all
/// is judged by [`crate::StreamReader`], which sees the same frames first.
pub(crate) trait ReadDeltas: fmt::Debug + Send {
    /// Appends what a frame brings.
    fn read(&mut self, frame: &Frame, out: &mut Vec<Delta>);
    /// The stream is over: appends what was held back, and the end if it did not come.
    fn end(&mut self, out: &mut Vec<Delta>);
    /// Whether something that came was not given on, because a part before it is not whole.
    fn waits(&self) -> bool;
}

/// Writes pieces as the events of a stream.
pub(crate) trait WriteDeltas: fmt::Debug + Send {
    /// Appends the events a piece becomes.
    fn write(&mut self, delta: &Delta, out: &mut Vec<u8>);
    /// Goes on with a stream that was passed on as it came: what its client has was written as
    /// pieces before and thrown away, and `thread` tells what its events alone said.
    fn pick_up(&mut self, thread: &Thread);
    /// What comes from now on is of another target: its seals carry this mark. The open part, if it
    /// holds thoughts, must have been ended.
    fn made_by(&mut self, maker: Option<Maker>);
}

/// From a target's stream to a client's, whatever both speak.
#[derive(Debug)]
pub struct StreamTranslator {
    from: Box<dyn ReadDeltas>,
    to: Box<dyn WriteDeltas>,
    deltas: Vec<Delta>,
}

impl StreamTranslator {
    /// Between these two dialects.
    #[must_use]
    pub fn new(from: crate::Dialect, to: crate::Dialect, presented: Presented) -> Self {
        Self { from: from.deltas(), to: to.events(presented), deltas: Vec::with_capacity(4) }
    }

    /// Appends what a frame of the target becomes for the client.
    pub fn frame(&mut self, frame: &Frame, out: &mut Vec<u8>) {
        self.from.read(frame, &mut self.deltas);
        self.pass(out);
    }

    /// Appends how the stream ends. Must be called once, when the answer is known to be whole.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        self.from.end(&mut self.deltas);
        self.pass(out);
    }

    fn pass(&mut self, out: &mut Vec<u8>) {
        for delta in self.deltas.drain(..) {
            self.to.write(&delta, out);
        }
    }
}
