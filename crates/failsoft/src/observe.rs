//! For those who watch: metrics, logs, traces, the dashboard.

use std::sync::Arc;

use failsoft_engine::{
    BreakerState, BudgetView, Event, Moment, QuotaView, RouteId, TargetId, TargetView,
};
use failsoft_journal::{CallRecord, Names, TargetName};

/// What an observer is shown.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// When, on the engine's clock.
    pub at: Moment,
    /// The names behind the numbers of events.
    pub names: &'a Names,
    /// The id of the call it belongs to as clients see it, if it belongs to one.
    pub call: Option<&'a str>,
    /// The provider's own code, or the transport's, when an attempt failed.
    pub code: Option<&'a str>,
    /// The route of the call it belongs to, if it belongs to one.
    pub route: Option<RouteId>,
    /// The targets of the call's attempts, by ordinal.
    pub attempts: &'a [TargetId],
}

impl<'a> Seen<'a> {
    /// Of what belongs to no call.
    pub(crate) const fn of_no_call(at: Moment, names: &'a Names) -> Self {
        Self { at, names, call: None, code: None, route: None, attempts: &[] }
    }
}

/// Watches events. It is called on the call's own task: it must be quick and must not block.
pub trait Observer: Send + Sync {
    /// Something came to be.
    fn observe(&self, _seen: &Seen<'_>, _event: &Event) {}

    /// A call is over, and this is all there is to know of it. Who keeps more than a figure of it
    /// keeps the value itself, and looks at it elsewhere.
    fn ended(&self, _call: &Arc<CallRecord>) {}
}

/// How a target is.
#[derive(Clone, Debug)]
pub struct TargetStatus {
    /// Its number.
    pub target: TargetId,
    /// `provider/model`.
    pub name: String,
    /// A fingerprint of its key, never the key.
    pub credential: String,
    /// Its breaker.
    pub breaker: BreakerState,
    /// For how many more milliseconds an open breaker bars it.
    pub open_millis: u64,
    /// Attempts it may hold at once; `None` if that is unbounded.
    pub limit: Option<u32>,
    /// Attempts it holds.
    pub in_flight: u32,
    /// For how many more milliseconds it asked to be left alone.
    pub throttled_millis: u64,
    /// For how many more milliseconds its key or model is out of use.
    pub disabled_millis: u64,
    /// Whether an operator left it in service.
    pub enabled: bool,
    /// What is left of its quota, as far as it is known.
    pub quota: QuotaView,
}

/// What is left in the budgets of a route, in thousandths of an extra attempt.
#[derive(Clone, Debug)]
pub struct RouteBudgets {
    /// Its number.
    pub route: RouteId,
    /// Its name.
    pub name: String,
    /// What is left.
    pub left: BudgetView,
}

impl TargetStatus {
    pub(crate) fn new(target: TargetId, name: &TargetName, view: &TargetView, now: Moment) -> Self {
        let left = |until: Option<Moment>| {
            until.map_or(0, |until| u64::try_from(until.since(now).as_millis()).unwrap_or(u64::MAX))
        };
        Self {
            target,
            name: name.name.clone(),
            credential: name.credential.clone(),
            breaker: view.breaker,
            open_millis: left(view.open_until),
            limit: view.limit,
            in_flight: view.in_flight,
            throttled_millis: left(view.throttled_until),
            disabled_millis: left(view.disabled_until),
            enabled: view.enabled,
            quota: view.quota,
        }
    }
}
