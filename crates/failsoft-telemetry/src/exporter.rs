//! What watches calls end, and what is known of how sending them goes.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use failsoft::Observer;
use failsoft_config::{Settings, Telemetry};
use failsoft_engine::Event;
use failsoft_journal::CallRecord;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::batch::Sender;
use crate::collector::{Collector, TlsError};
use crate::sending::{Pace, Sending};
use crate::told::Told;

/// Calls that may wait to be sent.
const QUEUE: usize = 8192;

/// Sends calls that ended to a collector.
pub struct Exporter {
    telemetry: Telemetry,
    calls: mpsc::Sender<Arc<CallRecord>>,
    settings: Arc<ArcSwapOption<Settings>>,
    counts: Arc<Counts>,
    closing: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// How sending goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Calls that wait to be sent.
    pub queued: u64,
    /// Calls that found the queue full.
    pub dropped: u64,
    /// Spans and log records a collector took.
    pub sent: u64,
    /// Spans and log records a collector took the message of, and did not want.
    pub rejected: u64,
    /// Spans and log records given up after their tries.
    pub lost: u64,
    /// Tries that failed.
    pub failures: u64,
    /// Whether the last try failed.
    pub failing: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    dropped: AtomicU64,
    sent: AtomicU64,
    rejected: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) failing: AtomicBool,
}

impl Counts {
    pub(crate) fn taken(&self, records: u64, rejected: u64) {
        self.sent.fetch_add(records - rejected, Ordering::Relaxed);
        self.rejected.fetch_add(rejected, Ordering::Relaxed);
        self.failing.store(false, Ordering::Relaxed);
    }
}

impl Exporter {
    /// Starts the task that sends, on the runtime this is called on. `instance` tells this process
    /// from others of the same name.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn start(telemetry: &Telemetry, instance: &str) -> Result<Self, TlsError> {
        Self::paced(telemetry, instance, Pace::default())
    }

    /// The same at another pace.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn paced(telemetry: &Telemetry, instance: &str, pace: Pace) -> Result<Self, TlsError> {
        let (calls, queue) = mpsc::channel(QUEUE);
        let (closing, closed) = watch::channel(false);
        let settings = Arc::new(ArcSwapOption::empty());
        let counts = Arc::new(Counts::default());
        let sending = Sending {
            pace,
            calls: queue,
            telemetry: telemetry.clone(),
            settings: Arc::clone(&settings),
            collector: Collector::new(telemetry)?,
            sender: Sender::new(telemetry, instance),
            counts: Arc::clone(&counts),
            closing: closed,
            told: None,
        };
        let task = Mutex::new(Some(tokio::spawn(sending.run())));
        Ok(Self { telemetry: telemetry.clone(), calls, settings, counts, closing, task })
    }

    /// From now on providers are where these settings say.
    pub fn adopt(&self, settings: Arc<Settings>) {
        self.settings.store(Some(settings));
    }

    /// How sending goes.
    #[must_use]
    pub fn health(&self) -> Health {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let queued = self.calls.max_capacity() - self.calls.capacity();
        Health {
            queued: queued as u64,
            dropped: read(&self.counts.dropped),
            sent: read(&self.counts.sent),
            rejected: read(&self.counts.rejected),
            lost: read(&self.counts.lost),
            failures: read(&self.counts.failures),
            failing: self.counts.failing.load(Ordering::Relaxed),
        }
    }

    /// Sends what is queued, for at most so long. What ends later is dropped.
    pub async fn close(&self, within: Duration) {
        self.closing.send_replace(true);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut task) = task else { return };
        if tokio::time::timeout(within, &mut task).await.is_err() {
            task.abort();
            let left = self.health().queued;
            tracing::warn!(calls = left, "the collector was too slow for the last calls");
        }
    }

    fn is_wanted(&self, call: &CallRecord) -> bool {
        let sampled = match (call.facts.trace, call.events.first()) {
            (Some(trace), _) => trace.sampled,
            (None, Some((_, Event::CallStarted { call, .. }))) => self.telemetry.samples(call.0),
            (None, _) => false,
        };
        sampled || Told::is_eventful(call)
    }
}

impl Observer for Exporter {
    fn ended(&self, call: &Arc<CallRecord>) {
        if self.is_wanted(call) && self.calls.try_send(Arc::clone(call)).is_err() {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { telemetry, .. } = self;
        f.debug_struct("Exporter").field("telemetry", telemetry).finish_non_exhaustive()
    }
}
