//! The file: opening it, keeping other writers out, and bringing it up to date.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::JournalError;

/// Each step takes the schema one version further; the last one is the version we know.
const MIGRATIONS: [&str; 4] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
];
/// The version we know.
const KNOWN: u32 = MIGRATIONS.len() as u32;
/// How long another process may hold the file before a write counts as failed.
const BUSY: Duration = Duration::from_millis(500);

/// Opens the file for reading alone.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, JournalError> {
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

pub(super) fn lock(path: &Path) -> Result<File, JournalError> {
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

pub(super) fn open(path: &Path, sync: bool) -> Result<(Connection, Identity), JournalError> {
    // Made here rather than by SQLite, so that nobody else may read it.
    drop(private().open(path).map_err(|error| unusable(path, error))?);
    let mut connection = connect(path, sync).map_err(|error| refine(path, &error))?;
    migrate(path, &mut connection)?;
    let identity = Identity::of(path).ok_or_else(|| unusable(path, "it vanished"))?;
    Ok((connection, identity))
}

fn connect(path: &Path, sync: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // Before the first table only: a file that was made without it keeps its pages.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
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
    bring_up_to_date(&transaction, found).map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn bring_up_to_date(connection: &Connection, found: u32) -> rusqlite::Result<()> {
    for step in &MIGRATIONS[found as usize..] {
        connection.execute_batch(step)?;
    }
    connection.pragma_update(None, "user_version", KNOWN)
}

pub(super) fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

pub(super) fn last_seq(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT max(coalesce((SELECT max(seq) FROM calls), 0),
                          coalesce((SELECT max(last_seq) FROM sheets), 0),
                          coalesce((SELECT max(seq) FROM states), 0),
                          coalesce((SELECT max(seq) FROM drops), 0))";
    connection.query_row(sql, [], |row| row.get(0))
}

/// Which file stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    file: u64,
}

impl Identity {
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = path.metadata().ok()?;
        Some(Self { device: metadata.dev(), file: metadata.ino() })
    }

    /// Elsewhere an open file cannot be replaced; that it is there is enough.
    #[cfg(not(unix))]
    pub(super) fn of(path: &Path) -> Option<Self> {
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
pub(super) fn refine(path: &Path, error: &rusqlite::Error) -> JournalError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => damaged(path, error),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            unusable(path, "another program has locked it")
        }
        Some(ErrorCode::ReadOnly) => unusable(path, "it cannot be written to"),
        _ => unusable(path, error),
    }
}
