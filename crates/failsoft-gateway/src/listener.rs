//! Takes connections as long as there is room for them.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};

use crate::connection::{Until, serve};
use crate::state::{Connections, Phase, State};
use crate::{admin, answer};

/// Operators' connections held at once: a browser keeps up to six, and those who scrape the metrics
/// must still come in.
const MAX_ADMIN: usize = 256;
/// Before the next try, when the system gives no more sockets.
const PAUSE: Duration = Duration::from_millis(50);

/// Between two words about the same shortage.
const TELL: Duration = Duration::from_secs(60);

/// Takes clients' connections until the gateway drains.
pub(crate) async fn take_clients(state: Arc<State>, listener: TcpListener) {
    let mut phase = state.phase.subscribe();
    let mut told = None;
    loop {
        let taken = async {
            let room = state.door.load().max_connections;
            state.clients.below(room).await;
            take(&listener, &mut told).await
        };
        let socket = tokio::select! {
            socket = taken => socket,
            _ = phase.wait_for(|phase| *phase >= Phase::Draining) => return,
        };
        let (state, held) = (Arc::clone(&state), Connections::hold(&state));
        tokio::spawn(async move {
            let shared = Arc::clone(&state);
            serve(state, socket, Until::Draining, move |request| {
                answer::answer(Arc::clone(&shared), request)
            })
            .await;
            drop(held);
        });
    }
}

/// Takes operators' connections until the gateway ends.
pub(crate) async fn take_operators(state: Arc<State>, listener: TcpListener) {
    let mut phase = state.phase.subscribe();
    let room = Arc::new(tokio::sync::Semaphore::new(MAX_ADMIN));
    let mut told = None;
    loop {
        let taken = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, take(&listener, &mut told).await)
        };
        let (place, socket) = tokio::select! {
            taken = taken => taken,
            _ = phase.wait_for(|phase| *phase >= Phase::Ending) => return,
        };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let shared = Arc::clone(&state);
            serve(state, socket, Until::Ending, move |request| {
                let shared = Arc::clone(&shared);
                async move { admin::answer(&shared, request).await }
            })
            .await;
            drop(place);
        });
    }
}

/// The next connection. When the system has none to give, it waits and says so, once a minute.
async fn take(listener: &TcpListener, told: &mut Option<Instant>) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return socket,
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                if told.is_none_or(|told| told.elapsed() >= TELL) {
                    *told = Some(Instant::now());
                    tracing::error!(%error, "no new connections for now; is the limit on open files too low");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
