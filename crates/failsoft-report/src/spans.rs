//! Incidents as they are told: kinds at one target at the same time together.

use std::collections::BTreeMap;

use failsoft_journal::page::rfc3339;
use failsoft_journal::{Name, Recorded};
use serde::Serialize;

use crate::incident::{Incident, Incidents, Sighting, Turn};
use crate::size::Size;

/// Incidents kept, the last ones.
const KEPT: usize = 1_000;
/// What follows another kind at the same target so soon is told together with it.
const TOGETHER_MS: i64 = 60_000;
/// Between a target and a class of prompts, in a name that no target has.
const BESIDE: char = '\u{1f}';

/// A time in which failures stood out at a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IncidentRow {
    /// The target.
    pub target: String,
    /// The kind of failure, of several the most frequent.
    pub kind: String,
    /// All kinds that stood out meanwhile, the most frequent first.
    pub kinds: Vec<KindRow>,
    /// The first failure, as RFC 3339 in UTC.
    pub since: String,
    /// The last failure.
    pub until: String,
    /// The first failure in milliseconds since 1970.
    pub since_unix_ms: i64,
    /// The last failure in milliseconds since 1970.
    pub until_unix_ms: i64,
    /// Failed attempts.
    pub failures: u64,
    /// All attempts at the target meanwhile.
    pub attempts: u64,
    /// Calls that got no real answer.
    pub lost: u64,
    /// Whether it was not over at the end of the time looked at.
    pub open: bool,
}

/// One kind in an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KindRow {
    /// The kind.
    pub kind: String,
    /// Failed attempts of it.
    pub failures: u64,
}

/// A time in which first contents came late.
#[derive(Clone, Debug)]
pub(crate) struct SlowSpell {
    pub(crate) target: Name,
    /// Classes of prompts, in order.
    pub(crate) sizes: Vec<u8>,
    pub(crate) incident: Incident,
}

/// Incidents in the making.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    failing: Incidents,
    slow: Incidents,
    over: Vec<Incident>,
    slow_over: Vec<Incident>,
}

impl Spans {
    pub(crate) fn call(&mut self, recorded: &Recorded) {
        for seen in Sighting::of(recorded) {
            let turns = self.failing.observe(&seen);
            keep(turns, &mut self.over);
        }
    }

    pub(crate) fn first_content(&mut self, seen: Sighting, size: Size) {
        let target = Name::from(format!("{}{BESIDE}{}", seen.target, size.class()));
        let turns = self.slow.observe(&Sighting { target, ..seen });
        keep(turns, &mut self.slow_over);
    }

    /// All incidents, and all slow spells, by their beginning.
    pub(crate) fn close(mut self, until_ms: i64) -> (Vec<IncidentRow>, Vec<SlowSpell>) {
        keep(self.failing.pass(until_ms), &mut self.over);
        keep(self.slow.pass(until_ms), &mut self.slow_over);
        let over = self.over.into_iter().map(|incident| (incident, false));
        let open = self.failing.open().cloned().map(|incident| (incident, true));
        let rows = together(over.chain(open).collect());
        self.slow_over.extend(self.slow.open().cloned());
        (rows, spells(self.slow_over))
    }
}

fn keep(turns: Vec<Turn>, over: &mut Vec<Incident>) {
    for turn in turns {
        if let Turn::Closed(incident) = turn {
            if over.len() == KEPT {
                over.remove(0);
            }
            over.push(incident);
        }
    }
}

fn together(mut incidents: Vec<(Incident, bool)>) -> Vec<IncidentRow> {
    incidents.sort_by(|(one, _), (other, _)| {
        (one.since_ms, &one.target, &one.kind).cmp(&(other.since_ms, &other.target, &other.kind))
    });
    let mut rows: Vec<IncidentRow> = Vec::new();
    for (incident, open) in incidents {
        let meanwhile = |row: &&mut IncidentRow| {
            row.target == *incident.target
                && incident.since_ms <= row.until_unix_ms.saturating_add(TOGETHER_MS)
        };
        match rows.iter_mut().rev().find(meanwhile) {
            Some(row) => row.add(&incident, open),
            None => rows.push(IncidentRow::new(&incident, open)),
        }
    }
    rows
}

/// Spells of several classes of prompts at one target at the same time are one.
fn spells(mut incidents: Vec<Incident>) -> Vec<SlowSpell> {
    incidents.sort_by_key(|incident| incident.since_ms);
    let mut spells: Vec<SlowSpell> = Vec::new();
    for incident in incidents {
        let Some((target, class)) = incident.target.split_once(BESIDE) else { continue };
        let class = class.parse().unwrap_or(0);
        let meanwhile = |spell: &&mut SlowSpell| {
            &*spell.target == target && incident.since_ms <= spell.incident.until_ms
        };
        if let Some(spell) = spells.iter_mut().rev().find(meanwhile) {
            spell.sizes.push(class);
            spell.sizes.sort_unstable();
            spell.sizes.dedup();
            let sum = &mut spell.incident;
            sum.until_ms = sum.until_ms.max(incident.until_ms);
            sum.failures += incident.failures;
            sum.attempts += incident.attempts;
            sum.lost += incident.lost;
        } else {
            spells.push(SlowSpell { target: target.into(), sizes: vec![class], incident });
        }
    }
    spells
}

impl IncidentRow {
    fn new(incident: &Incident, open: bool) -> Self {
        let kind = incident.kind.to_string();
        Self {
            target: incident.target.to_string(),
            kinds: vec![KindRow { kind: kind.clone(), failures: incident.failures }],
            kind,
            since: rfc3339(incident.since_ms),
            until: rfc3339(incident.until_ms),
            since_unix_ms: incident.since_ms,
            until_unix_ms: incident.until_ms,
            failures: incident.failures,
            attempts: incident.attempts,
            lost: incident.lost,
            open,
        }
    }

    fn add(&mut self, incident: &Incident, open: bool) {
        let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
        let told = self.kinds.drain(..).map(|row| (row.kind, row.failures));
        for (kind, failures) in told.chain([(incident.kind.to_string(), incident.failures)]) {
            *kinds.entry(kind).or_default() += failures;
        }
        self.kinds = kinds.into_iter().map(|(kind, failures)| KindRow { kind, failures }).collect();
        self.kinds.sort_by_key(|row| std::cmp::Reverse(row.failures));
        self.kind = self.kinds[0].kind.clone();
        // Kinds at the same time share their attempts; what comes after has its own.
        let after = incident.since_ms > self.until_unix_ms;
        self.failures += incident.failures;
        self.attempts = match after {
            true => self.attempts + incident.attempts,
            false => self.attempts.max(incident.attempts).max(self.failures),
        };
        self.until_unix_ms = self.until_unix_ms.max(incident.until_ms);
        self.until = rfc3339(self.until_unix_ms);
        self.lost += incident.lost;
        self.open |= open;
    }

    /// Whether it shares time with another, give or take some minutes.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let slack = 5 * TOGETHER_MS;
        self.since_unix_ms <= other.until_unix_ms.saturating_add(slack)
            && other.since_unix_ms <= self.until_unix_ms.saturating_add(slack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(kind: &str, (since_ms, until_ms): (i64, i64), failures: u64) -> (Incident, bool) {
        let (target, kind) = ("aurora/large".into(), kind.into());
        let attempts = failures;
        (Incident { target, kind, since_ms, until_ms, failures, attempts, lost: 0 }, false)
    }

    #[test]
    fn kinds_that_follow_each_other_count_their_attempts_together() {
        let rows = together(vec![
            incident("overloaded", (0, 300_000), 20),
            incident("timeout", (330_000, 600_000), 20),
        ]);
        assert_eq!((rows.len(), rows[0].failures, rows[0].attempts), (1, 40, 40));
    }
}
