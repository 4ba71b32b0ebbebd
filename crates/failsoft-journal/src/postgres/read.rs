//! The readers' side: page after page of one unchanging view.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::address::PostgresUrl;
use super::columns::{ATTEMPTS, CALLS, Column, STATES, STEPS};
use super::link::{Fault, Link};
use super::rows::{Texts, selected};
use super::schema;
use crate::JournalError;
use crate::rows::{AttemptRow, CallRow, Dropped, Recorded, StateRow, StepRow, TargetRow};
use crate::source::{Search, Source, Span};

/// Calls, or states, that are in memory at once.
const PAGE: usize = 1_000;
/// How long the server may take over one page.
const PATIENCE: Duration = Duration::from_secs(60);
/// A question has one view, which is of its first query's moment. A reader that dawdles over it
/// loses it in the end, so that the server can clean up behind it.
const VIEW: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SET LOCAL statement_timeout = '60s'; \
    SET LOCAL idle_in_transaction_session_timeout = '10min'; \
    SELECT 1";

/// Reads what a fleet wrote, each question as it stands when it is asked.
#[derive(Debug)]
pub(crate) struct PostgresSource {
    link: Link,
    texts: Texts,
}

impl PostgresSource {
    /// Connects, and looks whether there is a journal.
    pub(crate) fn open(url: PostgresUrl) -> Result<Self, JournalError> {
        let mut source = Self { link: Link::new(url), texts: Texts::default() };
        source.viewed(|_| Ok(()))?;
        Ok(source)
    }

    /// Asks within one view.
    fn viewed<T>(
        &mut self,
        ask: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, JournalError> {
        let begin = async |client: &Client| Ok(client.batch_execute(VIEW).await?);
        let begun = self.link.ask(PATIENCE, schema::readable, begin);
        let answer = begun.and_then(|()| {
            let answer = ask(self)?;
            self.page(async |client, _| Ok(client.batch_execute("COMMIT").await?))?;
            Ok(answer)
        });
        answer.map_err(|fault| JournalError::Unreachable {
            place: self.link.place(),
            reason: fault.to_string(),
        })
    }

    /// A part of what is asked. With its connection a view is gone, and no other takes its place.
    fn page<T: Send>(
        &mut self,
        work: impl AsyncFnOnce(&Client, &mut Texts) -> Result<T, Fault> + Send,
    ) -> Result<T, Fault> {
        let Self { link, texts } = self;
        let broken = async |_: &Client| {
            Err(Fault::Refused("the connection broke off half way; ask again".to_owned()))
        };
        link.ask(PATIENCE, broken, async |client| work(client, texts).await)
    }

    /// Shows what stands in a span, page after page, until `each` breaks.
    fn pages<T: Send>(
        &mut self,
        span: Span,
        fetch: impl AsyncFn(&Client, &mut Texts, &[Bound<'_>]) -> Result<Vec<(Place, T)>, Fault> + Sync,
        each: &mut dyn FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.viewed(|source| {
            let mut next = Some(START);
            while let Some(after) = next {
                let bounds = page_bounds(span, after);
                let page = source
                    .page(async |client, texts| fetch(client, texts, &wholes(&bounds)).await)?;
                next = page.last().filter(|_| page.len() == PAGE).map(|(place, _)| *place);
                if page.into_iter().try_for_each(|(_, row)| each(row)).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// A value for a statement.
type Bound<'a> = (&'a (dyn ToSql + Sync), Type);
/// What a row is known by: its writer and its number.
type Key = (i64, i64);
/// A place in the order of the record: a time, and a key.
type Place = (i64, Key);
const START: Place = (i64::MIN, (i64::MIN, i64::MIN));

impl Source for PostgresSource {
    fn calls(
        &mut self,
        span: Span,
        each: &mut dyn FnMut(Recorded) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let sql = select_calls(&page_of("c", "started_ms"));
        self.pages(
            span,
            async |client, texts, bound| calls(client, texts, (&sql, bound)).await,
            each,
        )
    }

    fn states(
        &mut self,
        span: Span,
        each: &mut dyn FnMut(StateRow) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let sql = select_states();
        self.pages(
            span,
            async |client, texts, bound| states(client, texts, (&sql, bound)).await,
            each,
        )
    }

    fn dropped(&mut self, span: Span) -> Result<Dropped, JournalError> {
        let bounds = [span.since_ms, span.until_ms];
        self.viewed(|source| {
            source.page(async |client, _| {
                let row = client.query_typed_one(DROPPED, &wholes(&bounds)).await?;
                let (healthy, failed): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
                let count = |number| u64::try_from(number).unwrap_or_default();
                Ok(Dropped { healthy: count(healthy), failed: count(failed) })
            })
        })
    }

    fn search(&mut self, search: &Search) -> Result<Vec<Recorded>, JournalError> {
        // Of an id that is looked for, the very one comes first.
        let very = if search.id.is_some() { "c.id = $3 DESC, " } else { "" };
        let sql = select_calls(&format!("{FITTING} ORDER BY {very}{NEWEST} LIMIT $11"));
        let since = search.span.map(|span| span.since_ms);
        let until = search.span.map(|span| span.until_ms);
        let limit = i64::try_from(search.limit).unwrap_or(i64::MAX);
        let beyond = search.beyond();
        let asked = [
            &search.id,
            &beyond,
            &search.tag,
            &search.target,
            &search.kind,
            &search.route,
            &search.verdict,
        ];
        // A text that cannot stand there is not found there.
        if asked.iter().any(|text| text.as_ref().is_some_and(|text| text.contains('\0'))) {
            return Ok(Vec::new());
        }
        let mut bound: Vec<Bound<'_>> = vec![(&since, Type::INT8), (&until, Type::INT8)];
        bound.extend(asked.iter().map(|text| (text as _, Type::TEXT)));
        bound.extend([(&search.eventful as _, Type::BOOL), (&limit as _, Type::INT8)]);
        let found = self.viewed(|source| {
            source.page(async |client, texts| calls(client, texts, (&sql, &bound)).await)
        })?;
        Ok(found.into_iter().map(|(_, recorded)| recorded).collect())
    }
}

/// A page of a table in the order of the record, from after a place on.
fn page_of(table: &str, time: &str) -> String {
    format!(
        "WHERE {table}.{time} >= $1 AND {table}.{time} < $2 \
         AND ({table}.{time}, {table}.writer, {table}.number) > ($3, $4, $5) \
         ORDER BY {table}.{time}, {table}.writer, {table}.number LIMIT $6"
    )
}

fn page_bounds(span: Span, (time, (writer, number)): Place) -> [i64; 6] {
    [span.since_ms, span.until_ms, time, writer, number, PAGE as i64]
}

fn wholes(values: &[i64]) -> Vec<Bound<'_>> {
    values.iter().map(|value| (value as _, Type::INT8)).collect()
}

const DROPPED: &str = "SELECT coalesce(sum(healthy), 0)::int8, coalesce(sum(failed), 0)::int8 \
    FROM failsoft.drops WHERE at_ms >= $1 AND at_ms < $2";
const NEWEST: &str = "c.started_ms DESC, c.writer DESC, c.number DESC";
/// The calls for which all that is asked holds; what is `NULL` is not asked.
const FITTING: &str = "WHERE ($1 IS NULL OR c.started_ms >= $1) \
    AND ($2 IS NULL OR c.started_ms < $2) \
    AND ($3 IS NULL OR (c.id >= $3 AND c.id < $4)) \
    AND ($5 IS NULL OR c.tag = $5) \
    AND ($6 IS NULL OR EXISTS (SELECT FROM failsoft.attempts a \
        JOIN failsoft.targets t ON t.id = a.target \
        WHERE a.writer = c.writer AND a.number = c.number AND t.name = $6)) \
    AND ($7 IS NULL OR c.kind = $7 OR EXISTS (SELECT FROM failsoft.attempts a \
        WHERE a.writer = c.writer AND a.number = c.number AND a.kind = $7)) \
    AND ($8 IS NULL OR c.route = $8) \
    AND ($9 IS NULL OR c.verdict = $9) \
    AND (NOT $10 OR c.verdict IS DISTINCT FROM 'served' OR c.attempts <> 1)";

fn select_calls(which: &str) -> String {
    format!("SELECT c.writer, c.number, {} FROM failsoft.calls c {which}", selected("c", CALLS))
}

/// The calls a statement finds, each with its attempts and steps.
async fn calls(
    client: &Client,
    texts: &mut Texts,
    (sql, bound): (&str, &[Bound<'_>]),
) -> Result<Vec<(Place, Recorded)>, Fault> {
    let mut found = Vec::new();
    let mut places = HashMap::new();
    for row in client.query_typed(sql, bound).await? {
        let key = key(&row)?;
        places.insert(key, found.len());
        let call: CallRow = texts.row(CALLS, (&row, 2))?;
        found.push(((call.started_ms, key), Recorded { call, ..Recorded::default() }));
    }
    if found.is_empty() {
        return Ok(found);
    }
    let keys = found.iter().map(|((_, key), _)| *key);
    let (writers, numbers): (Vec<i64>, Vec<i64>) = keys.unzip();
    let keys: [Bound<'_>; 2] = [(&writers, Type::INT8_ARRAY), (&numbers, Type::INT8_ARRAY)];
    for row in client.query_typed(&select_parts("attempts", ATTEMPTS, "ordinal"), &keys).await? {
        let (key, target, attempt) = with_target(texts, ATTEMPTS, &row)?;
        if let Some(place) = places.get(&key) {
            found[*place].1.attempts.push(AttemptRow { target, ..attempt });
        }
    }
    for row in client.query_typed(&select_parts("steps", STEPS, "step"), &keys).await? {
        let (key, target, step) = with_target(texts, STEPS, &row)?;
        if let Some(place) = places.get(&key) {
            found[*place].1.steps.push(StepRow { target, ..step });
        }
    }
    Ok(found)
}

fn select_states() -> String {
    format!(
        "SELECT s.writer, s.number, t.name, t.provider, t.credential, {} \
         FROM failsoft.states s LEFT JOIN failsoft.targets t ON t.id = s.target {}",
        selected("s", STATES),
        page_of("s", "at_ms"),
    )
}

/// The changes of state a statement finds.
async fn states(
    client: &Client,
    texts: &mut Texts,
    (sql, bound): (&str, &[Bound<'_>]),
) -> Result<Vec<(Place, StateRow)>, Fault> {
    let rows = client.query_typed(sql, bound).await?;
    let state = |row| {
        let (key, target, state): (_, _, StateRow) = with_target(texts, STATES, row)?;
        Ok(((state.at_ms, key), StateRow { target, ..state }))
    };
    rows.iter().map(state).collect()
}

/// What belongs to some calls, in order.
fn select_parts<R: Default>(table: &str, columns: &[Column<R>], order: &str) -> String {
    format!(
        "SELECT p.writer, p.number, t.name, t.provider, t.credential, {} \
         FROM unnest($1, $2) AS k(writer, number) \
         JOIN failsoft.{table} p ON p.writer = k.writer AND p.number = k.number \
         LEFT JOIN failsoft.targets t ON t.id = p.target \
         ORDER BY p.writer, p.number, p.{order}",
        selected("p", columns)
    )
}

fn key(row: &Row) -> Result<Key, tokio_postgres::Error> {
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// A row behind its key and its target.
fn with_target<R: Default>(
    texts: &mut Texts,
    columns: &[Column<R>],
    row: &Row,
) -> Result<(Key, Option<TargetRow>, R), Fault> {
    Ok((key(row)?, texts.target((row, 2))?, texts.row(columns, (row, 5))?))
}
