//! The way out: one call told, or many summed up, while the gateway goes on writing.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::report::{self, Report};
use crate::story::{self, Story};
use crate::text::read_some;
use crate::{JournalError, Search, search, store};

/// Calls named when the beginning of an id fits several.
const NAMED: usize = 5;

/// Reads a journal; opens it for reading alone.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
}

impl Reader {
    /// Opens the file for reading.
    ///
    /// # Errors
    /// When there is no usable journal.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        Ok(Self { connection: store::open_to_read(path.as_ref())? })
    }

    /// The story of a call, by its id or the beginning of it; `None` if there is no such call.
    ///
    /// # Errors
    /// When the beginning fits several calls, or the file cannot be read.
    pub fn call(&self, id: &str) -> Result<Option<Story>, JournalError> {
        match self.find(id).map_err(|error| unreadable(&error))?.as_slice() {
            [] => Ok(None),
            [(seq, _)] => story::load(&self.connection, *seq).map_err(|error| unreadable(&error)),
            several => Err(JournalError::Ambiguous {
                id: id.to_owned(),
                calls: several.iter().map(|(_, id)| id.clone()).collect(),
            }),
        }
    }

    /// The newest calls that fit, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn search(&self, search: &Search) -> Result<Vec<Story>, JournalError> {
        search::search(&self.connection, search).map_err(|error| unreadable(&error))
    }

    /// The calls that came from `since_millis` to `now_millis`, both since 1970, summed up.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn report(&self, since_millis: i64, now_millis: i64) -> Result<Report, JournalError> {
        report::load(&self.connection, since_millis, now_millis).map_err(|error| unreadable(&error))
    }

    /// Calls of this very id, else calls whose id begins so.
    fn find(&self, id: &str) -> rusqlite::Result<Vec<(i64, String)>> {
        if id.is_empty() {
            return Ok(Vec::new());
        }
        let exact = "SELECT seq, id FROM calls WHERE id = ?1 ORDER BY seq DESC LIMIT 1";
        let found = self.rows(exact, params![id])?;
        if !found.is_empty() {
            return Ok(found);
        }
        let begins = "SELECT seq, id FROM calls WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3";
        self.rows(begins, params![id, format!("{id}\u{10ffff}"), NAMED as i64])
    }

    fn rows(
        &self,
        sql: &'static str,
        values: &[&dyn rusqlite::ToSql],
    ) -> rusqlite::Result<Vec<(i64, String)>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(values, |row| Ok((row.get(0)?, read_some(row, 1)?)))?;
        rows.collect()
    }
}

fn unreadable(error: &rusqlite::Error) -> JournalError {
    JournalError::Read(error.to_string())
}
