//! What was counted up to now, as plain numbers: for figures over a stretch of time.

use std::array;
use std::ops::{AddAssign, Sub};

use super::series::{Histogram, RouteSeries, TargetSeries};
use super::{Metrics, lock};
use failsoft_engine::FailureKind;

/// Of a call's outcomes: served, resumed, degraded, failed, cancelled.
pub(crate) const VERDICTS: usize = RouteSeries::OUTCOMES.len();
/// Of an attempt's: succeeded, cancelled, and each kind of failure.
const OUTCOMES: usize = FailureKind::ALL.len() + 2;

/// What was counted, by name; in order of names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) routes: Vec<(String, RouteFigures)>,
    pub(crate) targets: Vec<(String, TargetFigures)>,
}

/// What calls of a route came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RouteFigures {
    pub(crate) calls: [u64; VERDICTS],
    pub(crate) first_content: Spread,
}

/// What attempts at a target came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TargetFigures {
    pub(crate) attempts: [u64; OUTCOMES],
    /// Attempts that were not the first of their call and succeeded.
    pub(crate) rescues: u64,
    /// Billionths of a US dollar that attempts without an answer cost, where prices are known.
    pub(crate) wasted_nanos: u64,
    pub(crate) first_content: Spread,
}

/// How often what took how long, by the buckets of a histogram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spread([u64; Histogram::BUCKETS]);

impl Metrics {
    /// Everything up to now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let register = lock(&self.register);
        let routes = register.routes.iter().map(|(name, series)| {
            let calls = array::from_fn(|place| series.calls[place].value());
            let figures = RouteFigures { calls, first_content: Spread::of(&series.first_content) };
            (name.clone(), figures)
        });
        let targets = register.targets.iter().map(|(name, series)| (name.clone(), target(series)));
        Snapshot { routes: routes.collect(), targets: targets.collect() }
    }
}

fn target(series: &TargetSeries) -> TargetFigures {
    let of_all = |outcome: usize| series.attempts.iter().map(|why| why[outcome].value()).sum();
    TargetFigures {
        attempts: array::from_fn(of_all),
        rescues: series.attempts.iter().skip(1).map(|why| why[0].value()).sum(),
        wasted_nanos: series.wasted[2].value(),
        first_content: Spread::of(&series.first_content),
    }
}

/// The name of an attempt's outcome, by its place in [`TargetFigures::attempts`].
pub(crate) fn outcome_name(place: usize) -> &'static str {
    TargetSeries::outcome(place)
}

impl Spread {
    fn of(histogram: &Histogram) -> Self {
        let (_, _, buckets) = histogram.read();
        Self(array::from_fn(|place| buckets.get(place).map_or(0, |(_, count)| *count)))
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Milliseconds that this share (thousandths) stayed below, read between a bucket's bounds as
    /// if its values lay evenly in it. Nothing beyond the last bound is made up.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub(crate) fn quantile(&self, milli: u64) -> Option<f64> {
        let all = self.count();
        if all == 0 {
            return None;
        }
        let wanted = (all as f64 * milli as f64 / 1000.0).max(1.0);
        let mut below = 0_u64;
        for (place, count) in self.0.iter().enumerate() {
            let reached = below + count;
            if *count > 0 && reached as f64 >= wanted {
                let upper = 10.0 * (1_u64 << place.min(Histogram::BUCKETS - 2)) as f64;
                let lower = if place == 0 { 0.0 } else { 10.0 * (1_u64 << (place - 1)) as f64 };
                let into = (wanted - below as f64) / *count as f64;
                return Some(lower + (upper - lower).max(0.0) * into);
            }
            below = reached;
        }
        None
    }
}

impl Sub for &RouteFigures {
    type Output = RouteFigures;

    fn sub(self, before: Self) -> RouteFigures {
        RouteFigures {
            calls: less(&self.calls, &before.calls),
            first_content: &self.first_content - &before.first_content,
        }
    }
}

impl AddAssign<&Self> for RouteFigures {
    fn add_assign(&mut self, more: &Self) {
        add(&mut self.calls, &more.calls);
        add(&mut self.first_content.0, &more.first_content.0);
    }
}

impl Sub for &TargetFigures {
    type Output = TargetFigures;

    fn sub(self, before: Self) -> TargetFigures {
        TargetFigures {
            attempts: less(&self.attempts, &before.attempts),
            rescues: self.rescues.saturating_sub(before.rescues),
            wasted_nanos: self.wasted_nanos.saturating_sub(before.wasted_nanos),
            first_content: &self.first_content - &before.first_content,
        }
    }
}

impl AddAssign<&Self> for TargetFigures {
    fn add_assign(&mut self, more: &Self) {
        add(&mut self.attempts, &more.attempts);
        self.rescues += more.rescues;
        self.wasted_nanos = self.wasted_nanos.saturating_add(more.wasted_nanos);
        add(&mut self.first_content.0, &more.first_content.0);
    }
}

impl Sub for &Spread {
    type Output = Spread;

    fn sub(self, before: Self) -> Spread {
        Spread(less(&self.0, &before.0))
    }
}

fn less<const N: usize>(now: &[u64; N], before: &[u64; N]) -> [u64; N] {
    array::from_fn(|place| now[place].saturating_sub(before[place]))
}

fn add<const N: usize>(sum: &mut [u64; N], more: &[u64; N]) {
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn quantiles_lie_in_the_bucket_of_the_value() {
        let histogram = Histogram::default();
        assert_eq!(Spread::of(&histogram).quantile(500), None);
        for millis in [15, 15, 15, 15, 15, 15, 15, 15, 15, 700] {
            histogram.record(Duration::from_millis(millis), None);
        }
        let spread = Spread::of(&histogram);
        let [half, most] = [500, 990].map(|milli| spread.quantile(milli).unwrap_or_default());
        assert!((10.0..20.0).contains(&half), "{half}");
        assert!((640.0..=1280.0).contains(&most), "{most}");
    }

    #[test]
    fn what_lies_beyond_the_last_bound_is_told_as_that_bound() {
        let histogram = Histogram::default();
        histogram.record(Duration::from_secs(500), None);
        assert_eq!(Spread::of(&histogram).quantile(990), Some(81_920.0));
    }
}
