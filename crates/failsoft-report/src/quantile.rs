//! Quantiles of many durations in little memory.

use serde::Serialize;

/// Parts each doubling is divided into: a quantile is off by less than one in this many.
const PARTS: u64 = 128;

/// Where so many percent of the durations lie below; `null` if there were none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many durations.
    pub count: u64,
    /// 50 percent.
    pub p50_ms: Option<f64>,
    /// 90 percent.
    pub p90_ms: Option<f64>,
    /// 99 percent.
    pub p99_ms: Option<f64>,
}

/// Durations, counted in classes that grow with them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    classes: Vec<u64>,
    count: u64,
}

impl Histogram {
    pub(crate) fn add(&mut self, nanos: u64) {
        let class = class(nanos / 1_000);
        if class >= self.classes.len() {
            self.classes.resize(class + 1, 0);
        }
        self.classes[class] += 1;
        self.count += 1;
    }

    pub(crate) fn quantiles(&self) -> Quantiles {
        let at = |percent| self.at(percent);
        Quantiles { count: self.count, p50_ms: at(50), p90_ms: at(90), p99_ms: at(99) }
    }

    fn at(&self, percent: u64) -> Option<f64> {
        let rank = (self.count * percent).div_ceil(100);
        let mut seen = 0;
        let class = self.classes.iter().position(|count| {
            seen += count;
            seen >= rank.max(1)
        })?;
        Some(middle(class) as f64 / 1_000.0)
    }
}

/// The class of a number of microseconds.
fn class(micros: u64) -> usize {
    if micros < PARTS {
        return micros as usize;
    }
    let doublings = u64::from(micros.ilog2() - PARTS.ilog2());
    ((doublings + 1) * PARTS + (micros >> doublings) - PARTS) as usize
}

/// The number in the middle of a class.
fn middle(class: usize) -> u64 {
    let class = class as u64;
    if class < PARTS {
        return class;
    }
    let doublings = class / PARTS - 1;
    let low = (class % PARTS + PARTS) << doublings;
    low + (1 << doublings) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_is_off_by_less_than_one_percent() {
        for shift in 0..50 {
            for add in [0_u64, 1, 3, 77] {
                let micros = (1_u64 << shift) + add;
                let told = middle(class(micros));
                assert!(told.abs_diff(micros) * 100 <= micros, "{micros} told as {told}");
            }
        }
    }

    #[test]
    fn quantiles_are_ranks() {
        let mut histogram = Histogram::default();
        for ms in 1..=100 {
            histogram.add(ms * 1_000_000);
        }
        let quantiles = histogram.quantiles();
        assert_eq!(quantiles.count, 100);
        for (told, ms) in
            [(quantiles.p50_ms, 50.0), (quantiles.p90_ms, 90.0), (quantiles.p99_ms, 99.0)]
        {
            assert!((told.unwrap() - ms).abs() < ms / 100.0, "{told:?} instead of {ms}");
        }
        assert_eq!(Histogram::default().quantiles(), Quantiles::default());
    }
}
