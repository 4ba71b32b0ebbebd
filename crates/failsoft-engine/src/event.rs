//! What came to be, each with its reason: the one stream that journal, metrics and logs read.

use std::time::Duration;

use crate::reason::{BarReason, CancelReason, Refusal, WaitCause, Why};
use crate::{
    AttemptId, CallId, CredentialId, Delivery, Failure, FailureKind, Grounds, Moment, Profile,
    RouteId, TargetId, Usage,
};

/// A fact. Refused alternatives are facts too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A call was accepted.
    CallStarted {
        /// The call.
        call: CallId,
        /// Its route.
        route: RouteId,
        /// The profile in force.
        profile: Profile,
        /// How the answer travels.
        delivery: Delivery,
        /// When it must have ended.
        deadline: Moment,
        /// The attempts it may make.
        max_attempts: u8,
    },
    /// An attempt was sent.
    AttemptStarted {
        /// The attempt.
        attempt: AttemptId,
        /// Where.
        target: TargetId,
        /// Why it was made.
        why: Why,
        /// The figures behind it.
        grounds: Grounds,
    },
    /// A target could not take the call's next attempt.
    Barred(Bar),
    /// An extra attempt that would have been useful was not made.
    Refused {
        /// The call.
        call: CallId,
        /// The attempt that was not made.
        why: Why,
        /// What stood against it.
        reason: Refusal,
        /// What was needed and what was there.
        grounds: Grounds,
    },
    /// The call waits before its next attempt.
    Waiting {
        /// The call.
        call: CallId,
        /// Where the attempt will go, if nothing changes.
        target: TargetId,
        /// Until when.
        until: Moment,
        /// For what.
        cause: WaitCause,
        /// How the wait came to its length.
        grounds: Grounds,
    },
    /// First content came.
    FirstContent {
        /// The attempt.
        attempt: AttemptId,
        /// Since the attempt was sent.
        after: Duration,
    },
    /// First content goes to the client; from here on no other attempt can replace this one.
    Committed {
        /// The attempt.
        attempt: AttemptId,
    },
    /// An attempt is over; its permits are back.
    AttemptEnded {
        /// The attempt.
        attempt: AttemptId,
        /// Where it was.
        target: TargetId,
        /// How.
        outcome: Outcome,
        /// Since it was sent.
        took: Duration,
    },
    /// A breaker changed its state.
    BreakerChanged(BreakerChange),
    /// A target asked to be left alone until a moment.
    Throttled {
        /// The target.
        target: TargetId,
        /// Until when.
        until: Moment,
        /// What it asked, or what was assumed.
        grounds: Grounds,
    },
    /// A credential, or one model for one credential, is out of use.
    Disabled {
        /// What is out of use.
        scope: DisabledScope,
        /// Which failure said so.
        kind: FailureKind,
        /// Until when it will not be tried.
        until: Moment,
        /// What it asked, or what was assumed.
        grounds: Grounds,
    },
    /// A concurrency limit moved.
    LimitChanged {
        /// The target.
        target: TargetId,
        /// Attempts it may hold at once from now on.
        limit: u32,
    },
    /// An operator switched a target.
    TargetSwitched {
        /// The target.
        target: TargetId,
        /// Whether it may be used.
        enabled: bool,
    },
    /// An operator wants to know how a target is: an open breaker is half open now, and one
    /// attempt may go there although it asked to be left alone or is out of use.
    Probed {
        /// The target.
        target: TargetId,
    },
    /// The call is over.
    CallEnded {
        /// The call.
        call: CallId,
        /// How.
        verdict: Verdict,
        /// Since it arrived.
        took: Duration,
        /// Attempts it made.
        attempts: u8,
    },
    /// An input named something unknown, already ended, or repeated.
    Ignored {
        /// The call it named, if any.
        call: Option<CallId>,
    },
}

/// A gate that was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The call that looked.
    pub call: CallId,
    /// The target it looked at.
    pub target: TargetId,
    /// Which gate.
    pub reason: BarReason,
    /// When it opens, if that is known.
    pub until: Option<Moment>,
    /// How far it was closed.
    pub grounds: Grounds,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a whole answer.
    Succeeded(Usage),
    /// Without.
    Failed(Failure),
    /// By us.
    Cancelled {
        /// Why.
        reason: CancelReason,
        /// What it used in vain, as far as it can be known: the estimated prompt if it was sent.
        usage: Usage,
    },
}

/// How a call ended for its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A whole answer came.
    Served {
        /// From this attempt.
        attempt: AttemptId,
    },
    /// A whole answer to which several attempts contributed: its stream broke off and was continued.
    Resumed {
        /// The attempt that ended it.
        attempt: AttemptId,
    },
    /// The operator's text stands in for an answer.
    Degraded {
        /// What would have been said otherwise.
        kind: FailureKind,
    },
    /// An error, or after commit an honest end.
    Failed {
        /// The failure that says most.
        kind: FailureKind,
        /// When trying again may help: the smallest wait known.
        retry_after: Option<Duration>,
        /// The attempt whose failure it was; `None` if no target said it.
        attempt: Option<AttemptId>,
    },
    /// The client went away first.
    Cancelled,
}

impl Verdict {
    /// The stable name used in headers, the journal and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Served { .. } => "served",
            Self::Resumed { .. } => "resumed",
            Self::Degraded { .. } => "degraded",
            Self::Failed { .. } => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A breaker's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BreakerState {
    /// Attempts pass.
    Closed,
    /// Attempts are barred until a moment.
    Open,
    /// One probe at a time decides.
    HalfOpen,
}

impl BreakerState {
    /// The stable name used in the journal and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// A change of a breaker's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerChange {
    /// The target.
    pub target: TargetId,
    /// Before.
    pub from: BreakerState,
    /// After.
    pub to: BreakerState,
    /// Until when it bars, if it opened.
    pub until: Option<Moment>,
    /// What opened it, if it opened.
    pub cause: Option<TripCause>,
    /// The evidence in figures.
    pub grounds: Grounds,
}

/// The evidence that opened a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TripCause {
    /// Hard failures in a row.
    Consecutive,
    /// The share of hard failures in the window.
    Ratio,
    /// Attempts went out and no content came.
    Stall,
    /// A probe failed.
    Probe,
}

impl TripCause {
    /// The stable name used in the journal and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consecutive => "consecutive",
            Self::Ratio => "ratio",
            Self::Stall => "stall",
            Self::Probe => "probe",
        }
    }
}

/// What is out of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisabledScope {
    /// Every target of this credential.
    Credential(CredentialId),
    /// This target: its model is missing for its credential.
    Model(TargetId),
}
