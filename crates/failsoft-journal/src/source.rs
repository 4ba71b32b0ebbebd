//! Reading the record, wherever it is kept.

use std::ops::ControlFlow;

use crate::JournalError;
use crate::rows::{Dropped, Recorded, StateRow, TargetRow};

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
    /// Only calls that were not served by their only attempt.
    pub eventful: bool,
    /// The newest so many.
    pub limit: usize,
}

/// A store as its readers see it: an unchanging view while one question is answered.
pub trait Source: Send {
    /// Shows every call that came in a span, in the order of the record, until `each` breaks.
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

    /// The newest calls that fit, newest first; of an id that is looked for, the very one before all.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn search(&mut self, search: &Search) -> Result<Vec<Recorded>, JournalError>;
}

/// A store in memory, for records that were never written: tests, and what is made up.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Calls in the order they were recorded.
    pub calls: Vec<Recorded>,
    /// Changes of state in order.
    pub states: Vec<StateRow>,
    /// What could not be kept.
    pub dropped: Dropped,
}

impl Source for Memory {
    fn calls(
        &mut self,
        span: Span,
        each: &mut dyn FnMut(Recorded) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let within = self.calls.iter().filter(|recorded| span.holds(recorded.call.started_ms));
        let _ = within.cloned().try_for_each(each);
        Ok(())
    }

    fn states(
        &mut self,
        span: Span,
        each: &mut dyn FnMut(StateRow) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let _ =
            self.states.iter().filter(|state| span.holds(state.at_ms)).cloned().try_for_each(each);
        Ok(())
    }

    fn dropped(&mut self, _: Span) -> Result<Dropped, JournalError> {
        Ok(self.dropped)
    }

    fn search(&mut self, search: &Search) -> Result<Vec<Recorded>, JournalError> {
        let found = self.calls.iter().rev().filter(|recorded| search.fits(recorded));
        let (mut very, others): (Vec<_>, Vec<_>) = found.partition(|found| search.is_very(found));
        very.extend(others);
        Ok(very.into_iter().take(search.limit).cloned().collect())
    }
}

impl Span {
    /// Whether a moment lies in it.
    #[must_use]
    pub const fn holds(&self, at_ms: i64) -> bool {
        self.since_ms <= at_ms && at_ms < self.until_ms
    }
}

impl Search {
    /// Whether a call has the very id that is looked for.
    pub(crate) fn is_very(&self, recorded: &Recorded) -> bool {
        self.id.as_ref() == Some(&recorded.call.id)
    }

    /// The end of all ids that begin so.
    pub(crate) fn beyond(&self) -> Option<String> {
        self.id.as_ref().map(|id| format!("{id}\u{10ffff}"))
    }

    /// Whether a call is one of those looked for; `limit` aside.
    #[must_use]
    pub fn fits(&self, recorded: &Recorded) -> bool {
        let Recorded { call, attempts, .. } = recorded;
        let is = |wanted: &Option<String>, have: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| have == Some(wanted))
        };
        let wanted =
            |wanted: &Option<String>, any: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(any);
        self.span.is_none_or(|span| span.holds(call.started_ms))
            && self.id.as_deref().is_none_or(|begins| call.id.starts_with(begins))
            && is(&self.tag, call.tag.as_deref())
            && is(&self.route, Some(&call.route))
            && is(&self.verdict, call.verdict.as_deref())
            && wanted(&self.target, &|name| {
                let of = |target: &TargetRow| &*target.name == name;
                attempts.iter().any(|attempt| attempt.target.as_ref().is_some_and(of))
            })
            && wanted(&self.kind, &|kind| {
                call.kind.as_deref() == Some(kind)
                    || attempts.iter().any(|attempt| attempt.kind.as_deref() == Some(kind))
            })
            && (!self.eventful || attempts.len() != 1 || call.verdict.as_deref() != Some("served"))
    }
}
