//! Failures of the record joined to incidents; those that are not over come first.

use std::ops::ControlFlow;
use std::sync::Arc;

use failsoft::Body;
use failsoft_journal::{JournalError, Reader, Source, Span};
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
/// Calls looked at, the oldest ones first.
const MOST_CALLS: usize = 2_000_000;
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
    // What is going on is known best here; without a record this is all there is.
    let view = state.incidents.view();
    let open: Vec<Value> = view.open.iter().map(|incident| shown(incident, true)).collect();
    let began_live = view.open.iter().map(|one| one.since_ms).min();
    let (over, whole) = if calls::is_kept(state) {
        match calls::look(state, move |reader| joined(reader, span, began_live)).await {
            Ok(joined) => joined,
            Err(response) => return response,
        }
    } else {
        (view.closed.iter().rev().cloned().collect(), true)
    };
    let over: Vec<Value> =
        over.iter().rev().take(MOST).map(|incident| shown(incident, false)).collect();
    let page = json!({ "since_ms": span.since_ms, "whole": whole, "open": open, "over": over });
    reply::json(StatusCode::OK, &page)
}

/// Joins what failed in a span to incidents that are over, and whether all of it was looked at. What
/// the record leaves open, and this process does not see, is over too.
fn joined(
    reader: &mut Reader,
    span: Span,
    open_since_ms: Option<i64>,
) -> Result<(Vec<Incident>, bool), JournalError> {
    let (mut incidents, mut turns, mut looked) = (Incidents::default(), Vec::new(), 0);
    reader.calls(span, &mut |call| {
        looked += 1;
        Sighting::of(&call).for_each(|seen| turns.extend(incidents.observe(&seen)));
        if looked < MOST_CALLS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    turns.extend(incidents.pass(span.until_ms));
    let over = turns.into_iter().filter_map(|turn| match turn {
        Turn::Opened(_) => None,
        Turn::Closed(incident) => Some(incident),
    });
    let mut over: Vec<Incident> = over.collect();
    let older = |one: &&Incident| open_since_ms.is_none_or(|since| one.until_ms < since);
    over.extend(incidents.open().filter(older).cloned());
    over.sort_by_key(|one| one.since_ms);
    Ok((over, looked < MOST_CALLS))
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
