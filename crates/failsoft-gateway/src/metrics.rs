//! Counts what comes to be. Labels are names from the settings, never what a client sent.

mod exemplar;
mod exposition;
#[cfg(test)]
mod measure;
mod series;
mod snapshot;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use failsoft::{Observer, Seen};
use failsoft_config::Settings;
use failsoft_engine::{
    AttemptId, BarReason, BreakerChange, CallId, Event, FailureKind, Outcome, RouteId, TargetId,
    Verdict, WaitCause, Why,
};
use failsoft_journal::CallRecord;

use crate::following::{Followed, Following};
use series::{Count, RouteSeries, Tally, TargetSeries};

pub(crate) use exposition::exposition;
pub(crate) use snapshot::{RouteFigures, Snapshot, Spread, TargetFigures, VERDICTS, outcome_name};

/// What calls wait for, as `WaitCause` names it: gates that open, and two more.
const WAITS: [&str; 10] = [
    "backoff",
    "retry_after",
    "breaker",
    "throttle",
    "limit",
    "credential_disabled",
    "model_disabled",
    "switched_off",
    "excluded",
    "quota",
];
/// What stands against an extra attempt, as `Refusal` names it.
const REFUSALS: [&str; 14] = [
    "attempts_spent",
    "deadline",
    "budget",
    "extras_in_flight",
    "not_retryable",
    "committed",
    "no_target",
    "wait_too_long",
    "not_resumable",
    "resumes_spent",
    "no_headroom",
    "recent_overload",
    "cancel_billed",
    "none_can_serve",
];
/// Why requests are refused before they are calls.
const AT_DOOR: [&str; 21] = [
    "request_line",
    "http_version",
    "target_too_long",
    "line_end",
    "header",
    "host",
    "framing",
    "header_twin",
    "head_too_large",
    "chunk",
    "too_slow",
    "no_key",
    "no_such_path",
    "no_such_model",
    "wrong_method",
    "body_too_large",
    "body_encoded",
    "body_not_json",
    "body_broken",
    "body_too_slow",
    "panic",
];

/// Everything counted since the start.
#[derive(Debug)]
pub(crate) struct Metrics {
    book: ArcSwap<Book>,
    register: Mutex<Register>,
    following: Following,
    waits: Tally<10>,
    refusals: Tally<14>,
    bars: Tally<{ BarReason::ALL.len() }>,
    disabled: Tally<18>,
    at_door: Tally<21>,
    panics: Count,
    reload_failures: Count,
}

/// Series by number, for the settings in force.
#[derive(Debug, Default)]
struct Book {
    routes: Vec<Arc<RouteSeries>>,
    targets: Vec<Arc<TargetSeries>>,
}

/// Series by name, for as long as the process lives: a name that comes back goes on counting.
#[derive(Debug, Default)]
struct Register {
    routes: BTreeMap<String, Arc<RouteSeries>>,
    targets: BTreeMap<String, Arc<TargetSeries>>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            book: ArcSwap::default(),
            register: Mutex::default(),
            following: Following::default(),
            waits: Tally::new(WAITS),
            refusals: Tally::new(REFUSALS),
            bars: Tally::new(BarReason::ALL.map(BarReason::as_str)),
            disabled: Tally::new(FailureKind::ALL.map(FailureKind::as_str)),
            at_door: Tally::new(AT_DOOR),
            panics: Count::default(),
            reload_failures: Count::default(),
        }
    }

    /// From now on numbers mean what these settings say.
    pub(crate) fn adopt(&self, settings: &Settings) {
        let mut register = lock(&self.register);
        let routes = settings.routes.iter().map(|route| register.route(&route.name)).collect();
        let targets = settings.targets.iter().map(|target| register.target(&target.name)).collect();
        self.book.store(Arc::new(Book { routes, targets }));
    }

    pub(crate) fn panicked(&self) {
        self.panics.up();
    }

    pub(crate) fn reload_failed(&self) {
        self.reload_failures.up();
    }

    pub(crate) fn refused_at_door(&self, reason: &'static str) {
        self.at_door.up(reason);
    }

    fn at_target(&self, seen: &Seen<'_>, target: TargetId, count: impl FnOnce(&TargetSeries)) {
        self.at_target_of(&self.book.load(), seen, target, count);
    }

    /// A number is only trusted while its name agrees: calls that began before a reload still
    /// speak of the numbers they began with.
    fn at_target_of(
        &self,
        book: &Book,
        seen: &Seen<'_>,
        TargetId(place): TargetId,
        count: impl FnOnce(&TargetSeries),
    ) {
        let place = usize::from(place);
        let Some(name) = seen.names.targets.get(place).map(|target| &target.name) else { return };
        match book.targets.get(place).filter(|series| series.name == *name) {
            Some(series) => count(series),
            None => count(&lock(&self.register).target(name)),
        }
    }

    fn at_route_of(&self, book: &Book, seen: &Seen<'_>, count: impl FnOnce(&RouteSeries)) {
        let Some(RouteId(place)) = seen.route else { return };
        let place = usize::from(place);
        let Some(name) = seen.names.routes.get(place) else { return };
        match book.routes.get(place).filter(|series| series.name == *name) {
            Some(series) => count(series),
            None => count(&lock(&self.register).route(name)),
        }
    }
}

impl Metrics {
    #[inline(never)]
    fn first_content(&self, seen: &Seen<'_>, attempt: AttemptId, after: Duration) {
        let book = self.book.load();
        if let Some(target) = seen.attempts.get(usize::from(attempt.ordinal)) {
            self.at_target_of(&book, seen, *target, |series| {
                series.first_content.record(after, seen.call);
            });
        }
        // A call that is not followed sent its only attempt as it arrived.
        if self.following.read(attempt.call, |_| ()).is_none() {
            let note = |series: &RouteSeries| series.first_content.record(after, seen.call);
            self.at_route_of(&book, seen, note);
        }
    }

    #[inline(never)]
    fn attempt_ended(
        &self,
        seen: &Seen<'_>,
        (attempt, target): (AttemptId, TargetId),
        outcome: Outcome,
    ) {
        let why = self.following.why(attempt);
        self.at_target(seen, target, |series| series.ended(why, outcome, seen.call));
    }

    #[inline(never)]
    fn call_ended(
        &self,
        seen: &Seen<'_>,
        call: CallId,
        (verdict, took, attempts): (Verdict, Duration, u8),
    ) {
        let committed = self.following.unfollow(call).and_then(|call| call.committed);
        self.at_route_of(&self.book.load(), seen, |series| {
            series.ended(verdict, attempts, (took, seen.call));
            if let Some(committed) = committed {
                let since = seen.at.since(committed);
                series.first_content.record(took.saturating_sub(since), seen.call);
            }
        });
    }

    #[cold]
    fn another_attempt(&self, attempt: AttemptId, why: Why) {
        let note = |followed: &mut Followed| followed.whys.push((attempt.ordinal, why));
        self.following.follow(attempt.call, note);
    }

    #[cold]
    fn waiting(&self, call: CallId, cause: WaitCause) {
        self.waits.up(cause.as_str());
        self.following.follow(call, |_| {});
    }

    #[cold]
    fn breaker_changed(&self, seen: &Seen<'_>, change: BreakerChange) {
        let count = |series: &TargetSeries| series.breaker_changes[change.to as usize].up();
        self.at_target(seen, change.target, count);
    }

    #[cold]
    fn throttled(&self, seen: &Seen<'_>, target: TargetId) {
        self.at_target(seen, target, |series| series.throttled.up());
    }
}

impl Observer for Metrics {
    /// Most events of a healthy call need no more than a look, so whatever is counted is counted
    /// elsewhere.
    fn observe(&self, seen: &Seen<'_>, event: &Event) {
        match *event {
            Event::AttemptStarted { why: Why::First, .. } => {}
            Event::AttemptStarted { attempt, why, .. } => self.another_attempt(attempt, why),
            Event::FirstContent { attempt, after } => self.first_content(seen, attempt, after),
            Event::Committed { attempt } => {
                self.following.read(attempt.call, |call| call.committed = Some(seen.at));
            }
            Event::AttemptEnded { attempt, target, outcome, .. } => {
                self.attempt_ended(seen, (attempt, target), outcome);
            }
            Event::CallEnded { call, verdict, took, attempts } => {
                self.call_ended(seen, call, (verdict, took, attempts));
            }
            Event::Waiting { call, cause, .. } => self.waiting(call, cause),
            Event::Barred(bar) => self.bars.up(bar.reason.as_str()),
            Event::Refused { reason, .. } => self.refusals.up(reason.as_str()),
            Event::BreakerChanged(change) => self.breaker_changed(seen, change),
            Event::Throttled { target, .. } => self.throttled(seen, target),
            Event::Disabled { kind, .. } => self.disabled.up(kind.as_str()),
            Event::CallStarted { .. }
            | Event::LimitChanged { .. }
            | Event::TargetSwitched { .. }
            | Event::Probed { .. }
            | Event::Ignored { .. } => {}
        }
    }

    /// What was paid for in vain. A call that was served at once paid for nothing else.
    fn ended(&self, call: &Arc<CallRecord>) {
        if call.served_at_once().is_some() {
            return;
        }
        for (_, event) in &call.events {
            let Event::AttemptEnded { attempt, target, outcome, .. } = *event else { continue };
            let facts = call.attempts.iter().find(|facts| facts.ordinal == attempt.ordinal);
            let usage = match outcome {
                Outcome::Succeeded(_) => continue,
                Outcome::Cancelled { usage, .. } => usage,
                Outcome::Failed(_) => facts.and_then(|facts| facts.usage).unwrap_or_default(),
            };
            let Some(name) = call.names.targets.get(usize::from(target.0)) else { continue };
            let series = lock(&self.register).target(&name.name);
            series.wasted(usage, facts.and_then(|facts| facts.price));
        }
    }
}

impl Register {
    fn route(&mut self, name: &str) -> Arc<RouteSeries> {
        let series = self.routes.entry(name.to_owned());
        Arc::clone(series.or_insert_with(|| Arc::new(RouteSeries::new(name))))
    }

    fn target(&mut self, name: &str) -> Arc<TargetSeries> {
        let series = self.targets.entry(name.to_owned());
        Arc::clone(series.or_insert_with(|| Arc::new(TargetSeries::new(name))))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use failsoft_engine::Refusal;

    #[test]
    fn every_reason_there_is_has_a_counter() {
        use BarReason::{
            Breaker, CredentialDisabled, Excluded, Limit, ModelDisabled, Quota, SwitchedOff,
            Throttle,
        };
        for gate in [
            Breaker,
            Throttle,
            Limit,
            CredentialDisabled,
            ModelDisabled,
            SwitchedOff,
            Excluded,
            Quota,
        ] {
            assert!(WAITS.contains(&WaitCause::Gate(gate).as_str()));
        }
        for wait in [WaitCause::Backoff, WaitCause::RetryAfter] {
            assert!(WAITS.contains(&wait.as_str()));
        }
        for refusal in [
            Refusal::AttemptsSpent,
            Refusal::Deadline,
            Refusal::Budget,
            Refusal::ExtrasInFlight,
            Refusal::NotRetryable,
            Refusal::Committed,
            Refusal::NoTarget,
            Refusal::WaitTooLong,
            Refusal::NotResumable,
            Refusal::ResumesSpent,
            Refusal::NoHeadroom,
            Refusal::RecentOverload,
            Refusal::CancelBilled,
            Refusal::NoneCanServe(Quota),
        ] {
            assert!(REFUSALS.contains(&refusal.as_str()));
        }
    }
}
