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
    let view = state.incidents.view();
    // What is going on is known best here; without a record this is all there is.
    let open: Vec<Value> = view.open.iter().map(|incident| shown(incident, true)).collect();
    let lately = || view.closed.iter().rev().cloned().collect::<Vec<Incident>>();
    let (over, whole) = match &state.operators.journal {
        None => (lately(), true),
        Some(_) => match calls::look(state, move |reader| reader.search(&search)).await {
            Ok(found) => {
                let began_live = view.open.iter().map(|one| one.since_ms).min();
                (joined(&found, now_ms, began_live), found.len() < MOST_CALLS)
            }
            Err(response) => return response,
        },
    };
    let over: Vec<Value> =
        over.iter().rev().take(MOST).map(|incident| shown(incident, false)).collect();
    let page = json!({ "since_ms": span.since_ms, "whole": whole, "open": open, "over": over });
    reply::json(StatusCode::OK, &page)
}

/// Joins what failed in these calls, the newest of which comes first, to incidents that are over:
/// those of the record that this process did not see itself count as over too.
fn joined(calls: &[Story], now_ms: i64, open_since_ms: Option<i64>) -> Vec<Incident> {
    let mut incidents = Incidents::default();
    let mut turns = Vec::new();
    for call in calls.iter().rev() {
        sightings(call, |seen| turns.extend(incidents.observe(&seen)));
    }
    turns.extend(incidents.pass(now_ms));
    let over = turns.into_iter().filter_map(|turn| match turn {
        Turn::Opened(_) => None,
        Turn::Closed(incident) => Some(incident),
    });
    let mut over: Vec<Incident> = over.collect();
    let older = |one: &&Incident| open_since_ms.is_none_or(|since| one.until_ms < since);
    over.extend(incidents.open().filter(older).cloned());
    over.sort_by_key(|one| one.since_ms);
    over
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

/// An incident, as operators read it.
pub(super) fn shown(incident: &Incident, open: bool) -> Value {
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
