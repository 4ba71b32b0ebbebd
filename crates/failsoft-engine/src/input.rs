//! What the world did, as the driver tells it.

use std::sync::Arc;
use std::time::Duration;

use crate::{
    AttemptId, CallId, CredentialId, Failure, FormId, Moment, Needs, Profile, RouteId, Settings,
    TargetId, Unsayable,
};

/// Something that happened. Ids that are unknown, repeated or late are ignored and counted.
#[derive(Clone, Debug)]
pub enum Input {
    /// A client asked.
    CallArrived(Arrival),
    /// The attempt's connection stands; the request is being sent.
    Connected {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The first semantic delta came (streamed calls only); the driver holds it until `Commit`. Of
    /// an attempt that goes on with a broken stream: something that the client does not have yet.
    FirstContent {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The first semantic delta came, and waits until more of it is here: a tool call, whose
    /// arguments are held until they are whole, or an answer that is delivered as a whole. It has
    /// won against the attempts beside it, but it can still be replaced. `FirstContent` follows
    /// when something of it can go to the client.
    ContentHeld {
        /// The attempt.
        attempt: AttemptId,
    },
    /// Who could go on if this attempt broke now. Told whenever it changes, at the latest before
    /// the attempt's failure and before time passes. Until it is told, nobody could; an attempt
    /// that goes on with a broken stream begins with what was told of the one before it.
    Delivered {
        /// The attempt.
        attempt: AttemptId,
        /// Who could go on.
        resumable: Resumable,
    },
    /// Content came last at `at`. The driver may tell this late, but always before it says that
    /// time has passed, so that progress costs nothing while all is well.
    Progressed {
        /// The attempt.
        attempt: AttemptId,
        /// When the last content came.
        at: Moment,
    },
    /// The answer is whole. For a plain call this is also its first content.
    AttemptSucceeded {
        /// The attempt.
        attempt: AttemptId,
        /// What it used, as far as the provider said.
        usage: Usage,
    },
    /// The attempt is over without a whole answer. A continuation that does not fit what the client
    /// has is a `BadResponse`; one that its target refuses because of the way it is written, and
    /// that can be written in another way, says `Repeat::Once`.
    AttemptFailed {
        /// The attempt.
        attempt: AttemptId,
        /// Why.
        failure: Failure,
    },
    /// The headers of an answer, good or bad, said what is left of a quota. Told while the attempt
    /// lives: before its end, if both come at once.
    QuotaTold {
        /// The attempt.
        attempt: AttemptId,
        /// What they said.
        told: QuotaTold,
    },
    /// The moment the last `WakeAt` of this call named has come.
    TimePassed {
        /// The call.
        call: CallId,
    },
    /// The client went away.
    CallerLeft {
        /// The call.
        call: CallId,
    },
    /// New settings are in force. Calls in flight keep the route they came in on.
    SettingsChanged(Arc<Settings>),
    /// An operator took a target out of service, or brought it back.
    TargetSwitched {
        /// The target.
        target: TargetId,
        /// Whether it may be used.
        enabled: bool,
    },
    /// An operator wants to know how a target is, whatever is known of it. Its open breaker is half
    /// open from now on, and one attempt of the calls to come may go there although it asked to be
    /// left alone, or its credential or model is out of use. Limits and quotas hold.
    Probe {
        /// The target.
        target: TargetId,
    },
}

/// A call at its start.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Chosen by the driver.
    pub call: CallId,
    /// Where it goes.
    pub route: RouteId,
    /// How the answer travels.
    pub delivery: Delivery,
    /// The caller's profile instead of the route's.
    pub profile: Option<Profile>,
    /// How long the caller waits, if it said; it only narrows the route's deadline.
    pub deadline: Option<Duration>,
    /// The caller's own bound on attempts; it only narrows the route's.
    pub max_attempts: Option<u8>,
    /// How often the client's SDK has already tried this call (`x-stainless-retry-count`).
    pub client_retries: u8,
    /// Estimated input tokens; half and double of it are thought possible.
    pub input_tokens: u32,
    /// The call's own bound on the tokens of its answer.
    pub output_tokens: Option<u32>,
    /// What it asks that not every target can do.
    pub needs: Needs,
    /// What of it other wire formats than its own cannot say.
    pub unsayable: Unsayable,
    /// The wire format it came in. `None`: it is translated for every target.
    pub spoken: Option<FormId>,
    /// Only targets of this wire format can answer, because the call cannot be translated.
    pub form: Option<FormId>,
    /// Only targets of this account can answer, because it holds what the call refers to.
    pub bound_to: Option<CredentialId>,
    /// Whether another model may answer.
    pub models: Models,
    /// Whether a second attempt may be started beside one that is slower than usual, where the
    /// route does that.
    pub hedge: bool,
}

impl Arrival {
    /// A call that asks nothing special and whose size is not known.
    #[must_use]
    pub const fn new(call: CallId, route: RouteId, delivery: Delivery) -> Self {
        Self {
            call,
            route,
            delivery,
            profile: None,
            deadline: None,
            max_attempts: None,
            client_retries: 0,
            input_tokens: 0,
            output_tokens: None,
            needs: Needs::NONE,
            unsayable: Unsayable::NONE,
            spoken: None,
            form: None,
            bound_to: None,
            models: Models::Any,
            hedge: true,
        }
    }
}

/// Which models may answer a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Models {
    /// Any of the route.
    #[default]
    Any,
    /// Only that of the route's first target, at whatever provider: vectors of two models cannot
    /// be compared.
    Same,
}

/// Who could go on with an answer of which something has gone to the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resumable {
    /// Nobody: it ends here.
    #[default]
    Never,
    /// A target that goes on from the beginning of an answer (`Target::prefill`).
    ByPrefill,
    /// Any target.
    Anywhere,
    /// Nobody need: all that the caller's bound allows has been said. A break takes nothing from
    /// the answer, and it is whole as it stands.
    Said,
}

/// How the answer travels to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Delivery {
    /// As one document; its first content is its whole.
    Plain,
    /// As a stream of events.
    Streamed,
}

impl Delivery {
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Plain => 0,
            Self::Streamed => 1,
        }
    }
}

/// Tokens as the provider counted them; zero where it did not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens read.
    pub input: u32,
    /// Tokens written.
    pub output: u32,
}

/// What the headers of an answer said of a quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaTold {
    /// Of requests.
    pub requests: Option<Left>,
    /// Of tokens.
    pub tokens: Option<Left>,
}

/// What is left of a quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// So much may still be used.
    pub remaining: u64,
    /// Of this much, if it was said.
    pub limit: Option<u64>,
    /// Until it is whole again, if that was said.
    pub resets_in: Option<Duration>,
}
