//! The statements that put records into tables; every value is bound.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use failsoft_engine::{Moment, TargetId};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use crate::fold::{AttemptRow, Happening, StepRow, fold, happening};
use crate::queue::Record;
use crate::store::signed;
use crate::text::{self, ID, LABEL, NAME, WORDS};
use crate::{AttemptFacts, CallRecord, Names, Stamp, StateChange, StateRecord, TargetName};

const CALL: &str = "INSERT INTO calls (seq, id, started_ms, route, model, dialect, delivery,
    profile, client, client_retries, tag, request_bytes, max_attempts, deadline_ns, verdict, kind,
    status, retry_after_ns, answer_ordinal, attempts, waited_ns, first_content_ns, took_ns)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
    ?20, ?21, ?22, ?23) ON CONFLICT DO NOTHING";
const ATTEMPT: &str = "INSERT INTO attempts (call, ordinal, target, model, why, start_step,
    commit_step, end_step, started_ns, connected_ns, headers_ns, first_content_ns, committed_ns, took_ns,
    outcome, kind, phase, same_target, elsewhere, cancel_reason, retry_after_ns, status, code,
    request_id, words, input_tokens, output_tokens, delivered_bytes, translated_to, left_out,
    dropped_events, seam, onward)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
    ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33) ON CONFLICT DO NOTHING";
const STEP: &str = "INSERT INTO steps (call, step, at_ns, what, target, why, reason, from_state,
    to_state, until_ns, took_ns, value)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING";
const STATE: &str = "INSERT INTO states (seq, at_ms, what, target, why, reason, from_state,
    to_state, until_ms, value)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING";
const TARGET: &str = "INSERT INTO targets (name, provider, credential) VALUES (?1, ?2, ?3)
    ON CONFLICT DO NOTHING";
const TARGET_ID: &str = "SELECT id FROM targets WHERE name = ?1 AND provider = ?2
    AND credential = ?3";

/// 73 years.
const LONGEST: i64 = i64::MAX / 4;
const END_OF_9999: i64 = 253_402_300_799_999;

/// The rows of targets that are known already.
#[derive(Debug, Default)]
pub(crate) struct TargetIds {
    rows: HashMap<TargetName, i64>,
    /// The names met last, and the rows of their targets: nearly always the next ones too.
    names: Arc<Names>,
    recent: Vec<Option<i64>>,
}

impl TargetIds {
    fn recent(&self, names: &Arc<Names>, id: TargetId) -> Option<i64> {
        let known = Arc::ptr_eq(&self.names, names);
        if known { self.recent.get(usize::from(id.0)).copied().flatten() } else { None }
    }

    fn remember(&mut self, names: &Arc<Names>, id: TargetId, row: i64) {
        if !Arc::ptr_eq(&self.names, names) {
            self.names = Arc::clone(names);
            self.recent = vec![None; names.targets.len()];
        }
        if let Some(recent) = self.recent.get_mut(usize::from(id.0)) {
            *recent = Some(row);
        }
    }
}

/// The statements, prepared for one transaction.
pub(crate) struct Inserts<'c> {
    connection: &'c Connection,
    call: CachedStatement<'c>,
    attempt: CachedStatement<'c>,
    step: CachedStatement<'c>,
    state: CachedStatement<'c>,
    targets: &'c mut TargetIds,
}

impl<'c> Inserts<'c> {
    pub(crate) fn prepare(
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

    pub(crate) fn record(&mut self, seq: i64, record: &Record) -> rusqlite::Result<()> {
        match record {
            Record::Call(call) => self.call(seq, call),
            Record::State(state) => self.state(seq, state),
        }
    }

    fn call(&mut self, seq: i64, record: &CallRecord) -> rusqlite::Result<()> {
        let rows = fold(record);
        let (call, facts) = (&rows.call, &record.facts);
        let route = call.route.map(|id| record.names.routes.get(usize::from(id)));
        let route = route.flatten().map_or("", String::as_str);
        self.call.execute(params![
            seq,
            text::label(&facts.id, ID),
            wall(record.stamp, call.started),
            text::label(route, NAME),
            text::label(&facts.model, NAME),
            facts.dialect,
            call.delivery,
            call.profile,
            facts.client.as_deref().map(|client| text::label(client, LABEL)),
            facts.client_retries,
            facts.tag.as_deref().map(|tag| text::label(tag, LABEL)),
            signed(facts.request_bytes),
            call.max_attempts,
            call.deadline.map(nanos),
            call.verdict,
            call.kind,
            facts.status,
            call.retry_after.map(nanos),
            call.answer,
            rows.attempts.len() as i64,
            nanos(call.waited),
            call.first_content.map(nanos),
            call.took.map(nanos),
        ])?;
        for attempt in &rows.attempts {
            self.attempt(seq, &record.names, attempt)?;
        }
        for step in &rows.steps {
            self.step(seq, record, (call.started, step))?;
        }
        Ok(())
    }

    fn attempt(
        &mut self,
        seq: i64,
        names: &Arc<Names>,
        row: &AttemptRow<'_>,
    ) -> rusqlite::Result<()> {
        let target = self.target(names, row.target)?;
        let facts = row.facts;
        let label = |pick: fn(&AttemptFacts) -> Option<&String>| {
            facts.and_then(pick).map(|text| text::label(text, LABEL))
        };
        let words = facts.and_then(|facts| facts.words.as_deref());
        let usage = row.usage.or_else(|| facts?.usage);
        self.attempt.execute(params![
            seq,
            row.ordinal,
            target,
            facts.map(|facts| text::label(&facts.model, NAME)),
            row.why,
            row.start_step.map(|step| step as i64),
            row.commit_step.map(|step| step as i64),
            row.end_step.map(|step| step as i64),
            row.started.map(nanos),
            facts.and_then(|facts| facts.connected_nanos).map(signed),
            facts.and_then(|facts| facts.headers_nanos).map(signed),
            row.first_content.map(nanos),
            row.committed.map(nanos),
            row.took.map(nanos),
            row.outcome,
            row.kind,
            row.phase,
            row.same_target,
            row.elsewhere,
            row.cancel,
            row.retry_after.map(nanos),
            facts.and_then(|facts| facts.status),
            label(|facts| facts.code.as_ref()),
            label(|facts| facts.request_id.as_ref()),
            words.map(|words| text::sentence(words, WORDS)),
            usage.map(|usage| usage.input),
            usage.map(|usage| usage.output),
            facts.map_or(0, |facts| signed(facts.delivered_bytes)),
            facts.and_then(|facts| facts.translated_to),
            facts.map(|facts| facts.left_out.join(", ")).filter(|list| !list.is_empty()),
            facts.map_or(0, |facts| facts.dropped_events),
            facts.and_then(|facts| facts.seam).map(signed),
            facts.and_then(|facts| facts.onward),
        ])?;
        Ok(())
    }

    fn step(
        &mut self,
        seq: i64,
        record: &CallRecord,
        (started, row): (Moment, &StepRow),
    ) -> rusqlite::Result<()> {
        let Happening { what, why, reason, from, to, until, value, .. } = row.happening;
        let target = self.target(&record.names, concerned(&record.names, &row.happening))?;
        self.step.execute(params![
            seq,
            row.step as i64,
            nanos(row.at),
            what,
            target,
            why,
            reason,
            from,
            to,
            until.map(|until| nanos(until.since(started))),
            row.took.map(nanos),
            value,
        ])?;
        Ok(())
    }

    fn state(&mut self, seq: i64, record: &StateRecord) -> rusqlite::Result<()> {
        let happening = match &record.change {
            StateChange::Came(event) => happening(event),
            StateChange::Drained => Happening { what: "drained", ..Happening::default() },
            StateChange::IncidentOpened { target, kind } => Happening {
                what: "incident_opened",
                target: Some(*target),
                reason: Some(kind.as_str()),
                ..Happening::default()
            },
            StateChange::IncidentClosed { target, kind, failures } => Happening {
                what: "incident_closed",
                target: Some(*target),
                reason: Some(kind.as_str()),
                value: Some(*failures),
                ..Happening::default()
            },
        };
        let Happening { what, why, reason, from, to, until, value, .. } = happening;
        let target = self.target(&record.names, concerned(&record.names, &happening))?;
        self.state.execute(params![
            seq,
            wall(record.stamp, record.at),
            what,
            target,
            why,
            reason,
            from,
            to,
            until.map(|until| wall(record.stamp, until)),
            value,
        ])?;
        Ok(())
    }

    /// The row of a target, made if it has none.
    fn target(
        &mut self,
        names: &Arc<Names>,
        id: Option<TargetId>,
    ) -> rusqlite::Result<Option<i64>> {
        let Some(id) = id else { return Ok(None) };
        if let Some(row) = self.targets.recent(names, id) {
            return Ok(Some(row));
        }
        let unnamed;
        let target = if let Some(target) = names.targets.get(usize::from(id.0)) {
            target
        } else {
            unnamed = TargetName { name: format!("target {}", id.0), ..TargetName::default() };
            &unnamed
        };
        let row = match self.targets.rows.get(target) {
            Some(row) => Some(*row),
            None => self.new_target(target)?,
        };
        if let Some(row) = row {
            self.targets.remember(names, id, row);
        }
        Ok(row)
    }

    fn new_target(&mut self, target: &TargetName) -> rusqlite::Result<Option<i64>> {
        let (name, provider) =
            (text::label(&target.name, NAME), text::label(&target.provider, NAME));
        let credential = text::label(&target.credential, NAME);
        let values = params![name, provider, credential];
        self.connection.prepare_cached(TARGET)?.execute(values)?;
        let mut find = self.connection.prepare_cached(TARGET_ID)?;
        let row: Option<i64> = find.query_row(values, |row| row.get(0)).optional()?;
        if let Some(row) = row {
            self.targets.rows.insert(target.clone(), row);
        }
        Ok(row)
    }
}

/// Bounded, so that sums of a few stay whole numbers in SQL.
fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).map_or(LONGEST, |nanos| nanos.min(LONGEST))
}

/// Milliseconds since 1970 at a moment, within the years a calendar knows.
fn wall(stamp: Stamp, at: Moment) -> i64 {
    let millis = |nanos: u64| signed(nanos / 1_000_000);
    let unix_millis = if at >= stamp.moment {
        let ahead = at.as_nanos() - stamp.moment.as_nanos();
        stamp.unix_millis.saturating_add(millis(ahead))
    } else {
        let back = stamp.moment.as_nanos() - at.as_nanos();
        stamp.unix_millis.saturating_sub(millis(back))
    };
    unix_millis.clamp(0, END_OF_9999)
}

/// The target a happening is told of; of a credential, one that uses it.
fn concerned(names: &Names, happening: &Happening) -> Option<TargetId> {
    let credential = || names.credentials.get(happening.value? as usize).copied();
    happening.target.or_else(|| if happening.what == "key_disabled" { credential() } else { None })
}
