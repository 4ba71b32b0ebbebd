//! From the rows of a call to its story.

use rusqlite::{Connection, OptionalExtension, Row};

use super::say::sentence;
use super::{Happened, Story, StoryAttempt};
use crate::page::{Page, Style, rfc3339};
use crate::text::{read, read_some};

const CALL: &str = "SELECT seq, id, started_ms, route, model, dialect, delivery, profile, client,
    client_retries, tag, request_bytes, max_attempts, deadline_ns, verdict, kind, status,
    retry_after_ns, answer_ordinal, waited_ns, first_content_ns, took_ns
    FROM calls WHERE seq = ?1";
const ATTEMPTS: &str = "SELECT a.*, t.name AS target_name, t.provider, t.credential
    FROM attempts a LEFT JOIN targets t ON t.id = a.target WHERE a.call = ?1 ORDER BY a.ordinal";
const STEPS: &str = "SELECT s.*, t.name AS target_name
    FROM steps s LEFT JOIN targets t ON t.id = s.target WHERE s.call = ?1 ORDER BY s.step";

/// A place in the order of a call's events.
type Placed = (i64, Happened);

/// The story of the call in this row.
pub(crate) fn load(connection: &Connection, seq: i64) -> rusqlite::Result<Option<Story>> {
    let story = connection.prepare_cached(CALL)?.query_row([seq], call).optional()?;
    let Some(mut story) = story else { return Ok(None) };
    let mut placed: Vec<Placed> = Vec::new();
    let mut attempts = connection.prepare_cached(ATTEMPTS)?;
    let mut rows = attempts.query([seq])?;
    while let Some(row) = rows.next()? {
        let attempt = attempt(row)?;
        place(row, &attempt, &mut placed)?;
        story.attempts.push(attempt);
    }
    let mut steps = connection.prepare_cached(STEPS)?;
    let mut rows = steps.query([seq])?;
    while let Some(row) = rows.next()? {
        placed.push((row.get("step")?, happened(row)?));
    }
    placed.sort_by_key(|(step, _)| *step);
    story.timeline = placed.into_iter().map(|(_, happened)| happened).collect();
    let page = Page::new(Style::Plain, 80);
    for index in 0..story.timeline.len() {
        story.timeline[index].says = sentence(&story, &story.timeline[index], &page);
    }
    Ok(Some(story))
}

fn call(row: &Row<'_>) -> rusqlite::Result<Story> {
    let started_unix_ms = row.get("started_ms")?;
    Ok(Story {
        call: read_some(row, "id")?,
        started_at: rfc3339(started_unix_ms),
        started_unix_ms,
        route: read_some(row, "route")?,
        model: read_some(row, "model")?,
        dialect: read_some(row, "dialect")?,
        delivery: read(row, "delivery")?,
        profile: read(row, "profile")?,
        client: read(row, "client")?,
        client_retries: row.get("client_retries")?,
        tag: read(row, "tag")?,
        request_bytes: row.get("request_bytes")?,
        max_attempts: row.get("max_attempts")?,
        deadline_ms: millis(row, "deadline_ns")?,
        verdict: read(row, "verdict")?,
        kind: read(row, "kind")?,
        status: row.get("status")?,
        retry_after_ms: millis(row, "retry_after_ns")?,
        answer_ordinal: row.get("answer_ordinal")?,
        waited_ms: millis(row, "waited_ns")?.unwrap_or_default(),
        first_content_ms: millis(row, "first_content_ns")?,
        took_ms: millis(row, "took_ns")?,
        attempts: Vec::new(),
        timeline: Vec::new(),
    })
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<StoryAttempt> {
    Ok(StoryAttempt {
        ordinal: row.get("ordinal")?,
        target: read(row, "target_name")?,
        provider: read(row, "provider")?,
        credential: read(row, "credential")?,
        model: read(row, "model")?,
        translated_to: read(row, "translated_to")?,
        left_out: read(row, "left_out")?,
        why: read(row, "why")?,
        started_ms: millis(row, "started_ns")?,
        connected_ms: millis(row, "connected_ns")?,
        headers_ms: millis(row, "headers_ns")?,
        first_content_ms: millis(row, "first_content_ns")?,
        committed_ms: millis(row, "committed_ns")?,
        took_ms: millis(row, "took_ns")?,
        outcome: read(row, "outcome")?,
        kind: read(row, "kind")?,
        phase: read(row, "phase")?,
        same_target: read(row, "same_target")?,
        elsewhere: read(row, "elsewhere")?,
        cancel_reason: read(row, "cancel_reason")?,
        retry_after_ms: millis(row, "retry_after_ns")?,
        status: row.get("status")?,
        code: read(row, "code")?,
        request_id: read(row, "request_id")?,
        words: read(row, "words")?,
        input_tokens: row.get("input_tokens")?,
        output_tokens: row.get("output_tokens")?,
        delivered_bytes: row.get("delivered_bytes")?,
        dropped_events: row.get("dropped_events")?,
        seam: row.get("seam")?,
        onward: read(row, "onward")?,
    })
}

/// An attempt's beginning, commit and end on the time line.
fn place(row: &Row<'_>, attempt: &StoryAttempt, placed: &mut Vec<Placed>) -> rusqlite::Result<()> {
    let begin: Option<i64> = row.get("start_step")?;
    let commit: Option<i64> = row.get("commit_step")?;
    let end: Option<i64> = row.get("end_step")?;
    let started = attempt.started_ms.unwrap_or_default();
    let about = |what: &str, at_ms: f64| Happened {
        at_ms,
        ordinal: Some(attempt.ordinal),
        target: attempt.target.clone(),
        ..nothing(what)
    };
    if let Some(step) = begin {
        let why = attempt.why.clone();
        placed.push((step, Happened { why, ..about("attempt_started", started) }));
    }
    if let Some((step, at_ms)) = commit.zip(attempt.committed_ms) {
        placed.push((step, about("committed", at_ms)));
    }
    if let Some(step) = end {
        let reason = attempt.kind.clone().or_else(|| attempt.cancel_reason.clone());
        let at_ms = round(started + attempt.took_ms.unwrap_or_default());
        placed.push((step, Happened { reason, ..about("attempt_ended", at_ms) }));
    }
    Ok(())
}

fn happened(row: &Row<'_>) -> rusqlite::Result<Happened> {
    Ok(Happened {
        at_ms: millis(row, "at_ns")?.unwrap_or_default(),
        target: read(row, "target_name")?,
        why: read(row, "why")?,
        reason: read(row, "reason")?,
        from: read(row, "from_state")?,
        to: read(row, "to_state")?,
        until_ms: millis(row, "until_ns")?,
        took_ms: millis(row, "took_ns")?,
        value: row.get("value")?,
        ..nothing(&read_some(row, "what")?)
    })
}

fn nothing(what: &str) -> Happened {
    Happened {
        at_ms: 0.0,
        what: what.to_owned(),
        ordinal: None,
        target: None,
        why: None,
        reason: None,
        from: None,
        to: None,
        until_ms: None,
        took_ms: None,
        value: None,
        says: String::new(),
    }
}

fn millis(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<f64>> {
    let nanos: Option<i64> = row.get(column)?;
    Ok(nanos.map(|nanos| round(nanos as f64 / 1e6)))
}

fn round(ms: f64) -> f64 {
    (ms * 1_000.0).round() / 1_000.0
}
