//! The ledger of attempts seen, and waiting for it to say something.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use failsoft_wire::Dialect;
use tokio::sync::watch;

/// One attempt, as the provider saw it.
#[derive(Clone, Debug)]
pub struct AttemptSeen {
    /// When its request had arrived, since the start or the last reset.
    pub at: Duration,
    /// The connection it came on, counted from zero.
    pub connection: u64,
    /// The path asked for.
    pub path: String,
    /// The dialect, by the path's end.
    pub dialect: Dialect,
    /// The model asked for; empty when the request names none.
    pub model: String,
    /// The [`fingerprint`] of the key it presented.
    pub credential: Option<String>,
    /// Whether it asked for a stream.
    pub stream: bool,
    /// Its headers in order, names in lower case, keys as fingerprints.
    pub headers: Vec<(String, String)>,
    /// The length of its body.
    pub body_bytes: usize,
    /// Its body; empty again once 256 later attempts have been seen.
    pub body: Body,
    /// The name of the fault it was answered with.
    pub fault: String,
    /// How it was asked to go on with an answer begun before, if it was: `prefill`, or `turn` when a
    /// user's turn asked.
    pub continues: Option<&'static str>,
    /// Why it was refused, when the request itself was no good.
    pub refused: Option<String>,
    /// The status it was answered with, once that is sent.
    pub status: Option<u16>,
    /// Bytes of the answer handed to the system so far, head and framing included.
    pub bytes_sent: u64,
    /// How it stands.
    pub ending: Ending,
    /// When it ended, since the start or the last reset.
    pub ended: Option<Duration>,
}

/// Bodies held at once.
const BODIES_KEPT: usize = 256;

/// How an attempt stands or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Still being answered.
    Running,
    /// Answered as far as the fault goes, the connection left in order.
    Finished,
    /// Broken off by the fault: closed or reset.
    BrokenOff,
    /// The peer left before the answer was over.
    CancelledByPeer,
}

/// A request's body. Its content never shows in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(pub Bytes);

/// A key as it may be shown: the same key always has the same fingerprint.
#[must_use]
pub fn fingerprint(key: &str) -> String {
    // FNV-1a: no secret depends on it, and other languages write it in three lines.
    let hash = key
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("key-{hash:08x}")
}

impl AttemptSeen {
    /// A header's value, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ending != Ending::Running
    }
}

impl Ending {
    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::BrokenOff => "broken_off",
            Self::CancelledByPeer => "cancelled_by_peer",
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// All attempts since the start or the last reset.
pub(crate) struct Ledger {
    rows: Mutex<Rows>,
    changed: watch::Sender<()>,
    changed_for_threads: Condvar,
}

#[derive(Default)]
struct Rows {
    generation: u64,
    attempts: Vec<AttemptSeen>,
}

/// One attempt's place in the ledger; writes after a reset go nowhere.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    generation: u64,
    row: usize,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            rows: Mutex::default(),
            changed: watch::Sender::new(()),
            changed_for_threads: Condvar::new(),
        }
    }

    pub(crate) fn add(&self, attempt: AttemptSeen) -> Entry {
        let mut rows = self.lock();
        rows.attempts.push(attempt);
        // A fake may run for days: what it holds must not grow with what it was sent.
        let old = rows.attempts.len().checked_sub(BODIES_KEPT + 1);
        if let Some(old) = old.and_then(|row| rows.attempts.get_mut(row)) {
            old.body = Body(Bytes::new());
        }
        let entry = Entry { generation: rows.generation, row: rows.attempts.len() - 1 };
        self.tell(rows);
        entry
    }

    pub(crate) fn change(&self, entry: Entry, change: impl FnOnce(&mut AttemptSeen)) {
        let mut rows = self.lock();
        if rows.generation != entry.generation {
            return;
        }
        if let Some(attempt) = rows.attempts.get_mut(entry.row) {
            change(attempt);
        }
        self.tell(rows);
    }

    pub(crate) fn attempts(&self) -> Vec<AttemptSeen> {
        self.lock().attempts.clone()
    }

    pub(crate) fn reset(&self) {
        let mut rows = self.lock();
        rows.generation += 1;
        rows.attempts.clear();
        self.tell(rows);
    }

    pub(crate) async fn wait_for(
        &self,
        condition: impl Fn(&[AttemptSeen]) -> bool,
    ) -> Vec<AttemptSeen> {
        let mut changes = self.changed.subscribe();
        loop {
            changes.mark_unchanged();
            {
                let rows = self.lock();
                if condition(&rows.attempts) {
                    return rows.attempts.clone();
                }
            }
            // The sender lives as long as `self`, so this only ever returns on a change.
            let _ = changes.changed().await;
        }
    }

    pub(crate) fn wait_for_blocking(
        &self,
        patience: Duration,
        condition: impl Fn(&[AttemptSeen]) -> bool,
    ) -> Option<Vec<AttemptSeen>> {
        let end = Instant::now() + patience;
        let mut rows = self.lock();
        while !condition(&rows.attempts) {
            let left = end.checked_duration_since(Instant::now())?;
            let waited = self.changed_for_threads.wait_timeout(rows, left);
            rows = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(rows.attempts.clone())
    }

    fn tell(&self, rows: MutexGuard<'_, Rows>) {
        drop(rows);
        self.changed.send_replace(());
        self.changed_for_threads.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
