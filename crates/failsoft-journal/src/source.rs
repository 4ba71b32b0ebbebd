//! Reading the record, wherever it is kept.

use std::ops::ControlFlow;

use crate::JournalError;
use crate::report::Dropped;
use crate::rows::{Recorded, StateRow};

/// From one moment up to another that no longer belongs to it, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first millisecond.
    pub since_ms: i64,
    /// The first one after it.
    pub until_ms: i64,
}

/// Which calls to look for; what is `None` does not matter. All that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Only calls that came in this time.
    pub span: Option<Span>,
    /// The beginning of an id.
    pub id: Option<String>,
    /// This tag, as it was sent.
    pub tag: Option<String>,
    /// An attempt at this target (`provider/model`).
    pub target: Option<String>,
    /// A failure of this kind, of the call or of one of its attempts.
    pub kind: Option<String>,
    /// This route.
    pub route: Option<String>,
    /// This verdict.
    pub verdict: Option<String>,
    /// Only calls that were not served by their first attempt.
    pub eventful: bool,
    /// The newest so many.
    pub limit: usize,
}

/// A store as its readers see it: an unchanging view while one question is answered.
pub trait Source: Send {
    /// Shows every call that came in a span, in the order they were recorded, until `each` breaks.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn calls(
        &mut self,
        span: Span,
        each: &mut dyn FnMut(Recorded) -> ControlFlow<()>,
    ) -> Result<(), JournalError>;

    /// Shows every change of state in a span, in order, until `each` breaks.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn states(
        &mut self,
        span: Span,
        each: &mut dyn FnMut(StateRow) -> ControlFlow<()>,
    ) -> Result<(), JournalError>;

    /// Records of a span that could not be kept.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn dropped(&mut self, span: Span) -> Result<Dropped, JournalError>;

    /// The newest calls that fit, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn search(&mut self, search: &Search) -> Result<Vec<Recorded>, JournalError>;
}
