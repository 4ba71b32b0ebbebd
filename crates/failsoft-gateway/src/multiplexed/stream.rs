//! The calls of one connection: counted, and given up when their client takes nothing.

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper::rt::Executor;
use tokio::sync::Notify;
use tokio::time::{Sleep, sleep};

use crate::connection::WRITE;

thread_local! {
    /// What the call waits for that is being polled on this thread. Set and read inside one poll.
    static AWAITED: Cell<Awaited> = const { Cell::new(Awaited::Client) };
}

/// Whose turn it is in a call that does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    /// It waits until its client has room for more.
    Client,
    /// There is nothing to send yet.
    Answer,
}

/// What comes of a part of a call that was polled; that it waits is noted.
pub(crate) fn noted<T>(poll: Poll<T>) -> Poll<T> {
    if poll.is_pending() {
        AWAITED.set(Awaited::Answer);
    }
    poll
}

/// A future of a call; that it waits is noted.
pub(super) async fn told_waiting<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| noted(future.as_mut().poll(cx))).await
}

/// The calls of one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams(Arc<Counted>);

#[derive(Debug, Default)]
struct Counted {
    open: AtomicUsize,
    changed: Notify,
}

/// A call, counted.
#[derive(Debug)]
pub(crate) struct Counting(Arc<Counted>);

impl Streams {
    /// Counts one more for as long as the value lives.
    pub(super) fn count(&self) -> Counting {
        self.0.open.fetch_add(1, Ordering::AcqRel);
        self.0.changed.notify_waiters();
        Counting(Arc::clone(&self.0))
    }

    /// Waits until there was no call for so long.
    pub(super) async fn idle_for(&self, span: Duration) {
        loop {
            let changed = self.0.changed.notified();
            if self.0.open.load(Ordering::Acquire) > 0 {
                changed.await;
            } else if tokio::time::timeout(span, changed).await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
        self.0.changed.notify_waiters();
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, call: F) {
        tokio::spawn(run(call));
    }
}

/// Runs a call, unless its client takes nothing of the answer for too long. Ending it resets the
/// stream and cancels the attempt.
async fn run(call: impl Future<Output = ()>) {
    let mut call = pin!(call);
    let mut stuck: Option<Pin<Box<Sleep>>> = None;
    std::future::poll_fn(|cx| {
        AWAITED.set(Awaited::Client);
        if call.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        match AWAITED.get() {
            Awaited::Answer => {
                stuck = None;
                Poll::Pending
            }
            Awaited::Client => {
                stuck.get_or_insert_with(|| Box::pin(sleep(WRITE))).as_mut().poll(cx)
            }
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_given_up_and_an_answer_is_waited_for() {
        let begun = Instant::now();
        run(pending()).await;
        assert!(begun.elapsed() >= WRITE && begun.elapsed() < WRITE * 2);
        assert!(timeout(WRITE * 10, run(told_waiting(pending()))).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_something_now_and_then_is_not_given_up() {
        let calls = async {
            for _ in 0..5 {
                // The client's turn is over before patience is; the answer's has no end.
                sleep(WRITE - Duration::from_secs(1)).await;
                told_waiting(sleep(WRITE * 2)).await;
            }
        };
        let begun = Instant::now();
        run(calls).await;
        assert!(begun.elapsed() > WRITE * 14);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_once_its_last_call_has_ended_for_long_enough() {
        let (streams, span) = (Streams::default(), Duration::from_secs(75));
        let begun = Instant::now();
        let (one, other) = (streams.count(), streams.count());
        tokio::spawn(async move {
            sleep(span * 2).await;
            drop(one);
            sleep(span * 2).await;
            drop(other);
        });
        streams.idle_for(span).await;
        assert!(begun.elapsed() >= span * 5);
    }
}
