//! Connections kept open between exchanges.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::task::unconstrained;
use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::request::Slices;
use super::stream::Stream;

/// Providers close idle connections after a minute or more; ours are younger.
const KEEP: Duration = Duration::from_secs(30);
/// How often idle connections are looked at.
const SWEEP: Duration = Duration::from_secs(5);
/// Idle connections kept for one provider entry.
const MOST: usize = 1024;

/// A connection and what drives it. Nobody else polls it, so an exchange that is dropped closes
/// its socket at once.
pub(crate) struct Connection {
    pub(crate) sender: http1::SendRequest<Slices>,
    driver: Pin<Box<http1::Connection<TokioIo<Stream>, Slices>>>,
    idle_since: Option<Instant>,
}

impl Connection {
    pub(crate) fn new(
        sender: http1::SendRequest<Slices>,
        driver: http1::Connection<TokioIo<Stream>, Slices>,
    ) -> Self {
        Self { sender, driver: Box::pin(driver), idle_since: None }
    }

    /// Whether it can be used again. Polling an idle connection reads what its peer sent: nothing,
    /// or its farewell.
    fn is_open(&mut self, cx: &mut Context<'_>) -> bool {
        let fresh = self.idle_since.is_some_and(|since| since.elapsed() < KEEP);
        fresh && self.poll_drive(cx).is_pending() && self.sender.is_ready()
    }

    /// Lets the connection read and write. `Ready` when it is closed, for whatever reason.
    pub(crate) fn poll_drive(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.driver.as_mut().poll(cx)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// The idle connections of a provider entry, the youngest on top.
#[derive(Debug, Default)]
pub(crate) struct Pool(Arc<Mutex<Idle>>);

#[derive(Debug, Default)]
struct Idle {
    connections: Vec<Connection>,
    is_swept: bool,
}

impl Pool {
    /// The youngest idle connection that is still open.
    pub(crate) fn take(&self, cx: &mut Context<'_>) -> Option<Connection> {
        loop {
            let mut connection = lock(&self.0).connections.pop()?;
            if connection.is_open(cx) {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection whose exchange has ended cleanly.
    pub(crate) fn put(&self, mut connection: Connection) {
        if !connection.sender.is_ready() {
            return;
        }
        connection.idle_since = Some(Instant::now());
        let mut idle = lock(&self.0);
        if idle.connections.len() >= MOST {
            idle.connections.remove(0);
        }
        idle.connections.push(connection);
        if !std::mem::replace(&mut idle.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(&self.0)));
        }
    }
}

/// Closes, now and then, what is too old or was closed by its peer: a pool that nobody takes from
/// would keep those sockets. Ends with the pool, or when it is empty.
async fn sweep(pool: Weak<Mutex<Idle>>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(pool) = pool.upgrade() else { return };
        // Without the runtime's budget, which would have most of a full pool look open.
        if unconstrained(async { lock(&pool).sweep() }).await == Swept::Empty {
            return;
        }
    }
}

/// What a look at the idle connections left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Swept {
    Empty,
    Some,
}

impl Idle {
    fn sweep(&mut self) -> Swept {
        // Nobody needs to be woken by them: they are looked at again anyhow.
        let mut cx = Context::from_waker(Waker::noop());
        self.connections.retain_mut(|connection| connection.is_open(&mut cx));
        if !self.connections.is_empty() {
            return Swept::Some;
        }
        *self = Self::default();
        Swept::Empty
    }
}

fn lock(idle: &Mutex<Idle>) -> MutexGuard<'_, Idle> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long the end of a body may lag behind the end of its answer.
const LAG: Duration = Duration::from_secs(1);

/// Waits, beside everything else, for the end of a body whose answer is whole, and keeps the
/// connection if it comes soon.
pub(crate) fn drain(endpoint: Arc<Endpoint>, mut connection: Connection, mut body: Incoming) {
    tokio::spawn(async move {
        let ended = std::future::poll_fn(|cx| {
            loop {
                let closed = connection.poll_drive(cx).is_ready();
                match Pin::new(&mut body).poll_frame(cx) {
                    Poll::Ready(Some(Ok(_))) => {}
                    Poll::Ready(end) => return Poll::Ready(end.is_none() && !closed),
                    Poll::Pending => return Poll::Pending,
                }
            }
        });
        if tokio::time::timeout(LAG, ended).await == Ok(true) {
            drop(body);
            endpoint.pool.put(connection);
        }
    });
}
