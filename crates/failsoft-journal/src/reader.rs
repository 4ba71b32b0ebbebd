//! The way out: one call told, or many summed up, while the gateway goes on writing.

use std::cell::RefCell;
use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;

use crate::JournalError;
use crate::report::{self, Report};
use crate::rows::Recorded;
use crate::source::{Search, Source, Span};
use crate::sqlite::{SqliteSource, copied};
use crate::story::{self, Story};

/// Calls named when the beginning of an id fits several.
const NAMED: usize = 5;

/// Reads a journal; opens it for reading alone.
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
        let source = SqliteSource::open(path.as_ref())?;
        Ok(Self { source: RefCell::new(Box::new(source)) })
    }

    /// What is kept, row by row.
    pub fn source(&mut self) -> &mut dyn Source {
        self.source.get_mut().as_mut()
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
        let Some(recorded) = self.recorded(id)? else { return Ok(None) };
        let copy = copied(&[recorded], &[], Default::default())?;
        story::load(&copy, 1).map_err(|error| JournalError::Read(error.to_string()))
    }

    /// The calls that came from `since_millis` to `now_millis`, both since 1970, summed up.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn report(&self, since_millis: i64, now_millis: i64) -> Result<Report, JournalError> {
        let span = Span { since_ms: since_millis, until_ms: now_millis };
        let mut source = self.source.borrow_mut();
        let (mut calls, mut states) = (Vec::new(), Vec::new());
        source.calls(span, &mut |recorded| {
            calls.push(recorded);
            ControlFlow::Continue(())
        })?;
        source.states(span, &mut |state| {
            states.push(state);
            ControlFlow::Continue(())
        })?;
        let copy = copied(&calls, &states, (since_millis, source.dropped(span)?))?;
        report::load(&copy, since_millis, now_millis)
            .map_err(|error| JournalError::Read(error.to_string()))
    }
}
