//! One call, told: its attempts, waits and refusals in order, each with its reason.

mod bars;
mod figures;
mod lanes;
mod of;
mod render;
mod say;

use serde::Serialize;

pub use figures::Figures;
pub use lanes::{Lane, Segment, SegmentKind};

/// One call, told. As JSON the fields carry these names; `*_ms` are milliseconds, and a field
/// that nobody knew is `null`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Story {
    /// The call's id.
    pub call: String,
    /// When it came, as RFC 3339 in UTC.
    pub started_at: String,
    /// The same, in milliseconds since 1970.
    pub started_unix_ms: i64,
    /// The route it took.
    pub route: String,
    /// The model the client asked for.
    pub model: String,
    /// The client's dialect.
    pub dialect: String,
    /// `plain` or `streamed`.
    pub delivery: Option<String>,
    /// `interactive`, `background` or `batch`.
    pub profile: Option<String>,
    /// The client's SDK.
    pub client: Option<String>,
    /// How often the client had tried before.
    pub client_retries: u64,
    /// The client's tag.
    pub tag: Option<String>,
    /// The trace it belongs to, as 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// The size of the request's body.
    pub request_bytes: u64,
    /// Estimated tokens of the prompt; 0 where nobody looked.
    pub prompt_tokens: u64,
    /// Attempts it might make.
    pub max_attempts: Option<u64>,
    /// How long after its start it must have ended.
    pub deadline_ms: Option<f64>,
    /// `served`, `resumed`, `degraded`, `failed` or `cancelled`.
    pub verdict: Option<String>,
    /// The kind of failure that says most, if it was not served.
    pub kind: Option<String>,
    /// The status the client got.
    pub status: u64,
    /// How long the client was asked to wait before it tries again.
    pub retry_after_ms: Option<f64>,
    /// The attempt whose answer or failure the client got.
    pub answer_ordinal: Option<u64>,
    /// How long it waited between attempts.
    pub waited_ms: f64,
    /// When first content went to the client.
    pub first_content_ms: Option<f64>,
    /// How long it took.
    pub took_ms: Option<f64>,
    /// What all its attempts cost together, in billionths of a US dollar, as far as that is known.
    pub cost_nanos: Option<u64>,
    /// What those cost of which the client got nothing.
    pub cost_in_vain_nanos: Option<u64>,
    /// Tokens of those.
    pub tokens_in_vain: u64,
    /// Its attempts, in order.
    pub attempts: Vec<StoryAttempt>,
    /// All that came to be, in order.
    pub timeline: Vec<Happened>,
    /// What each attempt did when, to be drawn: a lane for each, in order.
    pub lanes: Vec<Lane>,
    /// When it waited and no attempt was on its way.
    pub pauses: Vec<Segment>,
}

/// An attempt of a call. `*_ms` count from the attempt's start, but for `started_ms` and
/// `committed_ms`, which count from the call's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoryAttempt {
    /// Which; the first is 0.
    pub ordinal: u64,
    /// Where it went: `provider/model`.
    pub target: Option<String>,
    /// The provider entry.
    pub provider: Option<String>,
    /// A fingerprint of the key.
    pub credential: Option<String>,
    /// The model asked for there.
    pub model: Option<String>,
    /// The target's dialect, where the call was written anew in it.
    pub translated_to: Option<String>,
    /// What that dialect has not and the call was sent without, by name.
    pub left_out: Option<String>,
    /// `first`, `retry`, `failover`, `patience`, `hedge` or `resume`.
    pub why: Option<String>,
    /// When it was sent.
    pub started_ms: Option<f64>,
    /// When the connection stood.
    pub connected_ms: Option<f64>,
    /// When the head of the answer came.
    pub headers_ms: Option<f64>,
    /// When first content came.
    pub first_content_ms: Option<f64>,
    /// When its content began to go to the client.
    pub committed_ms: Option<f64>,
    /// How long it took.
    pub took_ms: Option<f64>,
    /// `succeeded`, `failed` or `cancelled`.
    pub outcome: Option<String>,
    /// The kind of its failure.
    pub kind: Option<String>,
    /// How far it had come when it failed: `connect`, `first_content` or `content`.
    pub phase: Option<String>,
    /// What the failure said of the same target: `allowed`, `once` or `forbidden`.
    pub same_target: Option<String>,
    /// What it said of others: `any`, `other_credential`, `other_model`, `larger_context`, `nowhere`.
    pub elsewhere: Option<String>,
    /// Why it was stopped, if it was.
    pub cancel_reason: Option<String>,
    /// How long the target asked to be left alone.
    pub retry_after_ms: Option<f64>,
    /// The HTTP status.
    pub status: Option<u64>,
    /// The provider's own code.
    pub code: Option<String>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// The provider's words, secrets removed.
    pub words: Option<String>,
    /// Tokens read.
    pub input_tokens: Option<u64>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
    /// What these tokens cost, in billionths of a US dollar.
    pub cost_nanos: Option<u64>,
    /// Whether the client got nothing of it.
    pub in_vain: bool,
    /// Bytes of answer passed on to the client.
    pub delivered_bytes: u64,
    /// Malformed events of its stream that were left out.
    pub dropped_events: u64,
    /// Characters of the answer the client had when this attempt was to go on with it.
    pub seam: Option<u64>,
    /// How it was asked to go on: `anew`, `prefill` or `asked`.
    pub onward: Option<String>,
}

/// Something that came to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Happened {
    /// Since the call's start.
    pub at_ms: f64,
    /// `attempt_started`, `attempt_ended`, `committed`, `barred`, `refused`, `waiting`, `breaker`,
    /// `throttled`, `key_disabled`, `model_disabled`, `switched`, `probed` or `ignored`.
    pub what: String,
    /// The attempt, if it tells of one.
    pub ordinal: Option<u64>,
    /// The target, if it tells of one.
    pub target: Option<String>,
    /// The attempt that was refused: `retry`, `failover`, `patience`, `hedge` or `resume`.
    pub why: Option<String>,
    /// The stable name of the reason.
    pub reason: Option<String>,
    /// The state before, of a breaker.
    pub from: Option<String>,
    /// The state after, of a breaker.
    pub to: Option<String>,
    /// Until when, since the call's start.
    pub until_ms: Option<f64>,
    /// How long a wait truly was.
    pub took_ms: Option<f64>,
    /// A key's number, or 1 for on and 0 for off.
    pub value: Option<u64>,
    /// Of an alternative that was refused: the place in `timeline` of what was decided instead.
    pub instead: Option<usize>,
    /// The figures it was decided by, by the names of the engine's measures.
    pub grounds: Figures,
    /// The same in plain words.
    pub because: Option<String>,
    /// What came to be in plain words, with times of day in UTC.
    pub says: String,
}
