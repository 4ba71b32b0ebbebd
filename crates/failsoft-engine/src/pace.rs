//! Pace: how fast a target has been answering, and how much trouble it has made, in integers.

use std::time::Duration;

use crate::Moment;

/// In this time a slow answer loses half its weight against newer ones.
const SAMPLE_HALF_LIFE: Duration = Duration::from_secs(7);
/// In this time a target that is left alone seems twice as fast, so that it is tried again.
const IDLE_HALF_LIFE: Duration = Duration::from_secs(30);
/// In this time half of a target's trouble is forgotten.
const TROUBLE_HALF_LIFE: Duration = Duration::from_secs(10);
/// Trouble never grows beyond this, in thousandths of a failure.
const TROUBLE_MAX: u64 = 16_000;

/// Time to first content at one target.
#[derive(Debug, Default, Hash)]
pub(crate) struct Pace {
    /// Rises at once with a slow answer, falls slowly; nanoseconds.
    peak: u64,
    /// A slowly moving middle; nanoseconds, 0 while nothing is known.
    typical: u64,
    at: Moment,
}

impl Pace {
    /// First content took this long.
    pub(crate) fn observe(&mut self, now: Moment, took: Duration) {
        let took = nanos(took);
        let kept = fade(self.peak, now.since(self.at), SAMPLE_HALF_LIFE);
        let share_of_new = took - fade(took, now.since(self.at), SAMPLE_HALF_LIFE);
        self.peak = if took > self.peak { took } else { kept.saturating_add(share_of_new) };
        self.typical = if self.typical == 0 {
            took.max(1)
        } else {
            self.typical - self.typical / 8 + took / 8
        };
        self.at = self.at.max(now);
    }

    /// It was given up after this long: it would have taken at least that.
    pub(crate) fn observe_at_least(&mut self, now: Moment, waited: Duration) {
        let waited = nanos(waited);
        if waited > self.peak {
            self.peak = waited;
            self.at = self.at.max(now);
        }
    }

    /// What the next answer may take, pessimistic; nanoseconds, 0 while nothing is known.
    pub(crate) fn expected(&self, now: Moment) -> u64 {
        fade(self.peak, now.since(self.at), IDLE_HALF_LIFE)
    }

    /// What an answer usually takes, if anything is known.
    pub(crate) fn typical(&self) -> Option<Duration> {
        (self.typical > 0).then(|| Duration::from_nanos(self.typical))
    }
}

/// Failures of late, fading.
#[derive(Debug, Default, Hash)]
pub(crate) struct Trouble {
    milli: u64,
    at: Moment,
}

impl Trouble {
    /// One more.
    pub(crate) fn add(&mut self, now: Moment) {
        self.milli = (self.milli(now) + 1000).min(TROUBLE_MAX);
        self.at = self.at.max(now);
    }

    /// Thousandths of a failure that still count.
    pub(crate) fn milli(&self, now: Moment) -> u64 {
        fade(self.milli, now.since(self.at), TROUBLE_HALF_LIFE)
    }
}

/// `2^(-i/8)` in 65536ths.
const EIGHTHS: [u64; 8] = [65_536, 60_097, 55_109, 50_535, 46_341, 42_495, 38_968, 35_734];

/// `value · 2^(-elapsed / half_life)`, in steps of an eighth of a half-life.
fn fade(value: u64, elapsed: Duration, half_life: Duration) -> u64 {
    let eighths = nanos(elapsed) / (nanos(half_life) / 8).max(1);
    let halvings = u32::try_from(eighths / 8).unwrap_or(u32::MAX);
    let Some(halved) = value.checked_shr(halvings) else { return 0 };
    let scaled = u128::from(halved) * u128::from(EIGHTHS[(eighths % 8) as usize]);
    (scaled >> 16) as u64
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(secs)
    }

    #[test]
    fn a_slow_answer_is_believed_at_once_and_forgotten_slowly() {
        let mut pace = Pace::default();
        pace.observe(at(0), Duration::from_millis(500));
        pace.observe(at(1), Duration::from_secs(8));
        assert_eq!(pace.expected(at(1)), 8_000_000_000);
        pace.observe(at(8), Duration::from_millis(500));
        let after_a_half_life = pace.expected(at(8));
        assert!((4_200_000_000..4_300_000_000).contains(&after_a_half_life), "{after_a_half_life}");
    }

    #[test]
    fn a_target_left_alone_is_tried_again_one_day() {
        let mut pace = Pace::default();
        pace.observe(at(0), Duration::from_secs(8));
        assert_eq!(pace.expected(at(30)), 4_000_000_000);
        assert_eq!(pace.expected(at(90)), 1_000_000_000);
        assert_eq!(pace.expected(at(1_000_000)), 0);
    }

    #[test]
    fn trouble_adds_up_to_a_cap_and_fades() {
        let mut trouble = Trouble::default();
        for _ in 0..100 {
            trouble.add(at(0));
        }
        assert_eq!(trouble.milli(at(0)), TROUBLE_MAX);
        assert_eq!(trouble.milli(at(10)), TROUBLE_MAX / 2);
    }

    #[test]
    fn a_clock_that_goes_back_or_jumps_is_harmless() {
        let mut pace = Pace::default();
        pace.observe(Moment::NEVER, Duration::from_secs(1));
        pace.observe(Moment::ZERO, Duration::MAX);
        pace.observe_at_least(at(3), Duration::MAX);
        assert!(pace.expected(Moment::NEVER) > 0);
    }
}
