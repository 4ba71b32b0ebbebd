//! Alerts on their way to one receiver: in order, bounded, and counted.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::matter::{Message, Stage, Weight};

/// Alerts that may wait for one receiver.
const MOST: usize = 64;
/// Matters whose beginning was given up and whose end is not told either.
const MOST_UNTOLD: usize = 1_024;

/// Alerts on their way to one receiver.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    changed: Notify,
    sent: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Arc<Message>>,
    untold: BTreeSet<String>,
    /// One was taken out and not yet settled.
    in_hand: bool,
    closed: bool,
}

/// What became of alerts so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Taken by the receiver.
    pub(crate) sent: u64,
    /// Given up after their time.
    pub(crate) failed: u64,
    /// Never tried, because too many waited.
    pub(crate) dropped: u64,
    /// Waiting, or being tried.
    pub(crate) queued: u64,
}

/// What became of one alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Sent,
    Failed,
}

impl Outbox {
    /// Adds an alert behind the others. When too many wait, the oldest that is not critical goes,
    /// and with it what tells of its end.
    pub(crate) fn put(&self, message: Message) {
        let mut queue = self.queue();
        if message.stage == Stage::Closed && queue.untold.remove(&message.episode) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        queue.waiting.push_back(Arc::new(message));
        let dropped = if queue.waiting.len() > MOST { queue.make_room() } else { 0 };
        drop(queue);
        self.dropped.fetch_add(dropped, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// The oldest alert; `None` when it was closed and is empty. There is one taker.
    pub(crate) async fn next(&self) -> Option<Arc<Message>> {
        loop {
            let changed = self.changed.notified();
            {
                let mut queue = self.queue();
                if let Some(message) = queue.waiting.pop_front() {
                    queue.in_hand = true;
                    return Some(message);
                }
                if queue.closed {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// Counts what became of the alert that was taken last.
    pub(crate) fn settle(&self, settled: Settled) {
        self.queue().in_hand = false;
        let count = match settled {
            Settled::Sent => &self.sent,
            Settled::Failed => &self.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Lets its taker end once it is empty.
    pub(crate) fn close(&self) {
        self.queue().closed = true;
        self.changed.notify_one();
    }

    pub(crate) fn figures(&self) -> Figures {
        let queue = self.queue();
        Figures {
            sent: self.sent.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            queued: queue.waiting.len() as u64 + u64::from(queue.in_hand),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// How many went.
    fn make_room(&mut self) -> u64 {
        let place = self.waiting.iter().position(|message| message.weight == Weight::Plain);
        let Some(gone) = self.waiting.remove(place.unwrap_or(0)) else { return 0 };
        if gone.stage == Stage::Closed {
            return 1;
        }
        let end = self.waiting.iter().position(|message| message.episode == gone.episode);
        match end {
            Some(end) => {
                self.waiting.remove(end);
                2
            }
            None => {
                if self.untold.len() < MOST_UNTOLD {
                    self.untold.insert(gone.episode.clone());
                }
                1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(episode: usize, stage: Stage, weight: Weight) -> Message {
        let episode = episode.to_string();
        Message { id: format!("{episode} {stage:?}"), episode, stage, weight, body: "{}".into() }
    }

    async fn ids(outbox: &Outbox) -> Vec<String> {
        outbox.close();
        let mut ids = Vec::new();
        while let Some(message) = outbox.next().await {
            ids.push(message.id.clone());
        }
        ids
    }

    #[tokio::test]
    async fn the_oldest_plain_alert_goes_first_and_takes_its_end_with_it() {
        let outbox = Outbox::default();
        outbox.put(message(900, Stage::Opened, Weight::Critical));
        for episode in 0..MOST - 1 {
            outbox.put(message(episode, Stage::Opened, Weight::Plain));
        }
        assert_eq!(outbox.figures(), Figures { queued: MOST as u64, ..Figures::default() });
        outbox.put(message(901, Stage::Opened, Weight::Critical));
        outbox.put(message(1, Stage::Closed, Weight::Plain));
        outbox.put(message(0, Stage::Closed, Weight::Plain));
        assert_eq!(outbox.figures().dropped, 4, "both ends of 0 and of 1");
        let ids = ids(&outbox).await;
        assert_eq!(&ids[..2], ["900 Opened", "2 Opened"]);
        assert!(ids.iter().all(|id| !id.starts_with("0 ") && !id.starts_with("1 ")), "{ids:?}");
        assert_eq!(ids.last().unwrap(), "901 Opened");
    }

    #[tokio::test]
    async fn critical_alerts_go_only_when_nothing_else_is_left() {
        let outbox = Outbox::default();
        for episode in 0..=MOST {
            outbox.put(message(episode, Stage::Opened, Weight::Critical));
        }
        outbox.put(message(500, Stage::Opened, Weight::Plain));
        let ids = ids(&outbox).await;
        assert_eq!((ids.len(), ids[0].as_str()), (MOST, "1 Opened"));
        assert_eq!(outbox.figures().dropped, 2);
    }
}
