//! Whether an answer is a refusal: the model's own, or a filter's that speaks in its place.

use crate::Dialect;
use crate::neutral::{Delta, Part, PartStart, Reply, Stop, StopReason};
use crate::sse::Frame;
use crate::translate::ReadDeltas;

impl Reply {
    /// Whether nothing but a refusal was answered.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        let refused = |part: &Part| matches!(part, Part::Refusal(_));
        !self.choices.is_empty()
            && self.choices.iter().all(|choice| {
                choice.stop.as_ref().is_some_and(says_no) || choice.parts.iter().any(refused)
            })
    }
}

fn says_no(stop: &Stop) -> bool {
    matches!(stop.reason, StopReason::Filtered | StopReason::Refused)
}

/// Watches the beginning of a stream for a refusal.
#[derive(Debug)]
pub struct RefusalWatch {
    reader: Box<dyn ReadDeltas>,
    deltas: Vec<Delta>,
}

impl RefusalWatch {
    /// For a stream in this dialect.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self { reader: dialect.deltas(), deltas: Vec::new() }
    }

    /// Whether this frame begins a refusal, or ends the answer with one.
    pub fn sees(&mut self, frame: &Frame) -> bool {
        self.reader.read(frame, &mut self.deltas);
        self.deltas.drain(..).fold(false, |seen, delta| seen | is_refusal(&delta))
    }

    /// Whether the end of the stream does.
    pub fn ends(&mut self) -> bool {
        self.reader.end(&mut self.deltas);
        self.deltas.drain(..).fold(false, |seen, delta| seen | is_refusal(&delta))
    }
}

fn is_refusal(delta: &Delta) -> bool {
    match delta {
        Delta::PartBegin { start, .. } => matches!(start, PartStart::Refusal),
        Delta::Finish { stop, .. } => says_no(stop),
        Delta::Begin(_)
        | Delta::Piece { .. }
        | Delta::PartEnd { .. }
        | Delta::Usage(_)
        | Delta::End => false,
    }
}
