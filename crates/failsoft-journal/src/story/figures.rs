//! The figures a decision was made by, in words.

use serde::{Serialize, Serializer};

use crate::page::{count, dollars, span};
use crate::text;

/// Figures by name, in the order in which they were told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures(Vec<(String, u64)>);

/// What figures say together: their names, and a sentence with a place for each. The first of
/// those whose names are all there says it.
type Phrase = (&'static [&'static str], &'static str);

/// Those that hold most come first.
const PHRASES: &[Phrase] = &[
    (&["budget_left_milli", "budget_needed_milli"], "budget {} of {} needed"),
    (&["extras_in_flight", "extras_allowed"], "{} of {} such attempts on their way"),
    (&["needed_ms", "deadline_left_ms"], "needed {}, deadline in {}"),
    (&["wait_ms", "wait_allowed_ms"], "{}, at most {}"),
    (&["attempts_made", "attempts_allowed"], "{} of {} made"),
    (&["resumes_made", "resumes_allowed"], "{} of {} continuations made before"),
    (&["limit_in_use", "limit_allowed"], "holds {} of {}"),
    (&["limit_in_use"], "holds {}"),
    (&["requests_needed", "requests_left"], "{} request needed, {} left"),
    (&["tokens_needed", "tokens_left"], "{} tokens needed, {} left"),
    (&["prompt_tokens", "context_tokens"], "a prompt of about {} tokens, room for {}"),
    (&["prompt_tokens"], "a prompt of about {} tokens"),
    (&["failures_in_row", "failures_in_row_limit"], "{} failures in a row, {} open it"),
    (
        &["window_failed", "window_seen", "window_ms", "window_limit_milli"],
        "{} of {} failed in {}, {} open it",
    ),
    (&["unheard_sends", "silence_ms"], "{} sent without a sign of life for {}"),
    (&["probe_number"], "the breaker's probe, number {}"),
    (&["probes_passed", "probes_needed"], "{} of {} probes passed"),
    (&["probes_needed"], "{} probes must pass"),
    (&["waited_ms", "patience_ms"], "the other on its way for {}, late after {}"),
    (
        &["waited_ms", "hedge_delay_ms", "hedge_samples"],
        "the other on its way for {}, nearly all answers begin within {} (of {} seen)",
    ),
    (&["waited_ms"], "the other on its way for {}"),
    (&["backoff_number", "backoff_ms", "backoff_most_ms"], "back-off {}: {} of at most {}"),
    (&["asked_ms"], "asked for {}"),
    (&["assumed_ms"], "{} assumed"),
    (&["quota_left_milli"], "{} of its quota left"),
    (&["gate_left_ms"], "opens in {}"),
    (&["budget_left_milli"], "{} left in the budget"),
    (&["attempts_left"], "{} left after it"),
    (&["wait_allowed_ms"], "waits at most {}"),
    (&["deadline_left_ms"], "deadline in {}"),
    (&["targets_open", "targets_looked"], "{} of {} targets open"),
    (&["tier"], "tier {}"),
    (&["expected_first_content_ms"], "first content expected in {}"),
    (&["expected_cost_micros"], "expected to cost {}"),
    (&["opened_before"], "opened {} before"),
];

impl Figures {
    /// Reads `name=number` pairs; what is none is left out.
    pub(crate) fn read(text: &str) -> Self {
        let pairs = text.split(' ').filter_map(|pair| {
            let (name, number) = pair.split_once('=')?;
            Some((text::label(name, 60).into_owned(), number.parse().ok()?))
        });
        Self(pairs.take(32).collect())
    }

    /// The figures.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, figure)| (name.as_str(), *figure))
    }

    /// One of them.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<u64> {
        self.iter().find(|(known, _)| *known == name).map(|(_, figure)| figure)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Facts for people.
    pub(crate) fn said(&self) -> Vec<String> {
        let mut left: Vec<&str> = self.iter().map(|(name, _)| name).collect();
        let mut said = Vec::new();
        for (names, sentence) in PHRASES {
            if !names.iter().all(|name| left.contains(name)) {
                continue;
            }
            left.retain(|name| !names.contains(name));
            let mut pieces = sentence.split("{}");
            let mut words = pieces.next().unwrap_or_default().to_owned();
            for (name, piece) in names.iter().zip(pieces) {
                words.push_str(&in_words(name, self.of(name).unwrap_or_default()));
                words.push_str(piece);
            }
            said.push(words);
        }
        // Of a later version.
        said.extend(left.into_iter().map(|name| {
            format!("{} {}", name.replace('_', " "), count(self.of(name).unwrap_or_default()))
        }));
        said
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// A figure with its unit, as its name tells it.
fn in_words(name: &str, figure: u64) -> String {
    match name {
        // People count from one, and what is left is left after this one.
        "tier" => count(figure.saturating_add(1)),
        "attempts_left" => match figure.saturating_sub(1) {
            0 => "no attempt".to_owned(),
            1 => "1 attempt".to_owned(),
            many => format!("{} attempts", count(many)),
        },
        "opened_before" if figure == 1 => "once".to_owned(),
        "opened_before" => format!("{} times", count(figure)),
        "quota_left_milli" | "window_limit_milli" => {
            format!("{} %", thousandths(figure.saturating_mul(100)))
        }
        _ if name.ends_with("_ms") => span(figure as f64),
        _ if name.ends_with("_milli") => thousandths(figure),
        _ if name.ends_with("_micros") => dollars(figure.saturating_mul(1_000)),
        _ => count(figure),
    }
}

/// With no more digits than it has.
fn thousandths(figure: u64) -> String {
    let text = format!("{:.2}", figure as f64 / 1_000.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use failsoft_engine::Measure;

    use super::*;

    #[test]
    fn every_measure_has_words_and_no_word_is_for_none() {
        let names = Measure::ALL.map(Measure::as_str);
        for name in names {
            assert!(PHRASES.iter().any(|(of, _)| of.contains(&name)), "{name} has no words");
        }
        for (of, sentence) in PHRASES {
            assert!(of.iter().all(|name| names.contains(name)), "{of:?} are no measures");
            assert_eq!(sentence.matches("{}").count(), of.len(), "{sentence}");
        }
    }

    #[test]
    fn figures_are_said_as_people_say_them() {
        for (figures, said) in [
            ("budget_left_milli=400 budget_needed_milli=1000", "budget 0.4 of 1 needed"),
            ("needed_ms=8000 deadline_left_ms=5200", "needed 8.00 s, deadline in 5.20 s"),
            ("tier=0 attempts_left=3", "2 attempts left after it; tier 1"),
            ("attempts_left=2", "1 attempt left after it"),
            ("attempts_left=1", "no attempt left after it"),
            ("quota_left_milli=125", "12.5 % of its quota left"),
            ("expected_cost_micros=3100", "expected to cost $0.0031"),
            (
                "backoff_number=1 backoff_most_ms=500 backoff_ms=320",
                "back-off 1: 320 ms of at most 500 ms",
            ),
            ("asked_ms=2000", "asked for 2.00 s"),
            (
                "failures_in_row=3 failures_in_row_limit=5 window_failed=11 window_seen=20 window_limit_milli=500 window_ms=30000",
                "3 failures in a row, 5 open it; 11 of 20 failed in 30.0 s, 50 % open it",
            ),
            ("of_a_later_version=7 nonsense x=y", "of a later version 7"),
            ("quota_left_milli=18446744073709551615", "18446744073709552 % of its quota left"),
            ("", ""),
        ] {
            assert_eq!(Figures::read(figures).said().join("; "), said);
        }
    }
}
