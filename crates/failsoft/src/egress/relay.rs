//! Wakes the task that polls an exchange, but not while it is polling it anyway, and does not poll
//! where nobody was woken.
//!
//! A connection and what is read from it live on one task here, and tell each other by waking it.
//! Each event of a stream would have the task polled twice, from the client's connection down to
//! the target's, the second time for nothing; and whoever writes to the client asks for more before
//! it writes, and again afterwards, which leads down the same way for nothing.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// What is woken in the middle of a poll is polled again at once, so often. Then the task is woken:
/// the runtime's budget is spent, or somebody wakes whenever it is polled.
const ROUNDS: usize = 2;

/// What came of polling an exchange once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Round<T> {
    /// This happened, and more may have.
    Happened(T),
    /// Something came, and it is not known yet what it means.
    Again,
    /// All that was to be polled waits; there may be something to tell nevertheless.
    Waits(Option<T>),
}

/// Between an exchange and the task it lives on.
pub(crate) struct Relay {
    /// What the exchange's parts are polled with.
    waker: Waker,
    line: Arc<Line>,
    /// Whom the line wakes.
    task: Option<Waker>,
    /// Nothing can happen unless the line was told of it since.
    waits: bool,
}

#[derive(Default)]
struct Line {
    is_polling: AtomicBool,
    is_woken: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Default for Relay {
    fn default() -> Self {
        let line = Arc::new(Line::default());
        Self { waker: Waker::from(Arc::clone(&line)), line, task: None, waits: false }
    }
}

impl Relay {
    /// Polls on behalf of the task of `cx`, unless nothing can have happened.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Round<T>,
    ) -> Poll<T> {
        self.adopt(cx.waker());
        if self.waits && !self.line.is_woken.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        self.waits = false;
        let mut relayed = Context::from_waker(&self.waker);
        let mut rounds = 0;
        while rounds < ROUNDS {
            self.line.is_woken.store(false, Ordering::SeqCst);
            self.line.is_polling.store(true, Ordering::SeqCst);
            let round = poll(&mut relayed);
            self.line.is_polling.store(false, Ordering::SeqCst);
            match round {
                Round::Again => {}
                Round::Happened(happening) => return Poll::Ready(happening),
                Round::Waits(Some(happening)) => {
                    self.waits = true;
                    return Poll::Ready(happening);
                }
                Round::Waits(None) if self.line.is_woken.load(Ordering::SeqCst) => rounds += 1,
                Round::Waits(None) => {
                    self.waits = true;
                    return Poll::Pending;
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// What is polled was changed from outside: it may have something to tell, woken or not.
    pub(crate) fn stir(&mut self) {
        self.waits = false;
    }

    fn adopt(&mut self, task: &Waker) {
        if !self.task.as_ref().is_some_and(|known| known.will_wake(task)) {
            self.line.set(Some(task.clone()));
            self.task = Some(task.clone());
        }
    }
}

impl Drop for Relay {
    /// A connection that is kept must not keep the task that used it last.
    fn drop(&mut self) {
        self.line.set(None);
    }
}

impl Line {
    fn set(&self, task: Option<Waker>) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = task;
    }
}

impl Wake for Line {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
        if self.is_polling.load(Ordering::SeqCst) {
            return;
        }
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn task() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (Arc::clone(&count), Waker::from(count))
    }

    #[test]
    fn who_is_woken_in_its_own_poll_is_polled_again_and_the_task_sleeps_on() {
        let (woken, waker) = task();
        let mut polls = 0;
        let polled = Relay::default().poll(&Context::from_waker(&waker), |cx| {
            polls += 1;
            if polls == 1 {
                cx.waker().wake_by_ref();
            }
            Round::<()>::Waits(None)
        });
        assert_eq!((polls, polled, woken.0.load(Ordering::SeqCst)), (2, Poll::Pending, 0));
    }

    #[test]
    fn who_wakes_whenever_it_is_polled_has_its_task_woken() {
        let (woken, waker) = task();
        let mut polls = 0;
        let polled = Relay::default().poll(&Context::from_waker(&waker), |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            Round::<()>::Waits(None)
        });
        assert_eq!((polls, polled, woken.0.load(Ordering::SeqCst)), (ROUNDS, Poll::Pending, 1));
    }

    #[test]
    fn a_wake_between_polls_reaches_the_task_that_polled_last_and_none_afterwards() {
        let ((first, one), (second, other)) = (task(), task());
        let mut relay = Relay::default();
        let mut kept = None;
        let mut keep = |cx: &mut Context<'_>| {
            kept = Some(cx.waker().clone());
            Round::<()>::Waits(None)
        };
        assert!(relay.poll(&Context::from_waker(&one), &mut keep).is_pending());
        assert!(relay.poll(&Context::from_waker(&other), &mut keep).is_pending());
        let kept = kept.unwrap();
        kept.wake_by_ref();
        assert_eq!([&first, &second].map(|count| count.0.load(Ordering::SeqCst)), [0, 1]);
        drop(relay);
        kept.wake();
        assert_eq!([first, second].map(|count| count.0.load(Ordering::SeqCst)), [0, 1]);
    }

    /// Polls a relay again and again; each time, with what its parts say then. Counts their polls.
    struct Polled {
        relay: Relay,
        kept: Option<Waker>,
        polls: usize,
    }

    impl Polled {
        fn new() -> Self {
            Self { relay: Relay::default(), kept: None, polls: 0 }
        }

        fn say(&mut self, round: Round<u8>) -> Poll<u8> {
            let (_, waker) = task();
            let mut rounds = Some(round);
            self.relay.poll(&Context::from_waker(&waker), |cx| {
                self.polls += 1;
                self.kept = Some(cx.waker().clone());
                rounds.take().unwrap_or(Round::Waits(None))
            })
        }
    }

    #[test]
    fn what_waits_is_polled_again_only_when_it_was_woken_or_stirred() {
        let mut polled = Polled::new();
        assert_eq!(polled.say(Round::Waits(Some(1))), Poll::Ready(1));
        assert_eq!(polled.say(Round::Happened(2)), Poll::Pending);
        assert_eq!(polled.say(Round::Happened(2)), Poll::Pending);
        assert_eq!(polled.polls, 1);
        polled.kept.take().unwrap().wake();
        assert_eq!(polled.say(Round::Happened(2)), Poll::Ready(2));
        assert_eq!(polled.say(Round::Waits(None)), Poll::Pending);
        assert_eq!(polled.say(Round::Happened(3)), Poll::Pending);
        polled.relay.stir();
        assert_eq!(polled.say(Round::Happened(3)), Poll::Ready(3));
    }

    #[test]
    fn what_told_of_something_is_polled_again_and_so_is_what_came_with_no_meaning_yet() {
        let mut polled = Polled::new();
        assert_eq!(polled.say(Round::Happened(1)), Poll::Ready(1));
        assert_eq!(polled.say(Round::Happened(2)), Poll::Ready(2));
        assert_eq!(polled.polls, 2);
        assert_eq!(polled.say(Round::Again), Poll::Pending);
        assert_eq!(polled.polls, 4);
    }

    #[test]
    fn what_was_woken_while_it_told_of_something_is_polled_again() {
        let (_, waker) = task();
        let mut relay = Relay::default();
        let cx = Context::from_waker(&waker);
        let told = relay.poll(&cx, |cx| {
            cx.waker().wake_by_ref();
            Round::Waits(Some(1))
        });
        assert_eq!(told, Poll::Ready(1));
        assert_eq!(relay.poll(&cx, |_| Round::Happened(2)), Poll::Ready(2));
    }
}
