//! Targets that fail often all the time: their own baseline hides what is usual there.

use failsoft_journal::page::{count, percent};
use failsoft_journal::words::{KINDS, say};

use super::Evidence;
use crate::advice::Trouble;
use crate::chance::at_least;
use crate::finding::{Figures, Finding, What};
use crate::pattern::CHANCE;

/// The share that no target should exceed for long, and the one that is worth telling.
const BEARABLE: f64 = 0.02;
const OFTEN: f64 = 0.1;
const FAILURES: u64 = 8;

impl Evidence<'_> {
    /// Kinds that make up much of what a target answers, incidents aside.
    pub(super) fn often(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for row in self.failures {
            let seen = self.known.scene.targets.get(row.target.as_str());
            let attempts = seen.map_or(0, |seen| seen.attempts);
            let here = self.rows.iter().filter(|incident| incident.target == row.target);
            let kinds = here.flat_map(|incident| &incident.kinds);
            let told = kinds.filter(|kind| kind.kind == row.kind).map(|kind| kind.failures);
            let failures = row.total.saturating_sub(told.sum());
            let share = failures as f64 / attempts.max(1) as f64;
            let chance = at_least(failures, attempts, BEARABLE);
            let explained = self
                .patterns
                .iter()
                .any(|pattern| *pattern.target == row.target && *pattern.kind == row.kind);
            let corrected = chance * self.failures.len() as f64;
            if !explained && failures >= FAILURES && share >= OFTEN && corrected <= CHANCE {
                let says = format!(
                    "{}: {}, {} of its {} attempts ({}), at all times",
                    row.target,
                    say(KINDS, &row.kind),
                    count(failures),
                    count(attempts),
                    percent(share),
                );
                let trouble = Trouble { target: &row.target, kind: &row.kind, failures, lost: 0 };
                findings.push(Finding {
                    what: What::OftenFails,
                    target: row.target.clone(),
                    kind: row.kind.clone(),
                    place: String::new(),
                    since_unix_ms: None,
                    until_unix_ms: None,
                    says,
                    figures: Figures {
                        observed: failures,
                        among: attempts,
                        share: Some(share),
                        baseline: Some(BEARABLE),
                        p: Some(chance),
                        threshold: Some(CHANCE / self.failures.len() as f64),
                        test: Some(format!(
                            "one-sided binomial, Bonferroni over {} targets and kinds",
                            self.failures.len()
                        )),
                        lost: 0,
                    },
                    proposals: self.known.against(trouble),
                });
            }
        }
        findings
    }
}
