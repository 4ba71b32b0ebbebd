//! What goes on, told as it comes: one snapshot a second for all who listen, made only while
//! somebody does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use failsoft::Body;
use http::{Response, StatusCode};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::figures::STEP;
use super::{guard, now, reply};
use crate::state::{Phase, State};

const EVENTS: &str = "text/event-stream";
/// Dashboards that listen at once.
const MAX_LISTENERS: usize = 16;
/// Between two snapshots.
const BEAT: Duration = Duration::from_secs(1);
/// Pieces that wait for a slow listener; what comes meanwhile it does not get.
const WAITING: usize = 2;

/// The last snapshot, and who listens.
#[derive(Debug)]
pub(crate) struct Pulse {
    last: watch::Sender<Bytes>,
    room: Arc<Semaphore>,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            last: watch::Sender::new(Bytes::new()),
            room: Arc::new(Semaphore::new(MAX_LISTENERS)),
        }
    }
}

/// Keeps the figures, and tells those who listen, until the gateway ends.
pub(crate) async fn beat(state: Arc<State>) {
    let mut phase = state.phase.subscribe();
    let mut ticks = tokio::time::interval(BEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stepped = Instant::now();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = phase.wait_for(|phase| *phase >= Phase::Ending) => return,
        }
        if stepped.elapsed() >= STEP {
            stepped = Instant::now();
            state.operators.figures.advance(now::count(&state), stepped);
        }
        let pulse = &state.operators.pulse;
        if pulse.last.receiver_count() > 0 {
            pulse.last.send_replace(event(&now::now(&state)));
        }
    }
}

/// The stream of one more listener; its first snapshot comes at once.
pub(super) fn listen(state: &Arc<State>, caller: &guard::Caller) -> Response<Body> {
    let pulse = &state.operators.pulse;
    let Ok(place) = Arc::clone(&pulse.room).try_acquire_owned() else {
        let words = "too many dashboards listen already: close one";
        return guard::refused(StatusCode::SERVICE_UNAVAILABLE, words);
    };
    let (feed, pieces) = mpsc::channel(WAITING);
    let first = event(&now::now(state));
    let beats = pulse.last.subscribe();
    let operator = caller.operator.clone();
    tokio::spawn(pass_on(Arc::clone(state), operator, beats, (feed, first), place));
    reply::guarded(StatusCode::OK, EVENTS, Body::fed(pieces))
}

/// Passes snapshots on until the listener leaves or may no longer look, or the gateway ends.
async fn pass_on(
    state: Arc<State>,
    operator: String,
    mut beats: watch::Receiver<Bytes>,
    (feed, first): (mpsc::Sender<Bytes>, Bytes),
    _place: OwnedSemaphorePermit,
) {
    let mut phase = state.phase.subscribe();
    beats.mark_unchanged();
    if feed.send(first).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            changed = beats.changed() => if changed.is_err() { return },
            () = feed.closed() => return,
            _ = phase.wait_for(|phase| *phase >= Phase::Ending) => return,
        }
        let settings = state.failsoft.settings();
        if !state.operators.keyring.is_known(&operator, &settings, Instant::now()) {
            return;
        }
        let snapshot = beats.borrow_and_update().clone();
        // A listener that is behind gets the next one.
        if let Err(mpsc::error::TrySendError::Closed(_)) = feed.try_send(snapshot) {
            return;
        }
    }
}

fn event(snapshot: &Value) -> Bytes {
    format!("event: now\ndata: {snapshot}\n\n").into()
}
