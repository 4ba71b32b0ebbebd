//! One target: its baseline, its last hour, and what stands out there.

use std::collections::BTreeMap;

use failsoft_journal::Name;

use super::ring::{Past, Slot};
use super::{Incident, Sighting, Turn};
use crate::chance::at_least;

const MINUTE: i64 = 60_000;
/// Kinds watched at one target; more than there are.
const KINDS: usize = 32;
/// A chance below this is none.
const CHANCE: f64 = 1e-6;
/// A day counts half as much as the one after it.
const HALF_LIFE_MS: f64 = 86_400_000.0;
/// How many attempts the assumed baseline weighs.
const ASSUMED: f64 = 20.0;
/// The time `belongs` looks at.
const RECENT: i64 = MINUTE;
/// Attempts that must have ended otherwise before an incident is taken for over.
const OTHERS: u64 = 5;

/// What makes failures of a kind an incident.
struct Rule {
    /// Times looked at, the longest last.
    windows: &'static [i64],
    failures: u64,
    /// The least share, and how many times the baseline it must be.
    share: f64,
    times: f64,
    /// The share assumed before anything is known, as if seen in `ASSUMED` attempts.
    assumed: f64,
    /// Closed so long after its last failure if others succeeded, and at the latest.
    recovered: i64,
    quiet: i64,
}

const PASSING: Rule = Rule {
    windows: &[MINUTE, 15 * MINUTE],
    failures: 5,
    share: 0.2,
    times: 4.0,
    assumed: 0.05,
    recovered: 5 * MINUTE,
    quiet: 15 * MINUTE,
};

/// Kinds after which nobody is asked for minutes: a broken key in a pool fails once each time it
/// is tried again, and is hidden among the calls that others of the pool serve.
const STANDING: Rule = Rule {
    windows: &[60 * MINUTE],
    failures: 3,
    share: 0.0,
    times: 4.0,
    assumed: 0.000_1,
    recovered: 60 * MINUTE,
    quiet: 60 * MINUTE,
};

/// Late first contents, told by length of prompt, of which some come seldom.
const LATE: Rule = Rule {
    windows: &[15 * MINUTE, 60 * MINUTE],
    recovered: 15 * MINUTE,
    quiet: 60 * MINUTE,
    ..PASSING
};

/// One target.
#[derive(Debug, Default)]
pub(super) struct Watch {
    attempts: Past<u32>,
    known: Decaying,
    kinds: BTreeMap<Name, Kind>,
    clock_ms: i64,
}

/// Failures of one kind at it.
#[derive(Debug, Default)]
struct Kind {
    failures: Past<Failures>,
    known: Decaying,
    open: Option<Open>,
}

#[derive(Clone, Debug, Default)]
struct Failures {
    count: u32,
    lost: u32,
    first_ms: i64,
}

impl Slot for Failures {
    fn count(&self) -> u32 {
        self.count
    }
}

/// An incident, and what came after the last failure that belongs to it.
#[derive(Debug)]
struct Open {
    incident: Incident,
    failures: u64,
    lost: u64,
    others: u64,
}

impl Watch {
    pub(super) fn observe(&mut self, seen: &Sighting, turns: &mut Vec<Turn>) {
        let Some(kind) = &seen.kind else { return self.succeeded(seen.at_ms, 1, turns) };
        self.ended(seen.at_ms, 1, turns);
        let others = self.kinds.iter_mut().filter(|(other, _)| *other != kind);
        others.for_each(|(_, watched)| watched.others(1));
        if self.kinds.len() >= KINDS && !self.kinds.contains_key(kind) {
            return;
        }
        let watched = self.kinds.entry(kind.clone()).or_default();
        let here = Here { attempts: &self.attempts, known: self.known, now_ms: self.clock_ms };
        turns.extend(watched.failed(seen, &here, rule(kind)));
    }

    /// So many attempts succeeded.
    pub(super) fn succeeded(&mut self, at_ms: i64, attempts: u64, turns: &mut Vec<Turn>) {
        self.ended(at_ms, attempts, turns);
        self.kinds.values_mut().for_each(|watched| watched.others(attempts));
    }

    fn ended(&mut self, at_ms: i64, attempts: u64, turns: &mut Vec<Turn>) {
        self.pass(at_ms, turns);
        let counted = u32::try_from(attempts).unwrap_or(u32::MAX);
        let minute = self.attempts.add(at_ms, counted);
        minute.into_iter().for_each(|slot| *slot = slot.saturating_add(counted));
        self.known.add(at_ms, attempts);
    }

    /// Closes what has been over for long enough by now.
    pub(super) fn pass(&mut self, now_ms: i64, turns: &mut Vec<Turn>) {
        self.clock_ms = self.clock_ms.max(now_ms);
        for (kind, watched) in &mut self.kinds {
            let over = |open: &mut Open| open.is_over(self.clock_ms, rule(kind));
            if let Some(open) = watched.open.take_if(over) {
                // What is told of once must not vouch for a new one.
                watched.failures = Past::default();
                turns.push(Turn::Closed(open.incident));
            }
        }
    }

    pub(super) fn close_all(&mut self, turns: &mut Vec<Turn>) {
        let open = self.kinds.values_mut().filter_map(|watched| watched.open.take());
        turns.extend(open.map(|open| Turn::Closed(open.incident)));
    }

    pub(super) fn open(&self) -> impl Iterator<Item = &Incident> {
        self.kinds.values().filter_map(|watched| Some(&watched.open.as_ref()?.incident))
    }

    #[cfg(test)]
    pub(super) fn kinds(&self) -> usize {
        self.kinds.len()
    }

    /// The last moment something was seen.
    pub(super) const fn last_ms(&self) -> i64 {
        self.known.at_ms
    }
}

/// What a failure is seen against.
struct Here<'a> {
    attempts: &'a Past<u32>,
    known: Decaying,
    now_ms: i64,
}

impl Kind {
    /// So many attempts ended otherwise.
    fn others(&mut self, attempts: u64) {
        self.open.iter_mut().for_each(|open| open.others += attempts);
    }

    fn failed(&mut self, seen: &Sighting, here: &Here<'_>, rule: &Rule) -> Option<Turn> {
        let baseline = self.baseline(here, rule);
        self.known.add(seen.at_ms, 1);
        if let Some(minute) = self.failures.add(seen.at_ms, 1) {
            let first = if minute.count == 0 { seen.at_ms } else { minute.first_ms };
            minute.first_ms = first.min(seen.at_ms);
            minute.count = minute.count.saturating_add(1);
            minute.lost = minute.lost.saturating_add(u32::from(seen.lost));
        }
        let belongs = self.belongs(here, baseline, rule);
        if let Some(open) = &mut self.open {
            open.failed(seen, belongs);
            return None;
        }
        let stands_out = |window: &&i64| self.stands_out(here, **window, (baseline, rule));
        let window = *rule.windows.iter().find(stands_out)?;
        let incident = self.begin(seen, here, (window, baseline))?;
        self.open = Some(Open { incident: incident.clone(), failures: 0, lost: 0, others: 0 });
        Some(Turn::Opened(incident))
    }

    fn baseline(&self, here: &Here<'_>, rule: &Rule) -> f64 {
        // What is being judged says nothing of what is usual.
        let judged = rule.windows.last().copied().unwrap_or(0);
        let known = |all: Decaying, judged: u64| (all.at(here.now_ms) - judged as f64).max(0.0);
        let failures = known(self.known, self.failures.count(here.now_ms, judged));
        let attempts = known(here.known, here.attempts.count(here.now_ms, judged));
        ((failures + ASSUMED * rule.assumed) / (attempts + ASSUMED)).clamp(1e-9, 1.0)
    }

    fn stands_out(&self, here: &Here<'_>, window: i64, (baseline, rule): (f64, &Rule)) -> bool {
        let failures = self.failures.count(here.now_ms, window);
        let attempts = here.attempts.count(here.now_ms, window).max(failures);
        failures >= rule.failures
            && failures as f64 >= attempts as f64 * threshold(baseline, rule)
            && at_least(failures, attempts, baseline) < CHANCE
    }

    /// Whether a failure at this moment is still part of what opened the incident.
    fn belongs(&self, here: &Here<'_>, baseline: f64, rule: &Rule) -> bool {
        let failures = self.failures.count(here.now_ms, RECENT);
        let attempts = here.attempts.count(here.now_ms, RECENT);
        rule.share <= 0.0 || failures as f64 >= attempts as f64 * threshold(baseline, rule) / 2.0
    }

    /// Looks back for the minute from which on the failures speak most clearly.
    fn begin(
        &self,
        seen: &Sighting,
        here: &Here<'_>,
        (window, baseline): (i64, f64),
    ) -> Option<Incident> {
        // A window that ends in the middle of a minute reaches into one more.
        let window = window + MINUTE;
        let minutes = self.failures.minutes(here.now_ms, window);
        let all = here.attempts.minutes(here.now_ms, window);
        let mut sum = Incident {
            target: seen.target.clone(),
            kind: seen.kind.clone()?,
            since_ms: seen.at_ms,
            until_ms: seen.at_ms,
            failures: 0,
            attempts: 0,
            lost: 0,
        };
        let share = self.failures.count(here.now_ms, window) as f64
            / (here.attempts.count(here.now_ms, window) as f64).max(1.0);
        let share = share.max(4.0 * baseline).clamp(1e-6, 0.99);
        let hit = (share / baseline).ln();
        let miss = ((1.0 - share) / (1.0 - baseline).max(1e-9)).ln();
        let (mut evidence, mut most, mut best) = (0.0, f64::MIN, None);
        for (minute, attempts) in minutes.zip(all) {
            sum.failures += u64::from(minute.count);
            sum.attempts += u64::from(*attempts);
            sum.lost += u64::from(minute.lost);
            evidence += f64::from(minute.count) * hit
                + f64::from(attempts.saturating_sub(minute.count)) * miss;
            if minute.count > 0 {
                sum.since_ms = sum.since_ms.min(minute.first_ms);
                if evidence >= most {
                    (most, best) = (evidence, Some(sum.clone()));
                }
            }
        }
        best
    }
}

impl Open {
    fn failed(&mut self, seen: &Sighting, belongs: bool) {
        self.failures += 1;
        self.lost += u64::from(seen.lost);
        if !belongs {
            return;
        }
        let incident = &mut self.incident;
        incident.attempts += std::mem::take(&mut self.others) + self.failures;
        incident.failures += std::mem::take(&mut self.failures);
        incident.lost += std::mem::take(&mut self.lost);
        incident.until_ms = incident.until_ms.max(seen.at_ms);
        incident.since_ms = incident.since_ms.min(seen.at_ms);
    }

    fn is_over(&self, now_ms: i64, rule: &Rule) -> bool {
        let since = now_ms.saturating_sub(self.incident.until_ms);
        since > rule.quiet || since > rule.recovered && self.others >= OTHERS
    }
}

/// The least share that stands out. Where failing is usual, it lies half way to failing always.
fn threshold(baseline: f64, rule: &Rule) -> f64 {
    rule.share.max((rule.times * baseline).min(0.5 + baseline / 2.0))
}

fn rule(kind: &str) -> &'static Rule {
    match kind {
        "authentication" | "permission" | "quota_exhausted" | "model_not_found" => &STANDING,
        "slow" => &LATE,
        _ => &PASSING,
    }
}

/// A count in which what is long ago counts less.
#[derive(Clone, Copy, Debug, Default)]
struct Decaying {
    sum: f64,
    at_ms: i64,
}

impl Decaying {
    fn add(&mut self, at_ms: i64, count: u64) {
        self.sum = self.at(at_ms) + count as f64;
        self.at_ms = self.at_ms.max(at_ms);
    }

    fn at(&self, now_ms: i64) -> f64 {
        let passed = now_ms.saturating_sub(self.at_ms).max(0) as f64;
        self.sum * (-passed / HALF_LIFE_MS).exp2()
    }
}
