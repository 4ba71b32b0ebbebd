//! Live incidents: the report's fold, fed as calls end, and what follows from it: a line in the log,
//! a row in the record, an alert.
//!
//! A healthy call costs one count. What failed is handed over whole through a bounded queue, and a
//! task folds it, once a second with what was counted meanwhile.

mod book;
mod losses;
mod room;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use failsoft::{Failsoft, Observer, Seen};
use failsoft_config::Settings;
use failsoft_engine::{CredentialId, DisabledScope, Event, FailureKind, Moment, TargetId};
use failsoft_journal::{CallRecord, Name, StateChange, TargetName};
use failsoft_report::{Incident, Turn};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

use crate::alerts::Alerts;
use book::Book;
use room::Room;

/// Failed calls that may wait to be folded.
const QUEUE: usize = 8_192;
/// Turns a listener may be behind.
const TURNS: usize = 256;
/// How often time passes.
const TICK: Duration = Duration::from_secs(1);

/// Incidents as they are now.
pub struct Incidents {
    book: Book,
    heard: mpsc::Sender<Heard>,
    ear: Mutex<Option<mpsc::Receiver<Heard>>>,
    missed: AtomicU64,
    view: ArcSwap<IncidentView>,
    turns: broadcast::Sender<Turn>,
    ended: watch::Sender<bool>,
}

/// Incidents as they are at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentView {
    /// Those that are not over, the oldest first.
    pub open: Vec<Incident>,
    /// Those that are, the latest first; a bounded number.
    pub closed: Vec<Incident>,
}

/// What the task is told.
pub(crate) enum Heard {
    /// A call that was not healthy ended.
    Ended(Arc<CallRecord>),
    /// A key is out of use.
    KeyDisabled {
        target: Name,
        credential: Name,
        kind: FailureKind,
        /// For how much longer.
        lasting: Duration,
    },
}

impl Incidents {
    pub(crate) fn new() -> Self {
        let (heard, ear) = mpsc::channel(QUEUE);
        Self {
            book: Book::default(),
            heard,
            ear: Mutex::new(Some(ear)),
            missed: AtomicU64::new(0),
            view: ArcSwap::default(),
            turns: broadcast::Sender::new(TURNS),
            ended: watch::Sender::new(false),
        }
    }

    /// Those that are open, and those that closed lately.
    #[must_use]
    pub fn view(&self) -> Arc<IncidentView> {
        self.view.load_full()
    }

    /// Every turn from now on. Who listens too slowly misses some, and is told so.
    #[must_use]
    pub fn turns(&self) -> broadcast::Receiver<Turn> {
        self.turns.subscribe()
    }

    /// Calls that were not looked at because too many failed at once.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    /// From now on numbers mean what these settings say.
    pub(crate) fn adopt(&self, settings: &Settings) {
        self.book.adopt(settings);
    }

    /// Folds until it is told to stop. To be run once, on a task of its own.
    pub(crate) async fn follow(self: Arc<Self>, failsoft: Failsoft, alerts: Arc<Alerts>) {
        let ear = self.ear.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut ear) = ear else { return };
        let clock = WallClock::start();
        let mut room = Room::new(alerts);
        let mut ended = self.ended.subscribe();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let over = tokio::select! {
                heard = ear.recv() => {
                    heard.into_iter().for_each(|heard| room.hear(heard, clock.now_ms()));
                    continue;
                }
                _ = ticks.tick() => false,
                _ = ended.wait_for(|ended| *ended) => true,
            };
            while let Ok(heard) = ear.try_recv() {
                room.hear(heard, clock.now_ms());
            }
            for turn in room.tick(&self.book, clock.now_ms()) {
                told(&failsoft, &turn);
                // Nobody has to listen.
                let _ = self.turns.send(turn);
            }
            let view = room.view();
            if **self.view.load() != view {
                self.view.store(Arc::new(view));
            }
            if over {
                return;
            }
        }
    }

    /// Lets the task fold what it has heard, and end.
    pub(crate) fn end(&self) {
        self.ended.send_replace(true);
    }

    #[cold]
    fn key_disabled(
        &self,
        seen: &Seen<'_>,
        key: CredentialId,
        (kind, until): (FailureKind, Moment),
    ) {
        let Some(target) = name_of(seen, key) else { return };
        self.tell(Heard::KeyDisabled {
            target: target.name.as_str().into(),
            credential: target.credential.as_str().into(),
            kind,
            lasting: until.since(seen.at),
        });
    }

    fn tell(&self, heard: Heard) {
        if self.heard.try_send(heard).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Observer for Incidents {
    fn observe(&self, seen: &Seen<'_>, event: &Event) {
        if let Event::Disabled { scope: DisabledScope::Credential(key), kind, until, .. } = *event {
            self.key_disabled(seen, key, (kind, until));
        }
    }

    fn ended(&self, call: &Arc<CallRecord>) {
        let counted = call.served_at_once().is_some_and(|target| self.book.count(call, target));
        if !counted {
            self.tell(Heard::Ended(Arc::clone(call)));
        }
    }
}

fn name_of<'a>(seen: &Seen<'a>, key: CredentialId) -> Option<&'a TargetName> {
    let target = seen.names.credentials.get(usize::from(key.0))?;
    seen.names.targets.get(usize::from(target.0))
}

/// One line in the log, and one row in the record.
fn told(failsoft: &Failsoft, turn: &Turn) {
    match turn {
        Turn::Opened(Incident { target, kind, failures, attempts, .. }) => tracing::warn!(
            target = &**target,
            kind = &**kind,
            failures,
            attempts,
            "an incident began"
        ),
        Turn::Closed(Incident { target, kind, failures, attempts, lost, since_ms, until_ms }) => {
            let seconds = until_ms.saturating_sub(*since_ms) / 1000;
            tracing::warn!(
                target = &**target,
                kind = &**kind,
                failures,
                attempts,
                lost,
                seconds,
                "an incident is over"
            );
        }
    }
    record(failsoft, turn);
}

fn record(failsoft: &Failsoft, turn: &Turn) {
    let (Turn::Opened(incident) | Turn::Closed(incident)) = turn;
    let settings = failsoft.settings();
    let place = settings.targets.iter().position(|target| *target.name == *incident.target);
    // A target that is gone since the last reload has no number to be recorded by.
    let target = place.and_then(|place| u16::try_from(place).ok()).map(TargetId);
    let (Some(target), Ok(kind)) = (target, incident.kind.parse()) else { return };
    let failures = u32::try_from(incident.failures).unwrap_or(u32::MAX);
    failsoft.note(match turn {
        Turn::Opened(_) => StateChange::IncidentOpened { target, kind },
        Turn::Closed(_) => StateChange::IncidentClosed { target, kind, failures },
    });
}

/// The wall clock, as the record reads it: once at the start, and from there by the runtime's clock.
struct WallClock {
    origin: Instant,
    origin_ms: i64,
}

impl WallClock {
    fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            origin: Instant::now(),
            origin_ms: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        }
    }

    fn now_ms(&self) -> i64 {
        let passed = i64::try_from(self.origin.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.origin_ms.saturating_add(passed)
    }
}
