//! Many calls summed up: what was answered, what failed where and when, and how long it took.

mod findings;
mod render;
mod table;
pub(crate) mod tally;

use serde::Serialize;

use failsoft_journal::Dropped;

use crate::effects::{Course, Saved, Slot, Spent, Users};
use crate::finding::Finding;
use crate::quantile::Quantiles;
use crate::spans::IncidentRow;

/// Many calls summed up. As JSON the fields carry these names; shares lie between 0 and 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The beginning of the time looked at, as RFC 3339 in UTC.
    pub since: String,
    /// Its end.
    pub until: String,
    /// The beginning in milliseconds since 1970.
    pub since_unix_ms: i64,
    /// The end in milliseconds since 1970.
    pub until_unix_ms: i64,
    /// The calls.
    pub calls: Calls,
    /// Their attempts.
    pub attempts: Attempts,
    /// The hour the first column of `by_hour` stands for, in milliseconds since 1970.
    pub first_hour_unix_ms: i64,
    /// How many hours `by_hour` holds.
    pub hours: usize,
    /// Failed attempts, the most frequent first.
    pub failures: Vec<FailureRow>,
    /// Streams that broke off after content had gone to the client, by target, the most first.
    pub broken_streams: Vec<BrokenStreams>,
    /// What clients got instead of an answer, the most frequent first.
    pub told: Vec<ToldRow>,
    /// Attempts that were not made, the most frequent first.
    pub refusals: Vec<RefusalRow>,
    /// How long calls took that were served or resumed, as their clients saw it.
    pub latency: Latency,
    /// How long attempts took that succeeded, by target.
    pub by_target: Vec<TargetLatency>,
    /// Changes of breakers, keys, models and switches in order; of more than 200, the last.
    pub changes: Vec<Change>,
    /// All such changes, those left out included.
    pub changes_total: u64,
    /// Records that could not be kept.
    pub dropped: Dropped,
    /// Times in which failures stood out, by their beginning; of more than 1,000, the last.
    pub incidents: Vec<IncidentRow>,
    /// What an operator should know, what lost calls first.
    pub findings: Vec<Finding>,
    /// What users saw.
    pub users: Users,
    /// What was paid for nothing.
    pub spent: Spent,
    /// What failsoft saved.
    pub saved: Saved,
    /// Calls that were themselves retries of their client.
    pub client_retries: u64,
    /// How long a piece of the time is, in milliseconds.
    pub slot_ms: i64,
    /// How it went, piece by piece; those without a call are left out.
    pub slots: Vec<Slot>,
    /// First content at each target, piece by piece.
    pub courses: Vec<Course>,
}

/// How calls ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Calls {
    /// All of them.
    pub total: u64,
    /// With a whole answer.
    pub served: u64,
    /// With a whole answer whose stream had broken off and was continued.
    pub resumed: u64,
    /// With the operator's reply.
    pub degraded: u64,
    /// With an error.
    pub failed: u64,
    /// By their client.
    pub cancelled: u64,
    /// The share served or resumed, of all but those their client cancelled; `null` if there were none.
    pub success_rate: Option<f64>,
    /// The share whose first attempt succeeded, or was overtaken while still alive: what they
    /// would have met without retry and failover.
    pub success_rate_first_attempt: Option<f64>,
    /// Calls served or resumed although their first attempt did not succeed.
    pub saved: u64,
}

/// How many attempts calls made.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Attempts {
    /// All of them.
    pub total: u64,
    /// Attempts for each call.
    pub per_call: Option<f64>,
    /// Calls by the attempts they made.
    pub histogram: Vec<AttemptsRow>,
    /// How long calls waited between attempts, all together.
    pub waited_ms: f64,
}

/// Calls that made so many attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttemptsRow {
    /// Attempts.
    pub attempts: u64,
    /// Calls.
    pub calls: u64,
}

/// Failed attempts of one kind at one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailureRow {
    /// The target.
    pub target: String,
    /// The kind.
    pub kind: String,
    /// How many.
    pub total: u64,
    /// How many in each hour.
    pub by_hour: Vec<u64>,
}

/// Streams of one target that broke off after content had gone to the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BrokenStreams {
    /// The target.
    pub target: String,
    /// How many broke off.
    pub broke: u64,
    /// How many of them were continued, and ended whole.
    pub continued: u64,
}

/// What clients got instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToldRow {
    /// `failed` or `degraded`.
    pub verdict: String,
    /// The kind of failure.
    pub kind: Option<String>,
    /// The status.
    pub status: u64,
    /// How many.
    pub calls: u64,
}

/// Attempts that were not made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusalRow {
    /// `retry`, `failover`, `patience`, `hedge` or `resume`.
    pub why: String,
    /// What stood against it.
    pub reason: String,
    /// How many.
    pub total: u64,
}

/// Two latencies.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Until first content.
    pub first_content: Quantiles,
    /// Until the end.
    pub total: Quantiles,
}

/// How long successful attempts took at a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetLatency {
    /// The target.
    pub target: String,
    /// All attempts there.
    pub attempts: u64,
    /// Those that succeeded.
    pub succeeded: u64,
    /// How long these took.
    pub latency: Latency,
}

/// A change that belongs to no single call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// When, as RFC 3339 in UTC.
    pub at: String,
    /// When, in milliseconds since 1970.
    pub at_unix_ms: i64,
    /// `breaker`, `key_disabled`, `model_disabled` or `switched`.
    pub what: String,
    /// The target, if one target is concerned.
    pub target: Option<String>,
    /// Why: what opened the breaker, or the kind of failure.
    pub reason: Option<String>,
    /// The state before, of a breaker.
    pub from: Option<String>,
    /// The state after, of a breaker.
    pub to: Option<String>,
    /// Until when, in milliseconds since 1970.
    pub until_unix_ms: Option<i64>,
    /// A key's number, or 1 for on and 0 for off.
    pub value: Option<u64>,
}
