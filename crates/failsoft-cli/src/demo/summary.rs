//! The summary: two columns for people, one document for machines.

use std::fmt::Write as _;
use std::time::Duration;

use failsoft_journal::Story;
use serde_json::{Value, json};

use super::script::{SHORTENED, Shortened, Spell};
use super::tally::{Side, Sums, Tally};

/// All that was measured.
pub(crate) struct Summary {
    pub(crate) length: Duration,
    pub(crate) ended: Ended,
    pub(crate) tally: Tally,
    /// Attempts the providers saw, by the side they came from.
    pub(crate) sent_straight: usize,
    pub(crate) sent_by_failsoft: usize,
    pub(crate) story: Option<Story>,
}

/// How the run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Played,
    /// Somebody pressed ctrl-C.
    Interrupted,
}

const LABEL: usize = 27;
const COLUMN: usize = 25;

impl Summary {
    /// Two columns, and how they came about.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        if self.ended == Ended::Interrupted {
            out.push_str("  Stopped early; this is what was seen so far.\n\n");
        }
        let sides = [Side::Straight, Side::Failsoft];
        let whole = sides.map(|side| self.tally.sums(side, None));
        let mut line = |label: &str, [straight, failsoft]: [String; 2]| {
            let _ = writeln!(out, "  {label:<LABEL$}{straight:>COLUMN$}{failsoft:>COLUMN$}");
        };
        line("", ["straight to the provider".to_owned(), "through failsoft".to_owned()]);
        line("calls", whole.each_ref().map(|sums| sums.calls.to_string()));
        line("answered", whole.each_ref().map(answered));
        line("errors shown to users", whole.each_ref().map(|sums| sums.errors().to_string()));
        line("first words, p50", whole.each_ref().map(|sums| seconds(sums.first_words(0.5))));
        line("             p99", whole.each_ref().map(|sums| seconds(sums.first_words(0.99))));
        for spell in Spell::TROUBLED {
            let of = sides.map(|side| self.tally.sums(side, Some(spell)));
            let label = format!("  p50 in the {}", noun(spell));
            line(&label, of.each_ref().map(|sums| seconds(sums.first_words(0.5))));
        }
        line("whole answer, p50", whole.each_ref().map(|sums| seconds(sums.total(0.5))));
        line("              p99", whole.each_ref().map(|sums| seconds(sums.total(0.99))));
        let sent = [self.sent_straight, self.sent_by_failsoft];
        line("calls sent to providers", sent.map(|sent| sent.to_string()));
        let _ = write!(out, "\n{}", self.notes());
        out
    }

    /// What the errors were, how it was measured, and what was made shorter than in life.
    fn notes(&self) -> String {
        let mut notes = String::new();
        for (side, words) in [(Side::Straight, "straight"), (Side::Failsoft, "through failsoft")] {
            let errors = self.tally.errors(side);
            let kinds: Vec<_> =
                errors.iter().map(|(what, count)| format!("{count} × {what}")).collect();
            if !kinds.is_empty() {
                let _ = writeln!(notes, "  Errors {words}: {}.", kinds.join(", "));
            }
        }
        notes.push_str(
            "  Measured just now: the same questions at the same moments on both sides, half
  of them streamed, half in each of two dialects; times are of answered calls.
  Clients of both behave as the official SDKs: two retries, Retry-After kept.
  Shortened, as the demo is (usual values in brackets):\n",
        );
        for Shortened { what, here, usual } in SHORTENED {
            let _ = writeln!(notes, "    {what}: {here} ({usual})");
        }
        notes
    }

    /// One document.
    pub(crate) fn json(&self) -> Value {
        let spells: Vec<_> = Spell::TROUBLED
            .into_iter()
            .map(|spell| {
                json!({
                    "spell": spell.as_str(),
                    "straight": sums(&self.tally.sums(Side::Straight, Some(spell))),
                    "failsoft": sums(&self.tally.sums(Side::Failsoft, Some(spell))),
                })
            })
            .collect();
        let side = |side, sent: usize| {
            let errors: serde_json::Map<_, _> = self
                .tally
                .errors(side)
                .into_iter()
                .map(|(what, count)| (what, Value::from(count)))
                .collect();
            let mut told = sums(&self.tally.sums(side, None));
            told["errors_by_kind"] = Value::Object(errors);
            told["calls_sent_to_providers"] = sent.into();
            told
        };
        let shortened = SHORTENED.map(
            |Shortened { what, here, usual }| json!({"what": what, "here": here, "usual": usual}),
        );
        json!({
            "seconds": self.length.as_secs(),
            "interrupted": self.ended == Ended::Interrupted,
            "straight": side(Side::Straight, self.sent_straight),
            "failsoft": side(Side::Failsoft, self.sent_by_failsoft),
            "spells": spells,
            "shortened": shortened,
            "most_eventful_call": self.story,
        })
    }
}

fn sums(sums: &Sums) -> Value {
    let millis = |time: Option<Duration>| time.map(|time| time.as_millis() as u64);
    json!({
        "calls": sums.calls,
        "answered": sums.answered,
        "errors": sums.errors(),
        "first_words_ms": {"p50": millis(sums.first_words(0.5)), "p99": millis(sums.first_words(0.99))},
        "total_ms": {"p50": millis(sums.total(0.5)), "p99": millis(sums.total(0.99))},
    })
}

fn answered(sums: &Sums) -> String {
    if sums.calls == 0 {
        return "0".to_owned();
    }
    let percent = sums.answered as f64 * 100.0 / sums.calls as f64;
    format!("{} ({percent:.1} %)", sums.answered)
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or("–".to_owned(), |time| format!("{:.2} s", time.as_secs_f64()))
}

const fn noun(spell: Spell) -> &'static str {
    match spell {
        Spell::Healthy => "healthy time",
        Spell::Outage => "outage",
        Spell::RateLimit => "rate limit",
        Spell::Slow => "slow spell",
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::{Heard, Reply};
    use super::super::tally::Row;
    use super::*;

    #[test]
    fn the_summary_fits_a_terminal_of_eighty_columns_and_tells_both_sides() {
        let row = |side, heard| Row {
            side,
            spell: Spell::Outage,
            reply: Reply { heard, call: None, attempts: 0 },
        };
        let took = Duration::from_millis(1234);
        let answer = Heard::Answer { first_words: took / 2, total: took };
        let summary = Summary {
            length: Duration::from_secs(30),
            ended: Ended::Interrupted,
            tally: Tally(vec![
                row(Side::Straight, Heard::Error("HTTP 503".to_owned())),
                row(Side::Failsoft, answer),
            ]),
            sent_straight: 3,
            sent_by_failsoft: 2,
            story: None,
        };
        let text = summary.text();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        for told in ["Stopped early", "0 (0.0 %)", "1 (100.0 %)", "1 × HTTP 503", "1.23 s"] {
            assert!(text.contains(told), "{told}: {text}");
        }
        let json = summary.json();
        assert_eq!(json["straight"]["errors_by_kind"]["HTTP 503"], 1);
        assert_eq!(json["failsoft"]["total_ms"]["p99"], 1234);
        assert_eq!(json["interrupted"], true);
    }
}
