//! The socket as the HTTP parser sees it: inspected, and with deadlines.

use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::Flaw;
use super::inspector::{Inspector, Look, Reached};

/// Read from the socket at once. It lives on the stack: idle connections hold no buffer.
const READ: usize = 16 * 1024;
/// Bytes of later requests kept while one is being answered; then the client must wait.
const AHEAD: usize = 64 * 1024;
/// How long, and for how many bytes, a refused client is listened to, so that the refusal reaches
/// it before the connection is reset.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 1024 * 1024;

/// How long a client may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Until the head is whole, from the connection or the head's first byte.
    pub(crate) head: Duration,
    /// Until the body is whole, from the head's end.
    pub(crate) body: Duration,
    /// Between requests.
    pub(crate) idle: Duration,
    /// Without taking a single byte of an answer.
    pub(crate) write: Duration,
}

/// An answer under way; its turn ends with it.
#[derive(Debug)]
pub(crate) struct Answering(pub(crate) Arc<Turn>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Whose turn it is: the next request is not read before the last one was answered, so that a
/// client which leaves in between is noticed at once.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    answered: AtomicU64,
    waits: AtomicBool,
    waiting: Mutex<Option<Waker>>,
}

impl Turn {
    /// An answer is complete, or given up.
    pub(super) fn end(&self) {
        self.answered.fetch_add(1, Ordering::Release);
        if self.waits.swap(false, Ordering::AcqRel) {
            let waker = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
            waker.into_iter().for_each(Waker::wake);
        }
    }

    fn answered(&self) -> u64 {
        self.answered.load(Ordering::Acquire)
    }

    fn wait(&self, cx: &Context<'_>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        *waiting = Some(cx.waker().clone());
        self.waits.store(true, Ordering::Release);
    }
}

/// A socket whose bytes were inspected.
#[derive(Debug)]
pub(crate) struct StrictIo {
    socket: TcpStream,
    inspector: Inspector,
    patience: Patience,
    turn: Arc<Turn>,
    /// Requests whose head has been passed on.
    asked: u64,
    /// The present request has come to its end.
    whole: bool,
    /// Inspected, and more than the reader had room for.
    ready: Vec<u8>,
    /// Came while an answer was under way.
    ahead: Vec<u8>,
    flaw: Option<Flaw>,
    /// The flaw is in a head, so that no request stands for it.
    unanswered: bool,
    /// An answer is stuck in the socket; nothing else may be written.
    stuck: bool,
    read_by: Option<Instant>,
    write_by: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl StrictIo {
    /// Takes a new connection, opened then, of which these bytes were read.
    pub(crate) fn new(
        (socket, opened, first): (TcpStream, Instant, Vec<u8>),
        patience: Patience,
        turn: Arc<Turn>,
    ) -> Self {
        Self {
            socket,
            inspector: Inspector::new(),
            patience,
            turn,
            asked: 0,
            whole: false,
            ready: Vec::new(),
            ahead: first,
            flaw: None,
            unanswered: false,
            stuck: false,
            read_by: Some(opened + patience.head),
            write_by: None,
            sleep: None,
        }
    }

    /// What was wrong with the last head, if there is room left to say it.
    pub(crate) fn unanswered_flaw(&self) -> Option<Flaw> {
        self.flaw.filter(|_| self.unanswered && !self.stuck)
    }

    /// Whether the client was still sending when the connection ended on our side.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.flaw.is_some() || self.inspector.reached() != Reached::Nothing
    }

    /// Says a last word, and listens until the client has had time to hear it.
    pub(crate) async fn part(mut self, last: &[u8]) {
        let parting = async {
            self.socket.write_all(last).await?;
            self.socket.shutdown().await?;
            let mut heard = 0;
            std::future::poll_fn(|cx| self.poll_linger(cx, &mut heard)).await
        };
        // A client that has gone, or dawdles, has lost its interest in the words.
        let _ = tokio::time::timeout(LINGER, parting).await;
    }

    fn poll_linger(&mut self, cx: &mut Context<'_>, heard: &mut usize) -> Poll<io::Result<()>> {
        while *heard < LINGER_BYTES {
            let mut scratch = [MaybeUninit::uninit(); READ];
            let mut buf = ReadBuf::uninit(&mut scratch);
            std::task::ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buf))?;
            match buf.filled().len() {
                0 => break,
                some => *heard += some,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn is_answering(&self) -> bool {
        self.whole && self.asked != self.turn.answered()
    }

    /// Watches for the client's leaving while its answer is under way.
    fn watch(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.read_by = None;
        while self.ahead.len() < AHEAD {
            let mut scratch = [MaybeUninit::uninit(); READ];
            let mut buf = ReadBuf::uninit(&mut scratch);
            match Pin::new(&mut self.socket).poll_read(cx, &mut buf)? {
                Poll::Pending => break,
                Poll::Ready(()) if buf.filled().is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(()) => self.ahead.extend_from_slice(buf.filled()),
            }
        }
        if !self.ahead.is_empty() {
            self.turn.wait(cx);
        }
        Poll::Pending
    }

    /// Hands on as much as there is room for of what was inspected before.
    fn hand_over(&mut self, room: &mut ReadBufCursor<'_>) {
        let count = self.ready.len().min(room.remaining());
        room.put_slice(&self.ready[..count]);
        if count == self.ready.len() {
            self.ready = Vec::new();
        } else {
            self.ready.drain(..count);
        }
    }

    /// Inspects what came; whether anything can be handed on, or nothing more will come.
    fn inspect(&mut self, input: &[u8], room: &mut ReadBufCursor<'_>) -> io::Result<Inspected> {
        let before = self.inspector.reached();
        let ready = &mut self.ready;
        let mut passed = Inspected::Nothing;
        let look = self.inspector.look(input, |bytes| {
            passed = Inspected::Passed;
            // Only a full room leaves anything in `ready`, so the order is kept.
            let (now, later) = bytes.split_at(bytes.len().min(room.remaining()));
            room.put_slice(now);
            ready.extend_from_slice(later);
        });
        match look {
            Ok(Look { taken, reached }) => {
                self.note(before, reached);
                self.ahead.extend_from_slice(&input[taken..]);
            }
            Err(flaw) => {
                let of_head = before != Reached::Body && matches!(passed, Inspected::Nothing);
                self.asked += u64::from(before != Reached::Body && !of_head);
                self.fail(flaw, of_head);
                if matches!(passed, Inspected::Nothing) {
                    return Err(refused(flaw));
                }
            }
        }
        Ok(passed)
    }

    /// Nothing passes any more. Nobody but us can answer for a head that never passed.
    fn fail(&mut self, flaw: Flaw, of_head: bool) {
        self.flaw = Some(flaw);
        self.unanswered = of_head;
    }

    fn note(&mut self, before: Reached, reached: Reached) {
        let head_ended = before != Reached::Body && matches!(reached, Reached::Body | Reached::End);
        self.asked += u64::from(head_ended);
        self.whole = reached == Reached::End;
        let allowed = match reached {
            Reached::End => None,
            Reached::Body if head_ended => Some(self.patience.body),
            Reached::Head if before == Reached::Nothing => Some(self.patience.head),
            Reached::Nothing | Reached::Head | Reached::Body => return,
        };
        self.read_by = allowed.map(|allowed| Instant::now() + allowed);
    }

    fn wait_for_bytes(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let idle = self.patience.idle;
        let by = *self.read_by.get_or_insert_with(|| Instant::now() + idle);
        if !self.is_past(by, cx) {
            return Poll::Pending;
        }
        if self.inspector.reached() == Reached::Nothing {
            return Poll::Ready(Ok(())); // nobody asked anything: a quiet end
        }
        self.fail(Flaw::TooSlow, self.inspector.reached() == Reached::Head);
        Poll::Ready(Err(refused(Flaw::TooSlow)))
    }

    /// Whether a moment has come; if not, the task is woken when it has. One timer serves all
    /// deadlines of a connection and is only moved when a nearer one turns up.
    fn is_past(&mut self, by: Instant, cx: &mut Context<'_>) -> bool {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(by)));
        if by < sleep.deadline() {
            sleep.as_mut().reset(by);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if by <= Instant::now() {
                return true;
            }
            sleep.as_mut().reset(by);
        }
        false
    }

    fn wrote<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        self.stuck = result.is_pending();
        if !self.stuck {
            self.write_by = None;
            return result;
        }
        let patience = self.patience.write;
        let by = *self.write_by.get_or_insert_with(|| Instant::now() + patience);
        if self.is_past(by, cx) {
            return Poll::Ready(Err(io::Error::from(io::ErrorKind::TimedOut)));
        }
        Poll::Pending
    }
}

enum Inspected {
    Nothing,
    Passed,
}

fn refused(flaw: Flaw) -> io::Error {
    let kind = match flaw {
        Flaw::TooSlow => io::ErrorKind::TimedOut,
        Flaw::RequestLine
        | Flaw::Version
        | Flaw::TargetTooLong
        | Flaw::Line
        | Flaw::Header
        | Flaw::Host
        | Flaw::Framing
        | Flaw::Twin
        | Flaw::TooLarge
        | Flaw::Chunk => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, flaw)
}

impl Read for StrictIo {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut room: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.ready.is_empty() {
            this.hand_over(&mut room);
            return Poll::Ready(Ok(()));
        }
        if let Some(flaw) = this.flaw {
            return Poll::Ready(Err(refused(flaw)));
        }
        loop {
            if this.is_answering() {
                return this.watch(cx);
            }
            if !this.ahead.is_empty() {
                let ahead = std::mem::take(&mut this.ahead);
                if matches!(this.inspect(&ahead, &mut room)?, Inspected::Passed) {
                    return Poll::Ready(Ok(()));
                }
                continue;
            }
            let mut scratch = [MaybeUninit::uninit(); READ];
            let mut buf = ReadBuf::uninit(&mut scratch);
            match Pin::new(&mut this.socket).poll_read(cx, &mut buf)? {
                Poll::Pending => return this.wait_for_bytes(cx),
                Poll::Ready(()) if buf.filled().is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(()) => {}
            }
            if matches!(this.inspect(buf.filled(), &mut room)?, Inspected::Passed) {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl Write for StrictIo {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_write(cx, buf);
        this.wrote(cx, result)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unanswered_flaw().is_some() {
            return Poll::Ready(Ok(())); // a last word is still to be said
        }
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_write_vectored(cx, bufs);
        this.wrote(cx, result)
    }
}
