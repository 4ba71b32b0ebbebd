//! Reasons: why an attempt was made, not made, delayed or abandoned.

/// Why an attempt is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The call's first.
    First,
    /// The same target again, after a failure.
    Retry,
    /// Another target, after a failure.
    Failover,
    /// Another target beside one whose first content is late.
    Patience,
}

impl Why {
    /// The stable name used in the journal and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Retry => "retry",
            Self::Failover => "failover",
            Self::Patience => "patience",
        }
    }
}

/// Which gate was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BarReason {
    /// Its breaker is open, or its half-open probe is out.
    Breaker,
    /// It asked to be left alone.
    Throttle,
    /// It holds as many attempts as it may.
    Limit,
    /// Its key is out of use.
    CredentialDisabled,
    /// Its model is out of use for this key.
    ModelDisabled,
    /// An operator took it out.
    SwitchedOff,
    /// A failure of this call rules it out.
    Excluded,
}

impl BarReason {
    /// The stable name used in the journal and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Throttle => "throttle",
            Self::Limit => "limit",
            Self::CredentialDisabled => "credential_disabled",
            Self::ModelDisabled => "model_disabled",
            Self::SwitchedOff => "switched_off",
            Self::Excluded => "excluded",
        }
    }
}

/// What stood against an extra attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The call has made all it may.
    AttemptsSpent,
    /// It would not fit before the deadline.
    Deadline,
    /// The budget of its kind is empty.
    Budget,
    /// Too many extra attempts are in flight already.
    ExtrasInFlight,
    /// The failure is the same wherever it is sent.
    NotRetryable,
    /// The answer has begun; nothing can replace it without a seam.
    Committed,
    /// No other target may take it.
    NoTarget,
    /// The target asked for a longer wait than this call will make.
    WaitTooLong,
}

impl Refusal {
    /// The stable name used in the journal and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AttemptsSpent => "attempts_spent",
            Self::Deadline => "deadline",
            Self::Budget => "budget",
            Self::ExtrasInFlight => "extras_in_flight",
            Self::NotRetryable => "not_retryable",
            Self::Committed => "committed",
            Self::NoTarget => "no_target",
            Self::WaitTooLong => "wait_too_long",
        }
    }
}

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaitCause {
    /// Back-off before a retry.
    Backoff,
    /// The time a target asked for.
    RetryAfter,
    /// A gate that will open.
    Gate(BarReason),
}

impl WaitCause {
    /// The stable name used in the journal and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backoff => "backoff",
            Self::RetryAfter => "retry_after",
            Self::Gate(reason) => reason.as_str(),
        }
    }
}

/// Why a living attempt was abandoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CancelReason {
    /// Another attempt's content came first.
    Lost,
    /// A watch expired.
    TimedOut,
    /// The client went away.
    CallerLeft,
    /// The call's deadline passed.
    Deadline,
    /// Another attempt's answer ends the call for good.
    CallEnded,
}

impl CancelReason {
    /// The stable name used in the journal and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::TimedOut => "timed_out",
            Self::CallerLeft => "caller_left",
            Self::Deadline => "deadline",
            Self::CallEnded => "call_ended",
        }
    }
}
