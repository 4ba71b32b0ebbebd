//! Quantiles of durations in a few hundred bytes, off by a sixteenth at most.

use std::collections::BTreeMap;

/// Classes each doubling is divided into.
const PARTS: u64 = 8;

/// Durations in classes that grow with them; no class is kept that is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sketch {
    classes: BTreeMap<u16, u32>,
    count: u64,
}

impl Sketch {
    pub(crate) fn add(&mut self, nanos: u64) {
        *self.classes.entry(class(nanos / 1_000_000)).or_default() += 1;
        self.count += 1;
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// The duration, in milliseconds, below which so large a share of them lies.
    pub(crate) fn quantile(&self, share: f64) -> Option<f64> {
        let rank = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let class = self.classes.iter().find(|(_, count)| {
            seen += u64::from(**count);
            seen >= rank
        })?;
        Some(middle(*class.0))
    }
}

fn class(ms: u64) -> u16 {
    if ms < PARTS {
        return ms as u16;
    }
    let doublings = u64::from(ms.ilog2() - PARTS.ilog2());
    (doublings * PARTS + (ms >> doublings)) as u16
}

fn middle(class: u16) -> f64 {
    let class = u64::from(class);
    if class < PARTS {
        return class as f64;
    }
    let doublings = class / PARTS - 1;
    let low = (class - doublings * PARTS) << doublings;
    low as f64 + ((1_u64 << doublings) as f64) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_is_off_by_a_sixteenth_at_most() {
        for ms in [1, 7, 8, 9, 100, 1_023, 1_024, 54_321, 10_000_000] {
            let told = middle(class(ms));
            assert!((told - ms as f64).abs() <= ms as f64 / 15.0 + 0.5, "{ms} told as {told}");
        }
        let mut sketch = Sketch::default();
        (1..=1_000).for_each(|ms| sketch.add(ms * 1_000_000));
        let median = sketch.quantile(0.5).unwrap();
        assert!((median - 500.0).abs() < 35.0, "{median}");
        assert_eq!(Sketch::default().quantile(0.5), None);
    }
}
