//! Writes to the log what an operator wants to read: what failed, what was done about it, and what
//! changed. A healthy call leaves no line, and a storm leaves few: the rest is counted.

mod ration;

use std::borrow::Cow;
use std::time::Duration;

use failsoft::{Observer, Seen};
use failsoft_engine::{
    AttemptId, BreakerChange, BreakerState, DisabledScope, Event, Failure, FailureKind, Outcome,
    TargetId, TripCause, Verdict, Why,
};

use crate::following::{Followed, Following};
use ration::{Line, Ration};

/// The longest text of somebody else's that is written.
const LONGEST: usize = 64;

/// Writes to the log.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    following: Following,
    ration: Ration,
}

impl Witness {
    /// Says what was left out since the last time, a line for each kind of line.
    pub(crate) fn sum_up(&self) {
        for left_out in self.ration.take_left_out() {
            tracing::warn!(
                target = left_out.of.as_str(),
                line = left_out.line.as_str(),
                kind = left_out.line.kind(),
                lines = left_out.count,
                "lines were left out"
            );
        }
    }

    /// Lines left out since the start.
    pub(crate) fn left_out(&self) -> u64 {
        self.ration.left_out()
    }

    /// Whether a line may be written; if not it is counted.
    fn may_say(&self, seen: &Seen<'_>, of: &str, line: Line) -> bool {
        self.ration.take(seen.at, of, line)
    }

    fn attempt_started(&self, seen: &Seen<'_>, attempt: AttemptId, (target, why): (TargetId, Why)) {
        if why == Why::First {
            return;
        }
        let note = |followed: &mut Followed| followed.whys.push((attempt.ordinal, why));
        self.following.follow(attempt.call, note);
        let target = name(seen, target);
        if self.may_say(seen, target, Line::Again(why)) {
            tracing::info!(
                call = seen.call,
                target,
                model = model(target),
                why = why.as_str(),
                attempt = attempt.ordinal + 1,
                "another attempt"
            );
        }
    }

    /// One line, so that a search for the call or the code finds it.
    fn attempt_failed(
        &self,
        seen: &Seen<'_>,
        (attempt, target): (AttemptId, TargetId),
        failure: &Failure,
        took: Duration,
    ) {
        let why = self.following.why(attempt);
        let target = name(seen, target);
        if self.may_say(seen, target, Line::Failed(failure.kind)) {
            tracing::warn!(
                call = seen.call,
                target,
                model = model(target),
                kind = failure.kind.as_str(),
                code = seen.code.map(harmless).as_deref(),
                attempt = attempt.ordinal + 1,
                why = why.as_str(),
                millis = millis(took),
                "an attempt failed"
            );
        }
    }

    fn call_failed(&self, seen: &Seen<'_>, kind: FailureKind, took: Duration, attempts: u8) {
        let route = seen.route.and_then(|route| seen.names.routes.get(usize::from(route.0)));
        let route = route.map_or("?", String::as_str);
        if self.may_say(seen, route, Line::Lost(kind)) {
            tracing::warn!(
                call = seen.call,
                route,
                kind = kind.as_str(),
                attempts,
                millis = millis(took),
                "a call got no real answer"
            );
        }
    }
}

impl Observer for Witness {
    fn observe(&self, seen: &Seen<'_>, event: &Event) {
        match *event {
            Event::AttemptStarted { attempt, target, why, .. } => {
                self.attempt_started(seen, attempt, (target, why));
            }
            Event::AttemptEnded { attempt, target, outcome, took } => match outcome {
                Outcome::Failed(failure) => {
                    self.attempt_failed(seen, (attempt, target), &failure, took);
                }
                Outcome::Succeeded(_) => attempt_ended(seen, (attempt, target), "succeeded", took),
                Outcome::Cancelled { .. } => {
                    attempt_ended(seen, (attempt, target), "cancelled", took);
                }
            },
            Event::CallEnded { call, verdict, took, attempts } => {
                self.following.unfollow(call);
                if let Verdict::Failed { kind, .. } | Verdict::Degraded { kind } = verdict {
                    self.call_failed(seen, kind, took, attempts);
                }
            }
            Event::BreakerChanged(change) => breaker_changed(seen, change),
            Event::Throttled { target, until, .. } => {
                let target = name(seen, target);
                if self.may_say(seen, target, Line::Throttled) {
                    let millis = millis(until.since(seen.at));
                    tracing::info!(target, millis, "a target asked to be left alone");
                }
            }
            Event::Disabled { scope, kind, until, .. } => {
                disabled(seen, scope, kind, until.since(seen.at));
            }
            Event::TargetSwitched { target, enabled } => {
                tracing::info!(
                    target = name(seen, target),
                    enabled,
                    "an operator switched a target"
                );
            }
            Event::Probed { target } => {
                tracing::info!(target = name(seen, target), "an operator asked how a target is");
            }
            Event::CallStarted { .. }
            | Event::Barred(_)
            | Event::Refused { .. }
            | Event::Waiting { .. }
            | Event::FirstContent { .. }
            | Event::Committed { .. }
            | Event::LimitChanged { .. }
            | Event::Ignored { .. } => {}
        }
    }
}

/// What is only told to those who want to see every attempt.
fn attempt_ended(
    seen: &Seen<'_>,
    (attempt, target): (AttemptId, TargetId),
    outcome: &'static str,
    took: Duration,
) {
    tracing::debug!(
        call = seen.call,
        target = name(seen, target),
        outcome,
        attempt = attempt.ordinal + 1,
        millis = millis(took),
        "an attempt ended"
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

/// The model a target is asked for; `*` where the client names it.
fn model(target: &str) -> &str {
    target.split_once('/').map_or(target, |(_, model)| model)
}

/// A provider's code as it may stand in a line: short, and with nothing that moves a cursor.
fn harmless(code: &str) -> Cow<'_, str> {
    if code.len() <= LONGEST && code.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Cow::Borrowed(code);
    }
    Cow::Owned(code.chars().take(LONGEST).flat_map(char::escape_default).collect())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_short_and_move_no_cursor() {
        for (code, shown) in [
            ("overloaded_error", "overloaded_error"),
            ("a b", "a b"),
            ("a\nb", "a\\nb"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{9b}2J\u{2028}", "\\u{9b}2J\\u{2028}"),
        ] {
            assert_eq!(harmless(code), shown);
        }
        assert_eq!(harmless(&"x".repeat(1_000_000)).len(), LONGEST);
    }
}
