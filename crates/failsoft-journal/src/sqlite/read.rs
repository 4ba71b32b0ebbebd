//! Reading the file: rows and sheets as one record, in one unchanging view.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use rusqlite::types::{FromSqlResult, ValueRef};
use rusqlite::{Connection, Row, Rows};

use crate::rows::{AttemptRow, CallRow, Dropped, Name, Recorded, StateRow, StepRow, TargetRow};
use crate::sheet;
use crate::source::Span;
use crate::text::{READ, label};

/// Columns of a call, in the order [`Words::call`] reads them.
const CALL: &str = "seq, id, started_ms, route, model, dialect, delivery, profile, client,
    client_retries, tag, trace_id, request_bytes, prompt_tokens, max_attempts, deadline_ns, verdict,
    kind, status, retry_after_ns, answer_ordinal, waited_ns, first_content_ns, took_ns";
const ATTEMPTS: &str = "SELECT ordinal, target, model, why, start_step, commit_step, end_step,
    started_ns, connected_ns, headers_ns, first_content_ns, committed_ns, took_ns, outcome, kind,
    phase, same_target, elsewhere, cancel_reason, retry_after_ns, status, code, request_id, words,
    input_tokens, output_tokens, cost_nanos, delivered_bytes, translated_to, left_out,
    dropped_events, seam, onward, grounds FROM attempts WHERE call = ?1 ORDER BY ordinal";
const STEPS: &str = "SELECT step, at_ns, what, target, why, reason, from_state, to_state, until_ns,
    took_ns, value, grounds FROM steps WHERE call = ?1 ORDER BY step";
const STATES: &str = "SELECT at_ms, what, target, reason, from_state, to_state, until_ms, value,
    grounds, operator FROM states WHERE at_ms >= ?1 AND at_ms < ?2 ORDER BY seq";
/// The index alone says which part of the table a span lies in; clocks jump, so it is only a part.
const PART: &str =
    "SELECT min(seq), max(seq) FROM calls WHERE started_ms >= ?1 AND started_ms < ?2";
const DROPS: &str = "SELECT coalesce(sum(healthy), 0), coalesce(sum(failed), 0) FROM drops
    WHERE at_ms >= ?1 AND at_ms < ?2";
const SHEETS: &str = "SELECT seq, format, packed, calls FROM sheets
    WHERE last_ms >= ?1 AND first_ms < ?2 ORDER BY seq";
const TARGETS: &str = "SELECT id, name, provider, credential FROM targets";

/// Names kept at hand while reading.
const KEPT: usize = 4_096;

/// The file as it stands while one question is answered.
pub(super) struct View<'c> {
    pub(super) connection: &'c Connection,
    targets: HashMap<i64, TargetRow>,
}

impl<'c> View<'c> {
    /// To be made inside a transaction.
    pub(super) fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        let mut words = Words::default();
        let mut targets = HashMap::new();
        let mut statement = connection.prepare(TARGETS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let [name, provider, credential] =
                [words.name(row, 1)?, words.name(row, 2)?, words.name(row, 3)?];
            targets.insert(row.get(0)?, TargetRow { name, provider, credential });
        }
        Ok(Self { connection, targets })
    }

    /// Every call of a span in the order of the record.
    pub(super) fn calls(
        &self,
        span: Span,
        each: &mut dyn FnMut(Recorded) -> ControlFlow<()>,
    ) -> rusqlite::Result<()> {
        let mut words = Words::default();
        let bounds = [span.since_ms, span.until_ms];
        let (first, last): (Option<i64>, Option<i64>) =
            self.connection.query_row(PART, bounds, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let sql = format!(
            "SELECT {CALL} FROM calls WHERE seq >= ?3 AND seq <= ?4
             AND +started_ms >= ?1 AND +started_ms < ?2 ORDER BY seq"
        );
        let mut calls = self.connection.prepare(&sql)?;
        let part = [bounds[0], bounds[1], first.unwrap_or(0), last.unwrap_or(-1)];
        let mut calls = calls.query(part)?;
        let mut sheets = self.connection.prepare(SHEETS)?;
        let mut lines = Lines::new(sheets.query(bounds)?, span);
        let mut row = self.next_call(&mut calls, &mut words)?;
        let mut line = lines.next()?;
        loop {
            let from_row = match (&row, &line) {
                (None, None) => return Ok(()),
                (Some((seq, _)), Some((line, _))) => seq < line,
                (row, _) => row.is_some(),
            };
            let taken = if from_row {
                let next = self.next_call(&mut calls, &mut words)?;
                std::mem::replace(&mut row, next)
            } else {
                let next = lines.next()?;
                std::mem::replace(&mut line, next)
            };
            if let Some((_, recorded)) = taken
                && each(recorded).is_break()
            {
                return Ok(());
            }
        }
    }

    /// Every change of state of a span, in order.
    pub(super) fn states(
        &self,
        span: Span,
        each: &mut dyn FnMut(StateRow) -> ControlFlow<()>,
    ) -> rusqlite::Result<()> {
        let mut words = Words::default();
        let mut statement = self.connection.prepare(STATES)?;
        let mut rows = statement.query([span.since_ms, span.until_ms])?;
        while let Some(row) = rows.next()? {
            let state = StateRow {
                at_ms: row.get(0)?,
                what: words.name(row, 1)?,
                target: self.target(row, 2)?,
                reason: words.some(row, 3)?,
                from_state: words.some(row, 4)?,
                to_state: words.some(row, 5)?,
                until_ms: row.get(6)?,
                value: row.get(7)?,
                grounds: words.some(row, 8)?,
                operator: words.some(row, 9)?,
            };
            if each(state).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What could not be kept; calls of a damaged sheet are gone too.
    pub(super) fn dropped(&self, span: Span) -> rusqlite::Result<Dropped> {
        let bounds = [span.since_ms, span.until_ms];
        let mut dropped = self.connection.query_row(DROPS, bounds, |row| {
            Ok(Dropped { healthy: row.get(0)?, failed: row.get(1)? })
        })?;
        let mut statement = self.connection.prepare(SHEETS)?;
        let mut rows = statement.query(bounds)?;
        while let Some(row) = rows.next()? {
            if read_sheet(row)?.is_none() {
                dropped.healthy += row.get::<_, u64>(3)?;
            }
        }
        Ok(dropped)
    }

    /// The call of this number, if it is a row.
    pub(super) fn call(&self, seq: i64) -> rusqlite::Result<Option<Recorded>> {
        let sql = format!("SELECT {CALL} FROM calls WHERE seq = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([seq])?;
        let found = self.next_call(&mut rows, &mut Words::default())?;
        Ok(found.map(|(_, recorded)| recorded))
    }

    fn next_call(
        &self,
        rows: &mut Rows<'_>,
        words: &mut Words,
    ) -> rusqlite::Result<Option<(i64, Recorded)>> {
        let Some(row) = rows.next()? else { return Ok(None) };
        let seq = row.get(0)?;
        let call = words.call(row)?;
        let (mut attempts, mut steps) = (Vec::new(), Vec::new());
        let mut statement = self.connection.prepare_cached(ATTEMPTS)?;
        let mut rows = statement.query([seq])?;
        while let Some(row) = rows.next()? {
            attempts.push(AttemptRow { target: self.target(row, 1)?, ..words.attempt(row)? });
        }
        let mut statement = self.connection.prepare_cached(STEPS)?;
        let mut rows = statement.query([seq])?;
        while let Some(row) = rows.next()? {
            steps.push(StepRow { target: self.target(row, 3)?, ..words.step(row)? });
        }
        Ok(Some((seq, Recorded { call, attempts, steps })))
    }

    fn target(&self, row: &Row<'_>, column: usize) -> rusqlite::Result<Option<TargetRow>> {
        let id: Option<i64> = row.get(column)?;
        Ok(id.and_then(|id| self.targets.get(&id)).cloned())
    }
}

/// The calls of a sheet with their numbers, from a row that begins with `seq, format, packed`;
/// `None` if it is damaged.
pub(super) fn read_sheet(row: &Row<'_>) -> rusqlite::Result<Option<Vec<(i64, Recorded)>>> {
    let packed = row.get_ref(2)?.as_blob().unwrap_or_default();
    Ok(sheet::read(row.get(1)?, row.get(0)?, packed).ok())
}

/// The calls of all sheets of a span, one by one.
struct Lines<'s> {
    sheets: Rows<'s>,
    span: Span,
    sheet: std::vec::IntoIter<(i64, Recorded)>,
}

impl<'s> Lines<'s> {
    fn new(sheets: Rows<'s>, span: Span) -> Self {
        Self { sheets, span, sheet: Vec::new().into_iter() }
    }

    fn next(&mut self) -> rusqlite::Result<Option<(i64, Recorded)>> {
        loop {
            let fits = |(_, recorded): &(i64, Recorded)| self.span.holds(recorded.call.started_ms);
            if let Some(line) = self.sheet.find(fits) {
                return Ok(Some(line));
            }
            let Some(row) = self.sheets.next()? else { return Ok(None) };
            self.sheet = read_sheet(row)?.unwrap_or_default().into_iter();
        }
    }
}

/// Texts that were read before need no new memory.
#[derive(Default)]
struct Words(HashSet<Name>);

impl Words {
    fn call(&mut self, row: &Row<'_>) -> rusqlite::Result<CallRow> {
        Ok(CallRow {
            id: own(row, 1)?.unwrap_or_default(),
            started_ms: row.get(2)?,
            route: self.name(row, 3)?,
            model: self.name(row, 4)?,
            dialect: self.name(row, 5)?,
            delivery: self.some(row, 6)?,
            profile: self.some(row, 7)?,
            client: self.some(row, 8)?,
            client_retries: row.get(9)?,
            tag: self.some(row, 10)?,
            trace_id: own(row, 11)?,
            request_bytes: row.get(12)?,
            prompt_tokens: row.get(13)?,
            max_attempts: row.get(14)?,
            deadline_ns: row.get(15)?,
            verdict: self.some(row, 16)?,
            kind: self.some(row, 17)?,
            status: row.get(18)?,
            retry_after_ns: row.get(19)?,
            answer_ordinal: row.get(20)?,
            waited_ns: row.get(21)?,
            first_content_ns: row.get(22)?,
            took_ns: row.get(23)?,
        })
    }

    /// All but its target.
    fn attempt(&mut self, row: &Row<'_>) -> rusqlite::Result<AttemptRow> {
        Ok(AttemptRow {
            ordinal: row.get(0)?,
            target: None,
            model: self.some(row, 2)?,
            why: self.some(row, 3)?,
            start_step: row.get(4)?,
            commit_step: row.get(5)?,
            end_step: row.get(6)?,
            started_ns: row.get(7)?,
            connected_ns: row.get(8)?,
            headers_ns: row.get(9)?,
            first_content_ns: row.get(10)?,
            committed_ns: row.get(11)?,
            took_ns: row.get(12)?,
            outcome: self.some(row, 13)?,
            kind: self.some(row, 14)?,
            phase: self.some(row, 15)?,
            same_target: self.some(row, 16)?,
            elsewhere: self.some(row, 17)?,
            cancel_reason: self.some(row, 18)?,
            retry_after_ns: row.get(19)?,
            status: row.get(20)?,
            code: self.some(row, 21)?,
            request_id: own(row, 22)?,
            words: own(row, 23)?,
            input_tokens: row.get(24)?,
            output_tokens: row.get(25)?,
            cost_nanos: row.get(26)?,
            delivered_bytes: row.get(27)?,
            translated_to: self.some(row, 28)?,
            left_out: self.some(row, 29)?,
            dropped_events: row.get(30)?,
            seam: row.get(31)?,
            onward: self.some(row, 32)?,
            grounds: self.some(row, 33)?,
        })
    }

    /// All but its target.
    fn step(&mut self, row: &Row<'_>) -> rusqlite::Result<StepRow> {
        Ok(StepRow {
            step: row.get(0)?,
            at_ns: row.get(1)?,
            what: self.name(row, 2)?,
            target: None,
            why: self.some(row, 4)?,
            reason: self.some(row, 5)?,
            from_state: self.some(row, 6)?,
            to_state: self.some(row, 7)?,
            until_ns: row.get(8)?,
            took_ns: row.get(9)?,
            value: row.get(10)?,
            grounds: self.some(row, 11)?,
        })
    }

    fn name(&mut self, row: &Row<'_>, column: usize) -> rusqlite::Result<Name> {
        self.some(row, column).map(Option::unwrap_or_default)
    }

    fn some(&mut self, row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Name>> {
        let Some(text) = text(row.get_ref(column)?)? else { return Ok(None) };
        if let Some(name) = self.0.get(text) {
            return Ok(Some(Name::clone(name)));
        }
        if self.0.len() >= KEPT {
            self.0.clear();
        }
        let name = Name::from(label(text, READ));
        if *name == *text {
            self.0.insert(Name::clone(&name));
        }
        Ok(Some(name))
    }
}

/// A text of its own: someone else may have written the file.
pub(super) fn own(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(text(row.get_ref(column)?)?.map(|text| label(text, READ).into_owned()))
}

fn text(value: ValueRef<'_>) -> FromSqlResult<Option<&str>> {
    value.as_str_or_null()
}
