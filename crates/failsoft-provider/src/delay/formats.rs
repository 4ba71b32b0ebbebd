//! The forms a wait is written in.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// A bare number from here on is a moment in seconds since 1970, not a span.
const MOMENTS_FROM: f64 = 1e9;
/// A bare number from here on is a moment in milliseconds since 1970.
const MILLISECONDS_FROM: f64 = 1e12;

/// Units as they are written, longer words first.
const UNITS: &[(&str, f64)] = &[
    ("milliseconds", 0.001),
    ("millisecond", 0.001),
    ("ms", 0.001),
    ("seconds", 1.0),
    ("second", 1.0),
    ("secs", 1.0),
    ("sec", 1.0),
    ("s", 1.0),
    ("minutes", 60.0),
    ("minute", 60.0),
    ("mins", 60.0),
    ("min", 60.0),
    ("m", 60.0),
    ("hours", 3600.0),
    ("hour", 3600.0),
    ("hrs", 3600.0),
    ("h", 3600.0),
    ("days", 86400.0),
    ("day", 86400.0),
    ("d", 86400.0),
];

/// A span, a moment or a bare number of either, as seen from `now`.
pub(crate) fn until(text: &str, now: f64) -> Option<Duration> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return match number {
            it if it >= MILLISECONDS_FROM => duration((it / 1000.0 - now).max(0.0)),
            it if it >= MOMENTS_FROM => duration((it - now).max(0.0)),
            it => duration(it),
        };
    }
    moment(text).map_or_else(|| span(text), |then| duration((then - now).max(0.0)))
}

/// A number of milliseconds.
pub(crate) fn milliseconds(text: &str) -> Option<Duration> {
    duration(text.trim().parse::<f64>().ok()? / 1000.0)
}

/// A span with units and nothing else, e.g. `6m0s`, `12ms`, `38.2s`.
pub(crate) fn span(text: &str) -> Option<Duration> {
    let (span, rest) = leading_span(text.trim())?;
    rest.is_empty().then_some(span)
}

/// The span a text begins with, and what follows it.
pub(crate) fn leading_span(text: &str) -> Option<(Duration, &str)> {
    let mut rest = text;
    let mut seconds = 0.0;
    let mut found = false;
    while let Some((part, after)) = leading_part(rest) {
        seconds += part;
        rest = after;
        found = true;
    }
    if found { Some((duration(seconds)?, rest)) } else { None }
}

/// An RFC 3339 or HTTP date, in seconds since 1970.
pub(crate) fn moment(text: &str) -> Option<f64> {
    let stamp = text.parse::<Timestamp>().ok();
    let stamp = stamp.or_else(|| rfc2822::DateTimeParser::new().parse_timestamp(text).ok())?;
    Some(stamp.as_duration().as_secs_f64())
}

pub(crate) fn since_1970(now: SystemTime) -> f64 {
    now.duration_since(UNIX_EPOCH).map_or(0.0, |it| it.as_secs_f64())
}

fn leading_part(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start();
    let digits = text.find(|it: char| !it.is_ascii_digit() && it != '.')?;
    let (number, rest) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let rest = rest.trim_start();
    let letters = rest.find(|it: char| !it.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (word, mut after) = rest.split_at(letters);
    let (_, seconds) = UNITS.iter().find(|(unit, _)| word.eq_ignore_ascii_case(unit))?;
    after = after.strip_prefix(" and ").unwrap_or(after);
    Some((number * seconds, after))
}

/// Seconds as a duration; `None` for what is negative, infinite or no number.
fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}
