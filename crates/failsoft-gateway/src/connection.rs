//! One connection, from its first byte to its last.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use failsoft::Body;
use failsoft_engine::FailureKind;
use failsoft_wire::Dialect;
use http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::isolate::{Answered, Panicked};
use crate::multiplexed;
use crate::opening::{Opening, opening};
use crate::state::{Phase, Refusal, State};
use crate::strict::{Answering, Flaw, Patience, StrictIo, Turn};

/// Longer than SDKs keep a connection, so that it is they who close it.
pub(crate) const IDLE: Duration = Duration::from_secs(75);
/// A client that takes not one byte for this long has gone without saying so.
pub(crate) const WRITE: Duration = Duration::from_secs(60);
/// Of an answer, for a client that is slow. More than a head may have.
const BUFFER: usize = 80 * 1024;

/// When a connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// When the gateway drains, after its present answer.
    Draining,
    /// When the gateway ends.
    Ending,
}

/// Serves one connection, in the version its client begins with, until either side ends it.
pub(crate) async fn serve<F, R>(state: Arc<State>, mut socket: TcpStream, until: Until, service: F)
where
    F: Fn(Request<Incoming>) -> R,
    R: Future<Output = Response<Body>> + Send + 'static,
{
    // Answers are small writes, and the first byte counts.
    let _ = socket.set_nodelay(true);
    let opened = Instant::now();
    let by = opened + state.door.load().read_timeout;
    let mut phase = state.phase.subscribe();
    let opening = tokio::select! {
        opening = opening(&mut socket, by) => opening,
        // Whoever has not begun by then asks somebody else.
        _ = phase.wait_for(|phase| *phase >= until.phase()) => return,
    };
    // Boxed, so that a connection has room for the one or the other, and for neither while it opens.
    match opening {
        Opening::Http1(first) => {
            Box::pin(serve_in_turn(state, (socket, opened, first), until, service)).await;
        }
        Opening::Http2 => {
            Box::pin(multiplexed::serve(state, socket, until, service)).await;
        }
    }
}

/// Serves a connection of HTTP/1.1: one request after the other.
async fn serve_in_turn<F, R>(
    state: Arc<State>,
    opened: (TcpStream, Instant, Vec<u8>),
    until: Until,
    service: F,
) where
    F: Fn(Request<Incoming>) -> R,
    R: Future<Output = Response<Body>>,
{
    let allowed = state.door.load().read_timeout;
    let patience = Patience { head: allowed, body: allowed, idle: IDLE, write: WRITE };
    let turn = Arc::new(Turn::default());
    let io = StrictIo::new(opened, patience, Arc::clone(&turn));
    let metrics = &state.metrics;
    let service = service_fn(|request| {
        // Boxed, so that a connection holds the room for it only until the answer's head is there.
        let answer = Box::pin(service(request));
        let (turn, metrics) = (Answering(Arc::clone(&turn)), Arc::clone(metrics));
        async move {
            let response = answer.await;
            Ok::<_, Panicked>(response.map(|body| Answered::new(body, metrics, turn)))
        }
    });
    // No `pipeline_flush`: it forgets an answer that ends the connection while bytes are unread.
    let mut connection = http1::Builder::new()
        .half_close(false)
        .header_read_timeout(None)
        .max_buf_size(BUFFER)
        .serve_connection(io, service);
    let mut phase = state.phase.subscribe();
    let mut asked_to_end = false;
    loop {
        let waited = async {
            let next = if asked_to_end { Phase::Ending } else { until.phase() };
            let _ = phase.wait_for(|phase| *phase >= next).await;
        };
        tokio::select! {
            biased;
            _ = &mut connection => break,
            () = waited => {
                if asked_to_end || until == Until::Ending {
                    return;
                }
                asked_to_end = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    }
    let io = connection.into_parts().io;
    if io.unanswered_flaw().is_some() || io.is_cut_off() {
        // Boxed, so that connections which end well hold no room for it.
        Box::pin(part(&state, io)).await;
    }
}

/// Ends a connection whose client was still sending, with a last word if none was said.
async fn part(state: &State, io: StrictIo) {
    let words = match io.unanswered_flaw() {
        Some(flaw) => refusal(state, flaw).await,
        None => Bytes::new(),
    };
    io.part(&words).await;
}

impl Until {
    pub(crate) const fn phase(self) -> Phase {
        match self {
            Self::Draining => Phase::Draining,
            Self::Ending => Phase::Ending,
        }
    }
}

/// The answer to what never became a request, as bytes.
async fn refusal(state: &State, flaw: Flaw) -> Bytes {
    let kind = match flaw {
        Flaw::TooSlow => FailureKind::Timeout,
        Flaw::TargetTooLong | Flaw::TooLarge => FailureKind::PayloadTooLarge,
        Flaw::Version => FailureKind::Unsupported,
        Flaw::RequestLine
        | Flaw::Line
        | Flaw::Header
        | Flaw::Host
        | Flaw::Framing
        | Flaw::Twin
        | Flaw::Chunk => FailureKind::BadRequest,
    };
    let refusal =
        Refusal { reason: flaw.as_str(), kind, status: flaw.status(), hint: Some(flaw.as_str()) };
    let response = state.refuse(refusal, Dialect::ChatCompletions, &HeaderMap::new());
    let (parts, body) = response.into_parts();
    let body = body.collect().await;
    let reason = parts.status.canonical_reason().unwrap_or("");
    let mut out = format!("HTTP/1.1 {} {reason}\r\n", parts.status.as_u16()).into_bytes();
    for (name, value) in &parts.headers {
        if name == http::header::CONTENT_LENGTH {
            continue;
        }
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    let end = format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    out.extend_from_slice(end.as_bytes());
    out.extend_from_slice(&body);
    out.into()
}
