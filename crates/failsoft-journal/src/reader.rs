//! The way out: one call told, or all shown, while the gateway goes on writing.

use std::cell::RefCell;
use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;

use crate::JournalError;
use crate::rows::{Dropped, Recorded, StateRow};
use crate::source::{Search, Source, Span};
use crate::sqlite::SqliteSource;
use crate::story::Story;

/// Calls named when the beginning of an id fits several.
const NAMED: usize = 5;

/// Reads a journal, whatever its store; opens it for reading alone.
pub struct Reader {
    source: RefCell<Box<dyn Source>>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    /// Opens the file for reading.
    ///
    /// # Errors
    /// When there is no usable journal.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        Ok(Self::over(Box::new(SqliteSource::open(path.as_ref())?)))
    }

    pub(crate) fn over(source: Box<dyn Source>) -> Self {
        Self { source: RefCell::new(source) }
    }

    /// All that is kept of a call, by its id or the beginning of it; `None` if there is no such call.
    ///
    /// # Errors
    /// When the beginning fits several calls, or the journal cannot be read.
    pub fn recorded(&self, id: &str) -> Result<Option<Recorded>, JournalError> {
        if id.is_empty() {
            return Ok(None);
        }
        let search = Search { id: Some(id.to_owned()), limit: NAMED, ..Search::default() };
        let mut found = self.source.borrow_mut().search(&search)?;
        if found.len() > 1 && found[0].call.id != id {
            let mut calls: Vec<String> = found.into_iter().map(|found| found.call.id).collect();
            calls.sort();
            return Err(JournalError::Ambiguous { id: id.to_owned(), calls });
        }
        found.truncate(1);
        Ok(found.pop())
    }

    /// The story of a call, by its id or the beginning of it; `None` if there is no such call.
    ///
    /// # Errors
    /// When the beginning fits several calls, or the journal cannot be read.
    pub fn call(&self, id: &str) -> Result<Option<Story>, JournalError> {
        Ok(self.recorded(id)?.map(|recorded| Story::of(&recorded)))
    }
}

impl Source for Reader {
    fn calls(
        &mut self,
        span: Span,
        each: &mut dyn FnMut(Recorded) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.source.get_mut().calls(span, each)
    }

    fn states(
        &mut self,
        span: Span,
        each: &mut dyn FnMut(StateRow) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.source.get_mut().states(span, each)
    }

    fn dropped(&mut self, span: Span) -> Result<Dropped, JournalError> {
        self.source.get_mut().dropped(span)
    }

    fn search(&mut self, search: &Search) -> Result<Vec<Recorded>, JournalError> {
        self.source.get_mut().search(search)
    }
}
