//! What changes a breaker's state, in figures.

use super::{Breaker, BreakerCell, Report, State};
use crate::{Grounds, Measure, TripCause};

impl BreakerCell {
    /// What its state was changed by last.
    pub(crate) const fn grounds(&self) -> Grounds {
        self.grounds
    }

    /// What opens it, in figures.
    pub(super) fn evidence(&mut self, cause: TripCause, report: Report) -> Grounds {
        let grounds = match cause {
            TripCause::Consecutive | TripCause::Ratio => {
                let seen = self.window.sum(report.now, self.rules.window);
                Grounds::NONE
                    .with(Measure::FailuresInRow, self.in_row)
                    .with(Measure::FailuresInRowLimit, self.rules.consecutive)
                    .with(Measure::WindowFailed, seen.hard)
                    .with(Measure::WindowSeen, seen.all)
                    .with(Measure::WindowLimitMilli, self.rules.ratio_milli)
                    .span(Measure::WindowMs, self.rules.window)
            }
            TripCause::Stall => {
                let (sends, silence) = self.silence.so_far(report.now);
                let grounds = Grounds::NONE.with(Measure::UnheardSends, sends);
                grounds.span(Measure::SilenceMs, silence)
            }
            TripCause::Probe => match self.state {
                State::HalfOpen { successes, .. } => probes(successes, &self.rules),
                State::Closed | State::Open { .. } => Grounds::NONE,
            },
        };
        let asked = report.hint.filter(|hint| !hint.is_zero());
        asked.map_or(grounds, |hint| grounds.span(Measure::AskedMs, hint))
    }
}

/// How many probes passed, and how many must.
pub(super) const fn probes(passed: u32, rules: &Breaker) -> Grounds {
    Grounds::NONE.with(Measure::ProbesPassed, passed).with(Measure::ProbesNeeded, rules.successes)
}
