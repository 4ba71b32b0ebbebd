//! The journal in an SQLite file.

mod file;
mod forget;
mod insert;
mod read;
mod search;

use std::collections::HashSet;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, params};

use self::file::Identity;
use self::insert::{Inserts, TargetIds};
use self::read::{View, read_sheet};
use crate::queue::{Drops, Entry, Record};
use crate::rows::{Dropped, Recorded, StateRow};
use crate::sheet::{Line, Sheet};
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
    /// Keeps other writers out; the system frees it when the process dies.
    _lock: File,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    targets: TargetIds,
    identity: Identity,
    /// The sheet that is not full yet, as it stands in the file.
    sheet: Option<Sheet>,
    /// Nobody knows whether the last group was written.
    doubt: bool,
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
        Ok(Self { path, sync: options.sync, open: Some(open), base, last, _lock: lock })
    }

    fn try_write(&mut self, group: &[Entry], drops: Option<DropRow>) -> Result<(), NotWritten> {
        let first = group.first().map_or(0, |entry| entry.number);
        self.reopen(first)?;
        let base = self.base;
        let Some(open) = &mut self.open else { return Err(NotWritten::Unreachable) };
        let transaction = file::begin(&mut open.connection)?;
        {
            let inserts = Inserts::prepare(&transaction, &mut open.targets)?;
            let sheets = if open.doubt {
                in_sheets(&transaction, base + signed(first))?
            } else {
                HashSet::new()
            };
            Writing { inserts, sheet: &mut open.sheet, written: sheets, changed: false }
                .group(base, group)?;
        }
        if let Some(row) = drops {
            insert_drops(&transaction, base + signed(row.number), row)?;
        }
        transaction.commit()?;
        // A file deleted while it is open takes writes and loses them.
        if Identity::of(&self.path) != Some(open.identity) {
            return Err(NotWritten::Vanished);
        }
        open.doubt = false;
        Ok(())
    }

    fn try_forget(&mut self, limits: Limits) -> Result<Forgetting, NotWritten> {
        let Some(open) = &mut self.open else { return Ok(Forgetting::Done) };
        let (forgetting, before_ms) = forget::forget(&mut open.connection, limits)?;
        // What was forgotten must not come back when the sheet grows.
        open.sheet.take_if(|sheet| sheet.last_ms < before_ms);
        Ok(forgetting)
    }

    /// Opens the file again after a failure. In another file than before, numbers begin after its
    /// own; in the same one they stay, so that a group whose commit was in doubt is not doubled.
    fn reopen(&mut self, first: u64) -> Result<(), NotWritten> {
        if self.open.is_some() {
            return Ok(());
        }
        let mut open = Open::new(&self.path, self.sync)?;
        open.doubt = true;
        if open.identity != self.last {
            let least = file::last_seq(&open.connection)? + 1 - signed(first);
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
        Ok(Self { connection, targets, identity, sheet: None, doubt: false })
    }
}

/// A group on its way into the file.
struct Writing<'w, 'c> {
    inserts: Inserts<'c>,
    sheet: &'w mut Option<Sheet>,
    /// Calls that stand in sheets already.
    written: HashSet<i64>,
    /// Whether the sheet holds calls that are not in the file.
    changed: bool,
}

impl Writing<'_, '_> {
    fn group(mut self, base: i64, group: &[Entry]) -> rusqlite::Result<()> {
        for entry in group {
            let seq = base + signed(entry.number);
            match &entry.record {
                Record::Call(call) => {
                    if entry.is_healthy()
                        && let Some(line) = Line::of(call)
                    {
                        self.line(seq, &line)?;
                    } else {
                        self.inserts.recorded(seq, &call.recorded())?;
                    }
                }
                Record::State(state) => self.inserts.state(seq, &state.recorded())?,
            }
        }
        self.save_sheet()
    }

    fn line(&mut self, seq: i64, line: &Line<'_>) -> rusqlite::Result<()> {
        if self.written.contains(&seq) {
            return Ok(());
        }
        let ends = |sheet: &Sheet, changed: bool| {
            // A full one takes the rest of the group it was found not full by.
            sheet.is_too_long(line.started_ms()) || !changed && sheet.is_full()
        };
        if self.sheet.as_ref().is_some_and(|sheet| ends(sheet, self.changed)) {
            self.save_sheet()?;
            *self.sheet = None;
        }
        self.sheet.get_or_insert_with(|| Sheet::new(seq)).push(seq, line);
        self.changed = true;
        Ok(())
    }

    fn save_sheet(&mut self) -> rusqlite::Result<()> {
        match self.sheet {
            Some(sheet) if std::mem::take(&mut self.changed) => self.inserts.sheet(sheet),
            Some(_) | None => Ok(()),
        }
    }
}

/// The calls from a number on that stand in sheets.
fn in_sheets(transaction: &Transaction<'_>, first: i64) -> rusqlite::Result<HashSet<i64>> {
    let sql = "SELECT seq, format, packed FROM sheets WHERE last_seq >= ?1 ORDER BY seq DESC";
    let mut statement = transaction.prepare(sql)?;
    let mut rows = statement.query([first])?;
    let mut found = HashSet::new();
    while let Some(row) = rows.next()? {
        found.extend(read_sheet(row)?.into_iter().flatten().map(|(seq, _)| seq));
    }
    Ok(found)
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
