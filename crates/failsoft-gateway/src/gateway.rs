//! A running gateway.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use failsoft::{Failsoft, Observer};
use failsoft_config::{Server, Settings};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::admin::{self, Operators};
use crate::alerts::Receivers;
use crate::door::Door;
use crate::incidents::Incidents;
use crate::listener::{take_clients, take_operators};
use crate::reload::{Look, Reloads, reload, tell_warnings};
use crate::signals::{StopSignals, follow_files, follow_hangups};
use crate::state::{Phase, State};
use crate::watchers::Watchers;

/// After the drain: for ended calls to be recorded and their connections closed.
const CLOSING: Duration = Duration::from_secs(2);

/// After the end: for the last calls and alerts to reach their receivers.
const FLUSH: Duration = Duration::from_secs(5);
/// How often the log says what it left out.
const SUM_UP: Duration = Duration::from_secs(10);

/// What a gateway needs beside its settings.
#[derive(Clone, Default)]
pub struct GatewayOptions {
    /// The file the settings came from; without one there is nothing to reload.
    pub config_file: Option<PathBuf>,
    /// The text the settings came from where there is no file: shown to operators, secrets hidden.
    pub settings_text: Option<String>,
    /// The environment the settings were read with; a reload uses it again.
    pub env: BTreeMap<String, String>,
    /// Where clients connect, whatever the settings say.
    pub listen: Option<SocketAddr>,
    /// Where operators connect, whatever the settings say.
    pub admin: Option<SocketAddr>,
    /// Others who watch what comes to be, beside metrics and log.
    pub observers: Vec<Arc<dyn Observer>>,
}

/// Why a gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error(
        "cannot listen on {address}: {reason}; is another program using it, or is it not this machine's"
    )]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        reason: String,
    },
    /// Everybody could come in.
    #[error(
        "{0} can be reached from other machines and no client keys are set: create one with `failsoft keys create NAME` and set [server] client_keys, or listen on 127.0.0.1"
    )]
    Public(SocketAddr),
    /// Both ports are one.
    #[error("clients and operators cannot share {0}: give [server] admin another port")]
    SamePort(SocketAddr),
    /// The client keys cannot be used.
    #[error("{0}")]
    ClientKeys(String),
    /// Traces cannot be sent.
    #[error(transparent)]
    Telemetry(#[from] failsoft_telemetry::TlsError),
    /// The library cannot start.
    #[error(transparent)]
    Failsoft(#[from] failsoft::StartError),
}

/// A running gateway.
pub struct Gateway {
    state: Arc<State>,
    client_address: SocketAddr,
    admin_address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl Gateway {
    /// Starts on the runtime this is called on. Port 0 in the settings takes a free one.
    ///
    /// # Errors
    /// When an address cannot be listened on, or the settings cannot be run safely.
    pub async fn start(
        mut settings: Settings,
        options: GatewayOptions,
    ) -> Result<Self, StartError> {
        let reloads = Reloads::new(&options, &settings);
        let server = &mut settings.server;
        server.listen = options.listen.unwrap_or(server.listen);
        server.admin = options.admin.unwrap_or(server.admin);
        if is_open_to_all(server) {
            return Err(StartError::Public(server.listen));
        }
        if server.listen == server.admin && server.listen.port() != 0 {
            return Err(StartError::SamePort(server.listen));
        }
        let door =
            Door::open(&settings).map_err(|error| StartError::ClientKeys(error.to_string()))?;
        let clients = listen(settings.server.listen).await?;
        let admin = listen(settings.server.admin).await?;
        let (client_address, admin_address) = (address(&clients)?, address(&admin)?);
        let receivers = Receivers::new(&settings)?;
        let watchers = Watchers::new(&settings, client_address)?;
        let operators = Operators::new(admin_address.port(), settings.journal.clone());
        let mut observers = vec![watchers.observer(&settings)];
        observers.extend(options.observers);
        let failsoft = Failsoft::start(settings, observers)?;
        watchers.trace(&failsoft);
        tell_warnings(&failsoft.settings());
        if let Some(problem) = failsoft.journal_problem() {
            tracing::error!(%problem, "calls are not recorded");
        }
        let state = Arc::new(State::new(failsoft, door, watchers, operators, reloads));
        state.alerts.adopt(receivers);
        let incidents = Arc::clone(&state.incidents);
        let following = incidents.follow(state.failsoft.clone(), Arc::clone(&state.alerts));
        let tasks = vec![
            tokio::spawn(following),
            tokio::spawn(sum_up(Arc::clone(&state))),
            tokio::spawn(take_clients(Arc::clone(&state), clients)),
            tokio::spawn(take_operators(Arc::clone(&state), admin)),
            tokio::spawn(admin::beat(Arc::clone(&state))),
        ];
        Ok(Self { state, client_address, admin_address, tasks })
    }

    /// Where clients connect.
    #[must_use]
    pub fn client_address(&self) -> SocketAddr {
        self.client_address
    }

    /// Where operators connect.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// An address that opens the dashboard, once. Show it to nobody but the operator.
    #[must_use]
    pub fn login_link(&self) -> String {
        let mut address = self.admin_address;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        format!("http://{address}/#login={}", self.state.operators.keyring.link())
    }

    /// What answers the calls.
    #[must_use]
    pub fn failsoft(&self) -> &Failsoft {
        &self.state.failsoft
    }

    /// Incidents as they are now.
    #[must_use]
    pub fn incidents(&self) -> &Incidents {
        &self.state.incidents
    }

    /// Reads the settings' file again now, as on `SIGHUP`. Whether new settings are in force; if
    /// not, the log, `/readyz?verbose` and a metric tell why.
    pub fn reload(&self) -> bool {
        reload(&self.state, Look::Always) == crate::reload::Reloaded::InForce
    }

    /// Runs until the process is told to stop (`SIGTERM`, `SIGINT`), then drains; a second signal
    /// ends the draining. Meanwhile a changed settings file, or `SIGHUP`, reloads the settings.
    pub async fn run_until_stopped(self) {
        let mut signals = StopSignals::new();
        tokio::select! {
            () = signals.next() => {}
            () = follow_files(Arc::clone(&self.state)) => {}
            () = follow_hangups(Arc::clone(&self.state)) => {}
        }
        let state = Arc::clone(&self.state);
        tracing::info!(calls_in_flight = state.failsoft.calls_in_flight(), "draining");
        let forced = async {
            signals.next().await;
            state.phase.send_replace(Phase::Ending);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = self.stop() => {}
            () = forced => {}
        }
    }

    /// Takes no more calls, lets those in flight go on for as long as `[server] drain` allows, ends
    /// the rest, and closes the journal.
    pub async fn stop(self) {
        let Self { state, tasks, .. } = self;
        let drain = state.failsoft.settings().server.drain;
        advance(&state, Phase::Draining);
        let mut phase = state.phase.subscribe();
        tokio::select! {
            _ = tokio::time::timeout(drain, state.clients.below(1)) => {}
            _ = phase.wait_for(|phase| *phase == Phase::Ending) => {}
        }
        if state.clients.open() > 0 {
            tracing::warn!(
                calls_in_flight = state.failsoft.calls_in_flight(),
                "ending calls that are still in flight"
            );
        }
        advance(&state, Phase::Ending);
        let _ = tokio::time::timeout(CLOSING, state.clients.below(1)).await;
        state.incidents.end();
        for task in tasks {
            let _ = task.await;
        }
        let traces = async {
            if let Some(exporter) = &state.exporter {
                exporter.close(FLUSH).await;
            }
        };
        tokio::join!(state.alerts.close(FLUSH), traces, state.failsoft.close());
    }
}

/// Whether anybody on the network could use the providers' keys.
pub(crate) fn is_open_to_all(server: &Server) -> bool {
    !server.listen.ip().is_loopback() && server.client_keys.is_none()
}

/// Goes on to a later phase; whether it was not there yet.
pub(crate) fn advance(state: &State, to: Phase) -> bool {
    state.phase.send_if_modified(|phase| {
        let onward = *phase < to;
        if onward {
            *phase = to;
        }
        onward
    })
}

/// Says now and then what the log left out, until the gateway ends.
async fn sum_up(state: Arc<State>) {
    let mut phase = state.phase.subscribe();
    loop {
        let ended = phase.wait_for(|phase| *phase == Phase::Ending);
        let ended = tokio::time::timeout(SUM_UP, ended).await.is_ok();
        state.witness.sum_up();
        if ended {
            return;
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    let failed = |error: std::io::Error| StartError::Listen { address, reason: error.to_string() };
    TcpListener::bind(address).await.map_err(failed)
}

fn address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|error| StartError::Listen {
        address: SocketAddr::from(([0, 0, 0, 0], 0)),
        reason: error.to_string(),
    })
}
