//! Reasons: why an attempt was made, not made, delayed or abandoned.

use crate::Need;

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
    /// Another target beside one that is slower than nearly all its answers.
    Hedge,
    /// Goes on where a stream broke off after content had gone to the client.
    Resume,
}

impl Why {
    /// Every reason, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::First, Self::Retry, Self::Failover, Self::Patience, Self::Hedge, Self::Resume];

    /// The stable name used in the journal and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Retry => "retry",
            Self::Failover => "failover",
            Self::Patience => "patience",
            Self::Hedge => "hedge",
            Self::Resume => "resume",
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
    /// What its provider grants is used up for now.
    Quota,
    /// The prompt is longer than it can hold, as far as is known.
    ContextTooSmall,
    /// It speaks another wire format, and the call cannot be translated.
    OtherForm,
    /// The call refers to something that another account holds.
    OtherAccount,
    /// It has another model, and the call wants the same one.
    OtherModel,
    /// It cannot do what the call asks.
    Incapable(Need),
}

impl BarReason {
    /// Every reason.
    pub const ALL: [Self; 29] = [
        Self::Breaker,
        Self::Throttle,
        Self::Limit,
        Self::CredentialDisabled,
        Self::ModelDisabled,
        Self::SwitchedOff,
        Self::Excluded,
        Self::Quota,
        Self::ContextTooSmall,
        Self::OtherForm,
        Self::OtherAccount,
        Self::OtherModel,
        Self::Incapable(Need::Tools),
        Self::Incapable(Need::Images),
        Self::Incapable(Need::Files),
        Self::Incapable(Need::AudioVideo),
        Self::Incapable(Need::MediaOutput),
        Self::Incapable(Need::JsonSchema),
        Self::Incapable(Need::SeveralChoices),
        Self::Incapable(Need::HostedTools),
        Self::Incapable(Need::ServerState),
        Self::Incapable(Need::CustomTools),
        Self::Incapable(Need::Logprobs),
        Self::Incapable(Need::Prefill),
        Self::Incapable(Need::Embeddings),
        Self::Incapable(Need::ImageUrls),
        Self::Incapable(Need::FileUrls),
        Self::Incapable(Need::MediaFormats),
        Self::Incapable(Need::ToolNames),
    ];

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
            Self::Quota => "quota",
            Self::ContextTooSmall => "context_too_small",
            Self::OtherForm => "other_form",
            Self::OtherAccount => "other_account",
            Self::OtherModel => "other_model",
            Self::Incapable(Need::Tools) => "lacks_tools",
            Self::Incapable(Need::Images) => "lacks_images",
            Self::Incapable(Need::Files) => "lacks_files",
            Self::Incapable(Need::AudioVideo) => "lacks_audio_video",
            Self::Incapable(Need::MediaOutput) => "lacks_media_output",
            Self::Incapable(Need::JsonSchema) => "lacks_json_schema",
            Self::Incapable(Need::SeveralChoices) => "lacks_several_choices",
            Self::Incapable(Need::HostedTools) => "lacks_hosted_tools",
            Self::Incapable(Need::ServerState) => "lacks_server_state",
            Self::Incapable(Need::CustomTools) => "lacks_custom_tools",
            Self::Incapable(Need::Logprobs) => "lacks_logprobs",
            Self::Incapable(Need::Prefill) => "lacks_prefill",
            Self::Incapable(Need::Embeddings) => "lacks_embeddings",
            Self::Incapable(Need::ImageUrls) => "lacks_image_urls",
            Self::Incapable(Need::FileUrls) => "lacks_file_urls",
            Self::Incapable(Need::MediaFormats) => "lacks_media_formats",
            Self::Incapable(Need::ToolNames) => "lacks_tool_names",
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
    /// What has gone to the client cannot be continued.
    NotResumable,
    /// The call has been continued as often as it may.
    ResumesSpent,
    /// No other target has room to spare.
    NoHeadroom,
    /// One of the two targets has just said that it has too much to do.
    RecentOverload,
    /// One of the two targets would go on with what is cancelled, and be paid for it.
    CancelBilled,
    /// No target of the route can serve the call, now or later; this is what keeps the one that
    /// comes nearest from it. The verdict that follows in the same step is `Unsupported` or
    /// `ContextLengthExceeded`, said by no attempt.
    NoneCanServe(BarReason),
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
            Self::NotResumable => "not_resumable",
            Self::ResumesSpent => "resumes_spent",
            Self::NoHeadroom => "no_headroom",
            Self::RecentOverload => "recent_overload",
            Self::CancelBilled => "cancel_billed",
            Self::NoneCanServe(_) => "none_can_serve",
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
