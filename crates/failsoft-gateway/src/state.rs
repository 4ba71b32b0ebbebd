//! What all connections share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use failsoft::{Body, Failsoft, TurnedAway};
use failsoft_engine::FailureKind;
use failsoft_telemetry::Exporter;
use failsoft_wire::Dialect;
use http::{HeaderMap, Response, StatusCode};
use tokio::sync::{Notify, watch};

use crate::admin::Operators;
use crate::alerts::Alerts;
use crate::door::Door;
use crate::incidents::Incidents;
use crate::metrics::Metrics;
use crate::reload::Reloads;
use crate::watchers::Watchers;
use crate::witness::Witness;

/// How far the gateway's life is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Taking calls.
    Serving,
    /// No new calls; those in flight go on.
    Draining,
    /// Those still in flight are ended.
    Ending,
}

/// What all connections share.
pub(crate) struct State {
    pub(crate) failsoft: Failsoft,
    pub(crate) door: ArcSwap<Door>,
    pub(crate) metrics: Arc<Metrics>,
    /// What operators see, and who they are.
    pub(crate) operators: Operators,
    pub(crate) incidents: Arc<Incidents>,
    pub(crate) alerts: Arc<Alerts>,
    pub(crate) witness: Arc<Witness>,
    /// Sends traces, if the settings say where to.
    pub(crate) exporter: Option<Arc<Exporter>>,
    pub(crate) reloads: Reloads,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) clients: Connections,
    /// Calls on connections that carry many.
    pub(crate) streams: Connections,
    /// Seconds since 1970 at the start.
    pub(crate) started: u64,
}

impl State {
    pub(crate) fn new(
        failsoft: Failsoft,
        door: Door,
        watchers: Watchers,
        operators: Operators,
        reloads: Reloads,
    ) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            failsoft,
            door: ArcSwap::from_pointee(door),
            metrics: watchers.metrics,
            operators,
            incidents: watchers.incidents,
            alerts: Arc::new(Alerts::default()),
            witness: watchers.witness,
            exporter: watchers.exporter,
            reloads,
            phase: watch::Sender::new(Phase::Serving),
            clients: Connections::default(),
            streams: Connections::default(),
            started: since.map_or(0, |since| since.as_secs()),
        }
    }

    /// An error in the caller's dialect, counted under a reason of ours.
    pub(crate) fn refuse(
        &self,
        refusal: Refusal,
        dialect: Dialect,
        headers: &HeaderMap,
    ) -> Response<Body> {
        self.metrics.refused_at_door(refusal.reason);
        let Refusal { kind, status, hint, .. } = refusal;
        self.failsoft.refuse(dialect, TurnedAway { kind, status, hint }, headers)
    }
}

/// Why a request is refused at the door, and how that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: &'static str,
    pub(crate) kind: FailureKind,
    pub(crate) status: StatusCode,
    /// What the caller's developer can do about it.
    pub(crate) hint: Option<&'static str>,
}

/// Open connections, or calls of them, counted.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: AtomicUsize,
    closed: Notify,
}

impl Connections {
    /// Counts one more for as long as the value lives.
    pub(crate) fn hold(state: &Arc<State>) -> Held {
        state.clients.open.fetch_add(1, Ordering::AcqRel);
        Held { state: Arc::clone(state), of: |state| &state.clients }
    }

    /// Counts one more, once fewer than `room` are open.
    pub(crate) async fn enter(state: &Arc<State>, of: fn(&State) -> &Self, room: usize) -> Held {
        let all = of(state);
        let more = |open| (open < room).then_some(open + 1);
        while all.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_err() {
            all.below(room).await;
        }
        Held { state: Arc::clone(state), of }
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// Waits until fewer than `count` are open.
    pub(crate) async fn below(&self, count: usize) {
        loop {
            let closed = self.closed.notified();
            if self.open() < count {
                return;
            }
            closed.await;
        }
    }
}

/// An open connection, or call of one.
pub(crate) struct Held {
    state: Arc<State>,
    of: fn(&State) -> &Connections,
}

impl Drop for Held {
    fn drop(&mut self) {
        let all = (self.of)(&self.state);
        all.open.fetch_sub(1, Ordering::AcqRel);
        all.closed.notify_waiters();
    }
}
