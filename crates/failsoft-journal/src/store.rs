//! Where the writing thread writes to, whatever it is.

use std::fmt::Debug;

use crate::queue::{Drops, Group};

/// A place that keeps records. It is driven by one thread, may block it, and never panics.
///
/// After an error the store is as it was before the call, or nobody knows: then the same records
/// come again under the same numbers, a sheet perhaps longer, and must not stand there twice.
pub(crate) trait Store: Debug + Send {
    /// Writes a group: all of it is safe afterwards, or none of it was written.
    fn write(&mut self, group: &Group, drops: Option<DropRow>) -> Result<(), NotWritten>;

    /// Takes out some of what need not be kept any longer, the oldest first; a short piece of work,
    /// so that records need not wait for it. Says up to when it looked, too, in milliseconds since
    /// 1970.
    fn forget(&mut self, limits: Limits) -> Result<(Forgetting, i64), NotWritten>;

    /// Why the last thing that was asked of it failed, in words for an operator, if it has any.
    fn trouble(&self) -> Option<String> {
        None
    }
}

/// What need not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// What is older than this, in milliseconds since 1970.
    pub(crate) before_ms: i64,
    /// What goes beyond this many bytes.
    pub(crate) max_size: u64,
}

/// Whether there is more to forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forgetting {
    Done,
    More,
}

/// Drops to tell of, and the number of their row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DropRow {
    pub(crate) number: u64,
    pub(crate) at_ms: i64,
    pub(crate) drops: Drops,
}

/// Why a group could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotWritten {
    /// The store said no, or the way to it broke.
    Refused,
    /// It cannot be opened again.
    Unreachable,
    /// It is no longer the one that was written to.
    Vanished,
}

/// A number as databases hold it.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
