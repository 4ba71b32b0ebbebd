//! Forgetting: what is too old or too much goes out, the oldest first, a little at a time.

use rusqlite::{Connection, OptionalExtension, params};

use super::file::begin;
use crate::store::{Forgetting, Limits};

/// Calls, and changes of state, forgotten in one transaction.
const ROWS: usize = 200;
/// Sheets forgotten in one transaction; each is worth some pages.
const SHEETS: usize = 16;
/// Pages given back to the system in one go.
const PAGES: u64 = 256;
/// Of so many pages one may be free: new rows fill it sooner than it is given back.
const SLACK: u64 = 8;

/// Takes out some of what need not be kept; says up to when it looked.
pub(super) fn forget(
    connection: &mut Connection,
    limits: Limits,
) -> rusqlite::Result<(Forgetting, i64)> {
    let mut before_ms = limits.before_ms;
    if Size::of(connection)?.used() > limits.max_size
        && let Some(oldest) = oldest(connection)?
    {
        before_ms = before_ms.max(oldest.saturating_add(1));
    }
    let more = delete(connection, before_ms)?;
    let size = Size::of(connection)?;
    let given = size.gives_back(limits.max_size) && give_back(connection)?;
    let shrinks = before_ms > limits.before_ms && size.used() > limits.max_size;
    let more = more || shrinks || given;
    Ok((if more { Forgetting::More } else { Forgetting::Done }, before_ms))
}

/// The end of the first few of what is there; `None` if there are only a few.
fn oldest(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let mut oldest = None;
    for (sql, few) in [
        ("SELECT started_ms FROM calls ORDER BY started_ms LIMIT 1 OFFSET ?1", ROWS),
        ("SELECT last_ms FROM sheets ORDER BY last_ms LIMIT 1 OFFSET ?1", SHEETS),
        ("SELECT at_ms FROM states ORDER BY at_ms LIMIT 1 OFFSET ?1", ROWS),
    ] {
        let mut statement = connection.prepare_cached(sql)?;
        let found: Option<i64> =
            statement.query_row([few as i64 - 1], |row| row.get(0)).optional()?;
        oldest = [oldest, found].into_iter().flatten().min();
    }
    Ok(oldest)
}

/// Whether there may be more as old as that.
fn delete(connection: &mut Connection, before_ms: i64) -> rusqlite::Result<bool> {
    let transaction = begin(connection)?;
    let old = |sql: &str, few: usize| -> rusqlite::Result<Vec<i64>> {
        let mut statement = transaction.prepare_cached(sql)?;
        statement.query_map(params![before_ms, few as i64], |row| row.get(0))?.collect()
    };
    let calls = "SELECT seq FROM calls WHERE started_ms < ?1 ORDER BY started_ms LIMIT ?2";
    let states = "SELECT seq FROM states WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2";
    // Whole sheets only: each spans an hour at most.
    let sheets = "SELECT seq FROM sheets WHERE last_ms < ?1 ORDER BY last_ms LIMIT ?2";
    let (calls, states, sheets) = (old(calls, ROWS)?, old(states, ROWS)?, old(sheets, SHEETS)?);
    for (sql, seqs) in [
        ("DELETE FROM steps WHERE call = ?1", &calls),
        ("DELETE FROM attempts WHERE call = ?1", &calls),
        ("DELETE FROM calls WHERE seq = ?1", &calls),
        ("DELETE FROM states WHERE seq = ?1", &states),
        ("DELETE FROM sheets WHERE seq = ?1", &sheets),
    ] {
        let mut statement = transaction.prepare_cached(sql)?;
        seqs.iter().try_for_each(|seq| statement.execute([seq]).map(drop))?;
    }
    transaction.prepare_cached("DELETE FROM drops WHERE at_ms < ?1")?.execute([before_ms])?;
    transaction.commit()?;
    Ok(calls.len() == ROWS || states.len() == ROWS || sheets.len() == SHEETS)
}

/// Gives free pages back to the system; whether any were given.
fn give_back(connection: &Connection) -> rusqlite::Result<bool> {
    let before = Size::of(connection)?.free;
    let mut statement =
        connection.prepare_cached(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    drop(rows);
    Ok(Size::of(connection)?.free < before)
}

/// How large the file is, in pages.
struct Size {
    page: u64,
    all: u64,
    free: u64,
    /// Whether the file can give pages back; one that was made without the means only fills them.
    can_shrink: bool,
}

impl Size {
    fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get(0));
        let auto_vacuum: u64 = number("auto_vacuum")?;
        Ok(Self {
            page: number("page_size")?,
            all: number("page_count")?,
            free: number("freelist_count")?,
            can_shrink: auto_vacuum == 2,
        })
    }

    /// Bytes that hold something.
    fn used(&self) -> u64 {
        self.all.saturating_sub(self.free) * self.page
    }

    fn gives_back(&self, max_size: u64) -> bool {
        let too_large = self.all * self.page > max_size;
        let idle = self.free > self.all / SLACK + PAGES;
        self.can_shrink && self.free > 0 && (too_large || idle)
    }
}
