//! A connection that carries many calls at once: HTTP/2 in the clear, for clients and proxies that
//! know us to speak it.
//!
//! Its framing is exact, so that nothing can hide between two requests; what remains of the strict
//! door are bounds: on heads, on calls at once, on what waits for a slow client, and on time.

mod replay;
mod stream;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use failsoft::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpStream;

use crate::connection::{IDLE, Until};
use crate::isolate::{Answered, Panicked};
use crate::state::{Connections, Phase, State};
use replay::Replay;
pub(crate) use stream::noted;
use stream::{Streams, told_waiting};

/// Calls one connection carries at once; the next ones wait at the client.
const MAX_STREAMS: u32 = 128;
/// As much as the strict door takes.
const MAX_HEAD: u32 = 64 * 1024;
/// Of request bodies, unread: for one call, and for all of a connection.
const STREAM_WINDOW: u32 = 256 * 1024;
const WINDOW: u32 = 1024 * 1024;
/// Of answers, for each call whose client is slow.
const SEND_BUFFER: usize = 32 * 1024;
/// A peer that is silent for this long is asked whether it is still there.
const PING: Duration = Duration::from_secs(20);
/// And has so long to say so.
const PONG: Duration = Duration::from_secs(20);

/// Serves one connection, whose preface was read, until either side ends it.
pub(crate) async fn serve<F, R>(state: Arc<State>, socket: TcpStream, until: Until, service: F)
where
    F: Fn(Request<Incoming>) -> R,
    R: Future<Output = Response<Body>> + Send + 'static,
{
    let streams = Streams::default();
    let service = service_fn(|request| {
        let (state, counted, answer) = (Arc::clone(&state), streams.count(), service(request));
        // Boxed, so that a call holds the room for it only until the answer's head is there.
        Box::pin(told_waiting(async move {
            let room = state.door.load().max_connections;
            let held = Connections::enter(&state, |state| &state.streams, room).await;
            let response = answer.await;
            let metrics = Arc::clone(&state.metrics);
            Ok::<_, Panicked>(response.map(|body| Answered::new(body, metrics, (held, counted))))
        }))
    });
    let connection = http2::Builder::new(streams.clone())
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PONG)
        .serve_connection(Replay::new(socket), service);
    let mut connection = pin!(connection);
    let mut phase = state.phase.subscribe();
    let mut asked_to_end = false;
    loop {
        let waited = async {
            let next = if asked_to_end { Phase::Ending } else { until.phase() };
            let _ = phase.wait_for(|phase| *phase >= next).await;
        };
        let idle = async {
            if asked_to_end {
                std::future::pending::<()>().await;
            }
            streams.idle_for(IDLE).await;
        };
        tokio::select! {
            biased;
            _ = &mut connection => return,
            () = waited => {
                if asked_to_end || until == Until::Ending {
                    return;
                }
            }
            () = idle => {}
        }
        asked_to_end = true;
        connection.as_mut().graceful_shutdown();
    }
}
