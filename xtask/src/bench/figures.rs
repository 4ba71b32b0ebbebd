//! Numbers from rounds: medians over them, quantiles inside them.

use std::time::Duration;

/// What one round of one subject showed.
#[derive(Clone, Debug, Default)]
pub(super) struct Round {
    pub(super) calls_per_second: f64,
    pub(super) cpu_per_call: f64,
    pub(super) events_per_second: f64,
    pub(super) cpu_per_event: f64,
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) resident: f64,
    /// Of an event on its way, in microseconds.
    pub(super) event_p50: f64,
    pub(super) event_p99: f64,
    /// Until a client that left is noticed, in microseconds.
    pub(super) left_p50: f64,
    pub(super) left_most: f64,
}

/// The median of a figure over rounds.
pub(super) fn median(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(figure).collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

/// A quantile in microseconds; sorts the values.
pub(super) fn quantile(values: &mut [Duration], share: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a list of at most some millions"
    )]
    let at = ((values.len() - 1) as f64 * share).round() as usize;
    values[at].as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        let rounds = [3.0, 1.0, 2.0].map(|p50| Round { p50, ..Round::default() });
        assert!((median(&rounds, |round| round.p50) - 2.0).abs() < 1e-9);
        assert!((median(&rounds[..2], |round| round.p50) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn quantiles_are_values_that_came() {
        let mut values: Vec<_> = (1..=100).rev().map(Duration::from_micros).collect();
        assert!((quantile(&mut values, 0.99) - 99.0).abs() < 1e-9);
        assert!((quantile(&mut values, 0.0) - 1.0).abs() < 1e-9);
    }
}
