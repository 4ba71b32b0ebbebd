//! What the client wants, as it shows by asking for more.

use std::task::{Context, Poll};

use tokio::time::Instant;

/// How the client asks for the content of a stream.
#[derive(Debug, Default)]
pub(super) struct Demand {
    since: Option<Instant>,
    /// There was nothing for it when it asked.
    has_waited: bool,
    /// Content that was waited for was handed out, and is not sent yet.
    gives_way: bool,
}

impl Demand {
    /// Since when the client waits for more. While it has enough to read, nobody asks the target.
    pub(super) const fn since(&self) -> Option<Instant> {
        self.since
    }

    /// It asks. Whoever writes to it asks before it writes, so after content that was waited for
    /// this gives way once: it is to be sent before there is a look for more.
    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        self.since.get_or_insert_with(Instant::now);
        if std::mem::take(&mut self.gives_way) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// There is nothing for it yet.
    pub(super) fn waits(&mut self) {
        self.has_waited = true;
    }

    /// It was given something.
    pub(super) fn met(&mut self) {
        self.since = None;
        self.gives_way = std::mem::take(&mut self.has_waited);
    }
}
