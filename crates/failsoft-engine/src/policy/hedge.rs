//! Hedge: when another target is started beside one that is slower than nearly all its answers.

use std::time::Duration;

use super::sketch::{Sketch, Wait};
use crate::{Arrival, Delivery, Moment, Need, Profile};

/// When a second attempt is started beside a slow one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hedge {
    /// Whether it is.
    pub enabled: bool,
    /// The share of answers, in thousandths, that are faster than the wait before a hedge.
    pub quantile_milli: u32,
}

impl Default for Hedge {
    /// Off; the 95th percentile, because beyond it extra cost grows faster than what is won.
    fn default() -> Self {
        Self { enabled: false, quantile_milli: 950 }
    }
}

/// However fast a target is, nothing is started beside it before this.
const LEAST_DELAY: Duration = Duration::from_millis(50);
/// After an overload a target neither is relieved by a hedge nor takes one for this long.
const QUIET: Duration = Duration::from_secs(10);

impl Hedge {
    /// Whether such a call may have two attempts side by side for no other reason than time. One
    /// that acts at its provider must not act twice.
    pub(crate) fn allows(&self, arrival: &Arrival, profile: Profile) -> bool {
        let acts = [Need::ServerState, Need::HostedTools];
        self.enabled
            && arrival.hedge
            && profile == Profile::Interactive
            && !acts.into_iter().any(|need| arrival.needs.contains(need))
    }
}

/// What hedges must know of one target.
#[derive(Debug, Default, Hash)]
pub(crate) struct HedgeCell {
    /// Of plain and of streamed answers, once there are any.
    sketches: [Option<Box<Sketch>>; 2],
    overloaded: Option<Moment>,
}

/// How long an attempt waited for its first content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waited {
    pub(crate) delivery: Delivery,
    /// Tokens of its prompt.
    pub(crate) tokens: u32,
    pub(crate) took: Duration,
}

impl HedgeCell {
    /// First content came.
    pub(crate) fn answered(&mut self, now: Moment, waited: Waited) {
        self.observe(now, waited, Wait::Whole);
    }

    /// It was given up before.
    pub(crate) fn gave_up(&mut self, now: Moment, waited: Waited) {
        self.observe(now, waited, Wait::Cut);
    }

    /// The target said that it has too much to do.
    pub(crate) fn overloaded(&mut self, now: Moment) {
        self.overloaded = self.overloaded.max(Some(now));
    }

    /// Whether it said so of late.
    pub(crate) fn is_overloaded(&self, now: Moment) -> bool {
        self.overloaded.is_some_and(|at| now.since(at) < QUIET)
    }

    /// How long to wait before a hedge, if enough is known.
    pub(crate) fn delay(
        &mut self,
        now: Moment,
        (delivery, tokens): (Delivery, u32),
        quantile_milli: u32,
    ) -> Option<Duration> {
        let sketch = self.sketches[delivery.index()].as_mut()?;
        Some(sketch.quantile(now, tokens, quantile_milli)?.max(LEAST_DELAY))
    }

    /// The same as it was when it was last looked for, and the answers it is known from.
    pub(crate) fn known(&self, delivery: Delivery, tokens: u32) -> Option<(Duration, u64)> {
        let (delay, answers) = self.sketches[delivery.index()].as_ref()?.known(tokens)?;
        Some((delay.max(LEAST_DELAY), answers))
    }

    /// For how much longer that it said so counts.
    pub(crate) fn quiet_left(&self, now: Moment) -> Duration {
        self.overloaded.map_or(Duration::ZERO, |at| (at + QUIET).since(now))
    }

    /// The wait before a hedge of an average streamed call, as it was when one was last looked for.
    pub(crate) fn shown(&self) -> Option<Duration> {
        let sketch = self.sketches[Delivery::Streamed.index()].as_ref()?;
        Some(sketch.shown()?.max(LEAST_DELAY))
    }

    fn observe(&mut self, now: Moment, waited: Waited, wait: Wait) {
        let Waited { delivery, tokens, took } = waited;
        let sketch =
            self.sketches[delivery.index()].get_or_insert_with(|| Box::new(Sketch::new(now)));
        sketch.observe(now, tokens, took, wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_fast_a_target_is_some_time_passes() {
        let mut cell = HedgeCell::default();
        let took = Duration::from_millis(3);
        for number in 0..200 {
            let now = Moment::from_nanos(number * 10_000_000);
            cell.answered(now, Waited { delivery: Delivery::Streamed, tokens: 10, took });
        }
        let now = Moment::from_nanos(2_000_000_000);
        assert_eq!(cell.delay(now, (Delivery::Streamed, 10), 950), Some(Duration::from_millis(50)));
        assert_eq!(cell.delay(now, (Delivery::Plain, 10), 950), None, "of those nothing is known");
        assert_eq!(cell.shown(), Some(Duration::from_millis(50)));
    }
}
