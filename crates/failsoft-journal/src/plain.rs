//! Every call and every change of some time, read row by row from the tables.

use std::collections::HashSet;
use std::ops::ControlFlow;

use rusqlite::{Connection, Row};

use crate::reader::unreadable;
use crate::rows::{AttemptRow, CallRow, Name, Recorded, StateRow, StepRow, TargetRow};
use crate::source::{Dropped, Search, Source, Span};
use crate::text::read;
use crate::{JournalError, Reader};

const CALLS: &str = "SELECT * FROM calls WHERE started_ms >= ?1 AND started_ms < ?2 ORDER BY seq";
const NEWEST: &str =
    "SELECT * FROM calls WHERE started_ms >= ?1 AND started_ms < ?2 ORDER BY seq DESC";
const ATTEMPTS: &str = "SELECT a.*, t.name AS target_name, t.provider, t.credential
    FROM attempts a LEFT JOIN targets t ON t.id = a.target WHERE a.call = ?1 ORDER BY a.ordinal";
const STEPS: &str = "SELECT s.*, t.name AS target_name, t.provider, t.credential
    FROM steps s LEFT JOIN targets t ON t.id = s.target WHERE s.call = ?1 ORDER BY s.step";
const STATES: &str = "SELECT s.*, t.name AS target_name, t.provider, t.credential
    FROM states s LEFT JOIN targets t ON t.id = s.target
    WHERE s.at_ms >= ?1 AND s.at_ms < ?2 ORDER BY s.seq";
const DROPPED: &str = "SELECT coalesce(sum(healthy), 0), coalesce(sum(failed), 0) FROM drops
    WHERE at_ms >= ?1 AND at_ms < ?2";

impl Source for Reader {
    fn calls(
        &mut self,
        span: Span,
        each: &mut dyn FnMut(Recorded) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        calls(&self.connection, CALLS, span, each).map_err(|error| unreadable(&error))
    }

    fn states(
        &mut self,
        span: Span,
        each: &mut dyn FnMut(StateRow) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        states(&self.connection, span, each).map_err(|error| unreadable(&error))
    }

    fn dropped(&mut self, span: Span) -> Result<Dropped, JournalError> {
        let read = |row: &Row<'_>| Ok(Dropped { healthy: row.get(0)?, failed: row.get(1)? });
        let bounds = [span.since_ms, span.until_ms];
        self.connection.query_row(DROPPED, bounds, read).map_err(|error| unreadable(&error))
    }

    fn search(&mut self, search: &Search) -> Result<Vec<Recorded>, JournalError> {
        let span = search.span.unwrap_or(Span { since_ms: i64::MIN, until_ms: i64::MAX });
        let mut found = Vec::new();
        let mut each = |recorded: Recorded| {
            if found.len() < search.limit && search.fits(&recorded) {
                found.push(recorded);
            }
            if found.len() < search.limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        calls(&self.connection, NEWEST, span, &mut each).map_err(|error| unreadable(&error))?;
        Ok(found)
    }
}

fn calls(
    connection: &Connection,
    sql: &'static str,
    span: Span,
    each: &mut dyn FnMut(Recorded) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    // Calls and their attempts are seen as they were at one moment.
    let view = connection.unchecked_transaction()?;
    let mut names = Names::default();
    let mut calls = view.prepare_cached(sql)?;
    let mut attempts = view.prepare_cached(ATTEMPTS)?;
    let mut steps = view.prepare_cached(STEPS)?;
    let mut rows = calls.query([span.since_ms, span.until_ms])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get("seq")?;
        let call = call(row, &mut names)?;
        let attempts = attempts.query_map([seq], |row| attempt(row, &mut names))?;
        let attempts = attempts.collect::<rusqlite::Result<_>>()?;
        let steps = steps.query_map([seq], |row| step(row, &mut names))?;
        let steps = steps.collect::<rusqlite::Result<_>>()?;
        if each(Recorded { call, attempts, steps }).is_break() {
            break;
        }
    }
    Ok(())
}

fn states(
    connection: &Connection,
    span: Span,
    each: &mut dyn FnMut(StateRow) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    let mut names = Names::default();
    let mut states = connection.prepare_cached(STATES)?;
    let mut rows = states.query([span.since_ms, span.until_ms])?;
    while let Some(row) = rows.next()? {
        let state = StateRow {
            at_ms: row.get("at_ms")?,
            what: names.some(row, "what")?,
            target: target(row, &mut names)?,
            reason: names.read(row, "reason")?,
            from_state: names.read(row, "from_state")?,
            to_state: names.read(row, "to_state")?,
            until_ms: row.get("until_ms")?,
            value: row.get("value")?,
            grounds: None,
            operator: None,
        };
        if each(state).is_break() {
            break;
        }
    }
    Ok(())
}

/// Texts met so far, so that each is kept once.
#[derive(Default)]
struct Names(HashSet<Name>);

impl Names {
    fn read(&mut self, row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Name>> {
        Ok(read(row, column)?.map(|text| self.name(&text)))
    }

    fn some(&mut self, row: &Row<'_>, column: &str) -> rusqlite::Result<Name> {
        Ok(self.read(row, column)?.unwrap_or_default())
    }

    fn name(&mut self, text: &str) -> Name {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let name = Name::from(text);
        self.0.insert(name.clone());
        name
    }
}

fn call(row: &Row<'_>, names: &mut Names) -> rusqlite::Result<CallRow> {
    Ok(CallRow {
        id: read(row, "id")?.unwrap_or_default(),
        started_ms: row.get("started_ms")?,
        route: names.some(row, "route")?,
        model: names.some(row, "model")?,
        dialect: names.some(row, "dialect")?,
        delivery: names.read(row, "delivery")?,
        profile: names.read(row, "profile")?,
        client: names.read(row, "client")?,
        client_retries: row.get("client_retries")?,
        tag: read(row, "tag")?.map(Name::from),
        trace_id: None,
        request_bytes: row.get("request_bytes")?,
        prompt_tokens: 0,
        max_attempts: row.get("max_attempts")?,
        deadline_ns: row.get("deadline_ns")?,
        verdict: names.read(row, "verdict")?,
        kind: names.read(row, "kind")?,
        status: row.get("status")?,
        retry_after_ns: row.get("retry_after_ns")?,
        answer_ordinal: row.get("answer_ordinal")?,
        waited_ns: row.get("waited_ns")?,
        first_content_ns: row.get("first_content_ns")?,
        took_ns: row.get("took_ns")?,
    })
}

fn attempt(row: &Row<'_>, names: &mut Names) -> rusqlite::Result<AttemptRow> {
    Ok(AttemptRow {
        ordinal: row.get("ordinal")?,
        target: target(row, names)?,
        model: names.read(row, "model")?,
        why: names.read(row, "why")?,
        start_step: row.get("start_step")?,
        commit_step: row.get("commit_step")?,
        end_step: row.get("end_step")?,
        started_ns: row.get("started_ns")?,
        connected_ns: row.get("connected_ns")?,
        headers_ns: row.get("headers_ns")?,
        first_content_ns: row.get("first_content_ns")?,
        committed_ns: row.get("committed_ns")?,
        took_ns: row.get("took_ns")?,
        outcome: names.read(row, "outcome")?,
        kind: names.read(row, "kind")?,
        phase: names.read(row, "phase")?,
        same_target: names.read(row, "same_target")?,
        elsewhere: names.read(row, "elsewhere")?,
        cancel_reason: names.read(row, "cancel_reason")?,
        retry_after_ns: row.get("retry_after_ns")?,
        status: row.get("status")?,
        code: read(row, "code")?.map(Name::from),
        request_id: read(row, "request_id")?,
        words: read(row, "words")?,
        input_tokens: row.get("input_tokens")?,
        output_tokens: row.get("output_tokens")?,
        cost_nanos: None,
        delivered_bytes: row.get("delivered_bytes")?,
        translated_to: names.read(row, "translated_to")?,
        left_out: names.read(row, "left_out")?,
        dropped_events: row.get("dropped_events")?,
        seam: row.get("seam")?,
        onward: names.read(row, "onward")?,
        grounds: None,
    })
}

fn step(row: &Row<'_>, names: &mut Names) -> rusqlite::Result<StepRow> {
    Ok(StepRow {
        step: row.get("step")?,
        at_ns: row.get("at_ns")?,
        what: names.some(row, "what")?,
        target: target(row, names)?,
        why: names.read(row, "why")?,
        reason: names.read(row, "reason")?,
        from_state: names.read(row, "from_state")?,
        to_state: names.read(row, "to_state")?,
        until_ns: row.get("until_ns")?,
        took_ns: row.get("took_ns")?,
        value: row.get("value")?,
        grounds: None,
    })
}

fn target(row: &Row<'_>, names: &mut Names) -> rusqlite::Result<Option<TargetRow>> {
    let Some(name) = names.read(row, "target_name")? else { return Ok(None) };
    Ok(Some(TargetRow {
        name,
        provider: names.some(row, "provider")?,
        credential: names.some(row, "credential")?,
    }))
}
