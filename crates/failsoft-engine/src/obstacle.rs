//! Obstacle: what stood against an extra attempt, and how far.

use std::time::Duration;

use crate::{Grounds, Measure, Refusal};

/// A refusal with its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    pub(crate) reason: Refusal,
    pub(crate) grounds: Grounds,
}

impl Obstacle {
    /// A budget holds too little.
    pub(crate) fn budget(left_milli: u64, needed_milli: u64) -> Self {
        let grounds = Grounds::NONE
            .count(Measure::BudgetLeftMilli, left_milli)
            .count(Measure::BudgetNeededMilli, needed_milli);
        Self { reason: Refusal::Budget, grounds }
    }

    /// As many extra attempts are on their way as may be.
    pub(crate) fn extras(in_flight: u64, allowed: u64) -> Self {
        let grounds = Grounds::NONE
            .count(Measure::ExtrasInFlight, in_flight)
            .count(Measure::ExtrasAllowed, allowed);
        Self { reason: Refusal::ExtrasInFlight, grounds }
    }

    /// The wait would be a longer one than the call makes.
    pub(crate) fn wait(wait: Duration, allowed: Duration) -> Self {
        let grounds =
            Grounds::NONE.span(Measure::WaitMs, wait).span(Measure::WaitAllowedMs, allowed);
        Self { reason: Refusal::WaitTooLong, grounds }
    }

    /// It would not fit before the deadline.
    pub(crate) fn deadline(needed: Duration, left: Duration) -> Self {
        let grounds =
            Grounds::NONE.span(Measure::NeededMs, needed).span(Measure::DeadlineLeftMs, left);
        Self { reason: Refusal::Deadline, grounds }
    }
}

impl From<Refusal> for Obstacle {
    fn from(reason: Refusal) -> Self {
        Self { reason, grounds: Grounds::NONE }
    }
}
