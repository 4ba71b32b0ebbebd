//! From rows to a report: one pass over each table, in one unchanging view of the file.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};

use super::quantile::Histogram;
use super::{
    Attempts, AttemptsRow, BrokenStreams, Calls, Change, FailureRow, Latency, RefusalRow, Report,
    TargetLatency, ToldRow,
};
use crate::page::rfc3339;
use crate::rows::Dropped;
use crate::text::{read, read_some};

const HOUR: i64 = 3_600_000;
/// Hours told apart, a little more than a year; what lies before counts into the first.
const HOURS: i64 = 9_000;
/// Changes named one by one.
const CHANGES: i64 = 200;

const VERDICTS: &str = "SELECT verdict, count(*) FROM calls
    WHERE started_ms >= ?1 AND started_ms < ?2 GROUP BY verdict";
const FIRST_ATTEMPTS: &str = "SELECT count(*), coalesce(sum(c.verdict IN ('served', 'resumed')), 0)
    FROM calls c JOIN attempts a ON a.call = c.seq AND a.ordinal = 0
    WHERE c.started_ms >= ?1 AND c.started_ms < ?2 AND c.verdict IS NOT 'cancelled'
    AND (a.outcome = 'succeeded' OR a.cancel_reason = 'lost')";
const PER_CALL: &str = "SELECT attempts, count(*), total(waited_ns) FROM calls
    WHERE started_ms >= ?1 AND started_ms < ?2 GROUP BY attempts ORDER BY attempts";
const FAILURES: &str = "SELECT coalesce(t.name, ''), coalesce(a.kind, ''),
    (c.started_ms + coalesce(a.started_ns + a.took_ns, 0) / 1000000) / 3600000, count(*)
    FROM calls c JOIN attempts a ON a.call = c.seq LEFT JOIN targets t ON t.id = a.target
    WHERE c.started_ms >= ?1 AND c.started_ms < ?2 AND a.outcome = 'failed' GROUP BY 1, 2, 3";
const BROKEN_STREAMS: &str = "SELECT coalesce(t.name, ''), count(*), sum(c.verdict IS 'resumed')
    FROM calls c JOIN attempts a ON a.call = c.seq LEFT JOIN targets t ON t.id = a.target
    WHERE c.started_ms >= ?1 AND c.started_ms < ?2 AND c.delivery = 'streamed'
    AND a.commit_step IS NOT NULL AND a.outcome = 'failed'
    GROUP BY 1 ORDER BY 2 DESC, 1";
const TOLD: &str = "SELECT verdict, kind, status, count(*) FROM calls
    WHERE started_ms >= ?1 AND started_ms < ?2 AND verdict IN ('failed', 'degraded')
    GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3";
const REFUSALS: &str = "SELECT coalesce(s.why, ''), coalesce(s.reason, ''), count(*)
    FROM calls c JOIN steps s ON s.call = c.seq
    WHERE c.started_ms >= ?1 AND c.started_ms < ?2 AND s.what = 'refused'
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2";
const CALL_TIMES: &str = "SELECT first_content_ns, took_ns FROM calls
    WHERE started_ms >= ?1 AND started_ms < ?2 AND verdict IN ('served', 'resumed')";
const ATTEMPT_TIMES: &str =
    "SELECT a.target, a.outcome = 'succeeded', a.first_content_ns, a.took_ns
    FROM calls c JOIN attempts a ON a.call = c.seq
    WHERE c.started_ms >= ?1 AND c.started_ms < ?2";
const CHANGES_TOLD: &str = "SELECT s.at_ms, s.what, t.name, s.reason, s.from_state, s.to_state,
    s.until_ms, s.value FROM states s LEFT JOIN targets t ON t.id = s.target
    WHERE s.at_ms >= ?1 AND s.at_ms < ?2
    AND s.what IN ('breaker', 'key_disabled', 'model_disabled', 'switched')
    ORDER BY s.seq DESC LIMIT ?3";
const CHANGES_TOTAL: &str = "SELECT count(*) FROM states WHERE at_ms >= ?1 AND at_ms < ?2
    AND what IN ('breaker', 'key_disabled', 'model_disabled', 'switched')";
const DROPPED: &str = "SELECT coalesce(sum(healthy), 0), coalesce(sum(failed), 0) FROM drops
    WHERE at_ms >= ?1 AND at_ms < ?2";
const FIRST_CALL: &str = "SELECT min(started_ms) FROM calls
    WHERE started_ms >= ?1 AND started_ms < ?2";

/// The report on the calls that came in this time.
pub(crate) fn load(connection: &Connection, since: i64, until: i64) -> rusqlite::Result<Report> {
    // All queries see the file as it was at the first one.
    let view = connection.unchecked_transaction()?;
    let span = Span { view: &view, since, until };
    let first: Option<i64> = span.one(FIRST_CALL, |row| row.get(0))?;
    let last_hour = until.saturating_sub(1).div_euclid(HOUR);
    let first_hour = first.unwrap_or(since).div_euclid(HOUR).max(last_hour - HOURS + 1);
    let hours = usize::try_from(last_hour - first_hour + 1).unwrap_or(1).max(1);
    let calls = calls(&span)?;
    Ok(Report {
        since: rfc3339(since),
        until: rfc3339(until),
        since_unix_ms: since,
        until_unix_ms: until,
        attempts: attempts(&span, calls.total)?,
        first_hour_unix_ms: first_hour.saturating_mul(HOUR),
        hours,
        failures: failures(&span, first_hour, hours)?,
        broken_streams: span.all(BROKEN_STREAMS, broken_streams)?,
        told: span.all(TOLD, told)?,
        refusals: span.all(REFUSALS, refusal)?,
        latency: call_times(&span)?,
        by_target: attempt_times(&span)?,
        changes: changes(&span)?,
        changes_total: span.one(CHANGES_TOTAL, |row| row.get(0))?,
        dropped: span
            .one(DROPPED, |row| Ok(Dropped { healthy: row.get(0)?, failed: row.get(1)? }))?,
        calls,
    })
}

/// The time looked at, in one view of the file.
struct Span<'a> {
    view: &'a Connection,
    since: i64,
    until: i64,
}

impl Span<'_> {
    fn one<T>(
        &self,
        sql: &'static str,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.view.prepare(sql)?.query_row([self.since, self.until], read)
    }

    fn all<T>(
        &self,
        sql: &'static str,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.view.prepare(sql)?.query_map([self.since, self.until], read)?.collect()
    }
}

fn calls(span: &Span<'_>) -> rusqlite::Result<Calls> {
    let mut calls = Calls::default();
    let verdicts =
        span.all(VERDICTS, |row| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, u64>(1)?)))?;
    for (verdict, count) in verdicts {
        calls.total += count;
        match verdict.as_deref() {
            Some("served") => calls.served = count,
            Some("resumed") => calls.resumed = count,
            Some("degraded") => calls.degraded = count,
            Some("cancelled") => calls.cancelled = count,
            // A record without its end tells of a call that found none.
            _ => calls.failed += count,
        }
    }
    let (first, first_served): (u64, u64) =
        span.one(FIRST_ATTEMPTS, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let stayed = calls.total - calls.cancelled;
    let share = |part: u64| (stayed > 0).then(|| part as f64 / stayed as f64);
    let answered = calls.served + calls.resumed;
    calls.success_rate = share(answered);
    calls.success_rate_first_attempt = share(first);
    calls.saved = answered.saturating_sub(first_served);
    Ok(calls)
}

fn attempts(span: &Span<'_>, calls: u64) -> rusqlite::Result<Attempts> {
    let mut waited = 0.0;
    let histogram = span.all(PER_CALL, |row| {
        waited += row.get::<_, f64>(2)?;
        Ok(AttemptsRow { attempts: row.get(0)?, calls: row.get(1)? })
    })?;
    let total = histogram.iter().map(|row| row.attempts * row.calls).sum();
    let per_call = (calls > 0).then(|| total as f64 / calls as f64);
    Ok(Attempts { total, per_call, histogram, waited_ms: waited / 1e6 })
}

fn failures(span: &Span<'_>, first: i64, hours: usize) -> rusqlite::Result<Vec<FailureRow>> {
    let mut rows: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
    let cells = span.all(FAILURES, |row| {
        let key = (read_some(row, 0)?, read_some(row, 1)?);
        Ok((key, row.get::<_, i64>(2)?, row.get::<_, u64>(3)?))
    })?;
    for (key, hour, count) in cells {
        // An attempt may end after the time looked at; its call began within.
        let hour = usize::try_from(hour - first).unwrap_or(0).min(hours - 1);
        rows.entry(key).or_insert_with(|| vec![0; hours])[hour] += count;
    }
    let mut rows: Vec<_> = rows
        .into_iter()
        .map(|((target, kind), by_hour)| FailureRow {
            target,
            kind,
            total: by_hour.iter().sum(),
            by_hour,
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.total));
    Ok(rows)
}

fn broken_streams(row: &Row<'_>) -> rusqlite::Result<BrokenStreams> {
    Ok(BrokenStreams { target: read_some(row, 0)?, broke: row.get(1)?, continued: row.get(2)? })
}

fn told(row: &Row<'_>) -> rusqlite::Result<ToldRow> {
    Ok(ToldRow {
        verdict: read_some(row, 0)?,
        kind: read(row, 1)?,
        status: row.get(2)?,
        calls: row.get(3)?,
    })
}

fn refusal(row: &Row<'_>) -> rusqlite::Result<RefusalRow> {
    Ok(RefusalRow { why: read_some(row, 0)?, reason: read_some(row, 1)?, total: row.get(2)? })
}

/// A latency in the making.
#[derive(Default)]
struct Times {
    attempts: u64,
    succeeded: u64,
    first_content: Histogram,
    total: Histogram,
}

impl Times {
    fn add(&mut self, first_content: Option<i64>, took: Option<i64>) {
        self.succeeded += 1;
        first_content.into_iter().for_each(|nanos| self.first_content.add(nanos));
        took.into_iter().for_each(|nanos| self.total.add(nanos));
    }

    fn latency(&self) -> Latency {
        Latency { first_content: self.first_content.quantiles(), total: self.total.quantiles() }
    }
}

fn call_times(span: &Span<'_>) -> rusqlite::Result<Latency> {
    let mut times = Times::default();
    let mut statement = span.view.prepare(CALL_TIMES)?;
    let mut rows = statement.query([span.since, span.until])?;
    while let Some(row) = rows.next()? {
        times.add(row.get(0)?, row.get(1)?);
    }
    Ok(times.latency())
}

fn attempt_times(span: &Span<'_>) -> rusqlite::Result<Vec<TargetLatency>> {
    let mut by_target: BTreeMap<Option<i64>, Times> = BTreeMap::new();
    let mut statement = span.view.prepare(ATTEMPT_TIMES)?;
    let mut rows = statement.query([span.since, span.until])?;
    while let Some(row) = rows.next()? {
        let times = by_target.entry(row.get(0)?).or_default();
        times.attempts += 1;
        if row.get::<_, Option<bool>>(1)? == Some(true) {
            times.add(row.get(2)?, row.get(3)?);
        }
    }
    let mut name = span.view.prepare("SELECT name FROM targets WHERE id = ?1")?;
    let mut told = Vec::new();
    for (target, times) in by_target {
        let Some(target) = target else { continue };
        told.push(TargetLatency {
            target: name.query_row([target], |row| read_some(row, 0))?,
            attempts: times.attempts,
            succeeded: times.succeeded,
            latency: times.latency(),
        });
    }
    told.sort_by_key(|row| std::cmp::Reverse(row.attempts));
    Ok(told)
}

fn changes(span: &Span<'_>) -> rusqlite::Result<Vec<Change>> {
    let mut statement = span.view.prepare(CHANGES_TOLD)?;
    let rows = statement.query_map(params![span.since, span.until, CHANGES], |row| {
        let at_unix_ms = row.get(0)?;
        Ok(Change {
            at: rfc3339(at_unix_ms),
            at_unix_ms,
            what: read_some(row, 1)?,
            target: read(row, 2)?,
            reason: read(row, 3)?,
            from: read(row, 4)?,
            to: read(row, 5)?,
            until_unix_ms: row.get(6)?,
            value: row.get(7)?,
        })
    })?;
    let mut changes: Vec<Change> = rows.collect::<rusqlite::Result<_>>()?;
    changes.reverse();
    Ok(changes)
}
