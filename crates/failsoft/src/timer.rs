//! The one timer of a call.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use failsoft_engine::Moment;
use tokio::time::{Instant, Sleep};

use crate::clock::Clock;

/// The runtime's timers are this coarse.
const TICK: Duration = Duration::from_millis(1);

/// Says when the moment has come that the engine asked for.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    wish: Option<Moment>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Replaces the wish.
    pub(crate) fn set(&mut self, at: Option<Moment>) {
        self.wish = at;
    }

    /// Ready once, when the wished moment has come.
    ///
    /// A sleep that is set too early is left alone: that it fires, is found early and set anew
    /// costs less than moving it with every wish.
    pub(crate) fn poll(&mut self, clock: &Clock, cx: &mut Context<'_>) -> Poll<()> {
        let Some(wish) = self.wish else { return Poll::Pending };
        let at = clock.instant(wish);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if clock.now() >= wish {
                self.wish = None;
                return Poll::Ready(());
            }
            sleep.as_mut().reset(at.max(Instant::now() + TICK));
        }
        Poll::Pending
    }
}
