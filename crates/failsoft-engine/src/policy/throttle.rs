//! Throttle: a 429 that names its end is a schedule, not sickness.

use std::time::Duration;

use crate::Moment;
use crate::random::scaled;

/// What is done with a target's wish to be left alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Throttle {
    /// Assumed when a rate limit names no end; doubled each time in a row.
    pub assumed: Duration,
    /// The longest assumed wait.
    pub assumed_cap: Duration,
    /// How long a credential stays out of use after a failure that says it is refused or spent,
    /// when nothing else is said. A reload with a new key ends it at once.
    pub disabled_for: Duration,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            assumed: Duration::from_secs(1),
            assumed_cap: Duration::from_secs(60),
            disabled_for: Duration::from_secs(300),
        }
    }
}

/// Until when a target asked, or is assumed, to want to be left alone.
#[derive(Debug, Default, Hash)]
pub(crate) struct ThrottleCell {
    until: Moment,
    set_at: Moment,
    named: bool,
    /// Assumed waits in a row.
    in_row: u32,
}

impl ThrottleCell {
    /// The target named an end. An earlier wish that reaches further stays.
    pub(crate) fn ask(&mut self, now: Moment, wait: Duration) {
        let until = now + wait;
        self.set_at = self.set_at.max(now);
        if until > self.until {
            self.until = until;
            self.named = true;
        }
    }

    /// The target named no end. Rejections of attempts that were under way when the last wait
    /// began belong to the same wave and do not lengthen it.
    pub(crate) fn assume(&mut self, now: Moment, sent: Moment, rules: &Throttle, draw: u64) {
        if self.in_row > 0 && sent < self.set_at {
            return;
        }
        let factor = 1_u32.checked_shl(self.in_row).unwrap_or(u32::MAX);
        let full = rules.assumed.saturating_mul(factor).min(rules.assumed_cap);
        self.in_row = self.in_row.saturating_add(1).min(31);
        self.set_at = self.set_at.max(now);
        let until = now + full / 2 + scaled(full / 2, draw);
        if until > self.until {
            self.until = until;
            self.named = false;
        }
    }

    /// It answered: the next rejection is the first of its row.
    pub(crate) fn answered(&mut self) {
        self.in_row = 0;
    }

    /// Until when it was last closed.
    pub(crate) fn until(&self) -> Option<Moment> {
        (self.until > Moment::ZERO).then_some(self.until)
    }

    /// When it opens, and whether the target itself said so.
    pub(crate) fn check(&self, now: Moment) -> Result<(), Closed> {
        if now >= self.until {
            return Ok(());
        }
        Err(Closed { until: self.until, named: self.named })
    }
}

/// A throttle that bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) until: Moment,
    pub(crate) named: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(secs)
    }

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    /// A known gateway keeps the first deadline it was told, another takes the last: both let
    /// attempts through before the time a target asked for.
    #[test]
    fn of_two_wishes_the_later_end_holds() {
        for wishes in [[(0, 60), (1, 5)], [(0, 5), (1, 59)]] {
            let mut cell = ThrottleCell::default();
            for (now, wait) in wishes {
                cell.ask(at(now), secs(wait));
            }
            assert_eq!(cell.check(at(59)), Err(Closed { until: at(60), named: true }));
            assert_eq!(cell.check(at(60)), Ok(()));
        }
    }

    #[test]
    fn assumed_waits_double_for_each_new_wave_and_start_anew_after_an_answer() {
        let rules = Throttle::default();
        let mut cell = ThrottleCell::default();
        let mut now = 0;
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            cell.assume(at(now), at(now), &rules, u64::MAX);
            let length = cell.until().unwrap().since(at(now));
            assert_eq!(length.as_secs_f64().round() as u64, expected);
            now += 100;
        }
        cell.answered();
        cell.assume(at(now), at(now), &rules, u64::MAX);
        assert_eq!(cell.until().unwrap().since(at(now)).as_secs_f64().round() as u64, 1);
    }

    #[test]
    fn rejections_of_one_wave_count_once() {
        let rules = Throttle::default();
        let mut cell = ThrottleCell::default();
        for _ in 0..50 {
            cell.assume(at(10), at(9), &rules, u64::MAX);
        }
        assert_eq!(cell.until().unwrap().since(at(10)).as_secs_f64().round() as u64, 1);
    }

    #[test]
    fn an_assumed_end_never_shortens_a_named_one() {
        let mut cell = ThrottleCell::default();
        cell.ask(at(0), secs(60));
        cell.assume(at(1), at(1), &Throttle::default(), 0);
        assert_eq!(cell.check(at(30)), Err(Closed { until: at(60), named: true }));
    }
}
