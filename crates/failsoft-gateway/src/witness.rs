//! Writes to the log what an operator wants to read: what failed, and what changed. A healthy call
//! leaves no line.

use std::time::Duration;

use failsoft::{Observer, Seen};
use failsoft_engine::{
    AttemptId, BreakerChange, BreakerState, DisabledScope, Event, Failure, FailureKind, Outcome,
    TargetId, TripCause, Verdict,
};

/// Writes to the log.
#[derive(Debug)]
pub(crate) struct Witness;

impl Observer for Witness {
    fn observe(&self, seen: Seen<'_>, event: &Event) {
        match *event {
            Event::AttemptEnded { attempt, target, outcome: Outcome::Failed(failure), took } => {
                attempt_failed(&seen, target, attempt, &failure, took);
            }
            Event::CallEnded {
                verdict: Verdict::Failed { kind, .. } | Verdict::Degraded { kind },
                took,
                attempts,
                ..
            } => call_failed(&seen, kind, took, attempts),
            Event::BreakerChanged(change) => breaker_changed(&seen, change),
            Event::Throttled { target, until, .. } => tracing::info!(
                target = name(&seen, target),
                millis = until.since(seen.at).as_millis(),
                "a target asked to be left alone"
            ),
            Event::Disabled { scope, kind, until, .. } => {
                disabled(&seen, scope, kind, until.since(seen.at));
            }
            Event::AttemptEnded {
                outcome: Outcome::Succeeded(_) | Outcome::Cancelled { .. },
                ..
            }
            | Event::CallEnded {
                verdict: Verdict::Served { .. } | Verdict::Resumed { .. } | Verdict::Cancelled,
                ..
            }
            | Event::CallStarted { .. }
            | Event::AttemptStarted { .. }
            | Event::Barred(_)
            | Event::Refused { .. }
            | Event::Waiting { .. }
            | Event::FirstContent { .. }
            | Event::Committed { .. }
            | Event::LimitChanged { .. }
            | Event::TargetSwitched { .. }
            | Event::Probed { .. }
            | Event::Ignored { .. } => {}
        }
    }
}

/// One line, so that a search for the call or the code finds it.
fn attempt_failed(
    seen: &Seen<'_>,
    target: TargetId,
    attempt: AttemptId,
    failure: &Failure,
    took: Duration,
) {
    tracing::warn!(
        call = seen.call,
        target = name(seen, target),
        kind = failure.kind.as_str(),
        code = seen.code,
        attempt = attempt.ordinal + 1,
        millis = took.as_millis(),
        "an attempt failed"
    );
}

fn call_failed(seen: &Seen<'_>, kind: FailureKind, took: Duration, attempts: u8) {
    let route = seen.route.and_then(|route| seen.names.routes.get(usize::from(route.0)));
    let (call, millis) = (seen.call, took.as_millis());
    tracing::warn!(
        call,
        route,
        kind = kind.as_str(),
        attempts,
        millis,
        "a call got no real answer"
    );
}

fn breaker_changed(seen: &Seen<'_>, change: BreakerChange) {
    let target = name(seen, change.target);
    let (from, to) = (change.from.as_str(), change.to.as_str());
    let cause = change.cause.map(TripCause::as_str);
    if change.to == BreakerState::Open {
        tracing::warn!(target, from, to, cause, "a target is given a rest");
    } else {
        tracing::info!(target, from, to, "a target is tried again");
    }
}

fn disabled(seen: &Seen<'_>, scope: DisabledScope, kind: FailureKind, lasting: Duration) {
    let target = match scope {
        DisabledScope::Model(target) => Some(target),
        DisabledScope::Credential(_) => seen.attempts.last().copied(),
    };
    let target = target.map(|target| name(seen, target));
    let seconds = lasting.as_secs();
    tracing::warn!(target, kind = kind.as_str(), seconds, "a key or a model is out of use");
}

fn name<'a>(seen: &Seen<'a>, target: TargetId) -> &'a str {
    seen.names.targets.get(usize::from(target.0)).map_or("?", |target| target.name.as_str())
}
