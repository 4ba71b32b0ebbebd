//! What came to be in a call as log records, each tied to the span it belongs to.

use std::time::Duration;

use failsoft_engine::{
    BreakerState, DisabledScope, Event, Moment, Outcome, TargetId, TripCause, Verdict,
};
use failsoft_journal::{attempt_span, call_span};
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};

use crate::attributes::Attributes;
use crate::names;
use crate::spans::{bytes, phase};
use crate::told::Told;

/// Something to tell.
struct Note {
    name: &'static str,
    says: &'static str,
    severity: SeverityNumber,
    /// The span it belongs to.
    span: u64,
    attributes: Attributes,
}

/// What is worth a record of its own, in order. A healthy call has none.
pub(crate) fn logs(told: &Told<'_>) -> Vec<LogRecord> {
    let events = told.record.events.iter();
    events.filter_map(|(at, event)| Some(record(told, *at, note(told, *at, event)?))).collect()
}

fn record(told: &Told<'_>, at: Moment, note: Note) -> LogRecord {
    let attributes = note.attributes.text(names::CALL_ID, &told.record.facts.id);
    LogRecord {
        time_unix_nano: told.wall(at),
        observed_time_unix_nano: told.wall(at),
        severity_number: note.severity.into(),
        severity_text: severity(note.severity).to_owned(),
        body: Some(AnyValue { value: Some(Value::StringValue(note.says.to_owned())) }),
        attributes: attributes.maybe_text(names::CALL_ROUTE, told.route).into_list(),
        flags: 1,
        trace_id: told.trace.id.to_be_bytes().to_vec(),
        span_id: bytes(note.span),
        event_name: note.name.to_owned(),
        ..LogRecord::default()
    }
}

fn note(told: &Told<'_>, at: Moment, event: &Event) -> Option<Note> {
    failed(told, event).or_else(|| refused(told, event)).or_else(|| changed(told, at, event))
}

/// Attempts and calls that failed.
fn failed(told: &Told<'_>, event: &Event) -> Option<Note> {
    if let Event::AttemptEnded { attempt, outcome: Outcome::Failed(failure), took, .. } = *event {
        let leg = told.legs.iter().find(|leg| leg.id == attempt)?;
        let attributes = Attributes::default()
            .text(names::KIND, failure.kind.as_str())
            .text(names::PHASE, phase(failure.phase))
            .maybe_text(names::CODE, leg.code())
            .maybe_number(names::STATUS, leg.facts.and_then(|facts| facts.status))
            .maybe_text(names::TARGET, target(told, leg.target))
            .maybe_text(names::REQUEST_MODEL, leg.facts.map(|facts| facts.model.as_str()))
            .number(names::ORDINAL, attempt.ordinal)
            .text(names::WHY, leg.why.as_str())
            .maybe_seconds(names::LASTS, Some(took))
            .maybe_seconds(names::RETRY_AFTER, failure.retry_after);
        return Some(Note {
            name: "failsoft.attempt.failed",
            says: "an attempt failed",
            severity: SeverityNumber::Warn,
            span: attempt_span(attempt),
            attributes,
        });
    }
    let Event::CallEnded { verdict, attempts, .. } = *event else { return None };
    let (kind, severity, says) = match verdict {
        Verdict::Failed { kind, .. } => (kind, SeverityNumber::Error, "a call failed"),
        Verdict::Degraded { kind } => {
            (kind, SeverityNumber::Warn, "a call was answered by the operator's text")
        }
        Verdict::Served { .. } | Verdict::Resumed { .. } | Verdict::Cancelled => return None,
    };
    let attributes = Attributes::default()
        .text(names::KIND, kind.as_str())
        .text(names::CALL_VERDICT, verdict.as_str())
        .number(names::CALL_ATTEMPTS, attempts);
    let (name, span) = ("failsoft.call.failed", call_span(told.call));
    Some(Note { name, says, severity, span, attributes })
}

/// What was not done, and what was waited for.
fn refused(told: &Told<'_>, event: &Event) -> Option<Note> {
    let span = call_span(told.call);
    if let Event::Refused { why, reason, .. } = event {
        let attributes = Attributes::default()
            .text(names::WHY, why.as_str())
            .text(names::REASON, reason.as_str());
        let (name, says) =
            ("failsoft.refused", "an attempt that would have been useful was not made");
        return Some(Note { name, says, severity: SeverityNumber::Info, span, attributes });
    }
    if let Event::Barred(bar) = event {
        let attributes = Attributes::default()
            .text(names::REASON, bar.reason.as_str())
            .maybe_text(names::TARGET, target(told, bar.target));
        let (name, says) = ("failsoft.barred", "a target could not take an attempt");
        return Some(Note { name, says, severity: SeverityNumber::Debug, span, attributes });
    }
    None
}

/// What changed for other calls too.
fn changed(told: &Told<'_>, at: Moment, event: &Event) -> Option<Note> {
    let span = call_span(told.call);
    let lasts = |until: Moment| Some(until.since(at)).filter(|time| *time < FOREVER);
    if let Event::BreakerChanged(change) = event {
        let attributes = Attributes::default()
            .maybe_text(names::TARGET, target(told, change.target))
            .text(names::FROM, change.from.as_str())
            .text(names::TO, change.to.as_str())
            .maybe_text(names::REASON, change.cause.map(TripCause::as_str))
            .maybe_seconds(names::LASTS, change.until.and_then(lasts));
        let opened = change.to == BreakerState::Open;
        let severity = if opened { SeverityNumber::Warn } else { SeverityNumber::Info };
        let (name, says) = ("failsoft.breaker.changed", "a breaker changed its state");
        return Some(Note { name, says, severity, span, attributes });
    }
    if let Event::Throttled { target: at, until, .. } = *event {
        let attributes = Attributes::default()
            .maybe_text(names::TARGET, target(told, at))
            .maybe_seconds(names::LASTS, lasts(until));
        let (name, says) = ("failsoft.throttled", "a target asked to be left alone");
        return Some(Note { name, says, severity: SeverityNumber::Info, span, attributes });
    }
    let Event::Disabled { scope, kind, until, .. } = *event else { return None };
    let (scope, whose) = match scope {
        DisabledScope::Model(target) => ("model", Some(target)),
        DisabledScope::Credential(credential) => {
            ("credential", told.record.names.credentials.get(usize::from(credential.0)).copied())
        }
    };
    let attributes = Attributes::default()
        .text(names::SCOPE, scope)
        .text(names::KIND, kind.as_str())
        .maybe_text(names::TARGET, whose.and_then(|whose| target(told, whose)))
        .maybe_seconds(names::LASTS, lasts(until));
    let (name, says) = ("failsoft.disabled", "a key or a model is out of use");
    Some(Note { name, says, severity: SeverityNumber::Warn, span, attributes })
}

/// What lasts longer has no end.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

fn target<'a>(told: &Told<'a>, target: TargetId) -> Option<&'a str> {
    told.record.names.targets.get(usize::from(target.0)).map(|target| target.name.as_str())
}

const fn severity(severity: SeverityNumber) -> &'static str {
    if severity as i32 >= SeverityNumber::Error as i32 {
        "ERROR"
    } else if severity as i32 >= SeverityNumber::Warn as i32 {
        "WARN"
    } else if severity as i32 >= SeverityNumber::Info as i32 {
        "INFO"
    } else {
        "DEBUG"
    }
}
