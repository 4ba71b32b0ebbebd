//! First contents that came late: for a while, in some calls, or again and again.

use failsoft_journal::page::{count, percent};

use super::{Evidence, finding, incident_figures, when};
use crate::advice::Trouble;
use crate::chance::at_least;
use crate::finding::{Figures, Finding, What};
use crate::pattern::{CHANCE, Pattern};
use crate::size;
use crate::spans::SlowSpell;

/// The share of late first contents that a target without troubles stays below, and the one that
/// is worth telling.
const USUALLY_LATE: f64 = 0.01;
const OFTEN_LATE: f64 = 0.03;

impl Evidence<'_> {
    pub(super) fn spell(&self, spell: &SlowSpell) -> Finding {
        let incident = &spell.incident;
        let from = spell.sizes.first().copied().unwrap_or(0);
        // Longer prompts that nobody sent would hardly have been quicker.
        let to = spell.sizes.last().copied().unwrap_or(0);
        let to = if self.has_longer(&spell.target, to) { to } else { size::LAST };
        let place = size::said(from, to);
        let says = format!(
            "{}: late first content for {place}, {}, {} of {} came after more than 4 times the \
             usual",
            spell.target,
            when(incident.since_ms, incident.until_ms),
            count(incident.failures),
            count(incident.attempts),
        );
        let trouble = Trouble {
            target: &spell.target,
            kind: "slow",
            failures: incident.failures,
            lost: incident.lost,
        };
        let hedge = self.known.hedge(trouble);
        let patience = self.known.patience(trouble, &spell.sizes);
        Finding {
            what: What::SlowSpell,
            target: spell.target.to_string(),
            kind: "slow".to_owned(),
            place,
            since_unix_ms: Some(incident.since_ms),
            until_unix_ms: Some(incident.until_ms),
            says,
            figures: incident_figures(incident.failures, incident.attempts, incident.lost),
            proposals: patience.into_iter().chain(hedge).collect(),
        }
    }

    fn has_longer(&self, target: &str, class: u8) -> bool {
        let longer: Vec<u8> = (class + 1..=size::LAST).collect();
        self.known.usual.of(target, &longer, 0.5).is_some()
    }

    pub(super) fn slow_patterns(&self) -> Vec<Finding> {
        let told =
            |pattern: &Pattern| self.spells.iter().any(|spell| spell.target == pattern.target);
        let untold = self.slow_patterns.iter().filter(|pattern| !told(pattern));
        untold.map(|pattern| self.slow_gathering(pattern)).collect()
    }

    fn slow_gathering(&self, pattern: &Pattern) -> Finding {
        let place = pattern.place();
        let failures = pattern.count.failures as u64;
        let says = format!(
            "{}: late first content, {place}: {} of {} ({}), {} in the others",
            pattern.target,
            count(failures),
            count(pattern.count.attempts as u64),
            percent(pattern.count.share()),
            percent(pattern.others),
        );
        let trouble = Trouble { target: &pattern.target, kind: "slow", failures, lost: 0 };
        let proposals = self.known.hedge(trouble).into_iter().collect();
        Finding { place, proposals, ..finding(What::Gathering, pattern, says) }
    }

    pub(super) fn slow_tails(&self) -> Vec<Finding> {
        let targets = &self.known.scene.targets;
        let mut findings = Vec::new();
        for (target, seen) in targets {
            let share = seen.late as f64 / seen.judged.max(1) as f64;
            let chance = at_least(seen.late, seen.judged, USUALLY_LATE);
            let told = self.spells.iter().any(|spell| spell.target == *target)
                || self.slow_patterns.iter().any(|pattern| pattern.target == *target);
            if told || share < OFTEN_LATE || chance * targets.len() as f64 > CHANCE {
                continue;
            }
            let says = format!(
                "{target}: {} of {} first contents ({}) came after more than 4 times the usual",
                count(seen.late),
                count(seen.judged),
                percent(share),
            );
            let trouble = Trouble { target, kind: "slow", failures: seen.late, lost: 0 };
            findings.push(Finding {
                what: What::SlowTail,
                target: target.to_string(),
                kind: "slow".to_owned(),
                place: String::new(),
                since_unix_ms: None,
                until_unix_ms: None,
                says,
                figures: Figures {
                    observed: seen.late,
                    among: seen.judged,
                    share: Some(share),
                    baseline: Some(USUALLY_LATE),
                    p: Some(chance),
                    threshold: Some(CHANCE / targets.len() as f64),
                    test: Some(format!(
                        "one-sided binomial, Bonferroni over {} targets",
                        targets.len()
                    )),
                    lost: 0,
                },
                proposals: self.known.hedge(trouble).into_iter().collect(),
            });
        }
        findings
    }
}
