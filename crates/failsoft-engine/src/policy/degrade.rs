//! Degrade: what is answered when nothing else can be.

use crate::FailureKind;

/// The order of lesser answers. Their texts are the driver's business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Degrade {
    /// Whether an operator's text stands ready as an assistant message.
    pub reply: bool,
}

impl Degrade {
    /// Whether the operator's text answers instead of this failure. What the caller did wrong it
    /// must be told: a kind word would hide it.
    pub(crate) fn stands_in_for(self, kind: FailureKind) -> bool {
        self.reply && !is_callers_fault(kind)
    }
}

/// Whether the caller, and nobody else, can do something about it.
pub(crate) const fn is_callers_fault(kind: FailureKind) -> bool {
    match kind {
        FailureKind::BadRequest
        | FailureKind::ContextLengthExceeded
        | FailureKind::ContentFiltered
        | FailureKind::ModelNotFound
        | FailureKind::NotFound
        | FailureKind::PayloadTooLarge
        | FailureKind::Unsupported
        | FailureKind::Conflict => true,
        FailureKind::RateLimited
        | FailureKind::QuotaExhausted
        | FailureKind::Overloaded
        | FailureKind::ServerError
        | FailureKind::Timeout
        | FailureKind::Network
        | FailureKind::Authentication
        | FailureKind::Permission
        | FailureKind::BadResponse
        | FailureKind::Cancelled => false,
    }
}
