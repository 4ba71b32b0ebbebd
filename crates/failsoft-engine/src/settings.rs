//! What the engine must know of routes and targets. Everything here was checked before.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::policy::{
    Breaker, Budgets, Degrade, Hedge, Limit, Quota, Resume, Retry, Throttle, Timeouts,
};
use crate::{Capability, CredentialId, FormId, Price, TargetId};

/// The routes and targets in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Addressed by [`RouteId`](crate::RouteId).
    pub routes: Vec<Arc<Route>>,
    /// Addressed by [`TargetId`](crate::TargetId). A reload may add targets and change them; state
    /// follows the `key`.
    pub targets: Vec<Target>,
}

/// A name clients address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// Tried in order; the targets inside one may replace each other. Never empty, none is empty.
    pub tiers: Vec<Vec<TargetId>>,
    /// Its policies.
    pub policies: Policies,
}

impl Hash for Route {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Provider, credential and model an attempt can go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What the target's state survives a reload by, e.g. `openai#0/gpt-5.6`.
    pub key: String,
    /// Shared with the other targets of the same key.
    pub credential: CredentialId,
    /// The same number for the same model at the same provider, whatever the credential.
    pub model: u16,
    /// Whether it stands for whatever model the client asked for. Such a target is never disabled
    /// because one model is missing.
    pub any_model: bool,
    /// The same number for the same model name, at whatever provider.
    pub model_name: u16,
    /// The wire format it speaks.
    pub form: FormId,
    /// What it can do.
    pub capability: Capability,
    /// The same number for the same provider entry.
    pub provider: u16,
    /// Whether its model goes on from the beginning of an answer.
    pub prefill: bool,
    /// What becomes of a cancelled attempt there.
    pub cancel: Cancel,
    /// What it costs, if that is known.
    pub price: Option<Price>,
    /// When its breaker opens.
    pub breaker: Breaker,
    /// How many attempts it holds at once.
    pub limit: Limit,
    /// What its provider grants.
    pub quota: Quota,
}

/// The policies of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies {
    /// Who waits, and how long a call may take.
    pub profile: Profile,
    /// Which target of a tier is taken first.
    pub prefer: Prefer,
    /// When the next attempt is made.
    pub retry: Retry,
    /// How many extra attempts all calls together may make.
    pub budgets: Budgets,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// What is done with a target's wish to be left alone.
    pub throttle: Throttle,
    /// When a second attempt is started beside one that is slower than usual.
    pub hedge: Hedge,
    /// When a stream that broke off is continued.
    pub resume: Resume,
    /// What is answered when nothing else can be.
    pub degrade: Degrade,
}

/// What becomes of a cancelled attempt at its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cancel {
    /// The work ends, and what was not made is not paid.
    #[default]
    Honoured,
    /// The work goes on and is paid.
    Billed,
}

/// Which target of a tier is taken first, among those that can answer now. Tiers stay in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Prefer {
    /// The one that answers well and has room.
    #[default]
    Health,
    /// The cheapest for this call; one whose price is not known comes last.
    Price,
    /// The one whose answers begin first.
    Speed,
}

impl Prefer {
    /// The stable name used in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Price => "price",
            Self::Speed => "speed",
        }
    }
}

/// Who waits for the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// A person.
    #[default]
    Interactive,
    /// A job that a person will look at.
    Background,
    /// A job that must only end some day.
    Batch,
}

impl Profile {
    /// The stable name used in settings and headers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Background => "background",
            Self::Batch => "batch",
        }
    }
}
