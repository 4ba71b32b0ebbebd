//! The writer's side: groups of records in one transaction each, old rows forgotten.

use std::collections::HashMap;
use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::address::PostgresUrl;
use super::columns::{ATTEMPTS, CALLS, STATES, STEPS};
use super::link::{Fault, Link};
use super::rows::{Array, Keyed, Targets, arrays, insert, storable};
use super::schema::{self, FORGETTING};
use crate::queue::{self, Record};
use crate::rows::{Recorded, StateRow, TargetRow};
use crate::sheet::Page;
use crate::store::{DropRow, Forgetting, Limits, NotWritten, Store, signed};

/// Calls, and states, forgotten in one transaction.
const FORGET: i64 = 1_000;

/// One gateway's hand in a database that many write.
#[derive(Debug)]
pub(crate) struct PostgresStore {
    link: Link,
    writer: i64,
    statements: Statements,
    /// Targets whose number is known. No row of them is ever deleted.
    targets: HashMap<TargetRow, i32>,
    patience: Duration,
    sync: bool,
    trouble: Option<String>,
}

/// What is to be written at once, each row under its number.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) calls: Vec<(i64, Recorded)>,
    pub(crate) states: Vec<(i64, StateRow)>,
    pub(crate) drops: Option<DropRow>,
}

impl Group {
    fn of(records: &queue::Group, drops: Option<DropRow>) -> Self {
        let mut group = Self { drops, ..Self::default() };
        for entry in &records.entries {
            let number = signed(entry.number);
            match &entry.record {
                Record::Call(call) => group.calls.push((number, call.recorded())),
                Record::State(state) => group.states.push((number, state.recorded())),
            }
        }
        group.calls.extend(records.pages.iter().flat_map(Page::fresh_calls));
        group
    }
}

impl Store for PostgresStore {
    fn write(&mut self, group: &queue::Group, drops: Option<DropRow>) -> Result<(), NotWritten> {
        let written = self.write_group(&Group::of(group, drops));
        self.told(written)
    }

    /// By age alone: how large a database may be is its owner's business.
    fn forget(&mut self, limits: Limits) -> Result<(Forgetting, i64), NotWritten> {
        let more = self.forget_before(limits.before_ms);
        let forgetting = if self.told(more)? { Forgetting::More } else { Forgetting::Done };
        Ok((forgetting, limits.before_ms))
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }
}

impl PostgresStore {
    /// Connects to nothing yet: a database that is down must not keep a gateway from starting.
    /// Whatever takes longer than `patience` is given up and tried again.
    pub(crate) fn new(url: PostgresUrl, writer: i64, patience: Duration, sync: bool) -> Self {
        let (statements, targets) = (Statements::default(), HashMap::new());
        let link = Link::new(url);
        Self { link, writer, statements, targets, patience, sync, trouble: None }
    }

    /// Writes a group in one transaction: all of it is safe afterwards. If that is in doubt, the
    /// same rows may be written again, and are not doubled.
    pub(super) fn write_group(&mut self, group: &Group) -> Result<(), Fault> {
        let begin = self.begin();
        let Self { link, writer, statements, targets, patience, .. } = self;
        link.ask(*patience, schema::bring_up_to_date, async |client| {
            learn_targets(client, targets, group).await?;
            client.batch_execute(&begin).await?;
            insert_group(client, (*writer, statements), targets, group).await?;
            Ok(client.batch_execute("COMMIT").await?)
        })
    }

    /// Deletes some of the rows older than `before_ms`; whether there may be more of them. While
    /// another gateway does so, there is nothing to do.
    pub(super) fn forget_before(&mut self, before_ms: i64) -> Result<bool, Fault> {
        let begin = self.begin();
        self.link.ask(self.patience, schema::bring_up_to_date, async |client| {
            client.batch_execute(&begin).await?;
            let alone = format!("SELECT pg_try_advisory_xact_lock({FORGETTING})");
            let alone: bool = client.query_typed_one(&alone, &[]).await?.try_get(0)?;
            let mut more = false;
            if alone {
                for sql in [FORGET_CALLS, FORGET_STATES] {
                    let bound: [(&(dyn ToSql + Sync), Type); 2] =
                        [(&before_ms, Type::INT8), (&FORGET, Type::INT8)];
                    let gone: i64 = client.query_typed_one(sql, &bound).await?.try_get(0)?;
                    more |= gone >= FORGET;
                }
                client.execute_typed(FORGET_DROPS, &[(&before_ms, Type::INT8)]).await?;
            }
            client.batch_execute("COMMIT").await?;
            Ok(more)
        })
    }

    fn told<T>(&mut self, result: Result<T, Fault>) -> Result<T, NotWritten> {
        let place = self.link.place();
        self.trouble = result.as_ref().err().map(|fault| format!("{place}: {fault}"));
        result.map_err(|_| NotWritten::Refused)
    }

    /// A transaction in which the server loses its patience, too: a connection that nobody holds
    /// any more must not keep rows locked.
    fn begin(&self) -> String {
        let patience = self.patience.as_millis().max(1);
        let synchronous = if self.sync { "on" } else { "off" };
        format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
             SET LOCAL statement_timeout = {patience}; \
             SET LOCAL idle_in_transaction_session_timeout = {patience}; \
             SET LOCAL synchronous_commit = {synchronous}"
        )
    }
}

/// The statements that put rows into tables; every value is bound.
#[derive(Debug)]
struct Statements {
    calls: String,
    attempts: String,
    steps: String,
    states: String,
}

impl Default for Statements {
    fn default() -> Self {
        Self {
            calls: insert("calls", CALLS, Targets::None, &["attempts"]),
            attempts: insert("attempts", ATTEMPTS, Targets::Named, &[]),
            steps: insert("steps", STEPS, Targets::Named, &[]),
            states: insert("states", STATES, Targets::Named, &[]),
        }
    }
}

const DROPS: &str = "INSERT INTO failsoft.drops (writer, number, at_ms, healthy, failed) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
/// In one order everywhere, so that two gateways never wait for each other.
const NEW_TARGETS: &str = "INSERT INTO failsoft.targets (name, provider, credential) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ORDER BY 1, 2, 3 \
    ON CONFLICT DO NOTHING";
const TARGET_IDS: &str = "SELECT t.id, k.place::int8 \
    FROM unnest($1::text[], $2::text[], $3::text[]) \
        WITH ORDINALITY AS k(name, provider, credential, place) \
    JOIN failsoft.targets t USING (name, provider, credential)";
const FORGET_CALLS: &str = "WITH old AS (SELECT writer, number FROM failsoft.calls \
        WHERE started_ms < $1 ORDER BY started_ms LIMIT $2), \
    steps AS (DELETE FROM failsoft.steps s USING old \
        WHERE s.writer = old.writer AND s.number = old.number), \
    attempts AS (DELETE FROM failsoft.attempts a USING old \
        WHERE a.writer = old.writer AND a.number = old.number), \
    gone AS (DELETE FROM failsoft.calls c USING old \
        WHERE c.writer = old.writer AND c.number = old.number) \
    SELECT count(*) FROM old";
const FORGET_STATES: &str = "WITH old AS (SELECT writer, number FROM failsoft.states \
        WHERE at_ms < $1 ORDER BY at_ms LIMIT $2), \
    gone AS (DELETE FROM failsoft.states s USING old \
        WHERE s.writer = old.writer AND s.number = old.number) \
    SELECT count(*) FROM old";
const FORGET_DROPS: &str = "DELETE FROM failsoft.drops WHERE at_ms < $1";

/// Gives every target of a group a number, before its transaction: two gateways that meet the
/// same new one must not wait for each other's groups.
async fn learn_targets(
    client: &Client,
    known: &mut HashMap<TargetRow, i32>,
    group: &Group,
) -> Result<(), Fault> {
    let mut new: Vec<&TargetRow> =
        targets_of(group).filter(|target| !known.contains_key(target)).collect();
    if new.is_empty() {
        return Ok(());
    }
    new.sort_unstable();
    new.dedup();
    let column = |pick: fn(&TargetRow) -> &str| -> Vec<String> {
        new.iter().map(|target| storable(pick(target)).to_owned()).collect()
    };
    let columns = [
        column(|target| &target.name),
        column(|target| &target.provider),
        column(|target| &target.credential),
    ];
    let bound: Vec<(&(dyn ToSql + Sync), Type)> =
        columns.iter().map(|column| (column as _, Type::TEXT_ARRAY)).collect();
    client.execute_typed(NEW_TARGETS, &bound).await?;
    for row in client.query_typed(TARGET_IDS, &bound).await? {
        let (id, place): (i32, i64) = (row.try_get(0)?, row.try_get(1)?);
        let place = usize::try_from(place - 1).unwrap_or(usize::MAX);
        if let Some(target) = new.get(place) {
            known.insert((*target).clone(), id);
        }
    }
    Ok(())
}

fn targets_of(group: &Group) -> impl Iterator<Item = &TargetRow> {
    let calls = group.calls.iter().flat_map(|(_, recorded)| {
        let attempts = recorded.attempts.iter().filter_map(|attempt| attempt.target.as_ref());
        attempts.chain(recorded.steps.iter().filter_map(|step| step.target.as_ref()))
    });
    calls.chain(group.states.iter().filter_map(|(_, state)| state.target.as_ref()))
}

async fn insert_group(
    client: &Client,
    (writer, statements): (i64, &Statements),
    targets: &HashMap<TargetRow, i32>,
    group: &Group,
) -> Result<(), Fault> {
    let id = |target: &Option<TargetRow>| targets.get(target.as_ref()?).copied();
    let (mut calls, mut counts) = (Vec::new(), Vec::new());
    let (mut attempts, mut steps) = (Vec::new(), Vec::new());
    for (number, recorded) in &group.calls {
        let number = *number;
        calls.push(Keyed { number, target: None, row: &recorded.call });
        counts.push(i64::try_from(recorded.attempts.len()).ok());
        let of = |target| (number, id(target));
        attempts.extend(recorded.attempts.iter().map(|row| keyed(of(&row.target), row)));
        steps.extend(recorded.steps.iter().map(|row| keyed(of(&row.target), row)));
    }
    let states: Vec<_> =
        group.states.iter().map(|(number, row)| keyed((*number, id(&row.target)), row)).collect();
    let mut call_arrays = arrays(CALLS, Targets::None, &calls);
    call_arrays.push(Array::Wholes(counts));
    for (sql, arrays) in [
        (&statements.calls, call_arrays),
        (&statements.attempts, arrays(ATTEMPTS, Targets::Named, &attempts)),
        (&statements.steps, arrays(STEPS, Targets::Named, &steps)),
        (&statements.states, arrays(STATES, Targets::Named, &states)),
    ] {
        execute(client, (sql, writer), &arrays).await?;
    }
    if let Some(DropRow { number, at_ms, drops }) = group.drops {
        let (healthy, failed) = (signed(drops.healthy), signed(drops.failed));
        let values = [writer, signed(number), at_ms, healthy, failed];
        let bound = values.each_ref().map(|value| (value as &(dyn ToSql + Sync), Type::INT8));
        client.execute_typed(DROPS, &bound).await?;
    }
    Ok(())
}

fn keyed<R>((number, target): (i64, Option<i32>), row: &R) -> Keyed<'_, R> {
    Keyed { number, target, row }
}

async fn execute(
    client: &Client,
    (sql, writer): (&str, i64),
    arrays: &[Array<'_>],
) -> Result<(), Fault> {
    if arrays.first().is_none_or(Array::is_empty) {
        return Ok(());
    }
    let mut bound: Vec<(&(dyn ToSql + Sync), Type)> = vec![(&writer, Type::INT8)];
    bound.extend(arrays.iter().map(Array::bound));
    client.execute_typed(sql, &bound).await?;
    Ok(())
}
