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

/// A column's name, what it means, and the field it is; behind a question mark, that of the target.
macro_rules! columns {
    ($row:ty: $($name:ident $about:literal = $($field:ident).+ $(? $part:ident)?;)*) => {
        &[$(Column {
            head: Head {
                name: stringify!($name),
                kind: columns!(@kind $row, $($field).+ $(? $part)?),
                about: $about,
            },
            value: |of| columns!(@value of, $($field).+ $(? $part)?),
        }),*]
    };
    (@kind $row:ty, $($field:ident).+) => { kind(|of: &Of<'static, $row>| &of.$($field).+) };
    (@kind $row:ty, $($field:ident).+ ? $part:ident) => { kind(|to: &TargetRow| &to.$part) };
    (@value $of:ident, $($field:ident).+) => { $of.$($field).+.value() };
    (@value $of:ident, $($field:ident).+ ? $part:ident) => {
        match &$of.$($field).+ {
            Some(target) => target.$part.value(),
            None => Value::Nothing,
        }
    };
}

/// A row for each call.
pub(super) static CALLS: &[Column<Recorded>] = columns! { Recorded:
    call "its id, as clients see it" = call.id;
    started_at "when it came" = call.started_ms;
    route "the route it took" = call.route;
    model "the model the client asked for" = call.model;
    dialect "the client's dialect" = call.dialect;
    delivery "`plain` or `streamed`" = call.delivery;
    profile "`interactive`, `background` or `batch`" = call.profile;
    client "the client's SDK and version" = call.client;
    client_retries "how often the client had tried before" = call.client_retries;
    tag "`x-failsoft-tag`" = call.tag;
    trace_id "the trace it belongs to, 32 hexadecimal digits" = call.trace_id;
    request_bytes "the size of the request's body" = call.request_bytes;
    prompt_tokens "estimated tokens of the prompt; 0 where nobody looked" = call.prompt_tokens;
    max_attempts "attempts it might make" = call.max_attempts;
    deadline_ns "how long after its start it must have ended" = call.deadline_ns;
    verdict "`served`, `resumed`, `degraded`, `failed` or `cancelled`" = call.verdict;
    kind "the kind of failure that says most" = call.kind;
    status "the status the client got" = call.status;
    retry_after_ns "how long the client was asked to wait" = call.retry_after_ns;
    answer_ordinal "the attempt whose answer or failure the client got" = call.answer_ordinal;
    attempts "attempts it made" = row.attempts;
    waited_ns "how long it waited between attempts" = call.waited_ns;
    first_content_ns "when first content went to the client, since its start" = call.first_content_ns;
    took_ns "how long it took" = call.took_ns;
};

/// A row for each attempt.
pub(super) static ATTEMPTS: &[Column<AttemptRow>] = columns! { AttemptRow:
    call "the id of its call" = call.id;
    call_started_at "when its call came" = call.started_ms;
    route "the route of its call" = call.route;
    ordinal "which attempt of the call; the first is 0" = row.ordinal;
    target "where it went: `provider/model`" = row.target?name;
    provider "the provider entry" = row.target?provider;
    credential "a fingerprint of the key, never the key" = row.target?credential;
    model "the model asked for there" = row.model;
    why "`first`, `retry`, `failover`, `patience`, `hedge` or `resume`" = row.why;
    start_step "its place among the events of its call, when it began" = row.start_step;
    commit_step "the same, when its content began to go to the client" = row.commit_step;
    end_step "the same, when it ended" = row.end_step;
    started_ns "when it was sent, since the call's start" = row.started_ns;
    connected_ns "when the connection stood, since it was sent" = row.connected_ns;
    headers_ns "when the head of the answer came, since it was sent" = row.headers_ns;
    first_content_ns "when first content came, since it was sent" = row.first_content_ns;
    committed_ns "when its content began to go to the client, since the call's start" = row.committed_ns;
    took_ns "how long it took" = row.took_ns;
    outcome "`succeeded`, `failed` or `cancelled`" = row.outcome;
    kind "the kind of its failure" = row.kind;
    phase "how far it had come when it failed" = row.phase;
    same_target "what the failure said of the same target" = row.same_target;
    elsewhere "what it said of others" = row.elsewhere;
    cancel_reason "why it was stopped, if it was" = row.cancel_reason;
    retry_after_ns "how long the target asked to be left alone" = row.retry_after_ns;
    status "the HTTP status" = row.status;
    code "the provider's own code" = row.code;
    request_id "the provider's id of the request" = row.request_id;
    words "the provider's words, secrets removed" = row.words;
    input_tokens "tokens read" = row.input_tokens;
    output_tokens "tokens written" = row.output_tokens;
    cost_nanos "estimated cost in billionths of a US dollar" = row.cost_nanos;
    delivered_bytes "bytes of answer passed on to the client" = row.delivered_bytes;
    translated_to "the target's dialect, where the call was written anew in it" = row.translated_to;
    left_out "what that dialect has not and the call was sent without" = row.left_out;
    dropped_events "malformed events of its stream that were left out" = row.dropped_events;
    seam "characters of the answer the client had when it was to go on" = row.seam;
    onward "how it was asked to go on: `anew`, `prefill` or `asked`" = row.onward;
    grounds "the figures that led to it: `name=number` pairs" = row.grounds;
};

/// A row for what came to be beside attempts.
pub(super) static STEPS: &[Column<StepRow>] = columns! { StepRow:
    call "the id of its call" = call.id;
    call_started_at "when its call came" = call.started_ms;
    step "its place among the events of its call" = row.step;
    at_ns "when, since the call's start" = row.at_ns;
    what "`barred`, `refused`, `waiting`, `breaker`, `throttled` and so on" = row.what;
    target "the target it tells of" = row.target?name;
    provider "its provider entry" = row.target?provider;
    credential "a fingerprint of its key" = row.target?credential;
    why "the attempt that was refused" = row.why;
    reason "the stable name of the reason" = row.reason;
    from_state "the state before, of a breaker" = row.from_state;
    to_state "the state after, of a breaker" = row.to_state;
    until_ns "until when, since the call's start" = row.until_ns;
    took_ns "how long a wait truly was" = row.took_ns;
    value "a limit, the number of a key, or 1 for on and 0 for off" = row.value;
    grounds "the figures the decision was made by: `name=number` pairs" = row.grounds;
};

/// A row for each change that belongs to no single call.
pub(super) static STATES: &[Column<StateRow>] = columns! { StateRow:
    at "when" = row.at_ms;
    what "`breaker`, `throttled`, `key_disabled`, `switched`, `drained` and so on" = row.what;
    target "the target it tells of" = row.target?name;
    provider "its provider entry" = row.target?provider;
    credential "a fingerprint of its key" = row.target?credential;
    reason "the stable name of the reason" = row.reason;
    from_state "the state before, of a breaker" = row.from_state;
    to_state "the state after, of a breaker" = row.to_state;
    until "until when" = row.until_ms;
    value "a limit, the number of a key, failed attempts of an incident, or 1 for on and 0 for off" = row.value;
    grounds "the figures it was decided by: `name=number` pairs" = row.grounds;
    operator "a fingerprint of the session of the operator who did it" = row.operator;
};

/// What a field is in a cell.
trait Field {
    const KIND: Kind;
    fn value(&self) -> Value<'_>;
}

const fn kind<T, F: Field>(_: fn(&T) -> &F) -> Kind {
    F::KIND
}

impl<F: Field> Field for Option<F> {
    const KIND: Kind = F::KIND;

    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Nothing, F::value)
    }
}

impl Field for Name {
    const KIND: Kind = Kind::Text;

    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Field for String {
    const KIND: Kind = Kind::Text;

    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

/// What is signed in a row is a moment.
impl Field for i64 {
    const KIND: Kind = Kind::Moment;

    fn value(&self) -> Value<'_> {
        Value::Moment(*self)
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Field for $number {
            const KIND: Kind = Kind::Number;

            fn value(&self) -> Value<'_> {
                Value::Number(i64::try_from(*self).unwrap_or(i64::MAX))
            }
        }
    )*};
}

numbers![u8 u16 u32 u64];

/// How many there are.
impl Field for Vec<AttemptRow> {
    const KIND: Kind = Kind::Number;

    fn value(&self) -> Value<'_> {
        Value::Number(i64::try_from(self.len()).unwrap_or(i64::MAX))
    }
}
