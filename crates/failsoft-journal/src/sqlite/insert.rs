//! The statements that put rows into tables; every value is bound.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use crate::rows::{AttemptRow, CallRow, Name, Recorded, StateRow, StepRow, TargetRow};
use crate::sheet::{FORMAT, Page};
use crate::store::signed;

const CALL: &str = "INSERT INTO calls (seq, id, started_ms, route, model, dialect, delivery,
    profile, client, client_retries, tag, request_bytes, max_attempts, deadline_ns, verdict, kind,
    status, retry_after_ns, answer_ordinal, attempts, waited_ns, first_content_ns, took_ns,
    trace_id, prompt_tokens)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
    ?20, ?21, ?22, ?23, ?24, ?25) ON CONFLICT DO NOTHING";
const ATTEMPT: &str = "INSERT INTO attempts (call, ordinal, target, model, why, start_step,
    commit_step, end_step, started_ns, connected_ns, headers_ns, first_content_ns, committed_ns, took_ns,
    outcome, kind, phase, same_target, elsewhere, cancel_reason, retry_after_ns, status, code,
    request_id, words, input_tokens, output_tokens, delivered_bytes, translated_to, left_out,
    dropped_events, seam, onward, cost_nanos, grounds)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
    ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35)
    ON CONFLICT DO NOTHING";
const STEP: &str = "INSERT INTO steps (call, step, at_ns, what, target, why, reason, from_state,
    to_state, until_ns, took_ns, value, grounds)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING";
const STATE: &str = "INSERT INTO states (seq, at_ms, what, target, reason, from_state, to_state,
    until_ms, value, grounds, operator)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING";
/// A sheet that has grown takes the place of what it was.
const SHEET: &str = "INSERT OR REPLACE INTO sheets (seq, last_seq, first_ms, last_ms, min_id,
    max_id, calls, format, packed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const TARGET: &str = "INSERT INTO targets (name, provider, credential) VALUES (?1, ?2, ?3)
    ON CONFLICT DO NOTHING";
const TARGET_ID: &str = "SELECT id FROM targets WHERE name = ?1 AND provider = ?2
    AND credential = ?3";

/// The rows of targets that are known already.
pub(super) type TargetIds = HashMap<TargetRow, i64>;

/// The statements, prepared for one transaction.
pub(super) struct Inserts<'c> {
    connection: &'c Connection,
    call: CachedStatement<'c>,
    attempt: CachedStatement<'c>,
    step: CachedStatement<'c>,
    state: CachedStatement<'c>,
    targets: &'c mut TargetIds,
}

impl<'c> Inserts<'c> {
    pub(super) fn prepare(
        connection: &'c Connection,
        targets: &'c mut TargetIds,
    ) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            call: connection.prepare_cached(CALL)?,
            attempt: connection.prepare_cached(ATTEMPT)?,
            step: connection.prepare_cached(STEP)?,
            state: connection.prepare_cached(STATE)?,
            targets,
        })
    }

    pub(super) fn recorded(&mut self, seq: i64, recorded: &Recorded) -> rusqlite::Result<()> {
        self.call(seq, &recorded.call, recorded.attempts.len())?;
        recorded.attempts.iter().try_for_each(|attempt| self.attempt(seq, attempt))?;
        recorded.steps.iter().try_for_each(|step| self.step(seq, step))
    }

    fn call(&mut self, seq: i64, row: &CallRow, attempts: usize) -> rusqlite::Result<()> {
        self.call.execute(params![
            seq,
            row.id,
            row.started_ms,
            row.route,
            row.model,
            row.dialect,
            row.delivery,
            row.profile,
            row.client,
            row.client_retries,
            row.tag,
            signed(row.request_bytes),
            row.max_attempts,
            row.deadline_ns.map(signed),
            row.verdict,
            row.kind,
            row.status,
            row.retry_after_ns.map(signed),
            row.answer_ordinal,
            attempts as i64,
            signed(row.waited_ns),
            row.first_content_ns.map(signed),
            row.took_ns.map(signed),
            row.trace_id,
            row.prompt_tokens,
        ])?;
        Ok(())
    }

    fn attempt(&mut self, seq: i64, row: &AttemptRow) -> rusqlite::Result<()> {
        let target = self.target(row.target.as_ref())?;
        self.attempt.execute(params![
            seq,
            row.ordinal,
            target,
            row.model,
            row.why,
            row.start_step,
            row.commit_step,
            row.end_step,
            row.started_ns.map(signed),
            row.connected_ns.map(signed),
            row.headers_ns.map(signed),
            row.first_content_ns.map(signed),
            row.committed_ns.map(signed),
            row.took_ns.map(signed),
            row.outcome,
            row.kind,
            row.phase,
            row.same_target,
            row.elsewhere,
            row.cancel_reason,
            row.retry_after_ns.map(signed),
            row.status,
            row.code,
            row.request_id,
            row.words,
            row.input_tokens,
            row.output_tokens,
            signed(row.delivered_bytes),
            row.translated_to,
            row.left_out,
            row.dropped_events,
            row.seam.map(signed),
            row.onward,
            row.cost_nanos.map(signed),
            row.grounds,
        ])?;
        Ok(())
    }

    fn step(&mut self, seq: i64, row: &StepRow) -> rusqlite::Result<()> {
        let target = self.target(row.target.as_ref())?;
        self.step.execute(params![
            seq,
            row.step,
            signed(row.at_ns),
            row.what,
            target,
            row.why,
            row.reason,
            row.from_state,
            row.to_state,
            row.until_ns.map(signed),
            row.took_ns.map(signed),
            row.value,
            row.grounds,
        ])?;
        Ok(())
    }

    pub(super) fn state(&mut self, seq: i64, row: &StateRow) -> rusqlite::Result<()> {
        let target = self.target(row.target.as_ref())?;
        self.state.execute(params![
            seq,
            row.at_ms,
            row.what,
            target,
            row.reason,
            row.from_state,
            row.to_state,
            row.until_ms,
            row.value,
            row.grounds,
            row.operator,
        ])?;
        Ok(())
    }

    pub(super) fn page(&mut self, base: i64, page: &Page) -> rusqlite::Result<()> {
        let head = &page.head;
        self.connection.prepare_cached(SHEET)?.execute(params![
            base + head.seq,
            base + head.last_seq,
            head.first_ms,
            head.last_ms,
            head.min_id,
            head.max_id,
            head.calls as i64,
            FORMAT,
            page.packed,
        ])?;
        Ok(())
    }

    /// The row of a target, made if it has none.
    fn target(&mut self, target: Option<&TargetRow>) -> rusqlite::Result<Option<i64>> {
        let Some(target) = target else { return Ok(None) };
        if let Some(row) = self.targets.get(target) {
            return Ok(Some(*row));
        }
        let values: [&Name; 3] = [&target.name, &target.provider, &target.credential];
        self.connection.prepare_cached(TARGET)?.execute(values)?;
        let mut find = self.connection.prepare_cached(TARGET_ID)?;
        let row: Option<i64> = find.query_row(values, |row| row.get(0)).optional()?;
        if let Some(row) = row {
            self.targets.insert(target.clone(), row);
        }
        Ok(row)
    }
}
