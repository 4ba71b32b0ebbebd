//! Signs of life on a long wait, so that the proxies before us keep the line.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// Measures the silence towards a client.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    /// A sign is due after this much silence; `None`: never.
    every: Option<Duration>,
    since: Instant,
    is_due: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Heartbeat {
    /// Beats after this much silence from now on; `None`: never.
    pub(crate) fn new(every: Option<Duration>) -> Self {
        Self { every, since: Instant::now(), is_due: false, sleep: None }
    }

    /// Another beat from here on.
    pub(crate) fn beat(&mut self, every: Option<Duration>) {
        self.every = every;
        self.heard();
    }

    /// A sign is due whatever the beat.
    pub(crate) fn beat_now(&mut self) {
        self.is_due = true;
    }

    /// Something went to the client.
    pub(crate) fn heard(&mut self) {
        self.since = Instant::now();
    }

    /// Ready when it is time for a sign; the silence begins anew.
    ///
    /// The sleep is left alone while all is well: that it fires early and is set anew costs less
    /// than moving it with every event.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.is_due) {
            return Poll::Ready(());
        }
        let Some(every) = self.every else { return Poll::Pending };
        let due = self.since + every;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if sleep.deadline() > due {
            sleep.as_mut().reset(due);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now >= due {
                self.since = now;
                sleep.as_mut().reset(now + every);
                return Poll::Ready(());
            }
            sleep.as_mut().reset(due);
        }
        Poll::Pending
    }
}
