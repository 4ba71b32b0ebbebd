//! What the figures of a decision count.

/// What a figure counts; its name carries its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Milliseconds until the call must have ended.
    DeadlineLeftMs,
    /// Milliseconds the attempt would have needed, by the usual pace of its target.
    NeededMs,
    /// Attempts the call may still make, this one included.
    AttemptsLeft,
    /// Attempts the call has made.
    AttemptsMade,
    /// Attempts the call may make.
    AttemptsAllowed,
    /// Targets that were looked at.
    TargetsLooked,
    /// Of those looked at, the ones that could take an attempt.
    TargetsOpen,
    /// The tier of the target; the first is 0.
    Tier,
    /// Milliseconds the target was expected to take until first content.
    ExpectedFirstContentMs,
    /// What the call was expected to cost there, in millionths of a US dollar.
    ExpectedCostMicros,
    /// What is in the budget of this kind, in thousandths of an extra attempt. Of an attempt that was
    /// made: what was left after it was paid for.
    BudgetLeftMilli,
    /// What the attempt would have taken from it, in the same measure.
    BudgetNeededMilli,
    /// Extra attempts of this kind on their way, over all calls of the route.
    ExtrasInFlight,
    /// Extra attempts of this kind that may be on their way at once.
    ExtrasAllowed,
    /// Milliseconds the call would have had to wait.
    WaitMs,
    /// Milliseconds a call waits at most for a moment that somebody else named.
    WaitAllowedMs,
    /// Which back-off before this target it is; the first is 1.
    BackoffNumber,
    /// The longest this back-off could have been, in milliseconds.
    BackoffMostMs,
    /// The milliseconds that were drawn.
    BackoffMs,
    /// Milliseconds the target asked to be left alone.
    AskedMs,
    /// Milliseconds assumed where a target named none.
    AssumedMs,
    /// Milliseconds the attempt beside it had been on its way.
    WaitedMs,
    /// Milliseconds after which first content is late.
    PatienceMs,
    /// Milliseconds within which nearly all of the slow target's answers begin.
    HedgeDelayMs,
    /// Answers that is known from.
    HedgeSamples,
    /// How often the call has been continued.
    ResumesMade,
    /// How often it may be.
    ResumesAllowed,
    /// Attempts the target holds.
    LimitInUse,
    /// Attempts it may hold at once.
    LimitAllowed,
    /// Requests the attempt needs of the quota.
    RequestsNeeded,
    /// Requests left of the quota.
    RequestsLeft,
    /// Tokens the attempt needs of the quota.
    TokensNeeded,
    /// Tokens left of the quota.
    TokensLeft,
    /// Thousandths left of the dimension of the quota that has least.
    QuotaLeftMilli,
    /// Estimated tokens of the prompt.
    PromptTokens,
    /// Tokens the target's model can hold, as far as is known.
    ContextTokens,
    /// Milliseconds until the gate opens.
    GateLeftMs,
    /// Hard failures of the target in a row.
    FailuresInRow,
    /// Hard failures in a row that open the breaker.
    FailuresInRowLimit,
    /// Hard failures in the breaker's window.
    WindowFailed,
    /// Outcomes in the breaker's window.
    WindowSeen,
    /// The share of hard failures that opens the breaker, in thousandths.
    WindowLimitMilli,
    /// Milliseconds the breaker's window is long.
    WindowMs,
    /// Attempts sent to the target without a sign of life since.
    UnheardSends,
    /// Milliseconds the target has been silent.
    SilenceMs,
    /// Of an attempt that is the probe of a half-open breaker: which one, from 1 on.
    ProbeNumber,
    /// Probes that succeeded since the breaker was half open.
    ProbesPassed,
    /// Probes that must succeed before it closes.
    ProbesNeeded,
    /// How often the breaker had opened before, as far as that still lengthens its time.
    OpenedBefore,
}

impl Measure {
    /// Every measure, in the order of the documentation.
    pub const ALL: [Self; 49] = [
        Self::DeadlineLeftMs,
        Self::NeededMs,
        Self::AttemptsLeft,
        Self::AttemptsMade,
        Self::AttemptsAllowed,
        Self::TargetsLooked,
        Self::TargetsOpen,
        Self::Tier,
        Self::ExpectedFirstContentMs,
        Self::ExpectedCostMicros,
        Self::BudgetLeftMilli,
        Self::BudgetNeededMilli,
        Self::ExtrasInFlight,
        Self::ExtrasAllowed,
        Self::WaitMs,
        Self::WaitAllowedMs,
        Self::BackoffNumber,
        Self::BackoffMostMs,
        Self::BackoffMs,
        Self::AskedMs,
        Self::AssumedMs,
        Self::WaitedMs,
        Self::PatienceMs,
        Self::HedgeDelayMs,
        Self::HedgeSamples,
        Self::ResumesMade,
        Self::ResumesAllowed,
        Self::LimitInUse,
        Self::LimitAllowed,
        Self::RequestsNeeded,
        Self::RequestsLeft,
        Self::TokensNeeded,
        Self::TokensLeft,
        Self::QuotaLeftMilli,
        Self::PromptTokens,
        Self::ContextTokens,
        Self::GateLeftMs,
        Self::FailuresInRow,
        Self::FailuresInRowLimit,
        Self::WindowFailed,
        Self::WindowSeen,
        Self::WindowLimitMilli,
        Self::WindowMs,
        Self::UnheardSends,
        Self::SilenceMs,
        Self::ProbeNumber,
        Self::ProbesPassed,
        Self::ProbesNeeded,
        Self::OpenedBefore,
    ];

    /// The stable name used in the journal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeadlineLeftMs => "deadline_left_ms",
            Self::NeededMs => "needed_ms",
            Self::AttemptsLeft => "attempts_left",
            Self::AttemptsMade => "attempts_made",
            Self::AttemptsAllowed => "attempts_allowed",
            Self::TargetsLooked => "targets_looked",
            Self::TargetsOpen => "targets_open",
            Self::Tier => "tier",
            Self::ExpectedFirstContentMs => "expected_first_content_ms",
            Self::ExpectedCostMicros => "expected_cost_micros",
            Self::BudgetLeftMilli => "budget_left_milli",
            Self::BudgetNeededMilli => "budget_needed_milli",
            Self::ExtrasInFlight => "extras_in_flight",
            Self::ExtrasAllowed => "extras_allowed",
            Self::WaitMs => "wait_ms",
            Self::WaitAllowedMs => "wait_allowed_ms",
            Self::BackoffNumber => "backoff_number",
            Self::BackoffMostMs => "backoff_most_ms",
            Self::BackoffMs => "backoff_ms",
            Self::AskedMs => "asked_ms",
            Self::AssumedMs => "assumed_ms",
            Self::WaitedMs => "waited_ms",
            Self::PatienceMs => "patience_ms",
            Self::HedgeDelayMs => "hedge_delay_ms",
            Self::HedgeSamples => "hedge_samples",
            Self::ResumesMade => "resumes_made",
            Self::ResumesAllowed => "resumes_allowed",
            Self::LimitInUse => "limit_in_use",
            Self::LimitAllowed => "limit_allowed",
            Self::RequestsNeeded => "requests_needed",
            Self::RequestsLeft => "requests_left",
            Self::TokensNeeded => "tokens_needed",
            Self::TokensLeft => "tokens_left",
            Self::QuotaLeftMilli => "quota_left_milli",
            Self::PromptTokens => "prompt_tokens",
            Self::ContextTokens => "context_tokens",
            Self::GateLeftMs => "gate_left_ms",
            Self::FailuresInRow => "failures_in_row",
            Self::FailuresInRowLimit => "failures_in_row_limit",
            Self::WindowFailed => "window_failed",
            Self::WindowSeen => "window_seen",
            Self::WindowLimitMilli => "window_limit_milli",
            Self::WindowMs => "window_ms",
            Self::UnheardSends => "unheard_sends",
            Self::SilenceMs => "silence_ms",
            Self::ProbeNumber => "probe_number",
            Self::ProbesPassed => "probes_passed",
            Self::ProbesNeeded => "probes_needed",
            Self::OpenedBefore => "opened_before",
        }
    }
}
