//! The journal in an SQLite file.

mod file;
mod forget;
mod insert;
mod read;
mod search;

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, params};

use self::file::Identity;
use self::insert::{Inserts, TargetIds};
use self::read::View;
use crate::queue::{Drops, Group, Record};
use crate::rows::{Dropped, Recorded, StateRow};
use crate::source::{Search, Source, Span};
use crate::store::{DropRow, Forgetting, Limits, NotWritten, Store, signed};
use crate::{JournalError, Options};

/// The writer's side of the file.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    path: PathBuf,
    sync: bool,
    /// `None` after a failed write, until the file opens again.
    open: Option<Open>,
    base: i64,
    last: Identity,
    /// The highest number that was written, and that up to which it was into another file than now.
    written: i64,
    elsewhere: i64,
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
        let lock = file::lock(&path)?;
        let open = Open::new(&path, options.sync)?;
        let base = file::last_seq(&open.connection).map_err(|error| file::refine(&path, &error))?;
        let last = open.identity;
        let (written, elsewhere) = (0, 0);
        let (sync, open) = (options.sync, Some(open));
        Ok(Self { path, sync, open, base, last, written, elsewhere, _lock: lock })
    }

    fn try_write(&mut self, group: &Group, drops: Option<DropRow>) -> Result<(), NotWritten> {
        self.reopen(first(group))?;
        let (base, elsewhere) = (self.base, self.elsewhere);
        let Some(open) = &mut self.open else { return Err(NotWritten::Unreachable) };
        let transaction = file::begin(&mut open.connection)?;
        {
            let mut inserts = Inserts::prepare(&transaction, &mut open.targets)?;
            for entry in &group.entries {
                let seq = base + signed(entry.number);
                match &entry.record {
                    Record::Call(call) => inserts.recorded(seq, &call.recorded())?,
                    Record::State(state) => inserts.state(seq, &state.recorded())?,
                }
            }
            for page in &group.pages {
                if page.head.seq > elsewhere || page.fresh == page.head.calls {
                    inserts.page(base, page)?;
                    continue;
                }
                // Calls that were deleted with their file do not come back with their sheet.
                for (number, recorded) in page.fresh_calls() {
                    inserts.recorded(base + number, &recorded)?;
                }
            }
        }
        if let Some(row) = drops {
            insert_drops(&transaction, base + signed(row.number), row)?;
        }
        transaction.commit()?;
        // A file deleted while it is open takes writes and loses them.
        if Identity::of(&self.path) != Some(open.identity) {
            return Err(NotWritten::Vanished);
        }
        self.written = self.written.max(last(group));
        Ok(())
    }

    fn try_forget(&mut self, limits: Limits) -> Result<(Forgetting, i64), NotWritten> {
        let Some(open) = &mut self.open else { return Ok((Forgetting::Done, limits.before_ms)) };
        Ok(forget::forget(&mut open.connection, limits)?)
    }

    /// Opens the file again after a failure. In another file than before, numbers begin after its
    /// own; in the same one they stay, so that a group whose commit was in doubt is not doubled.
    fn reopen(&mut self, first: i64) -> Result<(), NotWritten> {
        if self.open.is_some() {
            return Ok(());
        }
        let open = Open::new(&self.path, self.sync)?;
        let there = file::last_seq(&open.connection)?;
        // The number of a file that was deleted may be the next one's.
        if open.identity != self.last || there < self.base + self.written {
            self.elsewhere = self.written;
        }
        if open.identity != self.last {
            self.base = self.base.max(there + 1 - first);
            self.last = open.identity;
        }
        self.open = Some(open);
        Ok(())
    }
}

impl Store for SqliteStore {
    fn write(&mut self, group: &Group, drops: Option<DropRow>) -> Result<(), NotWritten> {
        let result = self.try_write(group, drops);
        if result.is_err() {
            self.open = None;
        }
        result
    }

    fn forget(&mut self, limits: Limits) -> Result<(Forgetting, i64), NotWritten> {
        let result = self.try_forget(limits);
        if result.is_err() {
            self.open = None;
        }
        result
    }
}

impl Open {
    fn new(path: &Path, sync: bool) -> Result<Self, JournalError> {
        let (connection, identity) = file::open(path, sync)?;
        let targets = TargetIds::default();
        Ok(Self { connection, targets, identity })
    }
}

/// The least number of a group.
fn first(group: &Group) -> i64 {
    let entry = group.entries.first().map(|entry| signed(entry.number));
    let pages = group.pages.iter().map(|page| page.head.seq);
    pages.chain(entry).min().unwrap_or_default()
}

/// Its highest number.
fn last(group: &Group) -> i64 {
    let entry = group.entries.last().map(|entry| signed(entry.number));
    let pages = group.pages.iter().map(|page| page.head.last_seq);
    pages.chain(entry).max().unwrap_or_default()
}

fn insert_drops(transaction: &Transaction<'_>, seq: i64, row: DropRow) -> rusqlite::Result<()> {
    let sql = "INSERT INTO drops (seq, at_ms, healthy, failed) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO NOTHING";
    let Drops { healthy, failed } = row.drops;
    let values = params![seq, row.at_ms, signed(healthy), signed(failed)];
    transaction.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// The reader's side of the file.
#[derive(Debug)]
pub(crate) struct SqliteSource {
    connection: Connection,
}

impl SqliteSource {
    /// Opens the file for reading alone.
    pub(crate) fn open(path: &Path) -> Result<Self, JournalError> {
        Ok(Self { connection: file::open_to_read(path)? })
    }

    /// All that is asked in one go sees the file as it was at the first question.
    fn view<T>(
        &self,
        ask: impl FnOnce(&View<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, JournalError> {
        let answer = || {
            let transaction = self.connection.unchecked_transaction()?;
            ask(&View::new(&transaction)?)
        };
        answer().map_err(|error| JournalError::Read(error.to_string()))
    }
}

impl Source for SqliteSource {
    fn calls(
        &mut self,
        span: Span,
        each: &mut dyn FnMut(Recorded) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.view(|view| view.calls(span, each))
    }

    fn states(
        &mut self,
        span: Span,
        each: &mut dyn FnMut(StateRow) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.view(|view| view.states(span, each))
    }

    fn dropped(&mut self, span: Span) -> Result<Dropped, JournalError> {
        self.view(|view| view.dropped(span))
    }

    fn search(&mut self, search: &Search) -> Result<Vec<Recorded>, JournalError> {
        self.view(|view| search::search(view, search))
    }
}

#[cfg(test)]
mod tests;
