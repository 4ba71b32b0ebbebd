//! Window: exact counts of what happened of late.

use std::time::Duration;

use crate::Moment;

const BUCKETS: usize = 10;

/// Exact counts over ten buckets of time.
#[derive(Debug, Default, Hash)]
pub(crate) struct Window {
    /// The number of the newest bucket, counted from the clock's origin.
    newest: u64,
    counts: [Count; BUCKETS],
}

/// Outcomes, and how many of them were hard failures.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub(crate) struct Count {
    pub(crate) all: u32,
    pub(crate) hard: u32,
}

impl Window {
    /// One more outcome, now.
    pub(crate) fn add(&mut self, now: Moment, length: Duration, count: Count) {
        self.roll(now, length);
        let bucket = &mut self.counts[(self.newest % BUCKETS as u64) as usize];
        bucket.all = bucket.all.saturating_add(count.all);
        bucket.hard = bucket.hard.saturating_add(count.hard);
    }

    /// Everything that is not older than the window.
    pub(crate) fn sum(&mut self, now: Moment, length: Duration) -> Count {
        self.roll(now, length);
        self.counts.iter().fold(Count::default(), |sum, bucket| Count {
            all: sum.all.saturating_add(bucket.all),
            hard: sum.hard.saturating_add(bucket.hard),
        })
    }

    /// Empties the buckets that time has passed; a clock that goes back stays in the newest.
    fn roll(&mut self, now: Moment, length: Duration) {
        let bucket = u64::try_from(length.as_nanos() / BUCKETS as u128).unwrap_or(u64::MAX).max(1);
        let current = now.as_nanos() / bucket;
        let passed = current.saturating_sub(self.newest);
        for step in 1..=passed.min(BUCKETS as u64) {
            self.counts[(self.newest.wrapping_add(step) % BUCKETS as u64) as usize] =
                Count::default();
        }
        self.newest = self.newest.max(current);
    }
}
