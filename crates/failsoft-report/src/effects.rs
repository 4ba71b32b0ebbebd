//! What users saw, what failures cost, what failsoft saved, and how it went hour by hour.

use std::collections::{BTreeMap, BTreeSet};

use failsoft_journal::page::count;
use failsoft_journal::{AttemptRow, Name, Recorded, Span};
use serde::Serialize;

use crate::report::tally::{ended_ms, first_sufficed};
use crate::sketch::Sketch;

/// A first content later than this is felt by whoever waits for it.
const SLOW_MS: u64 = 10_000;
/// Targets whose course is kept.
const TARGETS: usize = 24;
const HOUR: i64 = 3_600_000;

/// What users saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Users {
    /// Calls that ended in an error.
    pub lost: u64,
    /// Calls that got the operator's reply.
    pub degraded: u64,
    /// Answers that broke off and were continued.
    pub resumed: u64,
    /// Answers whose first content came later than `slow_after_ms`.
    pub slow: u64,
    /// What counts as slow here.
    pub slow_after_ms: u64,
}

/// What was paid for nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Spent {
    /// Attempts that failed or were given up.
    pub failed: Waste,
    /// Attempts overtaken by another that was begun because they were late.
    pub overtaken: Waste,
    /// The same, where the other one was a hedge.
    pub hedges: Waste,
}

/// Attempts of no use.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Waste {
    /// How many.
    pub attempts: u64,
    /// Tokens read, as far as they are known.
    pub input_tokens: u64,
    /// Tokens written, as far as they are known.
    pub output_tokens: u64,
    /// Estimated US dollars, of those whose tokens and price are known.
    pub usd: f64,
    /// Attempts whose cost is not known; most of them cost nothing.
    pub unknown: u64,
}

/// What failsoft saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Saved {
    /// Calls answered whose first attempt did not suffice.
    pub calls: u64,
    /// Minutes in which there was such a call.
    pub minutes: u64,
}

impl Saved {
    pub(crate) fn said(&self) -> String {
        let minutes = match self.minutes {
            1 => "1 minute".to_owned(),
            many => format!("{} different minutes", count(many)),
        };
        let calls = count(self.calls);
        format!("{calls} calls in {minutes} were answered although their first attempt was not")
    }
}

/// How it went in a piece of the time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Slot {
    /// Its beginning in milliseconds since 1970.
    pub at_unix_ms: i64,
    /// Calls that came.
    pub calls: u64,
    /// Attempts they made.
    pub attempts: u64,
    /// Calls that were themselves retries of their client.
    pub client_retries: u64,
    /// Calls that got no real answer.
    pub lost: u64,
}

/// How it went at a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Course {
    /// The target.
    pub target: String,
    /// Piece by piece; those without a first content are left out.
    pub slots: Vec<LatencySlot>,
}

/// First content at a target in a piece of the time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LatencySlot {
    /// Its beginning in milliseconds since 1970.
    pub at_unix_ms: i64,
    /// Half came within.
    pub p50_ms: f64,
    /// 99 percent came within.
    pub p99_ms: f64,
}

/// All of this in the making.
#[derive(Debug)]
pub(crate) struct Effects {
    pub(crate) slot_ms: i64,
    pub(crate) users: Users,
    pub(crate) spent: Spent,
    pub(crate) client_retries: u64,
    saved: u64,
    minutes: BTreeSet<i64>,
    slots: BTreeMap<i64, Slot>,
    targets: BTreeMap<Name, BTreeMap<i64, Sketch>>,
}

impl Effects {
    /// Pieces are hours in up to three days, else as long as makes about 120 of them.
    pub(crate) fn over(span: Span) -> Self {
        let hours = span.until_ms.saturating_sub(span.since_ms) / HOUR;
        let slot = [1, 2, 3, 6, 12, 24].into_iter().find(|slot| hours / slot <= 120);
        Self {
            slot_ms: slot.unwrap_or(24 * 7) * HOUR,
            users: Users { slow_after_ms: SLOW_MS, ..Users::default() },
            spent: Spent::default(),
            client_retries: 0,
            saved: 0,
            minutes: BTreeSet::new(),
            slots: BTreeMap::new(),
            targets: BTreeMap::new(),
        }
    }

    pub(crate) fn call(&mut self, recorded: &Recorded) {
        let call = &recorded.call;
        let answered = match call.verdict.as_deref() {
            Some("served") => true,
            Some("resumed") => {
                self.users.resumed += 1;
                true
            }
            Some("degraded") => {
                self.users.degraded += 1;
                false
            }
            Some("cancelled") => false,
            _ => {
                self.users.lost += 1;
                false
            }
        };
        let slow = call.first_content_ns.is_some_and(|nanos| nanos > SLOW_MS * 1_000_000);
        self.users.slow += u64::from(answered && slow);
        if answered && !first_sufficed(recorded) {
            self.saved += 1;
            self.minutes.insert(call.started_ms.div_euclid(60_000));
        }
        self.client_retries += u64::from(call.client_retries > 0);
        let at = call.started_ms.div_euclid(self.slot_ms).saturating_mul(self.slot_ms);
        let slot = self.slots.entry(at).or_default();
        slot.at_unix_ms = at;
        slot.calls += 1;
        slot.attempts += recorded.attempts.len() as u64;
        slot.client_retries += u64::from(call.client_retries > 0);
        slot.lost += u64::from(!answered && call.verdict.as_deref() != Some("cancelled"));
        let hedged = recorded.attempts.iter().any(|row| row.why.as_deref() == Some("hedge"));
        for attempt in &recorded.attempts {
            self.waste(attempt, hedged);
            self.course(recorded, attempt);
        }
    }

    fn waste(&mut self, attempt: &AttemptRow, hedged: bool) {
        let waste = match (attempt.outcome.as_deref(), attempt.cancel_reason.as_deref()) {
            (Some("cancelled"), Some("lost" | "call_ended")) if hedged => &mut self.spent.hedges,
            (Some("cancelled"), Some("lost" | "call_ended")) => &mut self.spent.overtaken,
            (Some("failed"), _) | (Some("cancelled"), Some("timed_out" | "deadline")) => {
                &mut self.spent.failed
            }
            _ => return,
        };
        waste.attempts += 1;
        waste.input_tokens += u64::from(attempt.input_tokens.unwrap_or(0));
        waste.output_tokens += u64::from(attempt.output_tokens.unwrap_or(0));
        match attempt.cost_nanos {
            Some(nanos) => waste.usd += nanos as f64 / 1e9,
            None => waste.unknown += 1,
        }
    }

    fn course(&mut self, recorded: &Recorded, attempt: &AttemptRow) {
        let (Some(target), Some(nanos)) = (&attempt.target, attempt.first_content_ns) else {
            return;
        };
        if self.targets.len() >= TARGETS && !self.targets.contains_key(&target.name) {
            return;
        }
        let at = ended_ms(recorded, attempt).div_euclid(self.slot_ms).saturating_mul(self.slot_ms);
        self.targets.entry(target.name.clone()).or_default().entry(at).or_default().add(nanos);
    }

    pub(crate) fn saved(&self) -> Saved {
        Saved { calls: self.saved, minutes: self.minutes.len() as u64 }
    }

    pub(crate) fn slots(&self) -> Vec<Slot> {
        self.slots.values().cloned().collect()
    }

    pub(crate) fn courses(&self) -> Vec<Course> {
        let slot = |(at, sketch): (&i64, &Sketch)| {
            Some(LatencySlot {
                at_unix_ms: *at,
                p50_ms: sketch.quantile(0.5)?,
                p99_ms: sketch.quantile(0.99)?,
            })
        };
        let course = |(target, slots): (&Name, &BTreeMap<i64, Sketch>)| Course {
            target: target.to_string(),
            slots: slots.iter().filter_map(slot).collect(),
        };
        self.targets.iter().map(course).collect()
    }
}
