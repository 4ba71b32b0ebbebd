//! The task that sends: gathers calls, writes them down, tries again for a while.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use failsoft_config::{Settings, Telemetry};
use failsoft_journal::CallRecord;
use prost::Message;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout_at};

use crate::batch::{Batch, Sender};
use crate::collector::{Collector, NotTaken, Signal};
use crate::exporter::Counts;

/// Calls sent at once.
const MOST: usize = 256;
/// Tries of the same batch after the first; then it is given up.
const MORE_TRIES: u32 = 4;
/// No collector is waited for longer, whatever it asks.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How often a collector's failure is told.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// How fast calls are sent, and sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long a batch is gathered.
    pub gather: Duration,
    /// The wait before a batch is tried again; each further one is twice as long.
    pub wait: Duration,
}

impl Default for Pace {
    /// A second late is soon enough for a person, and gathers hundreds of calls under load.
    fn default() -> Self {
        Self { gather: Duration::from_secs(1), wait: Duration::from_secs(1) }
    }
}

/// What sends.
pub(crate) struct Sending {
    pub(crate) pace: Pace,
    pub(crate) calls: mpsc::Receiver<Arc<CallRecord>>,
    pub(crate) telemetry: Telemetry,
    pub(crate) settings: Arc<ArcSwapOption<Settings>>,
    pub(crate) collector: Collector,
    pub(crate) sender: Sender,
    pub(crate) counts: Arc<Counts>,
    /// Whether the end has come: what is queued is sent, and nothing is waited for.
    pub(crate) closing: watch::Receiver<bool>,
    /// When a failure was told last.
    pub(crate) told: Option<Instant>,
}

impl Sending {
    /// Sends until it is told to close and the queue is empty.
    pub(crate) async fn run(mut self) {
        let mut calls = Vec::with_capacity(MOST);
        while self.gather(&mut calls).await {
            let settings = self.settings.load();
            let batch = Batch::of(&calls, &self.telemetry, settings.as_deref());
            drop(settings);
            calls.clear();
            self.send(batch).await;
        }
    }

    /// Fills `calls`; `false` at the end of all.
    async fn gather(&mut self, calls: &mut Vec<Arc<CallRecord>>) -> bool {
        let first = tokio::select! {
            biased;
            () = closed(&mut self.closing) => None,
            count = self.calls.recv_many(calls, MOST) => Some(count),
        };
        let Some(count) = first else {
            self.calls.close();
            return self.calls.recv_many(calls, MOST).await > 0;
        };
        let until = Instant::now() + self.pace.gather;
        while count > 0 && calls.len() < MOST {
            let room = MOST - calls.len();
            let more = tokio::select! {
                biased;
                () = closed(&mut self.closing) => break,
                more = timeout_at(until, self.calls.recv_many(calls, room)) => more,
            };
            if !matches!(more, Ok(1..)) {
                break;
            }
        }
        count > 0
    }

    async fn send(&mut self, batch: Batch) {
        let (spans, logs) = (batch.spans.len() as u64, batch.logs.len() as u64);
        if spans > 0 {
            let message = self.sender.traces(batch.spans).encode_to_vec();
            self.deliver(Signal::Traces, message.into(), spans).await;
        }
        if logs > 0 {
            let message = self.sender.logs(batch.logs).encode_to_vec();
            self.deliver(Signal::Logs, message.into(), logs).await;
        }
    }

    async fn deliver(&mut self, signal: Signal, message: Bytes, records: u64) {
        let first = self.pace.wait;
        let mut waits = (0..MORE_TRIES).map(|tries| first * (1 << tries));
        loop {
            let not_taken = match self.collector.send(signal, message.clone()).await {
                Ok(rejected) => return self.counts.taken(records, rejected.min(records)),
                Err(not_taken) => not_taken,
            };
            self.counts.failures.fetch_add(1, Ordering::Relaxed);
            self.counts.failing.store(true, Ordering::Relaxed);
            let wait = match &not_taken {
                NotTaken::Never(_) => None,
                NotTaken::Later(_, asked) => {
                    waits.next().map(|wait| asked.map_or(wait, |asked| asked.max(wait)))
                }
            };
            self.tell(&not_taken);
            let Some(wait) = wait.filter(|_| !*self.closing.borrow()) else {
                self.counts.lost.fetch_add(records, Ordering::Relaxed);
                return;
            };
            tokio::select! {
                () = closed(&mut self.closing) => {}
                () = sleep(wait.min(LONGEST_WAIT)) => {}
            }
        }
    }

    fn tell(&mut self, not_taken: &NotTaken) {
        let now = Instant::now();
        if self.told.is_some_and(|told| now - told < TELL_EVERY) {
            return;
        }
        self.told = Some(now);
        let (NotTaken::Later(reason, _) | NotTaken::Never(reason)) = not_taken;
        let lost = self.counts.lost.load(Ordering::Relaxed);
        tracing::warn!(%reason, lost, "the collector does not take what it is sent");
    }
}

async fn closed(closing: &mut watch::Receiver<bool>) {
    // Nobody left who could say so is the end too.
    let _ = closing.wait_for(|closing| *closing).await;
}
