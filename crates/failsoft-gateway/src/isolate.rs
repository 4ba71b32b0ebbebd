//! A panic costs the call it happened in, and nothing else.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::metrics::Metrics;
use crate::multiplexed::noted;

/// The code of one call panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Panicked;

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call's own code panicked")
    }
}

impl std::error::Error for Panicked {}

/// Runs a future to its end; a panic in it is caught.
pub(crate) async fn isolate<F: Future>(mut future: Pin<&mut F>) -> Result<F::Output, Panicked> {
    std::future::poll_fn(move |cx| {
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    })
    .await
}

/// An answer's body on its way to a client: isolated, and with what is kept until its end.
pub(crate) struct Answered<T> {
    body: failsoft::Body,
    metrics: Arc<Metrics>,
    _kept: T,
}

impl<T> Answered<T> {
    pub(crate) fn new(body: failsoft::Body, metrics: Arc<Metrics>, kept: T) -> Self {
        Self { body, metrics, _kept: kept }
    }
}

impl<T: Unpin> http_body::Body for Answered<T> {
    type Data = Bytes;
    type Error = Panicked;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Panicked>>> {
        let this = self.get_mut();
        let body = &mut this.body;
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(cx)));
        let Ok(poll) = polled else {
            this.metrics.panicked();
            return Poll::Ready(Some(Err(Panicked)));
        };
        noted(poll.map(|frame| frame.map(|frame| frame.map_err(|never| match never {}))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
