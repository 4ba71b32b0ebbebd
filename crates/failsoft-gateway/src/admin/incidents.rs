//! Failures of the record joined to incidents; those that are not over come first.

use std::sync::Arc;

use failsoft::Body;
use failsoft_journal::{Search, Span, Story};
use failsoft_report::{Incident, Incidents, Sighting, Turn};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::guard::refused;
use super::now::unix_ms;
use super::{calls, query, reply};
use crate::state::State;

/// As far back as is looked when nothing is said, and at most.
const HOURS: i64 = 24;
const MOST_HOURS: i64 = 24 * 14;
/// Calls looked at, the newest ones.
const MOST_CALLS: usize = 50_000;
/// Incidents listed.
const MOST: usize = 500;

/// The incidents of the last hours: `?hours=24`.
pub(super) async fn list(state: &Arc<State>, text: &str) -> Response<Body> {
    let mut hours = HOURS;
    for (name, value) in query::pairs(text) {
        match (name.as_str(), value.parse::<i64>()) {
            ("hours", Ok(asked)) => hours = asked.clamp(1, MOST_HOURS),
            _ => return refused(StatusCode::BAD_REQUEST, "say how far back: ?hours=24"),
        }
    }
    let now_ms = unix_ms();
    let span = Span { since_ms: now_ms - hours * 3_600_000, until_ms: now_ms + 1 };
    let search = Search { span: Some(span), limit: MOST_CALLS, ..Search::default() };
    match calls::look(state, move |reader| reader.search(&search)).await {
        Ok(found) => {
            let whole = found.len() < MOST_CALLS;
            let mut page = joined(&found, now_ms);
            page["since_ms"] = json!(span.since_ms);
            page["whole"] = json!(whole);
            reply::json(StatusCode::OK, &page)
        }
        Err(response) => response,
    }
}

/// Joins what failed in these calls, the newest of which comes first.
fn joined(calls: &[Story], now_ms: i64) -> Value {
    let mut incidents = Incidents::default();
    let mut turns = Vec::new();
    for call in calls.iter().rev() {
        sightings(call, |seen| turns.extend(incidents.observe(&seen)));
    }
    turns.extend(incidents.pass(now_ms));
    let over = turns.iter().filter_map(|turn| match turn {
        Turn::Opened(_) => None,
        Turn::Closed(incident) => Some(shown(incident, false)),
    });
    let mut over: Vec<Value> = over.collect();
    over.reverse();
    over.truncate(MOST);
    let open: Vec<Value> = incidents.open().map(|incident| shown(incident, true)).collect();
    json!({ "open": open, "over": over })
}

fn sightings(call: &Story, mut each: impl FnMut(Sighting)) {
    let badly = matches!(call.verdict.as_deref(), Some("failed" | "degraded"));
    let last = call.attempts.iter().rposition(|row| row.outcome.as_deref() == Some("failed"));
    for (place, attempt) in call.attempts.iter().enumerate() {
        let failed = attempt.outcome.as_deref() == Some("failed");
        let ended = failed || attempt.outcome.as_deref() == Some("succeeded");
        let (Some(target), true) = (attempt.target.as_deref(), ended) else { continue };
        let after = attempt.started_ms.unwrap_or(0.0) + attempt.took_ms.unwrap_or(0.0);
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a call")]
        let after = after as i64;
        each(Sighting {
            at_ms: call.started_unix_ms + after,
            target: target.into(),
            kind: attempt.kind.as_deref().filter(|_| failed).map(Into::into),
            lost: badly && last == Some(place),
        });
    }
}

fn shown(incident: &Incident, open: bool) -> Value {
    json!({
        "open": open,
        "target": &*incident.target,
        "kind": &*incident.kind,
        "since_ms": incident.since_ms,
        "until_ms": incident.until_ms,
        "failures": incident.failures,
        "attempts": incident.attempts,
        "lost": incident.lost,
    })
}
