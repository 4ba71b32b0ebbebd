//! The policies, one file each: what its settings are, and how it decides.
//!
//! A policy is a fold over what it was told. Starting an attempt takes its permits and budget;
//! ending it, in whatever way, gives them back. All gates are asked before any is taken.

mod breaker;
mod budget;
mod degrade;
mod hedge;
mod limit;
mod quota;
mod resume;
mod retry;
mod silence;
mod sketch;
mod throttle;
mod watch;
mod window;

pub use breaker::Breaker;
pub use budget::{Budget, Budgets};
pub use degrade::Degrade;
pub use hedge::Hedge;
pub use limit::Limit;
pub use quota::{Quota, QuotaView, Rate, Share};
pub use resume::Resume;
pub use retry::{ContentFilter, PerProfile, Retry};
pub use throttle::Throttle;
pub use watch::{FirstToken, Timeouts};

pub(crate) use breaker::{BreakerCell, BreakerPermit, Change, Evidence, Report};
pub(crate) use budget::{Extra, ExtraPermit, Purse};
pub(crate) use hedge::{HedgeCell, Waited};
pub(crate) use limit::{LimitCell, LimitPermit, Room};
pub(crate) use quota::{Ask, QuotaCell, QuotaPermit, Used};
pub(crate) use retry::{Backoff, Repeats};
pub(crate) use throttle::{Closed, ThrottleCell};
