//! Waits that stand in a sentence.

use std::time::Duration;

use super::formats;
use crate::classify::said::Said;

/// What stands before a span, in lower case.
const BEFORE_SPAN: &[&str] = &[
    "try again in ",
    "retry after ",
    "retry in ",
    "try again after ",
    "please wait ",
    "resets in ",
];
/// What stands before a day, in lower case.
const BEFORE_DAY: &str = "regain access on ";

pub(super) fn read(said: &Said<'_>) -> Option<Duration> {
    let text = said.text();
    let mut spans = BEFORE_SPAN.iter().flat_map(|words| {
        text.match_indices(words).filter_map(|(at, _)| text.get(at + words.len()..))
    });
    let span = spans.find_map(|rest| formats::leading_span(rest)).map(|(span, _)| span);
    span.or_else(|| until_day(text, said))
}

/// E.g. `2026-09-01 at 00:00 utc`.
fn until_day(text: &str, said: &Said<'_>) -> Option<Duration> {
    let (_, rest) = text.split_once(BEFORE_DAY)?;
    let mut words = rest.split_ascii_whitespace();
    let day = words.next()?.trim_end_matches('.');
    let time = words.find(|word| *word != "at").filter(|it| it.len() == 5).unwrap_or("00:00");
    formats::until(&format!("{day}T{time}:00Z"), super::clock(said))
}
