//! What waits to be written, and what it is worth when there is no room.

use std::sync::Arc;

use crate::{CallRecord, StateRecord};

/// Something to write.
#[derive(Debug)]
pub(crate) enum Record {
    Call(Arc<CallRecord>),
    /// Rare and large, so that an entry is small.
    State(Box<StateRecord>),
}

/// A record and its place in the order of arrival.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) record: Record,
    pub(super) worth: Worth,
}

/// What goes first when there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    Healthy,
    Failed,
}

/// Healthy is a call served by its only attempt; all else is worth more.
pub(super) fn worth(record: &Record) -> Worth {
    let Record::Call(call) = record else { return Worth::Failed };
    if call.served_at_once().is_some() { Worth::Healthy } else { Worth::Failed }
}
