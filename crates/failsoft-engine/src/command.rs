//! What the driver must do.

use crate::reason::{CancelReason, Why};
use crate::{AttemptId, CallId, Event, Moment, TargetId, Verdict};

/// All consequences of one input. Nothing stays queued inside the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What came to be, in order.
    pub events: Vec<Event>,
    /// What must be done, in order. All concern the call of the input.
    pub commands: Vec<Command>,
}

/// An order to the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send the call to this target now.
    Start {
        /// The new attempt.
        attempt: AttemptId,
        /// Where it goes.
        target: TargetId,
        /// Why it is made.
        why: Why,
    },
    /// Abandon this attempt, and let its target know by closing the connection. It has already
    /// ended for the engine: nothing more needs to be told of it.
    Cancel {
        /// The attempt.
        attempt: AttemptId,
        /// Why.
        reason: CancelReason,
    },
    /// This attempt won: send what was held back, and go on from it.
    Commit {
        /// The attempt.
        attempt: AttemptId,
    },
    /// Say `TimePassed` at this moment. It replaces the call's earlier wish; `None` withdraws it.
    WakeAt {
        /// The call.
        call: CallId,
        /// When.
        at: Option<Moment>,
    },
    /// The call is over; tell its client.
    Finish {
        /// The call.
        call: CallId,
        /// How it ended.
        verdict: Verdict,
    },
}
