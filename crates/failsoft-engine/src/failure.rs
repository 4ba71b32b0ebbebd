//! How attempts fail, in words shared by every provider.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What went wrong, whoever's wire it came over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// Too many requests or tokens for a window that will pass.
    RateLimited,
    /// Money or a long quota is used up; waiting minutes does not help.
    QuotaExhausted,
    /// The provider has no capacity for anyone right now.
    Overloaded,
    /// The provider failed inside.
    ServerError,
    /// Nothing, or nothing more, came in time.
    Timeout,
    /// No answer: name look-up, connection, TLS, reset, or a proxy in between.
    Network,
    /// The request itself is wrong.
    BadRequest,
    /// The prompt is longer than the model's context.
    ContextLengthExceeded,
    /// A content filter or policy stopped it.
    ContentFiltered,
    /// The key is not accepted.
    Authentication,
    /// The key is accepted and may not do this.
    Permission,
    /// The model does not exist for this key.
    ModelNotFound,
    /// The address or an object named in the request does not exist.
    NotFound,
    /// The request is larger than the provider takes at all.
    PayloadTooLarge,
    /// This target cannot do what the request asks.
    Unsupported,
    /// The request conflicts with the state of something it names.
    Conflict,
    /// A 200 that was none: empty, truncated, malformed, without its end.
    BadResponse,
    /// Somebody on our side ended it.
    Cancelled,
}

impl FailureKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 18] = [
        Self::RateLimited,
        Self::QuotaExhausted,
        Self::Overloaded,
        Self::ServerError,
        Self::Timeout,
        Self::Network,
        Self::BadRequest,
        Self::ContextLengthExceeded,
        Self::ContentFiltered,
        Self::Authentication,
        Self::Permission,
        Self::ModelNotFound,
        Self::NotFound,
        Self::PayloadTooLarge,
        Self::Unsupported,
        Self::Conflict,
        Self::BadResponse,
        Self::Cancelled,
    ];

    /// The stable name used on the wire, in the journal and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::BadRequest => "bad_request",
            Self::ContextLengthExceeded => "context_length_exceeded",
            Self::ContentFiltered => "content_filtered",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::ModelNotFound => "model_not_found",
            Self::NotFound => "not_found",
            Self::PayloadTooLarge => "payload_too_large",
            Self::Unsupported => "unsupported",
            Self::Conflict => "conflict",
            Self::BadResponse => "bad_response",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FailureKind {
    /// Whether the caller, and nobody else, can do something about it, when a target said so. A
    /// missing model is not among these: who wrote the route chose it.
    #[must_use]
    pub const fn is_callers_fault(self) -> bool {
        match self {
            Self::BadRequest
            | Self::ContextLengthExceeded
            | Self::ContentFiltered
            | Self::NotFound
            | Self::PayloadTooLarge
            | Self::Unsupported
            | Self::Conflict => true,
            Self::RateLimited
            | Self::QuotaExhausted
            | Self::Overloaded
            | Self::ServerError
            | Self::Timeout
            | Self::Network
            | Self::Authentication
            | Self::Permission
            | Self::ModelNotFound
            | Self::BadResponse
            | Self::Cancelled => false,
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FailureKind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or(())
    }
}

/// How far an attempt had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Looking up, connecting, shaking hands: nothing was sent.
    Connect,
    /// Sent, and no content yet.
    FirstContent,
    /// Content had begun.
    Content,
}

/// What the answer said about trying the same target again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Repeat {
    /// The kind's own rule holds.
    Allowed,
    /// One extra try there is worth it (a sampling fault reported as an error).
    Once,
    /// It asked not to be tried again.
    Forbidden,
}

/// What the answer said about trying another target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Elsewhere {
    /// Any other target may answer.
    Any,
    /// Another key of the same provider, or another provider.
    OtherCredential,
    /// Another model.
    OtherModel,
    /// A model with a larger context.
    LargerContext,
    /// Nobody: the request, not the target, is at fault.
    Nowhere,
}

/// Why an attempt failed, as the classifier read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// How far the attempt had come.
    pub phase: Phase,
    /// How long the target asked to be left alone, if it said.
    pub retry_after: Option<Duration>,
    /// Whether the same target may be tried again.
    pub repeat: Repeat,
    /// Whether another target may be tried.
    pub elsewhere: Elsewhere,
}

impl Failure {
    /// A failure of this kind with nothing said beside it, and the kind's own place to go.
    #[must_use]
    pub const fn new(kind: FailureKind, phase: Phase) -> Self {
        let elsewhere = match kind {
            FailureKind::RateLimited
            | FailureKind::Overloaded
            | FailureKind::ServerError
            | FailureKind::Timeout
            | FailureKind::Network
            | FailureKind::BadResponse => Elsewhere::Any,
            FailureKind::QuotaExhausted | FailureKind::Authentication | FailureKind::Permission => {
                Elsewhere::OtherCredential
            }
            FailureKind::ModelNotFound | FailureKind::Unsupported => Elsewhere::OtherModel,
            FailureKind::ContextLengthExceeded => Elsewhere::LargerContext,
            FailureKind::BadRequest
            | FailureKind::ContentFiltered
            | FailureKind::NotFound
            | FailureKind::PayloadTooLarge
            | FailureKind::Conflict
            | FailureKind::Cancelled => Elsewhere::Nowhere,
        };
        Self { kind, phase, retry_after: None, repeat: Repeat::Allowed, elsewhere }
    }
}
