//! What the headers of an answer, good or bad, say is left of a quota.

use std::time::{Duration, SystemTime};

use failsoft_engine::{Left, QuotaTold};
use http::{HeaderMap, HeaderName};

use crate::delay::formats;

/// A bucket that takes longer than this to fill is none a caller can pace itself by.
const LONG: Duration = Duration::from_secs(10 * 60);

/// Reads every bucket; the tightest of each kind counts. `daily` are those that last a day although
/// neither name nor figures say so.
pub(crate) fn read(headers: &HeaderMap, now: SystemTime, daily: &[&str]) -> QuotaTold {
    let mut told = QuotaTold::default();
    for name in headers.keys().map(HeaderName::as_str).filter(|name| is_remaining(name)) {
        let kept = match unit(name) {
            Some(Unit::Requests) => &mut told.requests,
            Some(Unit::Tokens) => &mut told.tokens,
            None => continue,
        };
        let Some((left, window)) = bucket(headers, name, now) else { continue };
        // A long bucket paces nobody; it is worth a word when it is empty.
        let is_long = window == Window::Long || daily.contains(&name);
        let is_part = name.contains("input-tokens") || name.contains("output-tokens");
        if left.remaining > 0 && (is_long || is_part) {
            continue;
        }
        let tighter = kept.is_none_or(|other| key(&left) < key(&other));
        if tighter {
            *kept = Some(left);
        }
    }
    told
}

/// What a bucket counts.
enum Unit {
    Requests,
    Tokens,
}

#[derive(PartialEq, Eq)]
enum Window {
    Short,
    Long,
}

fn is_remaining(name: &str) -> bool {
    name.contains("remaining")
        && ["ratelimit", "rate-limit", "tokenlimit", "endpoint-call"]
            .iter()
            .any(|part| name.contains(part))
}

/// The kind by the name: `-requests`, `-req-minute`, nothing at all; `-tokens`, `tokenlimit`.
fn unit(name: &str) -> Option<Unit> {
    if name.contains("token") {
        return Some(Unit::Tokens);
    }
    let counts_requests = name.contains("req") || name.contains("call");
    (counts_requests || name.ends_with("limit-remaining")).then_some(Unit::Requests)
}

fn bucket(headers: &HeaderMap, name: &str, now: SystemTime) -> Option<(Left, Window)> {
    let remaining = number(headers, name)?;
    let limit = signed(headers, &name.replace("remaining", "limit"));
    // Some answers carry `-1` and `0` where they have no limit to tell.
    if limit.is_some_and(|limit| limit < 1.0) {
        return None;
    }
    let reset = text(headers, &name.replace("remaining", "reset"));
    let resets_in = reset.and_then(|reset| formats::until(reset, clock(headers, now)));
    let left = Left { remaining, limit: limit.map(whole), resets_in };
    let says_long = ["day", "month", "hour"].iter().any(|word| name.contains(word));
    let precise = reset.is_some_and(|it| it.ends_with('s'));
    let window =
        if says_long || precise && refills_slowly(&left) { Window::Long } else { Window::Short };
    Some((left, window))
}

/// From what was used and when it is back follows how long the whole takes.
fn refills_slowly(left: &Left) -> bool {
    let (Some(limit), Some(resets_in)) = (left.limit, left.resets_in) else { return false };
    let used = u32::try_from(limit.saturating_sub(left.remaining)).unwrap_or(u32::MAX);
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    used > 0 && resets_in.saturating_mul(limit) / used > LONG
}

/// The emptier bucket first, and of two empty ones the one that stays so longer.
fn key(left: &Left) -> (u64, std::cmp::Reverse<Option<Duration>>) {
    (left.remaining, std::cmp::Reverse(left.resets_in))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn signed(headers: &HeaderMap, name: &str) -> Option<f64> {
    text(headers, name)?.parse::<f64>().ok().filter(|it| it.is_finite())
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    signed(headers, name).filter(|it| *it >= 0.0).map(whole)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from a float stops at the ends, which is what is wanted"
)]
const fn whole(number: f64) -> u64 {
    number as u64
}

fn clock(headers: &HeaderMap, now: SystemTime) -> f64 {
    let date = text(headers, "date").and_then(formats::moment);
    date.unwrap_or_else(|| formats::since_1970(now))
}
