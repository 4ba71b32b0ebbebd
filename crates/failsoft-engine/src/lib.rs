//! Pure decisions: what to try, where, when, and when to give up.
//!
//! The engine is told what happened ([`Input`]) and when ([`Moment`]); it answers with what came to
//! be ([`Event`]) and what the driver must do ([`Command`]). The gateway, the library and the
//! simulator drive the same engine, so a decision can be tried out before it is lived through.
//!
//! It never asks the time, never draws from the system's randomness, never performs I/O, never
//! fails and never blocks. One step touches the call its input names and that call's targets, so
//! its cost does not grow with the calls in flight. The same settings, seed and inputs give the
//! same events, byte for byte.

mod call;
mod choose;
mod command;
mod engine;
mod event;
mod failure;
mod feeds;
mod figures;
mod fingerprint;
mod fit;
mod grounds;
mod hedging;
mod ids;
mod input;
mod measure;
mod moment;
mod need;
mod obstacle;
mod pace;
pub mod policy;
mod random;
mod reason;
mod resume;
mod schedule;
mod settings;
mod target;
mod turn;
mod verdict;
mod world;

pub use command::{Command, Step};
pub use engine::{BudgetView, Engine};
pub use event::{
    Bar, BreakerChange, BreakerState, DisabledScope, Event, Outcome, TripCause, Verdict,
};
pub use failure::{Elsewhere, Failure, FailureKind, Phase, Repeat};
pub use grounds::Grounds;
pub use ids::{AttemptId, CallId, CredentialId, RouteId, TargetId};
pub use input::{Arrival, Delivery, Input, Left, Models, QuotaTold, Resumable, Usage};
pub use measure::Measure;
pub use moment::Moment;
pub use need::{Capability, FormId, Need, Needs, Price, Unsayable};
pub use policy::{QuotaView, Share};
pub use reason::{BarReason, CancelReason, Refusal, WaitCause, Why};
pub use settings::{Cancel, Policies, Prefer, Profile, Route, Settings, Target};
pub use target::TargetView;
