//! What was handed over, as the rows it becomes: the same for every store.

use std::time::Duration;

use failsoft_engine::{Grounds, Moment, Price, TargetId, Usage};

use crate::fold::{self, Happening, fold, happening};
use crate::rows::{AttemptRow, CallRow, Name, Recorded, StateRow, StepRow, TargetRow};
use crate::text::{self, ID, LABEL, NAME, WORDS};
use crate::{AttemptFacts, CallRecord, Names, Stamp, StateChange, StateRecord, TargetName};

/// 73 years.
pub(crate) const LONGEST: u64 = i64::MAX as u64 / 4;
const END_OF_9999: i64 = 253_402_300_799_999;
/// As much as nearly all figures need.
const ROOM: usize = 128;

impl CallRecord {
    /// The rows of this call.
    #[must_use]
    pub fn recorded(&self) -> Recorded {
        let rows = fold(self);
        let attempts = rows.attempts.iter().map(|row| attempt(&self.names, row)).collect();
        let steps = rows.steps.iter().map(|row| step(self, rows.call.started, row)).collect();
        Recorded { call: call(self, &rows.call), attempts, steps }
    }
}

impl StateRecord {
    /// The row of this change.
    #[must_use]
    pub fn recorded(&self) -> StateRow {
        let happening = match &self.change {
            StateChange::Came(event) => happening(event),
            StateChange::Drained => Happening { what: "drained", ..Happening::default() },
            StateChange::IncidentOpened { target, kind } => Happening {
                what: "incident_opened",
                target: Some(*target),
                reason: Some(kind.as_str()),
                ..Happening::default()
            },
            StateChange::IncidentClosed { target, kind, failures } => Happening {
                what: "incident_closed",
                target: Some(*target),
                reason: Some(kind.as_str()),
                value: Some(*failures),
                ..Happening::default()
            },
        };
        StateRow {
            at_ms: wall(self.stamp, self.at),
            what: happening.what.into(),
            target: concerned(&self.names, &happening).map(|id| target(&self.names, id)),
            reason: happening.reason.map(Name::from),
            from_state: happening.from.map(Name::from),
            to_state: happening.to.map(Name::from),
            until_ms: happening.until.map(|until| wall(self.stamp, until)),
            value: happening.value,
            grounds: figures(happening.grounds),
            operator: self.operator.as_deref().map(|text| text::label(text, LABEL).into()),
        }
    }
}

fn call(record: &CallRecord, row: &fold::CallRow) -> CallRow {
    let facts = &record.facts;
    CallRow {
        id: text::label(&facts.id, ID).into_owned(),
        started_ms: wall(record.stamp, row.started),
        route: text::label(route(record, row), NAME).into(),
        model: text::label(&facts.model, NAME).into(),
        dialect: facts.dialect.into(),
        delivery: row.delivery.map(Name::from),
        profile: row.profile.map(Name::from),
        client: facts.client.as_deref().map(|client| text::label(client, LABEL).into()),
        client_retries: facts.client_retries,
        tag: facts.tag.as_deref().map(|tag| text::label(tag, LABEL).into()),
        trace_id: facts.trace.map(|trace| format!("{:032x}", trace.id)),
        request_bytes: bounded(facts.request_bytes),
        prompt_tokens: facts.prompt_tokens,
        max_attempts: row.max_attempts,
        deadline_ns: row.deadline.map(nanos),
        verdict: row.verdict.map(Name::from),
        kind: row.kind.map(Name::from),
        status: facts.status,
        retry_after_ns: row.retry_after.map(nanos),
        answer_ordinal: row.answer,
        waited_ns: nanos(row.waited),
        first_content_ns: row.first_content.map(nanos),
        took_ns: row.took.map(nanos),
    }
}

fn attempt(names: &Names, row: &fold::AttemptRow<'_>) -> AttemptRow {
    let facts = row.facts;
    let label = |pick: fn(&AttemptFacts) -> Option<&String>| {
        facts.and_then(pick).map(|text| text::label(text, LABEL))
    };
    let words = facts.and_then(|facts| facts.words.as_deref());
    let usage = usage(row);
    AttemptRow {
        ordinal: row.ordinal,
        target: row.target.map(|id| target(names, id)),
        model: facts.map(|facts| text::label(&facts.model, NAME).into()),
        why: row.why.map(Name::from),
        start_step: row.start_step.map(place),
        commit_step: row.commit_step.map(place),
        end_step: row.end_step.map(place),
        started_ns: row.started.map(nanos),
        connected_ns: facts.and_then(|facts| facts.connected_nanos).map(bounded),
        headers_ns: facts.and_then(|facts| facts.headers_nanos).map(bounded),
        first_content_ns: row.first_content.map(nanos),
        committed_ns: row.committed.map(nanos),
        took_ns: row.took.map(nanos),
        outcome: row.outcome.map(Name::from),
        kind: row.kind.map(Name::from),
        phase: row.phase.map(Name::from),
        same_target: row.same_target.map(Name::from),
        elsewhere: row.elsewhere.map(Name::from),
        cancel_reason: row.cancel.map(Name::from),
        retry_after_ns: row.retry_after.map(nanos),
        status: facts.and_then(|facts| facts.status),
        code: label(|facts| facts.code.as_ref()).map(Name::from),
        request_id: label(|facts| facts.request_id.as_ref()).map(std::borrow::Cow::into_owned),
        words: words.map(|words| text::sentence(words, WORDS).into_owned()),
        input_tokens: usage.map(|usage| usage.input),
        output_tokens: usage.map(|usage| usage.output),
        cost_nanos: cost(usage, facts),
        delivered_bytes: facts.map_or(0, |facts| bounded(facts.delivered_bytes)),
        translated_to: facts.and_then(|facts| facts.translated_to).map(Name::from),
        left_out: left_out(facts).map(Name::from),
        dropped_events: facts.map_or(0, |facts| facts.dropped_events),
        seam: facts.and_then(|facts| facts.seam).map(bounded),
        onward: facts.and_then(|facts| facts.onward).map(Name::from),
        grounds: figures(row.grounds),
    }
}

fn step(record: &CallRecord, started: Moment, row: &fold::StepRow) -> StepRow {
    let Happening { what, why, reason, from, to, until, value, grounds, .. } = row.happening;
    let names = &record.names;
    StepRow {
        step: place(row.step),
        at_ns: nanos(row.at),
        what: what.into(),
        target: concerned(names, &row.happening).map(|id| target(names, id)),
        why: why.map(Name::from),
        reason: reason.map(Name::from),
        from_state: from.map(Name::from),
        to_state: to.map(Name::from),
        until_ns: until.map(|until| nanos(until.since(started))),
        took_ns: row.took.map(nanos),
        value,
        grounds: figures(grounds),
    }
}

/// The name of the route a call took.
pub(crate) fn route<'a>(record: &'a CallRecord, row: &fold::CallRow) -> &'a str {
    let route = row.route.and_then(|id| record.names.routes.get(usize::from(id)));
    route.map_or("", String::as_str)
}

fn target(names: &Names, id: TargetId) -> TargetRow {
    let unnamed;
    let TargetName { name, provider, credential } = match names.targets.get(usize::from(id.0)) {
        Some(target) => target,
        None => {
            unnamed = unnamed_target(id);
            &unnamed
        }
    };
    let [name, provider, credential] =
        [name, provider, credential].map(|text| text::label(text, NAME).into());
    TargetRow { name, provider, credential }
}

/// What a target is called that the settings have no name for.
pub(crate) fn unnamed_target(id: TargetId) -> TargetName {
    TargetName { name: format!("target {}", id.0), ..TargetName::default() }
}

/// The tokens of an attempt: what the engine says goes before what came over the wire, but for an
/// answer that was left half read.
pub(crate) fn usage(row: &fold::AttemptRow<'_>) -> Option<Usage> {
    let read = row.facts.and_then(|facts| facts.usage);
    if row.outcome == Some("cancelled") { read.or(row.usage) } else { row.usage.or(read) }
}

/// Billionths of a dollar: prices are millionths of a dollar for a million tokens.
pub(crate) fn cost(usage: Option<Usage>, facts: Option<&AttemptFacts>) -> Option<u64> {
    let (usage, Price { input, output }) = (usage?, facts?.price?);
    let picos =
        u128::from(usage.input) * u128::from(input) + u128::from(usage.output) * u128::from(output);
    Some(u64::try_from(picos / 1_000).map_or(LONGEST, bounded))
}

/// What a call was sent without, in one text.
pub(crate) fn left_out(facts: Option<&AttemptFacts>) -> Option<String> {
    facts.filter(|facts| !facts.left_out.is_empty()).map(|facts| facts.left_out.join(", "))
}

/// Figures as text, if there are any.
pub(crate) fn figures(grounds: Grounds) -> Option<Name> {
    told(grounds).map(Name::from)
}

/// What [`Grounds`] displays, without the formatter: each healthy call has such a text, and
/// formatting it would be a third of what its record costs.
pub(crate) fn told(grounds: Grounds) -> Option<String> {
    if grounds.is_empty() {
        return None;
    }
    let mut text = String::with_capacity(ROOM);
    for (measure, figure) in grounds.iter() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(measure.as_str());
        text.push('=');
        digits(figure, &mut text);
    }
    Some(text)
}

fn digits(number: u32, text: &mut String) {
    if number >= 10 {
        digits(number / 10, text);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

/// Bounded, so that sums of a few stay whole numbers in databases.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).map_or(LONGEST, |nanos| nanos.min(LONGEST))
}

/// As far as databases count.
pub(crate) fn bounded(number: u64) -> u64 {
    number.min(i64::MAX as u64)
}

/// A place among the events of a call.
pub(crate) fn place(step: usize) -> u16 {
    u16::try_from(step).unwrap_or(u16::MAX)
}

/// Milliseconds since 1970 at a moment, within the years a calendar knows.
pub(crate) fn wall(stamp: Stamp, at: Moment) -> i64 {
    let millis = |nanos: u64| i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX);
    let unix_millis = if at >= stamp.moment {
        let ahead = at.as_nanos() - stamp.moment.as_nanos();
        stamp.unix_millis.saturating_add(millis(ahead))
    } else {
        let back = stamp.moment.as_nanos() - at.as_nanos();
        stamp.unix_millis.saturating_sub(millis(back))
    };
    unix_millis.clamp(0, END_OF_9999)
}

/// The target a happening is told of; of a credential, one that uses it.
fn concerned(names: &Names, happening: &Happening) -> Option<TargetId> {
    let credential = || names.credentials.get(happening.value? as usize).copied();
    happening.target.or_else(|| if happening.what == "key_disabled" { credential() } else { None })
}

#[cfg(test)]
mod tests {
    use failsoft_engine::Measure;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn figures_are_told_as_they_are_displayed(
            figures in proptest::collection::vec((0..Measure::ALL.len(), any::<u32>()), 0..9),
        ) {
            let grounds = figures
                .into_iter()
                .fold(Grounds::NONE, |all, (measure, figure)| all.with(Measure::ALL[measure], figure));
            let displayed = Some(grounds.to_string()).filter(|text| !text.is_empty());
            prop_assert_eq!(told(grounds), displayed);
        }
    }
}
