//! What came to its limits: breakers that flap, budgets that ran dry, keys near their quota.

use failsoft_journal::Name;
use failsoft_journal::page::{count, percent};

use super::{Evidence, HOUR, moment};
use crate::advice::{Trouble, larger_budget, steadier};
use crate::finding::{Figures, Finding, What};

/// Openings of a closed breaker within an hour that are too many.
const OPENINGS: u64 = 4;
/// Of a key's attempts, refused as too many.
const NEAR: f64 = 0.05;

impl Evidence<'_> {
    pub(super) fn flaps(&self) -> Vec<Finding> {
        let breakers = &self.known.scene.breakers;
        let often = breakers.iter().filter(|(_, seen)| seen.most >= OPENINGS);
        often
            .map(|(target, seen)| Finding {
                what: What::BreakerFlaps,
                target: target.to_string(),
                kind: String::new(),
                place: String::new(),
                since_unix_ms: Some(seen.at_ms),
                until_unix_ms: Some(seen.at_ms.saturating_add(HOUR)),
                says: format!(
                    "{target}: its breaker closed and opened again, {} times within the hour \
                     after {}",
                    seen.most,
                    moment(seen.at_ms),
                ),
                figures: Figures { observed: seen.most, ..Figures::default() },
                proposals: vec![steadier(target, seen.most)],
            })
            .collect()
    }

    pub(super) fn budgets(&self) -> Vec<Finding> {
        let dry = self.known.scene.budget_dry.iter();
        dry.filter(|(_, refused)| **refused >= 10 && **refused * 1_000 >= self.calls)
            .map(|(why, refused)| Finding {
                what: What::BudgetDry,
                target: String::new(),
                kind: why.to_string(),
                place: String::new(),
                since_unix_ms: None,
                until_unix_ms: None,
                says: format!(
                    "the budget for {why} ran dry: {} attempts of {} calls were not made",
                    count(*refused),
                    count(self.calls),
                ),
                figures: Figures { observed: *refused, among: self.calls, ..Figures::default() },
                proposals: larger_budget(why, *refused, self.calls).into_iter().collect(),
            })
            .collect()
    }

    pub(super) fn quotas(&self) -> Vec<Finding> {
        let scene = self.known.scene;
        let told = |provider: &Name| {
            self.patterns.iter().any(|pattern| {
                &*pattern.kind == "rate_limited" && scene.provider_of(&pattern.target) == *provider
            })
        };
        let mut findings = Vec::new();
        for ((provider, key), seen) in
            scene.keys.iter().filter(|((provider, _), _)| !told(provider))
        {
            let refused = seen.limited + seen.barred;
            let share = refused as f64 / (seen.attempts + seen.barred).max(1) as f64;
            if refused < 20 || share < NEAR {
                continue;
            }
            let of_provider = scene.targets.iter().find(|(_, seen)| seen.provider == *provider);
            let target = of_provider.map_or("", |(name, _)| name);
            let trouble = Trouble { target, kind: "rate_limited", failures: refused, lost: 0 };
            findings.push(Finding {
                what: What::NearQuota,
                target: provider.to_string(),
                kind: "rate_limited".to_owned(),
                place: format!("key {key}"),
                since_unix_ms: None,
                until_unix_ms: None,
                says: format!(
                    "key {key} of {provider} is near its limits: {} of {} attempts ({}) were \
                     refused as too many or held back",
                    count(refused),
                    count(seen.attempts + seen.barred),
                    percent(share),
                ),
                figures: Figures {
                    observed: refused,
                    among: seen.attempts + seen.barred,
                    share: Some(share),
                    baseline: Some(NEAR),
                    ..Figures::default()
                },
                proposals: self
                    .known
                    .quota(trouble)
                    .into_iter()
                    .chain([self.known.keys(trouble)])
                    .collect(),
            });
        }
        findings
    }
}
