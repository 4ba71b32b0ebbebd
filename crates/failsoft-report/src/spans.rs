//! Incidents as they are told: kinds at one target at the same time together.

use std::collections::BTreeMap;

use failsoft_journal::page::rfc3339;
use failsoft_journal::{Name, Recorded};
use serde::Serialize;

use crate::incident::{Incident, Incidents, Sighting, Turn};
use crate::size::Size;

/// Incidents kept, the last ones.
const KEPT: usize = 1_000;
/// Attempts kept back until calls that began later are known.
const AHEAD: usize = 100_000;
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
    failing: InOrder,
    slow: InOrder,
}

/// Incidents found in attempts by their ends, whether calls are read by their ends or by their
/// beginnings: an answer that takes long must not make its target's clock run ahead of the others.
#[derive(Debug, Default)]
struct InOrder {
    fold: Incidents,
    /// Attempts that ended later than the last known call began.
    ahead: BTreeMap<(i64, u64), Sighting>,
    added: u64,
    over: Vec<Incident>,
}

impl Spans {
    pub(crate) fn call(&mut self, recorded: &Recorded) {
        self.failing.until(recorded.call.started_ms);
        self.slow.until(recorded.call.started_ms);
        Sighting::of(recorded).for_each(|seen| self.failing.add(seen));
    }

    pub(crate) fn first_content(&mut self, seen: Sighting, size: Size) {
        let target = Name::from(format!("{}{BESIDE}{}", seen.target, size.class()));
        self.slow.add(Sighting { target, ..seen });
    }

    /// All incidents, and all slow spells, by their beginning.
    pub(crate) fn close(self, until_ms: i64) -> (Vec<IncidentRow>, Vec<SlowSpell>) {
        let (slow, slow_open) = self.slow.close(until_ms);
        let (over, open) = self.failing.close(until_ms);
        let told = |incidents: Vec<Incident>, open: bool| {
            incidents.into_iter().map(move |incident| (incident, open))
        };
        let rows = together(told(over, false).chain(told(open, true)).collect());
        (rows, spells(slow.into_iter().chain(slow_open).collect()))
    }
}

impl InOrder {
    fn add(&mut self, seen: Sighting) {
        self.added += 1;
        self.ahead.insert((seen.at_ms, self.added), seen);
        if self.ahead.len() > AHEAD {
            self.first();
        }
    }

    /// Nothing that is still to come began before this.
    fn until(&mut self, at_ms: i64) {
        while self.ahead.first_key_value().is_some_and(|((ended, _), _)| *ended <= at_ms) {
            self.first();
        }
    }

    fn first(&mut self) {
        if let Some((_, seen)) = self.ahead.pop_first() {
            let turns = self.fold.observe(&seen);
            self.keep(turns);
        }
    }

    /// Those that are over, and those that are not.
    fn close(mut self, until_ms: i64) -> (Vec<Incident>, Vec<Incident>) {
        self.until(i64::MAX);
        let turns = self.fold.pass(until_ms);
        self.keep(turns);
        let open = self.fold.open().cloned().collect();
        (self.over, open)
    }

    fn keep(&mut self, turns: Vec<Turn>) {
        for turn in turns {
            if let Turn::Closed(incident) = turn {
                if self.over.len() == KEPT {
                    self.over.remove(0);
                }
                self.over.push(incident);
            }
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
    #[test]
    fn attempts_are_kept_back_in_their_order_and_within_bounds() {
        let mut line = InOrder::default();
        let seen = |at_ms: i64| Sighting {
            at_ms,
            target: "aurora/large".into(),
            kind: Some("overloaded".into()),
            lost: false,
        };
        (0..5).rev().for_each(|second| line.add(seen(second * 1_000)));
        line.until(3_999);
        assert_eq!((line.ahead.len(), line.fold.open().count()), (1, 0));
        line.until(4_000);
        assert_eq!((line.ahead.len(), line.fold.open().count()), (0, 1));
        (0..AHEAD as i64 + 3).for_each(|at| line.add(seen(10_000 + at)));
        assert_eq!(line.ahead.len(), AHEAD);
    }
}
