//! How many lines a storm may leave. What fails a thousand times a second is said a few times, and
//! then counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use failsoft_engine::{FailureKind, Moment, Why};

/// Lines of one kind that may come at once.
const BURST: u64 = 10;
/// After so long one more may come.
const EVERY: Duration = Duration::from_secs(1);

/// What a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Line {
    /// An attempt failed.
    Failed(FailureKind),
    /// An attempt was made beside or after another.
    Again(Why),
    /// A call got no real answer.
    Lost(FailureKind),
    /// A target asked to be left alone.
    Throttled,
}

impl Line {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Failed(_) => "an attempt failed",
            Self::Again(_) => "another attempt",
            Self::Lost(_) => "a call got no real answer",
            Self::Throttled => "a target asked to be left alone",
        }
    }

    pub(super) const fn kind(self) -> Option<&'static str> {
        match self {
            Self::Failed(kind) | Self::Lost(kind) => Some(kind.as_str()),
            Self::Again(why) => Some(why.as_str()),
            Self::Throttled => None,
        }
    }
}

/// A bucket of lines for each target or route, and each kind of line. Both come from settings and
/// from short lists, so the buckets stay few.
#[derive(Debug, Default)]
pub(super) struct Ration {
    buckets: Mutex<BTreeMap<Line, BTreeMap<String, Bucket>>>,
    left_out: AtomicU64,
}

/// Lines left out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub(super) of: String,
    pub(super) line: Line,
    pub(super) count: u64,
}

#[derive(Debug)]
struct Bucket {
    /// When it is full again, if nothing is taken.
    full_at: Moment,
    left_out: u64,
}

impl Ration {
    /// Whether one more line may be written now.
    pub(super) fn take(&self, now: Moment, of: &str, line: Line) -> bool {
        let mut buckets = self.buckets();
        let of_line = buckets.entry(line).or_default();
        if !of_line.contains_key(of) {
            of_line.insert(of.to_owned(), Bucket { full_at: Moment::ZERO, left_out: 0 });
        }
        let Some(bucket) = of_line.get_mut(of) else { return true };
        let full_at = bucket.full_at.max(now) + EVERY;
        if full_at.since(now) > EVERY * u32::try_from(BURST).unwrap_or(u32::MAX) {
            bucket.left_out += 1;
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        bucket.full_at = full_at;
        true
    }

    /// What was left out since the last time.
    pub(super) fn take_left_out(&self) -> Vec<LeftOut> {
        let mut all = Vec::new();
        for (line, of_line) in self.buckets().iter_mut() {
            for (of, bucket) in of_line.iter_mut().filter(|(_, bucket)| bucket.left_out > 0) {
                let count = std::mem::take(&mut bucket.left_out);
                all.push(LeftOut { of: of.clone(), line: *line, count });
            }
        }
        all
    }

    /// All that were left out since the start.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    fn buckets(&self) -> MutexGuard<'_, BTreeMap<Line, BTreeMap<String, Bucket>>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_is_said_ten_times_then_once_a_second_and_the_rest_is_counted() {
        let ration = Ration::default();
        let line = Line::Failed(FailureKind::Overloaded);
        let at = |ms: u64| Moment::from_nanos(ms * 1_000_000);
        let said = (0..5_000).filter(|ms| ration.take(at(*ms), "a/b", line)).count();
        assert_eq!(said, 14, "a burst of ten, and one for each further second");
        assert!(ration.take(at(4_999), "a/c", line), "others have their own");
        assert!(ration.take(at(4_999), "a/b", Line::Throttled));
        let left_out = LeftOut { of: "a/b".to_owned(), line, count: 4_986 };
        assert_eq!(ration.take_left_out(), [left_out]);
        assert_eq!((ration.take_left_out(), ration.left_out()), (Vec::new(), 4_986));
        let rested = (0..20).filter(|_| ration.take(at(60_000), "a/b", line)).count();
        assert_eq!(rested, 10);
    }
}
