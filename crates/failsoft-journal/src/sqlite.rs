//! The file: opening it, bringing it up to date, writing groups of records, forgetting old ones.

mod insert;

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, params};

use self::insert::{Inserts, TargetIds};
use crate::queue::{Drops, Entry};
use crate::store::{DropRow, Forgetting, Limits, NotWritten, Store, signed};
use crate::{JournalError, Options};

/// Each step takes the schema one version further; the last one is the version we know.
const MIGRATIONS: [&str; 3] = [
    include_str!("sqlite/schema/1.sql"),
    include_str!("sqlite/schema/2.sql"),
    include_str!("sqlite/schema/3.sql"),
];
/// The version we know.
pub(crate) const KNOWN: u32 = MIGRATIONS.len() as u32;
/// How long another process may hold the file before a write counts as failed.
const BUSY: Duration = Duration::from_millis(500);
/// Calls forgotten in one transaction.
const FORGET: usize = 200;

/// The writer's side of the file.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    path: PathBuf,
    sync: bool,
    /// `None` after a failed write, until the file opens again.
    open: Option<Open>,
    base: i64,
    last: Identity,
    /// Keeps other writers out; the system frees it when the process dies.
    _lock: File,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    targets: TargetIds,
    identity: Identity,
}

impl From<rusqlite::Error> for NotWritten {
    fn from(_: rusqlite::Error) -> Self {
        Self::Refused
    }
}

impl From<JournalError> for NotWritten {
    fn from(_: JournalError) -> Self {
        Self::Unreachable
    }
}

impl SqliteStore {
    /// Opens or creates the file and keeps other writers out.
    pub(crate) fn open(options: &Options) -> Result<Self, JournalError> {
        let path = options.path.clone();
        let lock = lock(&path)?;
        let open = open(&path, options.sync)?;
        let base = last_seq(&open.connection).map_err(|error| refine(&path, &error))?;
        let last = open.identity;
        Ok(Self { path, sync: options.sync, open: Some(open), base, last, _lock: lock })
    }

    fn try_write(&mut self, group: &[Entry], drops: Option<DropRow>) -> Result<(), NotWritten> {
        let first = group.first().map_or(0, |entry| entry.number);
        self.reopen(first)?;
        let base = self.base;
        let Some(open) = &mut self.open else { return Err(NotWritten::Unreachable) };
        let transaction = begin(&mut open.connection)?;
        {
            let mut inserts = Inserts::prepare(&transaction, &mut open.targets)?;
            for entry in group {
                inserts.record(base + signed(entry.number), &entry.record)?;
            }
        }
        if let Some(row) = drops {
            insert_drops(&transaction, base + signed(row.number), row)?;
        }
        transaction.commit()?;
        // A file deleted while it is open takes writes and loses them.
        if Identity::of(&self.path) == Some(open.identity) {
            Ok(())
        } else {
            Err(NotWritten::Vanished)
        }
    }

    fn try_forget(&mut self, before_ms: i64) -> Result<Forgetting, NotWritten> {
        let Some(open) = &mut self.open else { return Ok(Forgetting::Done) };
        let transaction = begin(&mut open.connection)?;
        let calls = old_rows(
            &transaction,
            "SELECT seq FROM calls WHERE started_ms < ?1 ORDER BY started_ms LIMIT ?2",
            before_ms,
        )?;
        let states = old_rows(
            &transaction,
            "SELECT seq FROM states WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2",
            before_ms,
        )?;
        for sql in [
            "DELETE FROM steps WHERE call = ?1",
            "DELETE FROM attempts WHERE call = ?1",
            "DELETE FROM calls WHERE seq = ?1",
        ] {
            delete(&transaction, sql, &calls)?;
        }
        delete(&transaction, "DELETE FROM states WHERE seq = ?1", &states)?;
        transaction.prepare_cached("DELETE FROM drops WHERE at_ms < ?1")?.execute([before_ms])?;
        transaction.commit()?;
        let more = calls.len() == FORGET || states.len() == FORGET;
        Ok(if more { Forgetting::More } else { Forgetting::Done })
    }

    /// Opens the file again after a failure. In another file than before, numbers begin after its
    /// own; in the same one they stay, so that a group whose commit was in doubt is not doubled.
    fn reopen(&mut self, first: u64) -> Result<(), NotWritten> {
        if self.open.is_some() {
            return Ok(());
        }
        let open = open(&self.path, self.sync)?;
        if open.identity != self.last {
            let least = last_seq(&open.connection)? + 1 - signed(first);
            self.base = self.base.max(least);
            self.last = open.identity;
        }
        self.open = Some(open);
        Ok(())
    }
}

impl Store for SqliteStore {
    fn write(&mut self, group: &[Entry], drops: Option<DropRow>) -> Result<(), NotWritten> {
        let result = self.try_write(group, drops);
        if result.is_err() {
            self.open = None;
        }
        result
    }

    fn forget(&mut self, limits: Limits) -> Result<Forgetting, NotWritten> {
        let result = self.try_forget(limits.before_ms);
        if result.is_err() {
            self.open = None;
        }
        result
    }
}

/// Opens the file for reading alone.
pub(crate) fn open_to_read(path: &Path) -> Result<Connection, JournalError> {
    if !path.exists() {
        return Err(unusable(path, "there is no such file"));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let prepare = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        let version = version(&connection)?;
        Ok((connection, version))
    };
    let (connection, found) = prepare().map_err(|error| refine(path, &error))?;
    match found {
        KNOWN => Ok(connection),
        0 => Err(damaged(path, "it holds no journal")),
        older if older < KNOWN => Err(JournalError::Older { path: path.to_owned() }),
        _ => Err(JournalError::Newer { path: path.to_owned(), found, known: KNOWN }),
    }
}

fn lock(path: &Path) -> Result<File, JournalError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = private().open(PathBuf::from(name)).map_err(|error| unusable(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { path: path.to_owned() }),
        // Some network file systems know no locks; SQLite's own must do there.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(error)) => Err(unusable(path, error)),
    }
}

fn open(path: &Path, sync: bool) -> Result<Open, JournalError> {
    // Made here rather than by SQLite, so that nobody else may read it.
    drop(private().open(path).map_err(|error| unusable(path, error))?);
    let mut connection = connect(path, sync).map_err(|error| refine(path, &error))?;
    migrate(path, &mut connection)?;
    let identity = Identity::of(path).ok_or_else(|| unusable(path, "it vanished"))?;
    Ok(Open { connection, targets: TargetIds::default(), identity })
}

fn connect(path: &Path, sync: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", if sync { "FULL" } else { "NORMAL" })?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

fn migrate(path: &Path, connection: &mut Connection) -> Result<(), JournalError> {
    let failed = |error| refine(path, &error);
    let transaction = begin(connection).map_err(failed)?;
    let found = version(&transaction).map_err(failed)?;
    if found > KNOWN {
        return Err(JournalError::Newer { path: path.to_owned(), found, known: KNOWN });
    }
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = transaction.query_row(tables, [], |row| row.get(0)).map_err(failed)?;
    if found == 0 && tables > 0 {
        return Err(damaged(path, "it is another program's database"));
    }
    for step in &MIGRATIONS[found as usize..] {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "user_version", KNOWN).map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn last_seq(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT max(coalesce((SELECT max(seq) FROM calls), 0),
                          coalesce((SELECT max(seq) FROM states), 0),
                          coalesce((SELECT max(seq) FROM drops), 0))";
    connection.query_row(sql, [], |row| row.get(0))
}

fn insert_drops(transaction: &Transaction<'_>, seq: i64, row: DropRow) -> rusqlite::Result<()> {
    let sql = "INSERT INTO drops (seq, at_ms, healthy, failed) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO NOTHING";
    let Drops { healthy, failed } = row.drops;
    transaction.prepare_cached(sql)?.execute(params![
        seq,
        row.at_ms,
        signed(healthy),
        signed(failed)
    ])?;
    Ok(())
}

fn old_rows(
    transaction: &Transaction<'_>,
    sql: &'static str,
    before_ms: i64,
) -> rusqlite::Result<Vec<i64>> {
    let mut statement = transaction.prepare_cached(sql)?;
    let rows = statement.query_map(params![before_ms, FORGET as i64], |row| row.get(0))?;
    rows.collect()
}

fn delete(transaction: &Transaction<'_>, sql: &'static str, seqs: &[i64]) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(sql)?;
    seqs.iter().try_for_each(|seq| statement.execute([seq]).map(drop))
}

/// Which file stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    file: u64,
}

impl Identity {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = path.metadata().ok()?;
        Some(Self { device: metadata.dev(), file: metadata.ino() })
    }

    /// Elsewhere an open file cannot be replaced; that it is there is enough.
    #[cfg(not(unix))]
    fn of(path: &Path) -> Option<Self> {
        path.exists().then_some(Self { device: 0, file: 0 })
    }
}

/// Files that only their owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn unusable(path: &Path, reason: impl ToString) -> JournalError {
    JournalError::Open { path: path.to_owned(), reason: reason.to_string() }
}

fn damaged(path: &Path, reason: impl ToString) -> JournalError {
    JournalError::Damaged { path: path.to_owned(), reason: reason.to_string() }
}

/// What SQLite said, as one of our errors.
pub(crate) fn refine(path: &Path, error: &rusqlite::Error) -> JournalError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => damaged(path, error),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            unusable(path, "another program has locked it")
        }
        Some(ErrorCode::ReadOnly) => unusable(path, "it cannot be written to"),
        _ => unusable(path, error),
    }
}
