//! The one thread that writes: group after group, and again when the disk fails.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::queue::{Drops, Group, Life, Queue, Turn};
use crate::store::{DropRow, Forgetting, Limits, Store};

/// How often the file is looked after.
const UPKEEP: Duration = Duration::from_secs(60);
/// Between two batches of rows to forget, so that writing goes first.
const BREATH: Duration = Duration::from_millis(20);
/// The first pause after a failed write; it doubles.
const BACKOFF_BASE: Duration = Duration::from_millis(100);
/// The longest pause after a failed write, or after looking in vain.
const BACKOFF_CAP: Duration = Duration::from_secs(5);
/// Tries at writing what is left when the journal closes.
const LAST_TRIES: u32 = 3;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keep {
    pub(crate) time: Duration,
    pub(crate) size: u64,
}

/// The writing thread.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Arc<Queue>,
    store: Box<dyn Store>,
    keep: Keep,
    failures: u32,
    last_tries: u32,
    told: Drops,
    pending: Option<DropRow>,
    upkeep: Instant,
}

impl Writer {
    pub(crate) fn new(queue: Arc<Queue>, store: Box<dyn Store>, keep: Keep) -> Self {
        let upkeep = Instant::now();
        let told = Drops::default();
        Self { queue, store, keep, failures: 0, last_tries: 0, told, pending: None, upkeep }
    }

    /// Writes until the journal closes. However the thread ends, the queue knows.
    pub(crate) fn run(mut self) {
        let _end = End(Arc::clone(&self.queue));
        loop {
            match self.queue.turn(self.upkeep) {
                Turn::Write(group) => {
                    if self.write(group) == Hope::Lost {
                        return;
                    }
                }
                Turn::Upkeep => self.look_after(),
                Turn::Stop => {
                    self.note_drops();
                    if self.pending.is_some() {
                        // Nobody is left to tell if this fails; the counters still do.
                        let _ = self.store.write(&Group::default(), self.pending);
                    }
                    return;
                }
            }
        }
    }

    fn write(&mut self, group: Group) -> Hope {
        self.note_drops();
        if self.store.write(&group, self.pending).is_ok() {
            self.queue.written(group.len());
            self.told_drops();
            return Hope::Alive;
        }
        self.queue.give_back(group, self.store.trouble());
        self.back_off()
    }

    fn back_off(&mut self) -> Hope {
        let doubled = BACKOFF_BASE.saturating_mul(1 << self.failures.min(10));
        self.failures += 1;
        match self.queue.pause(doubled.min(BACKOFF_CAP)) {
            Life::Open => Hope::Alive,
            Life::Closing => {
                self.last_tries += 1;
                if self.last_tries < LAST_TRIES { Hope::Alive } else { Hope::Lost }
            }
        }
    }

    fn look_after(&mut self) {
        self.note_drops();
        if self.pending.is_some() && self.store.write(&Group::default(), self.pending).is_ok() {
            self.told_drops();
            self.queue.set_trouble(None);
            self.queue.set_failing(false);
        }
        let before_ms = now_ms().saturating_sub_unsigned(millis(self.keep.time));
        let forgotten = self.store.forget(Limits { before_ms, max_size: self.keep.size });
        if let Ok((_, before_ms)) = forgotten {
            self.queue.forgot(before_ms);
        }
        // Before it is said that all is well again.
        self.queue.set_trouble(self.store.trouble());
        let pause = match forgotten {
            Ok((Forgetting::More, _)) => BREATH,
            Ok((Forgetting::Done, _)) => {
                // A record that waits will tell; where none does, this must.
                if self.pending.is_none() && self.queue.is_empty() {
                    self.queue.set_failing(false);
                }
                UPKEEP
            }
            Err(_) => {
                self.queue.set_failing(true);
                BACKOFF_CAP
            }
        };
        self.upkeep = Instant::now() + pause;
    }

    /// Makes a row for drops that no row tells of, unless one is waiting to be written.
    fn note_drops(&mut self) {
        if self.pending.is_some() {
            return;
        }
        let now = self.queue.drops();
        if now != self.told {
            let drops = Drops {
                healthy: now.healthy - self.told.healthy,
                failed: now.failed - self.told.failed,
            };
            self.told = now;
            let number = self.queue.number();
            self.pending = Some(DropRow { number, at_ms: now_ms(), drops });
        }
    }

    fn told_drops(&mut self) {
        self.pending = None;
        self.failures = 0;
    }
}

/// Whether there is any point in trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hope {
    Alive,
    Lost,
}

/// Tells the queue that nobody writes any more, even if the thread panicked.
struct End(Arc<Queue>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
