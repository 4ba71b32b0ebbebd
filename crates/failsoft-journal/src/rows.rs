//! What is kept, as it is read back: the same rows from every store.

use std::sync::Arc;

use serde::Serialize;

/// A text that many rows share: a stable name, a target, a route.
pub type Name = Arc<str>;

/// A call with all that came to be in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// The call itself.
    pub call: CallRow,
    /// Its attempts, by ordinal.
    pub attempts: Vec<AttemptRow>,
    /// What came to be beside the attempts, in order.
    pub steps: Vec<StepRow>,
}

/// A call. Times in `*_ns` are nanoseconds since its start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallRow {
    /// The id clients see.
    pub id: String,
    /// When it came, in milliseconds since 1970.
    pub started_ms: i64,
    /// The route it took.
    pub route: Name,
    /// The model the client asked for.
    pub model: Name,
    /// The client's dialect.
    pub dialect: Name,
    /// `plain` or `streamed`.
    pub delivery: Option<Name>,
    /// `interactive`, `background` or `batch`.
    pub profile: Option<Name>,
    /// The client's SDK and version.
    pub client: Option<Name>,
    /// How often the client had tried before.
    pub client_retries: u8,
    /// `x-failsoft-tag`.
    pub tag: Option<Name>,
    /// The trace it belongs to, as 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// The size of the request's body in bytes.
    pub request_bytes: u64,
    /// Estimated tokens of the prompt; 0 where nobody looked.
    pub prompt_tokens: u32,
    /// Attempts it might make.
    pub max_attempts: Option<u8>,
    /// How long after its start it must have ended.
    pub deadline_ns: Option<u64>,
    /// `served`, `resumed`, `degraded`, `failed` or `cancelled`; `None` if its end was not seen.
    pub verdict: Option<Name>,
    /// The kind of failure that says most, if it got no real answer.
    pub kind: Option<Name>,
    /// The status the client got.
    pub status: u16,
    /// How long the client was asked to wait.
    pub retry_after_ns: Option<u64>,
    /// The attempt whose answer or failure the client got.
    pub answer_ordinal: Option<u8>,
    /// How long it waited between attempts, all together.
    pub waited_ns: u64,
    /// When first content went to the client.
    pub first_content_ns: Option<u64>,
    /// How long it took.
    pub took_ns: Option<u64>,
}

/// An attempt of a call. `started_ns` and `committed_ns` count from the call's start, the other
/// times from the attempt's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttemptRow {
    /// Which; the first is 0.
    pub ordinal: u8,
    /// Where it went.
    pub target: Option<TargetRow>,
    /// The model asked for there.
    pub model: Option<Name>,
    /// `first`, `retry`, `failover`, `patience`, `hedge` or `resume`.
    pub why: Option<Name>,
    /// Its place among the steps of its call, when it began.
    pub start_step: Option<u16>,
    /// The same, when its content began to go to the client.
    pub commit_step: Option<u16>,
    /// The same, when it ended.
    pub end_step: Option<u16>,
    /// When it was sent.
    pub started_ns: Option<u64>,
    /// When the connection stood.
    pub connected_ns: Option<u64>,
    /// When the head of the answer came.
    pub headers_ns: Option<u64>,
    /// When first content came.
    pub first_content_ns: Option<u64>,
    /// When its content began to go to the client.
    pub committed_ns: Option<u64>,
    /// How long it took.
    pub took_ns: Option<u64>,
    /// `succeeded`, `failed` or `cancelled`.
    pub outcome: Option<Name>,
    /// The kind of its failure.
    pub kind: Option<Name>,
    /// How far it had come when it failed.
    pub phase: Option<Name>,
    /// What the failure said of the same target.
    pub same_target: Option<Name>,
    /// What it said of others.
    pub elsewhere: Option<Name>,
    /// Why it was stopped, if it was.
    pub cancel_reason: Option<Name>,
    /// How long the target asked to be left alone.
    pub retry_after_ns: Option<u64>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The provider's own code.
    pub code: Option<Name>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// The provider's words, secrets removed.
    pub words: Option<String>,
    /// Tokens read.
    pub input_tokens: Option<u32>,
    /// Tokens written.
    pub output_tokens: Option<u32>,
    /// Estimated cost in billionths of a US dollar, where tokens and price are known.
    pub cost_nanos: Option<u64>,
    /// Bytes of answer passed on to the client.
    pub delivered_bytes: u64,
    /// The target's dialect, where the call was written anew in it.
    pub translated_to: Option<Name>,
    /// What that dialect has not and the call was sent without, by name, with commas.
    pub left_out: Option<Name>,
    /// Malformed events of its stream that were left out.
    pub dropped_events: u16,
    /// Characters of the answer the client had when this attempt was to go on with it.
    pub seam: Option<u64>,
    /// How it was asked to go on: `anew`, `prefill` or `asked`.
    pub onward: Option<Name>,
    /// What led to it: see [`StepRow::grounds`].
    pub grounds: Option<Name>,
}

/// The name of a target, and the fingerprint of its key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetRow {
    /// `provider/model`.
    pub name: Name,
    /// The provider entry.
    pub provider: Name,
    /// A fingerprint of the key, never the key.
    pub credential: Name,
}

/// Something that came to be in a call beside its attempts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepRow {
    /// Its place in the order of the call's events.
    pub step: u16,
    /// Since the call's start.
    pub at_ns: u64,
    /// `barred`, `refused`, `waiting`, `breaker`, `throttled`, `key_disabled`, `model_disabled`,
    /// `switched`, `probed` or `ignored`.
    pub what: Name,
    /// The target it tells of.
    pub target: Option<TargetRow>,
    /// The attempt that was refused.
    pub why: Option<Name>,
    /// The stable name of the reason.
    pub reason: Option<Name>,
    /// The state before, of a breaker.
    pub from_state: Option<Name>,
    /// The state after, of a breaker.
    pub to_state: Option<Name>,
    /// Until when, since the call's start.
    pub until_ns: Option<u64>,
    /// How long a wait truly was.
    pub took_ns: Option<u64>,
    /// A limit, the number of a key, or 1 for on and 0 for off.
    pub value: Option<u32>,
    /// The figures the decision was made by: `name=number` pairs with blanks between them, names
    /// with their units as the engine's `Measure` calls them.
    pub grounds: Option<Name>,
}

/// A change that belongs to no single call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateRow {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// `breaker`, `throttled`, `key_disabled`, `model_disabled`, `limit`, `switched`, `probed`,
    /// what an operator did: `drained`, or what was seen: `incident_opened`, `incident_closed`.
    pub what: Name,
    /// The target it tells of.
    pub target: Option<TargetRow>,
    /// The stable name of the reason.
    pub reason: Option<Name>,
    /// The state before, of a breaker.
    pub from_state: Option<Name>,
    /// The state after, of a breaker.
    pub to_state: Option<Name>,
    /// Until when, in milliseconds since 1970.
    pub until_ms: Option<i64>,
    /// A limit, the number of a key, failed attempts of an incident, or 1 for on and 0 for off.
    pub value: Option<u32>,
    /// The figures it was decided by: see [`StepRow::grounds`].
    pub grounds: Option<Name>,
    /// Who did it, where an operator did: a fingerprint of the session.
    pub operator: Option<Name>,
}

/// Records that could not be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// Calls served by their only attempt.
    pub healthy: u64,
    /// All others, and changes of state.
    pub failed: u64,
}
