//! What each outcome of an attempt says about its target: one table for breaker, limit and gates.

use crate::policy::{Evidence, Room, Used};
use crate::{Failure, FailureKind, Phase, Usage};

/// What an outcome feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Feeds {
    pub(crate) breaker: Evidence,
    pub(crate) limit: Room,
    pub(crate) gate: GateFed,
    /// Whether anything came back from the target at all.
    pub(crate) heard: bool,
}

/// Which gate an outcome closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GateFed {
    None,
    Throttle,
    Credential,
    Model,
}

/// An attempt that ended without saying anything about its target.
pub(crate) const SILENT: Feeds =
    Feeds { breaker: Evidence::Neutral, limit: Room::Unknown, gate: GateFed::None, heard: false };

/// An attempt that ended well: what there was to say was said at first content.
pub(crate) const SUCCEEDED: Feeds = Feeds { breaker: Evidence::Success, heard: true, ..SILENT };

/// Reads the table. `begun`: content had come before the failure.
pub(crate) fn feeds(failure: &Failure, begun: bool) -> Feeds {
    let (breaker, limit, gate) = match failure.kind {
        // With an end it is a schedule; without one it is also a sign of too little room.
        FailureKind::RateLimited if failure.retry_after.is_some() => {
            (Evidence::Neutral, Room::Unknown, GateFed::Throttle)
        }
        FailureKind::RateLimited => (Evidence::Neutral, Room::Rejected, GateFed::Throttle),
        FailureKind::Overloaded if begun => (Evidence::Hard, Room::Unknown, GateFed::None),
        FailureKind::Overloaded => (Evidence::Crowded, Room::Rejected, GateFed::None),
        FailureKind::Timeout if begun => (Evidence::Hard, Room::Unknown, GateFed::None),
        FailureKind::Timeout => (Evidence::Hard, Room::TimedOut, GateFed::None),
        FailureKind::ServerError | FailureKind::Network => {
            (Evidence::Hard, Room::Unknown, GateFed::None)
        }
        // Whole but useless is a matter of quality; broken off is a matter of health.
        FailureKind::BadResponse if begun => (Evidence::Hard, Room::Unknown, GateFed::None),
        FailureKind::BadResponse => (Evidence::Neutral, Room::Good, GateFed::None),
        FailureKind::QuotaExhausted | FailureKind::Authentication | FailureKind::Permission => {
            (Evidence::Neutral, Room::Unknown, GateFed::Credential)
        }
        FailureKind::ModelNotFound => (Evidence::Neutral, Room::Unknown, GateFed::Model),
        FailureKind::BadRequest
        | FailureKind::ContextLengthExceeded
        | FailureKind::ContentFiltered
        | FailureKind::NotFound
        | FailureKind::PayloadTooLarge
        | FailureKind::Unsupported
        | FailureKind::Conflict
        | FailureKind::Cancelled => (Evidence::Neutral, Room::Unknown, GateFed::None),
    };
    let heard = !matches!(failure.kind, FailureKind::Timeout | FailureKind::Cancelled);
    Feeds { breaker, limit, gate, heard }
}

/// What a whole answer used; what the provider did not say is as it was reserved.
pub(crate) fn used_by(usage: Usage) -> Used {
    match u64::from(usage.input) + u64::from(usage.output) {
        0 => Used::Reserved,
        tokens => Used::Tokens(tokens),
    }
}

/// What a failure used. A request that was refused counts as one; its tokens do not. What fell
/// silent may be at work all the same.
pub(crate) fn used_in_vain(failure: &Failure, begun: bool) -> Used {
    match (failure.phase, failure.kind) {
        _ if begun => Used::Reserved,
        (Phase::Connect, _) => Used::Nothing,
        (_, FailureKind::Timeout | FailureKind::Cancelled) => Used::Prompt,
        (Phase::FirstContent | Phase::Content, _) => Used::Request,
    }
}

/// What an attempt used that we abandoned.
pub(crate) const fn used_till_then(connected: bool, begun: bool) -> Used {
    match (connected, begun) {
        (_, true) => Used::Reserved,
        (true, false) => Used::Prompt,
        (false, false) => Used::Nothing,
    }
}
