//! From rows to a report: one pass over the calls and one over the changes, in bounded memory.

use std::collections::{BTreeMap, VecDeque};

use failsoft_journal::page::rfc3339;
use failsoft_journal::{AttemptRow, Dropped, Name, Recorded, Span, StateRow};

use super::{
    Attempts, AttemptsRow, BrokenStreams, Calls, Change, FailureRow, Latency, RefusalRow, Report,
    TargetLatency, ToldRow,
};
use crate::effects::{Saved, Spent, Users};
use crate::quantile::Histogram;

const HOUR: i64 = 3_600_000;
/// Hours told apart, a little more than a year; what lies before counts into the first.
const HOURS: i64 = 9_000;
/// Changes named one by one.
const CHANGES: usize = 200;
/// Names told apart in a table; model names may come from clients, so there must be an end.
const NAMES: usize = 500;
/// What all further names are told as.
const REST: &str = "(others)";

/// A report in the making.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    first_ms: Option<i64>,
    calls: Calls,
    first_alone: u64,
    first_answered: u64,
    per_call: BTreeMap<u64, u64>,
    waited_ns: f64,
    failures: BTreeMap<(Name, Name), BTreeMap<i64, u64>>,
    broken: BTreeMap<Name, (u64, u64)>,
    told: BTreeMap<(Name, Option<Name>, u16), u64>,
    refusals: BTreeMap<(Name, Name), u64>,
    times: Times,
    targets: BTreeMap<Name, Times>,
    changes: VecDeque<Change>,
    changes_total: u64,
}

/// A latency in the making.
#[derive(Debug, Default)]
struct Times {
    attempts: u64,
    succeeded: u64,
    first_content: Histogram,
    total: Histogram,
}

impl Tally {
    pub(crate) fn call(&mut self, recorded: &Recorded) {
        let call = &recorded.call;
        self.first_ms = Some(self.first_ms.map_or(call.started_ms, |ms| ms.min(call.started_ms)));
        self.calls.total += 1;
        let answered = match call.verdict.as_deref() {
            Some("served") => &mut self.calls.served,
            Some("resumed") => &mut self.calls.resumed,
            Some("degraded") => &mut self.calls.degraded,
            Some("cancelled") => &mut self.calls.cancelled,
            // A record without its end tells of a call that found none.
            _ => &mut self.calls.failed,
        };
        *answered += 1;
        let answered = matches!(call.verdict.as_deref(), Some("served" | "resumed"));
        if first_sufficed(recorded) {
            self.first_alone += 1;
            self.first_answered += u64::from(answered);
        }
        *self.per_call.entry(recorded.attempts.len() as u64).or_default() += 1;
        self.waited_ns += call.waited_ns as f64;
        if answered {
            self.times.add(call.first_content_ns, call.took_ns);
        }
        if let Some(verdict @ ("failed" | "degraded")) = call.verdict.as_deref() {
            let row = (Name::from(verdict), call.kind.clone(), call.status);
            *self.told.entry(row).or_default() += 1;
        }
        for step in recorded.steps.iter().filter(|step| &*step.what == "refused") {
            let row =
                (step.why.clone().unwrap_or_default(), step.reason.clone().unwrap_or_default());
            *self.refusals.entry(row).or_default() += 1;
        }
        recorded.attempts.iter().for_each(|attempt| self.attempt(recorded, attempt));
    }

    fn attempt(&mut self, recorded: &Recorded, attempt: &AttemptRow) {
        let call = &recorded.call;
        let target = attempt.target.as_ref().map(|target| &target.name);
        if let Some(times) = target.map(|name| slot(&mut self.targets, name)) {
            times.attempts += 1;
            if attempt.outcome.as_deref() == Some("succeeded") {
                times.add(attempt.first_content_ns, attempt.took_ns);
            }
        }
        if attempt.outcome.as_deref() != Some("failed") {
            return;
        }
        let target = target.cloned().unwrap_or_default();
        let kind = attempt.kind.clone().unwrap_or_default();
        let mut row = (target.clone(), kind);
        if self.failures.len() >= NAMES && !self.failures.contains_key(&row) {
            row.0 = REST.into();
        }
        *self
            .failures
            .entry(row)
            .or_default()
            .entry(ended_ms(recorded, attempt).div_euclid(HOUR))
            .or_default() += 1;
        if call.delivery.as_deref() == Some("streamed") && attempt.commit_step.is_some() {
            let (broke, continued) = slot(&mut self.broken, &target);
            *broke += 1;
            *continued += u64::from(call.verdict.as_deref() == Some("resumed"));
        }
    }

    pub(crate) fn state(&mut self, state: StateRow) {
        if !matches!(&*state.what, "breaker" | "key_disabled" | "model_disabled" | "switched") {
            return;
        }
        self.changes_total += 1;
        if self.changes.len() == CHANGES {
            self.changes.pop_front();
        }
        let text = |name: Option<Name>| name.map(|name| name.to_string());
        self.changes.push_back(Change {
            at: rfc3339(state.at_ms),
            at_unix_ms: state.at_ms,
            what: state.what.to_string(),
            target: state.target.map(|target| target.name.to_string()),
            reason: text(state.reason),
            from: text(state.from_state),
            to: text(state.to_state),
            until_unix_ms: state.until_ms,
            value: state.value.map(u64::from),
        });
    }

    pub(crate) fn close(self, span: Span) -> Report {
        let last_hour = span.until_ms.saturating_sub(1).div_euclid(HOUR);
        let first_hour = self.first_ms.unwrap_or(span.since_ms).div_euclid(HOUR);
        let first_hour = first_hour.max(last_hour - HOURS + 1);
        let hours = usize::try_from(last_hour - first_hour + 1).unwrap_or(1).max(1);
        let hours_told = Hours { first: first_hour, count: hours };
        Report {
            since: rfc3339(span.since_ms),
            until: rfc3339(span.until_ms),
            since_unix_ms: span.since_ms,
            until_unix_ms: span.until_ms,
            attempts: attempts(&self.per_call, self.calls.total, self.waited_ns),
            calls: calls(self.calls, self.first_alone, self.first_answered),
            first_hour_unix_ms: first_hour.saturating_mul(HOUR),
            hours,
            failures: failures(self.failures, hours_told),
            broken_streams: broken_streams(self.broken),
            told: told(self.told),
            refusals: refusals(self.refusals),
            latency: self.times.latency(),
            by_target: latencies(&self.targets),
            changes: self.changes.into(),
            changes_total: self.changes_total,
            dropped: Dropped::default(),
            incidents: Vec::new(),
            findings: Vec::new(),
            users: Users::default(),
            spent: Spent::default(),
            saved: Saved::default(),
            client_retries: 0,
            slot_ms: HOUR,
            slots: Vec::new(),
            courses: Vec::new(),
        }
    }
}

impl Times {
    fn add(&mut self, first_content: Option<u64>, took: Option<u64>) {
        self.succeeded += 1;
        first_content.into_iter().for_each(|nanos| self.first_content.add(nanos));
        took.into_iter().for_each(|nanos| self.total.add(nanos));
    }

    fn latency(&self) -> Latency {
        Latency { first_content: self.first_content.quantiles(), total: self.total.quantiles() }
    }
}

/// When an attempt ended, in milliseconds since 1970.
pub(crate) fn ended_ms(recorded: &Recorded, attempt: &AttemptRow) -> i64 {
    let after = attempt.started_ns.unwrap_or(0).saturating_add(attempt.took_ns.unwrap_or(0));
    recorded.call.started_ms.saturating_add(i64::try_from(after / 1_000_000).unwrap_or(0))
}

/// Whether the call would have been answered without a second attempt: its first succeeded, or was
/// overtaken while still alive.
pub(crate) fn first_sufficed(recorded: &Recorded) -> bool {
    recorded.call.verdict.as_deref() != Some("cancelled")
        && recorded.attempts.iter().find(|attempt| attempt.ordinal == 0).is_some_and(|first| {
            first.outcome.as_deref() == Some("succeeded")
                || first.cancel_reason.as_deref() == Some("lost")
        })
}

fn slot<'a, T: Default>(rows: &'a mut BTreeMap<Name, T>, name: &Name) -> &'a mut T {
    let full = rows.len() >= NAMES && !rows.contains_key(name);
    rows.entry(if full { REST.into() } else { name.clone() }).or_default()
}

#[derive(Clone, Copy)]
struct Hours {
    first: i64,
    count: usize,
}

fn calls(mut calls: Calls, first: u64, first_answered: u64) -> Calls {
    let stayed = calls.total - calls.cancelled;
    let share = |part: u64| (stayed > 0).then(|| part as f64 / stayed as f64);
    let answered = calls.served + calls.resumed;
    calls.success_rate = share(answered);
    calls.success_rate_first_attempt = share(first);
    calls.saved = answered.saturating_sub(first_answered);
    calls
}

fn attempts(per_call: &BTreeMap<u64, u64>, calls: u64, waited_ns: f64) -> Attempts {
    let row = |(attempts, calls): (&u64, &u64)| AttemptsRow { attempts: *attempts, calls: *calls };
    let histogram: Vec<AttemptsRow> = per_call.iter().map(row).collect();
    let total = histogram.iter().map(|row| row.attempts * row.calls).sum();
    let per_call = (calls > 0).then(|| total as f64 / calls as f64);
    Attempts { total, per_call, histogram, waited_ms: waited_ns / 1e6 }
}

fn failures(cells: BTreeMap<(Name, Name), BTreeMap<i64, u64>>, hours: Hours) -> Vec<FailureRow> {
    let mut rows: Vec<FailureRow> = cells
        .into_iter()
        .map(|((target, kind), cells)| {
            let mut by_hour = vec![0; hours.count];
            for (hour, count) in cells {
                // An attempt may end after the time looked at; its call began within.
                let place = usize::try_from(hour - hours.first).unwrap_or(0);
                by_hour[place.min(hours.count - 1)] += count;
            }
            let total = by_hour.iter().sum();
            FailureRow { target: target.to_string(), kind: kind.to_string(), total, by_hour }
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.total));
    rows
}

fn broken_streams(cells: BTreeMap<Name, (u64, u64)>) -> Vec<BrokenStreams> {
    let mut rows: Vec<BrokenStreams> = cells
        .into_iter()
        .map(|(target, (broke, continued))| BrokenStreams {
            target: target.to_string(),
            broke,
            continued,
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.broke));
    rows
}

fn told(cells: BTreeMap<(Name, Option<Name>, u16), u64>) -> Vec<ToldRow> {
    let mut rows: Vec<ToldRow> = cells
        .into_iter()
        .map(|((verdict, kind, status), calls)| ToldRow {
            verdict: verdict.to_string(),
            kind: kind.map(|kind| kind.to_string()),
            status: u64::from(status),
            calls,
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.calls));
    rows
}

fn refusals(cells: BTreeMap<(Name, Name), u64>) -> Vec<RefusalRow> {
    let mut rows: Vec<RefusalRow> = cells
        .into_iter()
        .map(|((why, reason), total)| RefusalRow {
            why: why.to_string(),
            reason: reason.to_string(),
            total,
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.total));
    rows
}

fn latencies(targets: &BTreeMap<Name, Times>) -> Vec<TargetLatency> {
    let mut rows: Vec<TargetLatency> = targets
        .iter()
        .map(|(target, times)| TargetLatency {
            target: target.to_string(),
            attempts: times.attempts,
            succeeded: times.succeeded,
            latency: times.latency(),
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.attempts));
    rows
}
