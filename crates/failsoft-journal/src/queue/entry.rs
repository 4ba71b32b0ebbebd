//! What waits to be written, and what it is worth when there is no room.

use std::sync::Arc;

use failsoft_engine::{Event, Outcome, Verdict};

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
    let failed =
        |event: &Event| matches!(event, Event::AttemptEnded { outcome: Outcome::Failed(_), .. });
    let served = |event: &Event| {
        matches!(event, Event::CallEnded { verdict: Verdict::Served { .. }, attempts: 1, .. })
    };
    let healthy = call.events.last().is_some_and(|(_, event)| served(event))
        && !call.events.iter().any(|(_, event)| failed(event));
    if healthy { Worth::Healthy } else { Worth::Failed }
}
