//! One call of a sheet: which of its fields are shared texts, steady numbers, or its own.

use std::borrow::Cow;

use crate::fold::{AttemptRow as Attempt, CallRow as Call, fold};
use crate::recorded::{
    bounded, cost, left_out, nanos, place, route, told, unnamed_target, usage, wall,
};
use crate::rows::{AttemptRow, CallRow, Name, Recorded, TargetRow};
use crate::text::{self, ID, LABEL, NAME, WORDS};
use crate::{AttemptFacts, CallRecord};

/// No number. What is kept is never so large.
pub(super) const NONE: u64 = u64::MAX;

/// Texts that many calls share.
pub(super) const TEXTS: usize = 18;
/// Numbers that are mostly those of the call before.
pub(super) const STEADY: usize = 16;
/// Numbers of its own.
pub(super) const NUMBERS: usize = 14;
/// Texts of its own.
pub(super) const OWN: usize = 3;

/// The last steady number: which of its own a call has.
const PRESENT: usize = STEADY - 1;

/// A healthy call, borrowed.
pub(crate) struct Line<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) started_ms: i64,
    pub(super) texts: [Option<Cow<'a, str>>; TEXTS],
    pub(super) steady: [u64; STEADY],
    pub(super) numbers: [u64; NUMBERS],
    pub(super) own: [Option<Cow<'a, str>>; OWN],
    pub(super) trace: Option<u128>,
}

impl<'a> Line<'a> {
    /// The line of a call, if it was served by its only attempt and there is nothing beside.
    pub(crate) fn of(record: &'a CallRecord) -> Option<Self> {
        let rows = fold(record);
        let ([attempt], [], "served", "succeeded") = (
            rows.attempts.as_slice(),
            rows.steps.as_slice(),
            rows.call.verdict.unwrap_or_default(),
            rows.attempts.first().and_then(|attempt| attempt.outcome).unwrap_or_default(),
        ) else {
            return None;
        };
        let (call, facts) = (&rows.call, &record.facts);
        let texts = texts(record, call, attempt);
        let own = own(attempt);
        let numbers = numbers(call, attempt);
        let mut steady = [
            u64::from(facts.client_retries),
            call.max_attempts.map_or(NONE, u64::from),
            call.deadline.map_or(NONE, nanos),
            u64::from(facts.status),
            call.answer.map_or(NONE, u64::from),
            nanos(call.waited),
            u64::from(attempt.ordinal),
            attempt.start_step.map_or(NONE, step),
            attempt.commit_step.map_or(NONE, step),
            attempt.end_step.map_or(NONE, step),
            fact(attempt, |facts| facts.status.map(u64::from)),
            attempt.facts.map_or(0, |facts| u64::from(facts.dropped_events)),
            fact(attempt, |facts| facts.seam.map(bounded)),
            u64::from(facts.prompt_tokens),
            bounded(facts.request_bytes),
            0,
        ];
        for (index, number) in numbers.iter().enumerate() {
            steady[PRESENT] |= u64::from(*number != NONE) << index;
        }
        for (index, text) in own.iter().enumerate() {
            steady[PRESENT] |= u64::from(text.is_some()) << (NUMBERS + index);
        }
        let trace = facts.trace.map(|trace| trace.id);
        steady[PRESENT] |= u64::from(trace.is_some()) << (NUMBERS + OWN);
        let id = text::label(&facts.id, ID);
        let started_ms = wall(record.stamp, call.started);
        Some(Self { id, started_ms, texts, steady, numbers, own, trace })
    }

    /// When the call came.
    pub(crate) const fn started_ms(&self) -> i64 {
        self.started_ms
    }

    /// What a number is likely to be, from those before it.
    pub(super) fn guess(&self, number: usize) -> u64 {
        guess(&self.numbers, number)
    }
}

const FIRST_CONTENT: usize = 0;
const TOOK: usize = 1;
const STARTED: usize = 2;
const CONNECTED: usize = 3;
const HEADERS: usize = 4;
const COMMITTED: usize = 5;
const ATTEMPT_FIRST_CONTENT: usize = 6;
const ATTEMPT_TOOK: usize = 7;
const INPUT: usize = 8;
const OUTPUT: usize = 9;
const COST: usize = 10;
const DELIVERED: usize = 11;
const RETRY_AFTER: usize = 12;
const CALL_RETRY_AFTER: usize = 13;

fn numbers(call: &Call, attempt: &Attempt<'_>) -> [u64; NUMBERS] {
    let usage = usage(attempt);
    let mut numbers = [NONE; NUMBERS];
    numbers[FIRST_CONTENT] = call.first_content.map_or(NONE, nanos);
    numbers[TOOK] = call.took.map_or(NONE, nanos);
    numbers[STARTED] = attempt.started.map_or(NONE, nanos);
    numbers[CONNECTED] = fact(attempt, |facts| facts.connected_nanos.map(bounded));
    numbers[HEADERS] = fact(attempt, |facts| facts.headers_nanos.map(bounded));
    numbers[COMMITTED] = attempt.committed.map_or(NONE, nanos);
    numbers[ATTEMPT_FIRST_CONTENT] = attempt.first_content.map_or(NONE, nanos);
    numbers[ATTEMPT_TOOK] = attempt.took.map_or(NONE, nanos);
    numbers[INPUT] = usage.map_or(NONE, |usage| u64::from(usage.input));
    numbers[OUTPUT] = usage.map_or(NONE, |usage| u64::from(usage.output));
    numbers[COST] = cost(usage, attempt.facts).unwrap_or(NONE);
    numbers[DELIVERED] = attempt.facts.map_or(0, |facts| bounded(facts.delivered_bytes));
    numbers[RETRY_AFTER] = attempt.retry_after.map_or(NONE, nanos);
    numbers[CALL_RETRY_AFTER] = call.retry_after.map_or(NONE, nanos);
    numbers
}

/// Times lie close to each other: what is left of them is short.
fn guess(numbers: &[u64; NUMBERS], number: usize) -> u64 {
    let close = match number {
        COMMITTED => FIRST_CONTENT,
        ATTEMPT_FIRST_CONTENT => COMMITTED,
        ATTEMPT_TOOK => TOOK,
        HEADERS => CONNECTED,
        _ => return 0,
    };
    if numbers[close] == NONE { 0 } else { numbers[close] }
}

fn texts<'a>(
    record: &'a CallRecord,
    call: &Call,
    attempt: &Attempt<'a>,
) -> [Option<Cow<'a, str>>; TEXTS] {
    let (facts, seen) = (&record.facts, attempt.facts);
    let [target, provider, credential] = target(record, attempt);
    [
        Some(text::label(route(record, call), NAME)),
        Some(text::label(&facts.model, NAME)),
        Some(Cow::Borrowed(facts.dialect)),
        call.delivery.map(Cow::Borrowed),
        call.profile.map(Cow::Borrowed),
        facts.client.as_deref().map(|client| text::label(client, LABEL)),
        facts.tag.as_deref().map(|tag| text::label(tag, LABEL)),
        call.verdict.map(Cow::Borrowed),
        target,
        provider,
        credential,
        seen.map(|facts| text::label(&facts.model, NAME)),
        attempt.why.map(Cow::Borrowed),
        attempt.outcome.map(Cow::Borrowed),
        seen.and_then(|facts| facts.translated_to).map(Cow::Borrowed),
        left_out(seen).map(Cow::Owned),
        seen.and_then(|facts| facts.onward).map(Cow::Borrowed),
        seen.and_then(|facts| facts.code.as_deref()).map(|code| text::label(code, LABEL)),
    ]
}

fn target<'a>(record: &'a CallRecord, attempt: &Attempt<'_>) -> [Option<Cow<'a, str>>; 3] {
    let Some(id) = attempt.target else { return [None, None, None] };
    let Some(target) = record.names.targets.get(usize::from(id.0)) else {
        return [Some(Cow::Owned(unnamed_target(id).name)), Some("".into()), Some("".into())];
    };
    [&target.name, &target.provider, &target.credential].map(|text| Some(text::label(text, NAME)))
}

fn own<'a>(attempt: &Attempt<'a>) -> [Option<Cow<'a, str>>; OWN] {
    let text =
        |pick: fn(&AttemptFacts) -> &Option<String>| attempt.facts.and_then(|f| pick(f).as_deref());
    [
        text(|facts| &facts.request_id).map(|id| text::label(id, LABEL)),
        text(|facts| &facts.words).map(|words| text::sentence(words, WORDS)),
        told(attempt.grounds).map(Cow::Owned),
    ]
}

fn fact(attempt: &Attempt<'_>, pick: fn(&AttemptFacts) -> Option<u64>) -> u64 {
    attempt.facts.and_then(pick).unwrap_or(NONE)
}

fn step(step: usize) -> u64 {
    u64::from(place(step))
}

/// A line that is being read.
pub(super) struct Packed {
    id: String,
    started_ms: i64,
    steady: [u64; STEADY],
    pub(super) texts: [Option<Name>; TEXTS],
    pub(super) numbers: [u64; NUMBERS],
    pub(super) own: [Option<String>; OWN],
    pub(super) trace: Option<u128>,
}

impl Packed {
    pub(super) fn new(id: String, started_ms: i64, steady: [u64; STEADY]) -> Self {
        Self {
            id,
            started_ms,
            steady,
            texts: [const { None }; TEXTS],
            numbers: [NONE; NUMBERS],
            own: [const { None }; OWN],
            trace: None,
        }
    }

    pub(super) fn has_number(&self, index: usize) -> bool {
        self.steady[PRESENT] >> index & 1 == 1
    }

    pub(super) fn has_own(&self, index: usize) -> bool {
        self.has_number(NUMBERS + index)
    }

    pub(super) fn has_trace(&self) -> bool {
        self.has_number(NUMBERS + OWN)
    }

    pub(super) fn guess(&self, number: usize) -> u64 {
        guess(&self.numbers, number)
    }

    /// The rows it tells of.
    pub(super) fn recorded(mut self) -> Recorded {
        let attempts = vec![self.attempt()];
        Recorded { call: self.call(), attempts, steps: Vec::new() }
    }

    fn call(self) -> CallRow {
        let [client_retries, max_attempts, deadline, status, answer, waited, ..] = self.steady;
        let [.., prompt_tokens, request_bytes, _] = self.steady;
        let [route, model, dialect, delivery, profile, client, tag, verdict, ..] = self.texts;
        CallRow {
            id: self.id,
            started_ms: self.started_ms,
            route: route.unwrap_or_default(),
            model: model.unwrap_or_default(),
            dialect: dialect.unwrap_or_default(),
            delivery,
            profile,
            client,
            client_retries: small(client_retries).unwrap_or_default(),
            tag,
            trace_id: self.trace.map(|trace| format!("{trace:032x}")),
            request_bytes: some(request_bytes).unwrap_or_default(),
            prompt_tokens: small(prompt_tokens).unwrap_or_default(),
            max_attempts: small(max_attempts),
            deadline_ns: some(deadline),
            verdict,
            kind: None,
            status: small(status).unwrap_or_default(),
            retry_after_ns: some(self.numbers[CALL_RETRY_AFTER]),
            answer_ordinal: small(answer),
            waited_ns: some(waited).unwrap_or_default(),
            first_content_ns: some(self.numbers[FIRST_CONTENT]),
            took_ns: some(self.numbers[TOOK]),
        }
    }

    fn attempt(&mut self) -> AttemptRow {
        let [_, _, _, _, _, _, ordinal, start, commit, end, status, dropped_events, seam, ..] =
            self.steady;
        let [.., name, provider, credential, model, why, outcome, translated, left, onward, code] =
            &mut self.texts;
        let target = name.take().map(|name| TargetRow {
            name,
            provider: provider.take().unwrap_or_default(),
            credential: credential.take().unwrap_or_default(),
        });
        let [request_id, words, grounds] = &mut self.own;
        let numbers = &self.numbers;
        AttemptRow {
            ordinal: small(ordinal).unwrap_or_default(),
            target,
            model: model.take(),
            why: why.take(),
            start_step: small(start),
            commit_step: small(commit),
            end_step: small(end),
            started_ns: some(numbers[STARTED]),
            connected_ns: some(numbers[CONNECTED]),
            headers_ns: some(numbers[HEADERS]),
            first_content_ns: some(numbers[ATTEMPT_FIRST_CONTENT]),
            committed_ns: some(numbers[COMMITTED]),
            took_ns: some(numbers[ATTEMPT_TOOK]),
            outcome: outcome.take(),
            retry_after_ns: some(numbers[RETRY_AFTER]),
            status: small(status),
            code: code.take(),
            request_id: request_id.take(),
            words: words.take(),
            input_tokens: small(numbers[INPUT]),
            output_tokens: small(numbers[OUTPUT]),
            cost_nanos: some(numbers[COST]),
            delivered_bytes: some(numbers[DELIVERED]).unwrap_or_default(),
            translated_to: translated.take(),
            left_out: left.take(),
            dropped_events: small(dropped_events).unwrap_or_default(),
            seam: some(seam),
            onward: onward.take(),
            grounds: grounds.take().map(Name::from),
            // What failed or was stopped is no line of a sheet.
            kind: None,
            phase: None,
            same_target: None,
            elsewhere: None,
            cancel_reason: None,
        }
    }
}

fn some(number: u64) -> Option<u64> {
    (number != NONE).then_some(number)
}

/// A number in fewer bits. The checksum holds, so it was one when it was written.
fn small<T: TryFrom<u64>>(number: u64) -> Option<T> {
    some(number).and_then(|number| T::try_from(number).ok())
}
