//! From incidents, cells and counts to findings: each thing once, by its best explanation.

mod late;
mod limits;
mod often;

use std::collections::BTreeMap;

use failsoft_journal::Name;
use failsoft_journal::page::{Page, Style, count, percent};
use failsoft_journal::words::{KINDS, say};

use crate::advice::{Known, Trouble};
use crate::cells::Side;
use crate::finding::{Figures, Finding, What};
use crate::pattern::{CHANCE, Pattern};
use crate::report::FailureRow;
use crate::spans::{IncidentRow, SlowSpell};

/// Single outages told as findings, the worst; the list of incidents has them all.
const OUTAGES: usize = 20;
const HOUR: i64 = 3_600_000;

/// All that findings are made from.
pub(crate) struct Evidence<'a> {
    pub(crate) known: Known<'a>,
    pub(crate) rows: &'a [IncidentRow],
    pub(crate) spells: &'a [SlowSpell],
    pub(crate) patterns: &'a [Pattern],
    pub(crate) slow_patterns: &'a [Pattern],
    pub(crate) failures: &'a [FailureRow],
    pub(crate) calls: u64,
}

impl Evidence<'_> {
    /// All findings, those that lost calls first.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut explained = vec![false; self.rows.len()];
        let mut findings = self.patterns(&mut explained);
        findings.extend(self.provider_outages(&mut explained));
        findings.extend(self.outages(&explained));
        findings.extend(self.spells.iter().map(|spell| self.spell(spell)));
        findings.extend(self.slow_patterns());
        findings.extend(self.slow_tails());
        findings.extend(self.often());
        findings.extend(self.flaps());
        findings.extend(self.budgets());
        findings.extend(self.quotas());
        findings.sort_by(|one, other| {
            let weight = |finding: &Finding| (finding.figures.lost, finding.figures.observed);
            weight(other).cmp(&weight(one)).then(one.what.cmp(&other.what))
        });
        findings
    }

    fn patterns(&self, explained: &mut [bool]) -> Vec<Finding> {
        let mut by_key: BTreeMap<(&Name, String), (Vec<&Pattern>, u64)> = BTreeMap::new();
        let mut findings = Vec::new();
        for pattern in self.patterns {
            let mut lost = 0;
            for (row, explained) in self.rows.iter().zip(explained.iter_mut()) {
                if explains(pattern, row) {
                    *explained = true;
                    lost += row.lost;
                }
            }
            if pattern.side == Side::Key {
                let (same, sum) = by_key.entry((&pattern.kind, pattern.place())).or_default();
                same.push(pattern);
                *sum += lost;
            } else {
                findings.push(self.gathering(pattern, lost));
            }
        }
        let keys = by_key.into_iter();
        findings.extend(keys.map(|((_, place), (same, lost))| self.key(&place, &same, lost)));
        findings
    }

    fn gathering(&self, pattern: &Pattern, lost: u64) -> Finding {
        let trouble = Trouble {
            target: &pattern.target,
            kind: &pattern.kind,
            failures: pattern.count.failures as u64,
            lost,
        };
        let mut proposals = self.known.against(trouble);
        if pattern.side == Side::Minutes {
            proposals.splice(0..0, self.known.spread(trouble));
        }
        let place = pattern.place();
        let says = format!(
            "{}: {}, {place}: {} of {} attempts there ({}), {} in the others",
            pattern.target,
            say(KINDS, &pattern.kind),
            count(pattern.count.failures as u64),
            count(pattern.count.attempts as u64),
            percent(pattern.count.share()),
            percent(pattern.others),
        );
        let figures = Figures { lost, ..figures(pattern) };
        Finding { place, proposals, figures, ..finding(What::Gathering, pattern, says) }
    }

    fn key(&self, place: &str, same: &[&Pattern], lost: u64) -> Finding {
        let first = same[0];
        let failures: f64 = same.iter().map(|pattern| pattern.count.failures).sum();
        let attempts: f64 = same.iter().map(|pattern| pattern.count.attempts).sum();
        let mut targets: Vec<&str> = same.iter().map(|pattern| &*pattern.target).collect();
        targets.dedup();
        let target = targets.join(", ");
        let says = format!(
            "{place} of {}: {}, {} of its {} attempts at {target} ({}), {} with other keys",
            self.known.scene.provider_of(&first.target),
            say(KINDS, &first.kind),
            count(failures as u64),
            count(attempts as u64),
            percent(failures / attempts.max(1.0)),
            percent(first.others),
        );
        let trouble =
            Trouble { target: &first.target, kind: &first.kind, failures: failures as u64, lost };
        let mut proposals = self.known.against(trouble);
        if first.kind.as_ref() == "rate_limited" {
            proposals.push(self.known.keys(trouble));
        }
        let figures = Figures {
            observed: failures as u64,
            among: attempts as u64,
            share: Some(failures / attempts.max(1.0)),
            lost,
            ..figures(first)
        };
        let since = same.iter().map(|pattern| pattern.first_hour).min().unwrap_or(0) * HOUR;
        let until = same.iter().map(|pattern| pattern.last_hour + 1).max().unwrap_or(0) * HOUR;
        Finding {
            target,
            place: place.to_owned(),
            proposals,
            figures,
            since_unix_ms: Some(self.exact(first, since, |row| row.since_unix_ms)),
            until_unix_ms: Some(self.exact(first, until, |row| row.until_unix_ms)),
            ..finding(What::Key, first, says)
        }
    }

    /// The edge of an incident of the same target and kind, where there is one within an hour.
    fn exact(&self, pattern: &Pattern, edge: i64, of: fn(&IncidentRow) -> i64) -> i64 {
        let same = |row: &&IncidentRow| row.target == *pattern.target && row.kind == *pattern.kind;
        let near = self.rows.iter().filter(same).map(of).find(|at| (at - edge).abs() <= HOUR);
        near.unwrap_or(edge)
    }

    fn provider_outages(&self, explained: &mut [bool]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for index in 0..self.rows.len() {
            if explained[index] {
                continue;
            }
            let row = &self.rows[index];
            let provider = self.known.scene.provider_of(&row.target);
            let mut members: Vec<usize> = (0..self.rows.len())
                .filter(|other| {
                    let other_row = &self.rows[*other];
                    !explained[*other]
                        && other_row.kind == row.kind
                        && self.known.scene.provider_of(&other_row.target) == provider
                        && other_row.meets(row)
                })
                .collect();
            let mut targets: Vec<&str> =
                members.iter().map(|member| self.rows[*member].target.as_str()).collect();
            targets.sort_unstable();
            targets.dedup();
            let all = self.known.scene.targets.values().filter(|seen| seen.provider == provider);
            let all = all.count();
            if targets.len() < 2 || targets.len() * 2 <= all {
                continue;
            }
            members.iter().for_each(|member| explained[*member] = true);
            members.sort_unstable();
            findings.push(self.provider_outage(&provider, &members, (targets.len(), all)));
        }
        findings
    }

    fn provider_outage(&self, provider: &str, members: &[usize], of: (usize, usize)) -> Finding {
        let rows = || members.iter().map(|member| &self.rows[*member]);
        let since = rows().map(|row| row.since_unix_ms).min().unwrap_or(0);
        let until = rows().map(|row| row.until_unix_ms).max().unwrap_or(0);
        let failures = rows().map(|row| row.failures).sum();
        let attempts = rows().map(|row| row.attempts).sum();
        let lost = rows().map(|row| row.lost).sum();
        let kind = &self.rows[members[0]].kind;
        let says = format!(
            "{provider}, {} of its {} targets at once: {}, {}, {} failed attempts, {} calls lost",
            of.0,
            of.1,
            say(KINDS, kind),
            when(since, until),
            count(failures),
            count(lost),
        );
        let worst = rows().max_by_key(|row| row.failures).map_or("", |row| row.target.as_str());
        Finding {
            what: What::ProviderOutage,
            target: provider.to_owned(),
            kind: kind.clone(),
            place: "all targets of the provider entry".to_owned(),
            since_unix_ms: Some(since),
            until_unix_ms: Some(until),
            says,
            figures: incident_figures(failures, attempts, lost),
            proposals: self.known.against(Trouble { target: worst, kind, failures, lost }),
        }
    }

    fn outages(&self, explained: &[bool]) -> Vec<Finding> {
        let mut rows: Vec<&IncidentRow> = self
            .rows
            .iter()
            .zip(explained)
            .filter_map(|(row, explained)| (!explained).then_some(row))
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.lost, row.failures)));
        rows.into_iter().take(OUTAGES).map(|row| self.outage(row)).collect()
    }

    fn outage(&self, row: &IncidentRow) -> Finding {
        let kinds: Vec<&str> = row.kinds.iter().map(|kind| say(KINDS, &kind.kind)).collect();
        let says = format!(
            "{}: {}, {}, {} of {} attempts failed, {} calls lost{}",
            row.target,
            kinds.join(" and "),
            when(row.since_unix_ms, row.until_unix_ms),
            count(row.failures),
            count(row.attempts),
            count(row.lost),
            if row.open { ", not over yet" } else { "" },
        );
        let (failures, lost) = (row.failures, row.lost);
        let trouble = Trouble { target: &row.target, kind: &row.kind, failures, lost };
        Finding {
            what: What::Outage,
            target: row.target.clone(),
            kind: row.kind.clone(),
            place: String::new(),
            since_unix_ms: Some(row.since_unix_ms),
            until_unix_ms: Some(row.until_unix_ms),
            says,
            figures: incident_figures(failures, row.attempts, lost),
            proposals: self.known.against(trouble),
        }
    }
}

/// Whether a pattern says of an incident all there is to say.
fn explains(pattern: &Pattern, row: &IncidentRow) -> bool {
    let during = || {
        let (from, to) = (pattern.first_hour * HOUR, (pattern.last_hour + 1) * HOUR);
        from <= row.until_unix_ms && row.since_unix_ms <= to
    };
    let short = || row.until_unix_ms - row.since_unix_ms <= HOUR / 2;
    row.target == *pattern.target
        && row.kind == *pattern.kind
        && match pattern.side {
            Side::Minutes => short(),
            Side::HourOfDay | Side::Size | Side::Route | Side::Key | Side::Dialect => during(),
        }
}

fn finding(what: What, pattern: &Pattern, says: String) -> Finding {
    Finding {
        what,
        target: pattern.target.to_string(),
        kind: pattern.kind.to_string(),
        place: String::new(),
        since_unix_ms: Some(pattern.first_hour * HOUR),
        until_unix_ms: Some((pattern.last_hour + 1) * HOUR),
        says,
        figures: figures(pattern),
        proposals: Vec::new(),
    }
}

fn figures(pattern: &Pattern) -> Figures {
    Figures {
        observed: pattern.count.failures as u64,
        among: pattern.count.attempts as u64,
        share: Some(pattern.count.share()),
        baseline: Some(pattern.count.baseline()),
        p: Some(pattern.chance),
        threshold: Some(CHANCE / pattern.tested.max(1) as f64),
        test: Some(format!(
            "one-sided binomial against the target's other attempts of the same hours, Bonferroni \
             over {} cells",
            pattern.tested
        )),
        lost: 0,
    }
}

fn incident_figures(failures: u64, attempts: u64, lost: u64) -> Figures {
    Figures {
        observed: failures,
        among: attempts,
        share: (attempts > 0).then(|| failures as f64 / attempts as f64),
        threshold: Some(1e-6),
        test: Some("one-sided binomial against the target's own baseline".to_owned()),
        lost,
        ..Figures::default()
    }
}

/// A span in words; times of day are UTC, since they stand in texts that travel.
fn when(since_ms: i64, until_ms: i64) -> String {
    let page = Page::new(Style::Plain, 80);
    let (since, until) = (page.day_minute(since_ms), page.day_minute(until_ms));
    let until = if since.get(..5) == until.get(..5) { page.minute(until_ms) } else { until };
    format!("{since} to {until} UTC")
}

fn moment(at_ms: i64) -> String {
    format!("{} UTC", Page::new(Style::Plain, 80).day_minute(at_ms))
}
