//! Limits that say when they are full again. Only the one that is empty makes a call wait.

use std::time::Duration;

use super::{clock, formats};
use crate::classify::said::Said;

/// The longest reset among the buckets that are exhausted.
pub(super) fn read(said: &Said<'_>) -> Option<Duration> {
    if said.answer.status != 429 {
        return None;
    }
    let resets = || {
        let names = said.answer.headers.keys().map(http::HeaderName::as_str);
        names
            .filter(|name| name.contains("ratelimit") || name.contains("rate-limit"))
            .filter(|name| name.contains("reset"))
    };
    let empty =
        resets().filter(|name| is_exhausted(said, name)).filter_map(|name| wait(said, name));
    empty.max().or_else(|| {
        // One reset and no word on what remains: it can only be the one that ran out.
        let mut unknown = resets().filter(|name| remaining(said, name).is_none());
        let only = unknown.next()?;
        if resets().count() == 1 { wait(said, only) } else { None }
    })
}

fn is_exhausted(said: &Said<'_>, reset: &str) -> bool {
    let status = said.header(&reset.replace("reset", "status"));
    status == Some("rejected")
        || remaining(said, reset) == Some(0.0) && !is_placeholder(said, reset)
}

/// Some answers carry `-1` and `0` where they have no limit to tell.
fn is_placeholder(said: &Said<'_>, reset: &str) -> bool {
    number(said, &reset.replace("reset", "limit")).is_some_and(|limit| limit <= 0.0)
}

fn remaining(said: &Said<'_>, reset: &str) -> Option<f64> {
    number(said, &reset.replace("reset", "remaining"))
}

fn number(said: &Said<'_>, name: &str) -> Option<f64> {
    said.header(name)?.parse().ok()
}

fn wait(said: &Said<'_>, reset: &str) -> Option<Duration> {
    formats::until(said.header(reset)?, clock(said))
}
