//! The bounded queue before the writing thread: failures stay when healthy calls must go.

mod entry;
mod lanes;
mod sheets;

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Counters;
use crate::sheet::{Line, Page};

pub(crate) use entry::{Entry, Record};
use entry::{Worth, worth};
use lanes::Lanes;
use sheets::Sheets;

/// Records that share one commit, at most …
pub(crate) const GROUP: usize = 512;
/// … and full sheets of healthy calls beside them: they are small, and a commit is not.
const SHEETS: usize = 8;
/// How long the first record of a group waits for company.
const GATHER: Duration = Duration::from_millis(200);

/// What is written at once.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) entries: Vec<Entry>,
    /// Healthy calls.
    pub(crate) pages: Vec<Page>,
}

impl Group {
    /// Records in it.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() + self.pages.iter().map(|page| page.fresh).sum::<usize>()
    }
}

/// What the writing thread is to do next.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Write these.
    Write(Group),
    /// Nothing came; time to look after the file.
    Upkeep,
    /// Nothing will come any more.
    Stop,
}

/// Whether the writing thread is to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Open,
    Closing,
}

/// Drops that no row tells of yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drops {
    pub(crate) healthy: u64,
    pub(crate) failed: u64,
}

/// The queue, shared by recorders and the writing thread.
#[derive(Debug)]
pub(crate) struct Queue {
    capacity: usize,
    state: Mutex<State>,
    arrived: Condvar,
    settled: Condvar,
}

#[derive(Debug)]
struct State {
    sheets: Sheets,
    lanes: Lanes,
    /// Records the thread holds at this moment.
    writing: usize,
    next: u64,
    first_at: Instant,
    written: u64,
    dropped: Drops,
    failing: bool,
    /// Why nothing is written, while that is so and the store has words for it.
    trouble: Option<String>,
    flushes: usize,
    life: Life,
    stopped: bool,
}

impl Queue {
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State {
            sheets: Sheets::default(),
            lanes: Lanes::default(),
            writing: 0,
            next: 0,
            first_at: Instant::now(),
            written: 0,
            dropped: Drops::default(),
            failing: false,
            trouble: None,
            flushes: 0,
            life: Life::Open,
            stopped: false,
        };
        let (arrived, settled) = (Condvar::new(), Condvar::new());
        Self { capacity: capacity.max(1), state: Mutex::new(state), arrived, settled }
    }

    /// Takes a record in, or counts it as dropped. Never waits for the disk.
    pub(crate) fn push(&self, record: Record) {
        if let Record::Call(call) = &record {
            let mut line = Line::begin(call);
            if line.tell(call).is_some() {
                return self.enter(Worth::Healthy, |state, number| {
                    state.sheets.push(number, &line);
                });
            }
        }
        let worth = worth(&record);
        self.enter(worth, |state, number| state.lanes.push(Entry { number, record, worth }));
    }

    /// Lets something in if there is room for it, or counts it.
    fn enter(&self, worth: Worth, put: impl FnOnce(&mut State, u64)) {
        let mut state = self.lock();
        if state.stopped || !state.make_room(self.capacity, worth) {
            state.count_drops(worth, 1);
            return;
        }
        let number = state.number();
        if state.len() == 0 {
            state.first_at = Instant::now();
        }
        let was_due = state.is_due(self.capacity);
        put(&mut state, number);
        let news = state.len() == 1 || !was_due && state.is_due(self.capacity);
        drop(state);
        if news {
            self.arrived.notify_one();
        }
    }

    /// Waits for the next thing to do, at most until `upkeep`.
    pub(crate) fn turn(&self, upkeep: Instant) -> Turn {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let hurry = state.flushes > 0 || state.life == Life::Closing;
            let waited = hurry || now >= state.first_at + GATHER;
            let until = match state.len() {
                0 if state.life == Life::Closing => return Turn::Stop,
                // First, or under steady load it would never be done.
                _ if now >= upkeep && !hurry => return Turn::Upkeep,
                0 => upkeep,
                _ if waited || state.is_due(self.capacity) => {
                    let open = waited || state.is_crowded(self.capacity);
                    return Turn::Write(self.take(state, open));
                }
                _ => upkeep.min(state.first_at + GATHER),
            };
            if now >= until {
                return Turn::Upkeep;
            }
            state = self
                .arrived
                .wait_timeout(state, until - now)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Waits before a failed write is tried again; ends early when the journal closes.
    pub(crate) fn pause(&self, pause: Duration) -> Life {
        let until = Instant::now() + pause;
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if state.life == Life::Closing || now >= until {
                return state.life;
            }
            state = self
                .arrived
                .wait_timeout(state, until - now)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// The records of the last turn are safe.
    pub(crate) fn written(&self, count: usize) {
        let mut state = self.lock();
        state.writing = 0;
        state.written += count as u64;
        state.failing = false;
        state.trouble = None;
        drop(state);
        self.settled.notify_all();
    }

    /// The records of the last turn could not be written, and why, if there are words for it; they
    /// go back to the front.
    pub(crate) fn give_back(&self, group: Group, trouble: Option<String>) {
        let mut state = self.lock();
        state.writing = 0;
        state.failing = true;
        state.trouble = trouble;
        state.lanes.give_back(group.entries);
        state.sheets.give_back(group.pages);
        while state.len() > self.capacity {
            if !state.drop_healthy() {
                state.lanes.drop_youngest();
                state.count_drops(Worth::Failed, 1);
            }
        }
    }

    /// What was written before this moment was forgotten.
    pub(crate) fn forgot(&self, before_ms: i64) {
        self.lock().sheets.forget(before_ms);
    }

    /// Nothing waits, yet the file cannot be written, or can be again.
    pub(crate) fn set_failing(&self, failing: bool) {
        self.lock().failing = failing;
    }

    /// Whether nothing waits to be written.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().queued() == 0
    }

    /// Why nothing is written, if that is so and the store has words for it.
    pub(crate) fn set_trouble(&self, trouble: Option<String>) {
        self.lock().trouble = trouble;
    }

    pub(crate) fn trouble(&self) -> Option<String> {
        self.lock().trouble.clone()
    }

    /// All drops so far, and a number for the row that tells of them.
    pub(crate) fn drops(&self) -> Drops {
        self.lock().dropped
    }

    /// A number in the order of arrival for a row that is nobody's record.
    pub(crate) fn number(&self) -> u64 {
        self.lock().number()
    }

    /// Asks the thread to write what waits and stop.
    pub(crate) fn close(&self) {
        self.lock().life = Life::Closing;
        self.arrived.notify_all();
    }

    /// The thread is gone: what waits is lost, and so is what comes.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        let packed = state.sheets.clear();
        let (healthy, failed) = state.lanes.clear();
        let healthy = healthy + packed;
        // What a thread that panicked held in its hands counts as the dearer class.
        let held = std::mem::take(&mut state.writing);
        state.failing |= healthy + failed + held > 0;
        state.dropped.healthy += healthy as u64;
        state.dropped.failed += (failed + held) as u64;
        drop(state);
        self.settled.notify_all();
    }

    /// Waits until all that was handed over before is written or dropped.
    pub(crate) fn flush(&self, within: Duration) {
        let until = Instant::now() + within;
        let mut state = self.lock();
        let goal = state.written + state.dropped.healthy + state.dropped.failed + state.queued();
        state.flushes += 1;
        self.arrived.notify_all();
        loop {
            let now = Instant::now();
            let done = state.written + state.dropped.healthy + state.dropped.failed;
            if done >= goal || state.stopped || now >= until {
                break;
            }
            state = self
                .settled
                .wait_timeout(state, until - now)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state.flushes -= 1;
    }

    pub(crate) fn counters(&self) -> Counters {
        let state = self.lock();
        Counters {
            queued: state.queued(),
            written: state.written,
            dropped_healthy: state.dropped.healthy,
            dropped_failed: state.dropped.failed,
            failing: state.failing,
        }
    }

    /// The oldest pages, and the oldest records of both lanes in the order they came. Whoever hands
    /// over meanwhile waits for lanes to be changed, not for them to be emptied. With `open`, the
    /// sheet that is not full is among the pages.
    fn take(&self, mut state: MutexGuard<'_, State>, open: bool) -> Group {
        let pages = state.sheets.take(open);
        let lanes = state.lanes.take();
        state.writing = lanes.len() + pages.iter().map(|page| page.fresh).sum::<usize>();
        if open || state.len() == 0 {
            state.first_at = Instant::now();
        }
        drop(state);
        Group { entries: lanes.in_order(), pages }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn len(&self) -> usize {
        self.sheets.len() + self.lanes.len()
    }

    /// Whether there is enough to be written at once.
    fn is_due(&self, capacity: usize) -> bool {
        self.lanes.len() >= GROUP || self.sheets.full() >= SHEETS || self.is_crowded(capacity)
    }

    /// Whether there is little room for more.
    fn is_crowded(&self, capacity: usize) -> bool {
        self.len() >= capacity.div_ceil(2)
    }

    fn queued(&self) -> u64 {
        (self.len() + self.writing) as u64
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Whether there is room; a failure pushes the oldest healthy calls out to have it.
    fn make_room(&mut self, capacity: usize, worth: Worth) -> bool {
        self.len() < capacity || worth == Worth::Failed && self.drop_healthy()
    }

    /// Drops the oldest healthy calls, a sheet at most; whether there were any.
    fn drop_healthy(&mut self) -> bool {
        let dropped = self.sheets.drop_oldest().or_else(|| self.lanes.drop_healthy().then_some(1));
        self.count_drops(Worth::Healthy, dropped.unwrap_or_default());
        dropped.is_some()
    }

    fn count_drops(&mut self, worth: Worth, count: usize) {
        match worth {
            Worth::Healthy => self.dropped.healthy += count as u64,
            Worth::Failed => self.dropped.failed += count as u64,
        }
    }
}

#[cfg(test)]
mod tests;
