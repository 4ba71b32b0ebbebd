//! From what came to be in a call to the rows that tell of it.

use std::time::Duration;

use failsoft_engine::{
    AttemptId, Bar, BreakerChange, DisabledScope, Event, FailureKind, Grounds, Moment, Outcome,
    TargetId, Usage, Verdict,
};

use crate::words;
use crate::{AttemptFacts, CallRecord};

/// The rows of one call.
#[derive(Debug, Default)]
pub(crate) struct Rows<'a> {
    pub(crate) call: CallRow,
    pub(crate) attempts: Vec<AttemptRow<'a>>,
    pub(crate) steps: Vec<StepRow>,
}

/// What the events say of the call itself.
#[derive(Debug, Default)]
pub(crate) struct CallRow {
    pub(crate) started: Moment,
    pub(crate) route: Option<u16>,
    pub(crate) delivery: Option<&'static str>,
    pub(crate) profile: Option<&'static str>,
    pub(crate) max_attempts: Option<u8>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) verdict: Option<&'static str>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) answer: Option<u8>,
    pub(crate) waited: Duration,
    pub(crate) first_content: Option<Duration>,
    pub(crate) took: Option<Duration>,
}

/// An attempt, as its events and its facts tell it.
#[derive(Debug, Default)]
pub(crate) struct AttemptRow<'a> {
    pub(crate) ordinal: u8,
    pub(crate) target: Option<TargetId>,
    pub(crate) why: Option<&'static str>,
    pub(crate) start_step: Option<usize>,
    pub(crate) commit_step: Option<usize>,
    pub(crate) end_step: Option<usize>,
    pub(crate) started: Option<Duration>,
    pub(crate) first_content: Option<Duration>,
    pub(crate) committed: Option<Duration>,
    pub(crate) took: Option<Duration>,
    pub(crate) outcome: Option<&'static str>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) phase: Option<&'static str>,
    pub(crate) same_target: Option<&'static str>,
    pub(crate) elsewhere: Option<&'static str>,
    pub(crate) cancel: Option<&'static str>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) usage: Option<Usage>,
    pub(crate) grounds: Grounds,
    pub(crate) facts: Option<&'a AttemptFacts>,
}

/// Something that came to be beside the attempts.
#[derive(Debug)]
pub(crate) struct StepRow {
    pub(crate) step: usize,
    pub(crate) at: Duration,
    pub(crate) took: Option<Duration>,
    pub(crate) happening: Happening,
}

/// An event that is neither the beginning nor the end of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Happening {
    pub(crate) what: &'static str,
    pub(crate) target: Option<TargetId>,
    pub(crate) why: Option<&'static str>,
    pub(crate) reason: Option<&'static str>,
    pub(crate) from: Option<&'static str>,
    pub(crate) to: Option<&'static str>,
    /// `None` if nobody knows, or never.
    pub(crate) until: Option<Moment>,
    /// A limit, the number of a key, on or off.
    pub(crate) value: Option<u32>,
    /// The figures it was decided by.
    pub(crate) grounds: Grounds,
}

/// Folds a call into rows. Sequences that no engine would produce give rows too, as far as they go.
pub(crate) fn fold(record: &CallRecord) -> Rows<'_> {
    let started = record.events.first().map_or(Moment::ZERO, |(at, _)| *at);
    let mut rows = Rows { call: CallRow { started, ..CallRow::default() }, ..Rows::default() };
    let mut waits = Waits::default();
    for (step, (at, event)) in record.events.iter().enumerate() {
        let here = Here { step, at: *at, offset: at.since(started) };
        waits.fold(here, event, &mut rows);
        fold_event(here, event, &mut rows);
    }
    for facts in &record.attempts {
        rows.attempt(facts.ordinal).facts = Some(facts);
    }
    rows.attempts.sort_by_key(|attempt| attempt.ordinal);
    rows
}

/// The change an event tells of, whoever's it is.
pub(crate) fn happening(event: &Event) -> Happening {
    let happening = |what| Happening { what, ..Happening::default() };
    match *event {
        Event::CallStarted { .. } => happening("call_started"),
        Event::AttemptStarted { target, why, grounds, .. } => Happening {
            target: Some(target),
            why: Some(why.as_str()),
            grounds,
            ..happening("attempt_started")
        },
        Event::Barred(bar) => barred(bar),
        Event::Refused { why, reason, grounds, .. } => Happening {
            why: Some(why.as_str()),
            reason: Some(reason.as_str()),
            grounds,
            ..happening("refused")
        },
        Event::Waiting { target, until, cause, grounds, .. } => Happening {
            grounds,
            target: Some(target),
            reason: Some(cause.as_str()),
            until: known(Some(until)),
            ..happening("waiting")
        },
        Event::FirstContent { .. } => happening("first_content"),
        Event::Committed { .. } => happening("committed"),
        Event::AttemptEnded { target, .. } => {
            Happening { target: Some(target), ..happening("attempt_ended") }
        }
        Event::BreakerChanged(change) => breaker(change),
        Event::Throttled { target, until, grounds } => Happening {
            target: Some(target),
            until: known(Some(until)),
            grounds,
            ..happening("throttled")
        },
        Event::Disabled { scope, kind, until, grounds } => {
            Happening { grounds, ..disabled(scope, kind, until) }
        }
        Event::LimitChanged { target, limit } => {
            Happening { target: Some(target), value: Some(limit), ..happening("limit") }
        }
        Event::TargetSwitched { target, enabled } => Happening {
            target: Some(target),
            value: Some(u32::from(enabled)),
            ..happening("switched")
        },
        Event::Probed { target } => Happening { target: Some(target), ..happening("probed") },
        Event::CallEnded { .. } => happening("call_ended"),
        Event::Ignored { .. } => happening("ignored"),
    }
}

fn barred(bar: Bar) -> Happening {
    Happening {
        what: "barred",
        target: Some(bar.target),
        reason: Some(bar.reason.as_str()),
        until: known(bar.until),
        grounds: bar.grounds,
        ..Happening::default()
    }
}

fn breaker(change: BreakerChange) -> Happening {
    Happening {
        what: "breaker",
        target: Some(change.target),
        reason: change.cause.map(failsoft_engine::TripCause::as_str),
        from: Some(change.from.as_str()),
        to: Some(change.to.as_str()),
        until: known(change.until),
        grounds: change.grounds,
        ..Happening::default()
    }
}

fn disabled(scope: DisabledScope, kind: FailureKind, until: Moment) -> Happening {
    let (what, target, value) = match scope {
        DisabledScope::Credential(key) => ("key_disabled", None, Some(u32::from(key.0))),
        DisabledScope::Model(target) => ("model_disabled", Some(target), None),
    };
    let reason = Some(kind.as_str());
    Happening { what, target, value, reason, until: known(Some(until)), ..Happening::default() }
}

fn known(until: Option<Moment>) -> Option<Moment> {
    until.filter(|until| *until != Moment::NEVER)
}

#[derive(Clone, Copy)]
struct Here {
    step: usize,
    at: Moment,
    offset: Duration,
}

fn fold_event(here: Here, event: &Event, rows: &mut Rows<'_>) {
    match *event {
        Event::CallStarted { route, profile, delivery, deadline, max_attempts, .. } => {
            let call = &mut rows.call;
            call.route = Some(route.0);
            call.profile = Some(profile.as_str());
            call.delivery = Some(words::delivery(delivery));
            call.max_attempts = Some(max_attempts);
            call.deadline = known(Some(deadline)).map(|deadline| deadline.since(here.at));
        }
        Event::AttemptStarted { attempt, target, why, grounds } => {
            let row = rows.attempt(attempt.ordinal);
            row.grounds = grounds;
            row.target = Some(target);
            row.why = Some(why.as_str());
            row.start_step = Some(here.step);
            row.started = Some(here.offset);
        }
        Event::FirstContent { attempt, after } => {
            rows.attempt(attempt.ordinal).first_content = Some(after);
        }
        Event::Committed { attempt } => {
            let row = rows.attempt(attempt.ordinal);
            row.commit_step = Some(here.step);
            row.committed = Some(here.offset);
            rows.call.first_content.get_or_insert(here.offset);
        }
        Event::AttemptEnded { attempt, target, outcome, took } => {
            let row = rows.attempt(attempt.ordinal);
            row.target = Some(target);
            row.end_step = Some(here.step);
            row.took = Some(took);
            row.end(outcome);
        }
        Event::CallEnded { verdict, took, .. } => {
            rows.call.took = Some(took);
            rows.call.end(verdict);
        }
        // A limit moves with most answers and explains none; it is told as a state alone.
        Event::LimitChanged { .. } => {}
        Event::Barred(_)
        | Event::Refused { .. }
        | Event::Waiting { .. }
        | Event::BreakerChanged(_)
        | Event::Throttled { .. }
        | Event::Disabled { .. }
        | Event::TargetSwitched { .. }
        | Event::Probed { .. }
        | Event::Ignored { .. } => {
            let happening = happening(event);
            let (step, at) = (here.step, here.offset);
            rows.steps.push(StepRow { step, at, took: None, happening });
        }
    }
}

/// How long the call truly waited: until something was done, not until it was planned.
#[derive(Default)]
struct Waits {
    open: Option<(usize, Moment)>,
}

impl Waits {
    fn fold(&mut self, here: Here, event: &Event, rows: &mut Rows<'_>) {
        let ends = matches!(
            event,
            Event::AttemptStarted { .. } | Event::CallEnded { .. } | Event::Waiting { .. }
        );
        if let Some((index, since)) = self.open.filter(|_| ends) {
            let took = here.at.since(since);
            rows.call.waited = rows.call.waited.saturating_add(took);
            rows.steps[index].took = Some(took);
            self.open = None;
        }
        if matches!(event, Event::Waiting { .. }) {
            // Its step is pushed right after this, at the end of the list.
            self.open = Some((rows.steps.len(), here.at));
        }
    }
}

impl<'a> Rows<'a> {
    fn attempt(&mut self, ordinal: u8) -> &mut AttemptRow<'a> {
        let found = self.attempts.iter().position(|row| row.ordinal == ordinal);
        let index = found.unwrap_or(self.attempts.len());
        if found.is_none() {
            self.attempts.push(AttemptRow { ordinal, ..AttemptRow::default() });
        }
        &mut self.attempts[index]
    }
}

impl CallRow {
    fn end(&mut self, verdict: Verdict) {
        self.verdict = Some(verdict.as_str());
        match verdict {
            Verdict::Served { attempt } | Verdict::Resumed { attempt } => {
                self.answer = Some(attempt.ordinal);
            }
            Verdict::Degraded { kind } => self.kind = Some(kind.as_str()),
            Verdict::Failed { kind, retry_after, attempt } => {
                self.kind = Some(kind.as_str());
                self.retry_after = retry_after;
                self.answer = attempt.map(|attempt: AttemptId| attempt.ordinal);
            }
            Verdict::Cancelled => {}
        }
    }
}

impl AttemptRow<'_> {
    fn end(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Succeeded(usage) => {
                self.outcome = Some("succeeded");
                // Nothing is what is said where nobody counts.
                self.usage = (usage != Usage::default()).then_some(usage);
            }
            Outcome::Failed(failure) => {
                self.outcome = Some("failed");
                self.kind = Some(failure.kind.as_str());
                self.phase = Some(words::phase(failure.phase));
                self.same_target = Some(words::repeat(failure.repeat));
                self.elsewhere = Some(words::elsewhere(failure.elsewhere));
                self.retry_after = failure.retry_after;
            }
            Outcome::Cancelled { reason, usage } => {
                self.outcome = Some("cancelled");
                self.usage = (usage != Usage::default()).then_some(usage);
                self.cancel = Some(reason.as_str());
            }
        }
    }
}
