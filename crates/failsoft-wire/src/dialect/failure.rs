//! How an answer of status 200 can fail all the same, in whichever dialect.

use std::ops::Range;

use crate::reply::Flaw;
use crate::scan::{Broken, Scanner};

/// What has come of an answer's failing.
#[derive(Debug, Default)]
pub(super) struct Failure {
    /// Where the error stands in the data that holds it.
    pub(super) error: Option<Range<usize>>,
    /// A finish reason that is none.
    pub(super) broken_off: Option<String>,
}

impl Failure {
    pub(super) const fn has_come(&self) -> bool {
        self.error.is_some() || self.broken_off.is_some()
    }

    pub(super) fn flaw(&self) -> Option<Flaw> {
        let error = self.error.clone().map(Flaw::Error);
        error.or_else(|| self.broken_off.clone().map(Flaw::BrokenOff))
    }
}

/// Where a document stands between white space.
pub(super) fn span(body: &[u8]) -> Range<usize> {
    let start = body.len() - body.trim_ascii_start().len();
    start..start + body.trim_ascii().len()
}

/// The first error in an array: some put one around theirs, and nobody around anything else.
pub(super) fn error_in_array(mut scanner: Scanner<'_>) -> Result<Option<Range<usize>>, Broken> {
    let mut error = None;
    scanner.items(|scanner| {
        let item = scanner.value()?;
        item.members(|key, value| {
            if value.is_full() && key == b"error" {
                error.get_or_insert(item.span());
            }
        });
        Ok(())
    })?;
    scanner.end()?;
    Ok(error)
}
