//! Plain counters, found once by name and then by number.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use failsoft_engine::{BreakerState, FailureKind, Outcome, Price, Usage, Verdict, Why};

use super::exemplar::Exemplar;
use super::lock;

/// What one route has counted.
#[derive(Debug, Default)]
pub(super) struct RouteSeries {
    pub(super) name: String,
    pub(super) calls: [Count; Self::OUTCOMES.len()],
    pub(super) failures: [Count; FailureKind::ALL.len()],
    /// Calls by the attempts they made: none, one, …, and all with more.
    pub(super) attempts: [Count; Self::ATTEMPTS.len()],
    /// Answers that another attempt than the first one brought, and broken streams that went on.
    pub(super) rescued: [Count; Self::RESCUES.len()],
    pub(super) duration: Histogram,
    pub(super) first_content: Histogram,
}

impl RouteSeries {
    /// A call's outcomes, as `Verdict` names them.
    pub(super) const OUTCOMES: [&'static str; 5] =
        ["served", "resumed", "degraded", "failed", "cancelled"];

    pub(super) const ATTEMPTS: [&'static str; 5] = ["0", "1", "2", "3", "more"];
    pub(super) const RESCUES: [&'static str; 2] = ["before_content", "resumed"];

    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub(super) fn ended(
        &self,
        verdict: Verdict,
        attempts: u8,
        (took, call): (Duration, Option<&str>),
    ) {
        let outcome = match verdict {
            Verdict::Served { .. } => 0,
            Verdict::Resumed { .. } => 1,
            Verdict::Degraded { .. } => 2,
            Verdict::Failed { .. } => 3,
            Verdict::Cancelled => 4,
        };
        self.calls[outcome].up();
        self.attempts[usize::from(attempts).min(Self::ATTEMPTS.len() - 1)].up();
        self.duration.record(took, call);
        match verdict {
            Verdict::Served { attempt } if attempt.ordinal > 0 => self.rescued[0].up(),
            Verdict::Resumed { .. } => self.rescued[1].up(),
            Verdict::Served { .. }
            | Verdict::Degraded { .. }
            | Verdict::Failed { .. }
            | Verdict::Cancelled => {}
        }
        if let Verdict::Failed { kind, .. } | Verdict::Degraded { kind } = verdict {
            self.failures[kind as usize].up();
        }
    }
}

/// What one target has counted. A pool's keys share it: they have one name.
#[derive(Debug)]
pub(super) struct TargetSeries {
    pub(super) name: String,
    pub(super) attempts: [[Count; OUTCOMES]; Self::WHYS.len()],
    pub(super) first_content: Histogram,
    pub(super) breaker_changes: [Count; Self::STATES.len()],
    pub(super) throttled: Count,
    /// Tokens read, tokens written, and billionths of a dollar, for attempts that brought no
    /// answer.
    pub(super) wasted: [Count; 3],
    /// The call behind the last failure of each reason and kind.
    pub(super) failed: Mutex<BTreeMap<(usize, usize), Exemplar>>,
}

const OUTCOMES: usize = FailureKind::ALL.len() + 2;

impl TargetSeries {
    pub(super) const WHYS: [Why; Why::ALL.len()] = Why::ALL;
    pub(super) const STATES: [BreakerState; 3] =
        [BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen];

    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            attempts: Default::default(),
            first_content: Histogram::default(),
            breaker_changes: Default::default(),
            throttled: Count::default(),
            wasted: Default::default(),
            failed: Mutex::default(),
        }
    }

    pub(super) fn ended(&self, why: Why, outcome: Outcome, call: Option<&str>) {
        let outcome = match outcome {
            Outcome::Succeeded(_) => 0,
            Outcome::Cancelled { .. } => 1,
            Outcome::Failed(failure) => failure.kind as usize + 2,
        };
        self.attempts[why as usize][outcome].up();
        if let (2.., Some(call)) = (outcome, call) {
            lock(&self.failed).insert((why as usize, outcome), Exemplar::new(call, 1.0));
        }
    }

    /// Counts what an attempt cost that brought no answer.
    pub(super) fn wasted(&self, usage: Usage, price: Option<Price>) {
        let (input, output) = (u64::from(usage.input), u64::from(usage.output));
        self.wasted[0].add(input);
        self.wasted[1].add(output);
        if let Some(price) = price {
            // Prices are millionths of a dollar for a million tokens.
            let input = input.saturating_mul(price.input);
            let output = output.saturating_mul(price.output);
            self.wasted[2].add(input.saturating_add(output) / 1000);
        }
    }

    /// The name of an attempt's outcome, by its place in `attempts`.
    pub(super) fn outcome(place: usize) -> &'static str {
        match place {
            0 => "succeeded",
            1 => "cancelled",
            failed => FailureKind::ALL.get(failed - 2).map_or("failed", |kind| kind.as_str()),
        }
    }
}

/// Counts up.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts several; how many there were before.
    pub(super) fn add(&self, more: u64) -> u64 {
        self.0.fetch_add(more, Ordering::Relaxed)
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts under names that are known beforehand.
#[derive(Debug)]
pub(super) struct Tally<const N: usize> {
    names: [&'static str; N],
    counts: [Count; N],
}

impl<const N: usize> Tally<N> {
    pub(super) fn new(names: [&'static str; N]) -> Self {
        Self { names, counts: std::array::from_fn(|_| Count::default()) }
    }

    /// Counts under a name. Meant for what is rare: it looks the name up.
    #[cold]
    pub(super) fn up(&self, name: &str) {
        if let Some(place) = self.names.iter().position(|known| *known == name) {
            self.counts[place].up();
        }
    }

    pub(super) fn values(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.names.iter().copied().zip(self.counts.iter().map(Count::value))
    }
}

/// How long things took, in buckets from 10 ms to 82 s, each twice the one before.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    buckets: [Count; Self::BUCKETS],
    nanos: AtomicU64,
    exemplars: Mutex<[Option<Exemplar>; Self::BUCKETS]>,
}

impl Histogram {
    pub(super) const BUCKETS: usize = 15;
    const FIRST: u64 = 10_000_000;
    /// One of so many values of a bucket is kept as its example; the first always is.
    const EXEMPLAR_EVERY: u64 = 64;

    pub(super) fn record(&self, took: Duration, call: Option<&str>) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        // The number of doublings of the first bound that cover the value.
        let units = nanos.saturating_sub(1) / Self::FIRST;
        let place = (u64::BITS - units.leading_zeros()) as usize;
        let place = place.min(Self::BUCKETS - 1);
        let before = self.buckets[place].add(1);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
        if before.is_multiple_of(Self::EXEMPLAR_EVERY)
            && let Some(call) = call
            && let Ok(mut exemplars) = self.exemplars.try_lock()
        {
            exemplars[place] = Some(Exemplar::new(call, took.as_secs_f64()));
        }
    }

    /// Each bucket's bound as it is written, and its example, where it has one.
    pub(super) fn exemplars(&self) -> Vec<(String, Exemplar)> {
        let exemplars = lock(&self.exemplars).clone();
        let (_, _, buckets) = self.read();
        let bound = |bound: f64| {
            if bound == f64::MAX { "+Inf".to_owned() } else { format!("{bound:?}") }
        };
        let all = buckets.into_iter().zip(exemplars);
        all.filter_map(|((le, _), exemplar)| Some((bound(le), exemplar?))).collect()
    }

    /// Sum in seconds, count, and each bucket's bound with its own count.
    #[expect(clippy::cast_precision_loss, reason = "seconds for a graph")]
    pub(super) fn read(&self) -> (f64, u64, Vec<(f64, u64)>) {
        let counts: Vec<u64> = self.buckets.iter().map(Count::value).collect();
        let bound = |place: usize| {
            if place + 1 == Self::BUCKETS { f64::MAX } else { 0.01 * (1_u64 << place) as f64 }
        };
        let all = counts.iter().sum();
        let buckets = counts.iter().enumerate().map(|(place, n)| (bound(place), *n)).collect();
        (self.nanos.load(Ordering::Relaxed) as f64 / 1e9, all, buckets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_bound_belongs_to_its_bucket() {
        for (millis, place) in [
            (0, 0),
            (10, 0),
            (11, 1),
            (20, 1),
            (21, 2),
            (40, 2),
            (81_920, 13),
            (81_921, 14),
            (u64::MAX / 1_000_000, 14),
        ] {
            let histogram = Histogram::default();
            histogram.record(Duration::from_millis(millis), None);
            let (_, count, buckets) = histogram.read();
            assert_eq!((count, buckets[place].1), (1, 1), "{millis} ms");
        }
    }

    #[test]
    fn numbers_of_kinds_and_reasons_agree_with_their_names() {
        for (place, kind) in FailureKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
            assert_eq!(TargetSeries::outcome(place + 2), kind.as_str());
        }
        for (place, why) in TargetSeries::WHYS.into_iter().enumerate() {
            assert_eq!(why as usize, place);
        }
    }
}
