//! The journal's way in: a bounded queue before one writing thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::queue::{Queue, Record};
use crate::sqlite::SqliteStore;
use crate::store::Store;
use crate::writer::{Keep, Writer};
use crate::{CallRecord, JournalError, StateRecord};

/// How the journal is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The SQLite file.
    pub path: PathBuf,
    /// How long rows are kept.
    pub keep: Duration,
    /// How many bytes the record may have; what is oldest goes first.
    pub max_size: u64,
    /// Whether each group of rows waits for the disk.
    pub sync: bool,
    /// Records that may wait to be written.
    pub queue: usize,
}

/// An open journal; its thread writes until it is closed or dropped.
#[derive(Debug)]
pub struct Journal {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

/// Hands records over; cheap to clone, never blocks.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: Arc<Queue>,
}

/// How the journal is doing. What was handed over is written, dropped or queued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Records waiting.
    pub queued: u64,
    /// Records written.
    pub written: u64,
    /// Healthy calls dropped because the queue was full or the disk failed.
    pub dropped_healthy: u64,
    /// Failed calls and state changes dropped for the same reason.
    pub dropped_failed: u64,
    /// Whether the last write failed; it is tried again by itself.
    pub failing: bool,
}

impl Journal {
    /// Opens or creates the file and starts the writing thread.
    ///
    /// # Errors
    /// When the file cannot be used at all.
    pub fn open(options: Options) -> Result<Self, JournalError> {
        let store = SqliteStore::open(&options)?;
        let keep = Keep { time: options.keep, size: options.max_size };
        Self::start(Box::new(store), keep, options.queue)
            .map_err(|error| JournalError::Open { path: options.path, reason: error.to_string() })
    }

    /// Starts the thread that writes to a store.
    pub(crate) fn start(store: Box<dyn Store>, keep: Keep, queue: usize) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new(queue));
        let writer = Writer::new(Arc::clone(&queue), store, keep);
        let thread = std::thread::Builder::new()
            .name("failsoft-journal".to_owned())
            .spawn(move || writer.run())?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// A way in.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        Recorder { queue: Arc::clone(&self.queue) }
    }

    /// Waits until all that was handed over before is written or dropped, at most so long.
    pub fn flush(&self, within: Duration) -> Counters {
        self.queue.flush(within);
        self.queue.counters()
    }

    /// Writes all that waits and stops the thread. What cannot be written then counts as dropped.
    pub fn close(mut self) -> Counters {
        self.stop();
        self.queue.counters()
    }

    fn stop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so by `failing`.
            let _ = thread.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Recorder {
    /// Hands over a call that has ended.
    ///
    /// Changes of state among its events become part of its story; to stand in the report they
    /// are handed over by [`record_state`](Self::record_state) as well.
    pub fn record_call(&self, call: impl Into<Arc<CallRecord>>) {
        self.queue.push(Record::Call(call.into()));
    }

    /// Hands over a change of state.
    pub fn record_state(&self, state: StateRecord) {
        self.queue.push(Record::State(Box::new(state)));
    }

    /// Why nothing is written at the moment, in words for an operator and without secrets, where
    /// the store has any.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.queue.trouble()
    }

    /// How the journal is doing.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.queue.counters()
    }
}
