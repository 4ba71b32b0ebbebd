//! The one list of what is exported: each column's name, type and meaning, and where it comes from.

use failsoft_journal::{AttemptRow, CallRow, Name, Recorded, StateRow, StepRow, TargetRow};

/// A column of a table whose rows are made from `T`.
pub(super) struct Column<T: 'static> {
    pub(super) head: Head,
    pub(super) value: for<'r> fn(Of<'r, T>) -> Value<'r>,
}

/// What a column is called and holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    #[cfg_attr(not(test), expect(dead_code, reason = "the documents are checked against it"))]
    pub(super) about: &'static str,
}

/// What a column holds; every column may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// In milliseconds since 1970.
    Moment,
}

/// What stands in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'r> {
    Nothing,
    Text(&'r str),
    Number(i64),
    Moment(i64),
}

/// A row, and the call it belongs to.
pub(super) struct Of<'r, T> {
    pub(super) call: &'r CallRow,
    pub(super) row: &'r T,
}

impl<T> Clone for Of<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Of<'_, T> {}

macro_rules! columns {
    ($($name:literal $kind:ident $about:literal = $value:expr;)*) => {
        [$(Column { head: Head { name: $name, kind: Kind::$kind, about: $about }, value: $value }),*]
    };
}

/// A row for each call.
pub(super) static CALLS: [Column<Recorded>; 24] = columns! {
    "call" Text "its id, as clients see it" = |of| Value::Text(&of.call.id);
    "started_at" Moment "when it came" = |of| Value::Moment(of.call.started_ms);
    "route" Text "the route it took" = |of| name(&of.call.route);
    "model" Text "the model the client asked for" = |of| name(&of.call.model);
    "dialect" Text "the client's dialect" = |of| name(&of.call.dialect);
    "delivery" Text "`plain` or `streamed`" = |of| text(&of.call.delivery);
    "profile" Text "`interactive`, `background` or `batch`" = |of| text(&of.call.profile);
    "client" Text "the client's SDK and version" = |of| text(&of.call.client);
    "client_retries" Number "how often the client had tried before" = |of| small(of.call.client_retries);
    "tag" Text "`x-failsoft-tag`" = |of| text(&of.call.tag);
    "trace_id" Text "the trace it belongs to, 32 hexadecimal digits" = |of| own(&of.call.trace_id);
    "request_bytes" Number "the size of the request's body" = |of| large(of.call.request_bytes);
    "prompt_tokens" Number "estimated tokens of the prompt; 0 where nobody looked" = |of| small(of.call.prompt_tokens);
    "max_attempts" Number "attempts it might make" = |of| maybe(of.call.max_attempts);
    "deadline_ns" Number "how long after its start it must have ended" = |of| time(of.call.deadline_ns);
    "verdict" Text "`served`, `resumed`, `degraded`, `failed` or `cancelled`" = |of| text(&of.call.verdict);
    "kind" Text "the kind of failure that says most" = |of| text(&of.call.kind);
    "status" Number "the status the client got" = |of| small(of.call.status);
    "retry_after_ns" Number "how long the client was asked to wait" = |of| time(of.call.retry_after_ns);
    "answer_ordinal" Number "the attempt whose answer or failure the client got" = |of| maybe(of.call.answer_ordinal);
    "attempts" Number "attempts it made" = |of| large(of.row.attempts.len() as u64);
    "waited_ns" Number "how long it waited between attempts" = |of| large(of.call.waited_ns);
    "first_content_ns" Number "when first content went to the client, since its start" = |of| time(of.call.first_content_ns);
    "took_ns" Number "how long it took" = |of| time(of.call.took_ns);
};

/// A row for each attempt.
pub(super) static ATTEMPTS: [Column<AttemptRow>; 39] = columns! {
    "call" Text "the id of its call" = |of| Value::Text(&of.call.id);
    "call_started_at" Moment "when its call came" = |of| Value::Moment(of.call.started_ms);
    "route" Text "the route of its call" = |of| name(&of.call.route);
    "ordinal" Number "which attempt of the call; the first is 0" = |of| small(of.row.ordinal);
    "target" Text "where it went: `provider/model`" = |of| target(&of.row.target, |target| &target.name);
    "provider" Text "the provider entry" = |of| target(&of.row.target, |target| &target.provider);
    "credential" Text "a fingerprint of the key, never the key" = |of| target(&of.row.target, |target| &target.credential);
    "model" Text "the model asked for there" = |of| text(&of.row.model);
    "why" Text "`first`, `retry`, `failover`, `patience`, `hedge` or `resume`" = |of| text(&of.row.why);
    "start_step" Number "its place among the events of its call, when it began" = |of| maybe(of.row.start_step);
    "commit_step" Number "the same, when its content began to go to the client" = |of| maybe(of.row.commit_step);
    "end_step" Number "the same, when it ended" = |of| maybe(of.row.end_step);
    "started_ns" Number "when it was sent, since the call's start" = |of| time(of.row.started_ns);
    "connected_ns" Number "when the connection stood, since it was sent" = |of| time(of.row.connected_ns);
    "headers_ns" Number "when the head of the answer came, since it was sent" = |of| time(of.row.headers_ns);
    "first_content_ns" Number "when first content came, since it was sent" = |of| time(of.row.first_content_ns);
    "committed_ns" Number "when its content began to go to the client, since the call's start" = |of| time(of.row.committed_ns);
    "took_ns" Number "how long it took" = |of| time(of.row.took_ns);
    "outcome" Text "`succeeded`, `failed` or `cancelled`" = |of| text(&of.row.outcome);
    "kind" Text "the kind of its failure" = |of| text(&of.row.kind);
    "phase" Text "how far it had come when it failed" = |of| text(&of.row.phase);
    "same_target" Text "what the failure said of the same target" = |of| text(&of.row.same_target);
    "elsewhere" Text "what it said of others" = |of| text(&of.row.elsewhere);
    "cancel_reason" Text "why it was stopped, if it was" = |of| text(&of.row.cancel_reason);
    "retry_after_ns" Number "how long the target asked to be left alone" = |of| time(of.row.retry_after_ns);
    "status" Number "the HTTP status" = |of| maybe(of.row.status);
    "code" Text "the provider's own code" = |of| text(&of.row.code);
    "request_id" Text "the provider's id of the request" = |of| own(&of.row.request_id);
    "words" Text "the provider's words, secrets removed" = |of| own(&of.row.words);
    "input_tokens" Number "tokens read" = |of| maybe(of.row.input_tokens);
    "output_tokens" Number "tokens written" = |of| maybe(of.row.output_tokens);
    "cost_nanos" Number "estimated cost in billionths of a US dollar" = |of| time(of.row.cost_nanos);
    "delivered_bytes" Number "bytes of answer passed on to the client" = |of| large(of.row.delivered_bytes);
    "translated_to" Text "the target's dialect, where the call was written anew in it" = |of| text(&of.row.translated_to);
    "left_out" Text "what that dialect has not and the call was sent without" = |of| text(&of.row.left_out);
    "dropped_events" Number "malformed events of its stream that were left out" = |of| small(of.row.dropped_events);
    "seam" Number "characters of the answer the client had when it was to go on" = |of| time(of.row.seam);
    "onward" Text "how it was asked to go on: `anew`, `prefill` or `asked`" = |of| text(&of.row.onward);
    "grounds" Text "the figures that led to it: `name=number` pairs" = |of| text(&of.row.grounds);
};

/// A row for what came to be beside attempts.
pub(super) static STEPS: [Column<StepRow>; 16] = columns! {
    "call" Text "the id of its call" = |of| Value::Text(&of.call.id);
    "call_started_at" Moment "when its call came" = |of| Value::Moment(of.call.started_ms);
    "step" Number "its place among the events of its call" = |of| small(of.row.step);
    "at_ns" Number "when, since the call's start" = |of| large(of.row.at_ns);
    "what" Text "`barred`, `refused`, `waiting`, `breaker`, `throttled` and so on" = |of| name(&of.row.what);
    "target" Text "the target it tells of" = |of| target(&of.row.target, |target| &target.name);
    "provider" Text "its provider entry" = |of| target(&of.row.target, |target| &target.provider);
    "credential" Text "a fingerprint of its key" = |of| target(&of.row.target, |target| &target.credential);
    "why" Text "the attempt that was refused" = |of| text(&of.row.why);
    "reason" Text "the stable name of the reason" = |of| text(&of.row.reason);
    "from_state" Text "the state before, of a breaker" = |of| text(&of.row.from_state);
    "to_state" Text "the state after, of a breaker" = |of| text(&of.row.to_state);
    "until_ns" Number "until when, since the call's start" = |of| time(of.row.until_ns);
    "took_ns" Number "how long a wait truly was" = |of| time(of.row.took_ns);
    "value" Number "a limit, the number of a key, or 1 for on and 0 for off" = |of| maybe(of.row.value);
    "grounds" Text "the figures the decision was made by: `name=number` pairs" = |of| text(&of.row.grounds);
};

/// A row for each change that belongs to no single call.
pub(super) static STATES: [Column<StateRow>; 12] = columns! {
    "at" Moment "when" = |of| Value::Moment(of.row.at_ms);
    "what" Text "`breaker`, `throttled`, `key_disabled`, `switched`, `drained` and so on" = |of| name(&of.row.what);
    "target" Text "the target it tells of" = |of| target(&of.row.target, |target| &target.name);
    "provider" Text "its provider entry" = |of| target(&of.row.target, |target| &target.provider);
    "credential" Text "a fingerprint of its key" = |of| target(&of.row.target, |target| &target.credential);
    "reason" Text "the stable name of the reason" = |of| text(&of.row.reason);
    "from_state" Text "the state before, of a breaker" = |of| text(&of.row.from_state);
    "to_state" Text "the state after, of a breaker" = |of| text(&of.row.to_state);
    "until" Moment "until when" = |of| of.row.until_ms.map_or(Value::Nothing, Value::Moment);
    "value" Number "a limit, the number of a key, or 1 for on and 0 for off" = |of| maybe(of.row.value);
    "grounds" Text "the figures it was decided by: `name=number` pairs" = |of| text(&of.row.grounds);
    "operator" Text "a fingerprint of the session of the operator who did it" = |of| text(&of.row.operator);
};

fn name(name: &Name) -> Value<'_> {
    Value::Text(name)
}

fn text(name: &Option<Name>) -> Value<'_> {
    name.as_deref().map_or(Value::Nothing, Value::Text)
}

fn own(text: &Option<String>) -> Value<'_> {
    text.as_deref().map_or(Value::Nothing, Value::Text)
}

fn target(target: &Option<TargetRow>, part: fn(&TargetRow) -> &Name) -> Value<'_> {
    target.as_ref().map_or(Value::Nothing, |target| Value::Text(part(target)))
}

fn small<'r>(number: impl Into<i64>) -> Value<'r> {
    Value::Number(number.into())
}

fn maybe<'r>(number: Option<impl Into<i64>>) -> Value<'r> {
    number.map_or(Value::Nothing, small)
}

fn large<'r>(number: u64) -> Value<'r> {
    Value::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

fn time<'r>(number: Option<u64>) -> Value<'r> {
    number.map_or(Value::Nothing, large)
}
