//! The way out: one call told, while the gateway goes on writing.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::story::{self, Story};
use crate::text::read_some;
use crate::{JournalError, store};

/// Calls named when the beginning of an id fits several.
const NAMED: usize = 5;

/// Reads a journal; opens it for reading alone.
#[derive(Debug)]
pub struct Reader {
    pub(crate) connection: Connection,
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

pub(crate) fn unreadable(error: &rusqlite::Error) -> JournalError {
    JournalError::Read(error.to_string())
}
