//! The fake itself: start, look, wait, stop.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use failsoft_wire::Dialect;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::connection::{House, serve};
use crate::ledger::AttemptSeen;
use crate::scenario::Scenario;

/// Where a fake listens and what it plays.
#[derive(Clone, Debug)]
pub struct FakeOptions {
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What it plays; models it does not name do what their name says.
    pub scenario: Scenario,
}

/// Why a fake cannot start.
#[derive(Debug, thiserror::Error)]
pub enum FakeError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}, choose another address: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// No thread or no runtime could be had.
    #[error("cannot start the fake's runtime: {0}")]
    Runtime(std::io::Error),
    /// [`Fake::start`] was called outside a runtime.
    #[error("no tokio runtime here, call it inside one or use `start_in_thread`")]
    NoRuntime,
}

/// A running fake provider. Dropping it stops it.
pub struct Fake {
    address: SocketAddr,
    house: Arc<House>,
    stop: watch::Sender<Running>,
    stopped: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Running {
    Yes,
    No,
}

impl Default for FakeOptions {
    /// A free port on the loopback, every model what its name says.
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), scenario: Scenario::default() }
    }
}

impl FakeOptions {
    /// A free port on the loopback, and this scenario.
    #[must_use]
    pub fn playing(scenario: Scenario) -> Self {
        Self { scenario, ..Self::default() }
    }
}

impl Fake {
    /// Starts on the runtime this is called in.
    ///
    /// # Errors
    /// When the address cannot be had, or there is no runtime.
    pub fn start(options: FakeOptions) -> Result<Self, FakeError> {
        let runtime = Handle::try_current().map_err(|_| FakeError::NoRuntime)?;
        let (listener, mut fake, running) = Self::bind(options)?;
        let listener = TcpListener::from_std(listener).map_err(FakeError::Runtime)?;
        let (done, stopped) = oneshot::channel();
        fake.stopped = Some(stopped);
        let house = Arc::clone(&fake.house);
        runtime.spawn(async move {
            accept(listener, house, running).await;
            let _ = done.send(());
        });
        Ok(fake)
    }

    /// Starts with a runtime and a thread of its own, so that it neither disturbs the caller's
    /// runtime nor needs one.
    ///
    /// # Errors
    /// When the address or a thread cannot be had.
    pub fn start_in_thread(options: FakeOptions) -> Result<Self, FakeError> {
        let (listener, mut fake, running) = Self::bind(options)?;
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(FakeError::Runtime)?;
        let (done, stopped) = oneshot::channel();
        fake.stopped = Some(stopped);
        let house = Arc::clone(&fake.house);
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener).map_err(FakeError::Runtime)?
        };
        let serve = move || {
            runtime.block_on(accept(listener, house, running));
            drop(runtime);
            let _ = done.send(());
        };
        let named = std::thread::Builder::new().name("failsoft-fake".to_owned());
        fake.thread = Some(named.spawn(serve).map_err(FakeError::Runtime)?);
        Ok(fake)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL as SDKs of that dialect take it.
    #[must_use]
    pub fn base_url(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::ChatCompletions | Dialect::Responses | Dialect::Embeddings => {
                format!("http://{}/v1", self.address)
            }
            Dialect::Messages | Dialect::GenerateContent | Dialect::BedrockConverse => {
                format!("http://{}", self.address)
            }
        }
    }

    /// All attempts since the start or the last reset, in order of arrival.
    #[must_use]
    pub fn attempts(&self) -> Vec<AttemptSeen> {
        self.house.ledger.attempts()
    }

    /// Waits until the attempts are such; returns them. It wakes on every change and never polls.
    pub async fn wait_for(&self, condition: impl Fn(&[AttemptSeen]) -> bool) -> Vec<AttemptSeen> {
        self.house.ledger.wait_for(condition).await
    }

    /// The same for code that is not async: `None` when it took longer than `patience`.
    pub fn wait_for_blocking(
        &self,
        patience: Duration,
        condition: impl Fn(&[AttemptSeen]) -> bool,
    ) -> Option<Vec<AttemptSeen>> {
        self.house.ledger.wait_for_blocking(patience, condition)
    }

    /// Forgets all attempts and plays the scenario from its beginning.
    pub fn reset(&self) {
        self.house.reset();
    }

    /// Forgets all attempts and plays another scenario.
    pub fn play(&self, scenario: Scenario) {
        self.house.replace(scenario);
    }

    /// Stops listening and drops every connection; returns when that is done.
    pub async fn stop(mut self) {
        self.stop.send_replace(Running::No);
        if let Some(stopped) = self.stopped.take() {
            let _ = stopped.await;
        }
    }

    fn bind(
        options: FakeOptions,
    ) -> Result<(StdListener, Self, watch::Receiver<Running>), FakeError> {
        let FakeOptions { listen: address, scenario } = options;
        let listen = |source| FakeError::Listen { address, source };
        let listener = StdListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (stop, running) = watch::channel(Running::Yes);
        let house = Arc::new(House::new(scenario));
        Ok((listener, Self { address, house, stop, stopped: None, thread: None }, running))
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.send_replace(Running::No);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fake").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Accepts until told to stop; leaving drops every connection.
async fn accept(listener: TcpListener, house: Arc<House>, mut running: watch::Receiver<Running>) {
    let mut connections = JoinSet::new();
    let stopped = running.wait_for(|running| *running == Running::No);
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let house = Arc::clone(&house);
                connections.spawn(async move { serve(stream, &house).await });
            },
        }
    }
}
