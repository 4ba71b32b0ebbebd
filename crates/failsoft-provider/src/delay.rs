//! How long an answer asks to be left alone.
//!
//! Many say it in many places; the first place that says something holds. Headers count on error
//! statuses only: some providers send them with every answer.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::classify::Place;
use crate::classify::said::Said;

mod buckets;
pub(crate) mod formats;
mod prose;

/// A wait beyond this is a mistake, not a wish: the longest real one is a month.
const ABSURD: Duration = Duration::from_secs(40 * 24 * 60 * 60);

/// The wait the answer asks for.
pub(crate) fn asked(said: &Said<'_>) -> Option<Duration> {
    if is_daily(said) {
        return None;
    }
    let sources: &[fn(&Said<'_>) -> Option<Duration>] = if said.answer.place == Place::Http {
        &[
            retry_after_ms,
            retry_after,
            cloud_retry_after,
            retry_info,
            body_field,
            reset_field,
            prose::read,
            buckets::read,
        ]
    } else {
        &[retry_info, body_field, reset_field, prose::read]
    };
    let mut waits = sources.iter().filter_map(|source| source(said)).filter(|it| *it <= ABSURD);
    // Zero says nothing yet: some send `retry-after-ms: 0` beside `retry-after: 1`.
    let first = waits.next()?;
    if first.is_zero() { waits.find(|it| !it.is_zero()).or(Some(first)) } else { Some(first) }
}

/// The wait that a `retry-after` header names, in seconds or as a date; `None` if it names none, or
/// one nobody would wait for.
#[must_use]
pub fn read_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    formats::until(text, formats::since_1970(now)).filter(|wait| *wait <= ABSURD)
}

fn retry_after_ms(said: &Said<'_>) -> Option<Duration> {
    formats::milliseconds(said.header("retry-after-ms")?)
}

fn retry_after(said: &Said<'_>) -> Option<Duration> {
    formats::until(said.header("retry-after")?, clock(said))
}

fn cloud_retry_after(said: &Said<'_>) -> Option<Duration> {
    formats::milliseconds(said.header("x-amz-retry-after")?)
}

/// `details[].retryDelay`.
fn retry_info(said: &Said<'_>) -> Option<Duration> {
    let details = said.layers.innermost("details")?.as_array()?;
    formats::span(details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?)
}

/// A daily quota that asks for seconds: whoever believes it meets the same again.
pub(crate) fn is_daily(said: &Said<'_>) -> bool {
    names_a_quota(said, "PerDay")
}

/// A quota that is full again within a minute, whether it asks for a wait or not.
pub(crate) fn is_of_a_minute(said: &Said<'_>) -> bool {
    names_a_quota(said, "PerMinute")
}

fn names_a_quota(said: &Said<'_>, part: &str) -> bool {
    let details = said.layers.innermost("details").and_then(Value::as_array);
    details.is_some_and(|it| it.iter().any(|detail| detail.to_string().contains(part)))
}

fn body_field(said: &Said<'_>) -> Option<Duration> {
    let keys = ["retry_after", "resets_in_seconds", "estimated_time"];
    formats::until(&plain(keys.iter().find_map(|key| said.layers.innermost(key))?)?, clock(said))
}

/// A moment in the body, or a header that a relay put there.
fn reset_field(said: &Said<'_>) -> Option<Duration> {
    let moment = said.layers.innermost("resets_at").and_then(plain);
    let header = || {
        let headers = said.layers.innermost("headers")?.as_object()?;
        headers.iter().find(|(name, _)| name.to_ascii_lowercase().ends_with("-reset"))
    };
    let moment = moment.or_else(|| plain(header()?.1))?;
    formats::until(&moment, clock(said))
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Seconds since 1970 by the answer's own clock if it shows one, so that a skew cancels out.
fn clock(said: &Said<'_>) -> f64 {
    let date = said.header("date").and_then(formats::moment);
    date.unwrap_or_else(|| formats::since_1970(said.answer.now))
}

#[cfg(test)]
mod tests;
