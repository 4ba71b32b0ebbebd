//! The answer's body: bytes as they come, or at once.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;

use crate::answer::last_words;
use crate::driver::Driver;

/// The answer's body. Dropping it before its end tells the engine that the caller left, and the
/// attempt is cancelled at its target.
pub struct Body(Kind);

enum Kind {
    Whole(Bytes),
    Streaming(Box<Driver>),
    Fed(mpsc::Receiver<Bytes>),
    Done,
}

impl Body {
    /// A body that is whole already.
    #[must_use]
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Whole(bytes.into()))
    }

    /// A body that belongs to no call: somebody feeds it, and it ends when they let go.
    #[must_use]
    pub fn fed(pieces: mpsc::Receiver<Bytes>) -> Self {
        Self(Kind::Fed(pieces))
    }

    pub(crate) fn streaming(driver: Box<Driver>) -> Self {
        Self(Kind::Streaming(driver))
    }

    /// The next piece, or `None` at the end. Pieces of a stream are whole events.
    pub async fn next(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Everything that is still to come.
    pub async fn collect(mut self) -> Bytes {
        let Some(first) = self.next().await else { return Bytes::new() };
        let mut all = Vec::new();
        while let Some(piece) = self.next().await {
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&piece);
        }
        if all.is_empty() { first } else { all.into() }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Kind::Fed(pieces) = &mut self.0 {
            return pieces.poll_recv(cx);
        }
        let Kind::Streaming(driver) = &mut self.0 else {
            let Kind::Whole(bytes) = std::mem::replace(&mut self.0, Kind::Done) else {
                return Poll::Ready(None);
            };
            return Poll::Ready((!bytes.is_empty()).then_some(bytes));
        };
        if let Some(content) = std::task::ready!(driver.poll_content(cx)) {
            return Poll::Ready(Some(content));
        }
        let last = driver.verdict().and_then(|verdict| last_words(driver, verdict));
        self.0 = Kind::Done;
        Poll::Ready(last.filter(|bytes| !bytes.is_empty()))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An answer is private: not even its debug form shows it.
        f.write_str(match self.0 {
            Kind::Whole(_) => "Body(whole)",
            Kind::Streaming(_) => "Body(streaming)",
            Kind::Fed(_) => "Body(fed)",
            Kind::Done => "Body(done)",
        })
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.poll_next(cx).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Streaming(_) | Kind::Fed(_) => false,
            Kind::Done => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Streaming(_) | Kind::Fed(_) => SizeHint::default(),
            Kind::Done => SizeHint::with_exact(0),
        }
    }
}
