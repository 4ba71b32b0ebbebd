//! A line that is being read, and the rows it tells of.

use super::line::{
    ATTEMPT_FIRST_CONTENT, ATTEMPT_TOOK, CALL_RETRY_AFTER, COMMITTED, CONNECTED, COST, DELIVERED,
    FIRST_CONTENT, HEADERS, INPUT, OUTPUT, RETRY_AFTER, STARTED, TOOK,
};
use super::line::{NONE, NUMBERS, OWN, PRESENT, STEADY, TEXTS, guess};
use crate::rows::{AttemptRow, CallRow, Name, Recorded, TargetRow};

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
