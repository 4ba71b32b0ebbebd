//! Carries alerts to one receiver, one after the other, as an engine of its own orders it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use failsoft::{Destination, Outbound, StartError};
use failsoft_config::Webhook;
use failsoft_engine::{
    Arrival, AttemptId, CallId, Command, Delivery, Engine, Failure, FailureKind, Input, Moment,
    Phase, RouteId, Usage, Verdict,
};
use failsoft_provider::read_transport;
use secrecy::SecretString;
use tokio::time::{Instant, sleep_until, timeout};

use super::matter::Message;
use super::outbox::{Outbox, Settled};
use super::{policy, signature};

/// How long a receiver may take for one attempt. The engine would not ask a silent target again,
/// because it may have begun something dear; a receiver of alerts that hears one twice knows it by
/// its id, so silence here is no more than a line that failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A receiver, ready for use.
pub(crate) struct Address {
    name: String,
    outbound: Outbound,
    secret: SecretString,
    keep_trying: Duration,
}

/// Carries alerts to one receiver.
pub(crate) struct Carrier {
    outbox: Arc<Outbox>,
    address: Arc<ArcSwap<Address>>,
    engine: Engine,
    origin: Instant,
    alerts: u128,
}

/// An attempt on its way, and how it will have ended.
type Exchange = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

/// Why one attempt failed.
struct Fault {
    failure: Failure,
    /// For the log: a status or what stood in the way, never what anybody said.
    why: String,
}

impl Address {
    pub(crate) fn new(webhook: &Webhook) -> Result<Self, StartError> {
        let outbound = Outbound::new(Destination {
            name: &format!("webhook `{}`", webhook.name),
            url: &webhook.url,
            ca_file: webhook.ca_file.as_deref(),
            allow_private: webhook.allow_private,
        })?;
        Ok(Self {
            name: webhook.name.clone(),
            outbound,
            secret: webhook.secret.clone(),
            keep_trying: webhook.keep_trying,
        })
    }

    /// One attempt, the first being 1.
    pub(crate) async fn send(
        &self,
        message: &Message,
        attempt: u32,
    ) -> Result<failsoft::Reply, NotTaken> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let headers = signature::headers(message, &self.secret, (since.as_secs(), attempt));
        let posting = self.outbound.post(headers, message.body.clone());
        match timeout(PATIENCE, posting).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(fault)) => Err(NotTaken::NoReply(fault)),
            Err(_) => Err(NotTaken::Silent),
        }
    }
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    #[error(transparent)]
    NoReply(failsoft::NoReply),
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Silent,
}

impl Carrier {
    pub(crate) fn new(outbox: Arc<Outbox>, address: Arc<ArcSwap<Address>>) -> Self {
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        // Only spreads waits: two gateways should not come back to a receiver together.
        let seed = u64::try_from(seed & u128::from(u64::MAX)).unwrap_or_default();
        let engine = Engine::new(policy::settings(), seed);
        Self { outbox, address, engine, origin: Instant::now(), alerts: 0 }
    }

    /// Carries until the outbox is closed and empty.
    pub(crate) async fn run(mut self) {
        while let Some(message) = self.outbox.next().await {
            let settled = self.carry(&message).await;
            self.outbox.settle(settled);
        }
    }

    /// One alert, from its first attempt to its verdict.
    async fn carry(&mut self, message: &Arc<Message>) -> Settled {
        self.alerts += 1;
        let call = CallId(self.alerts);
        let arrival = Arrival {
            deadline: Some(self.address.load().keep_trying),
            ..Arrival::new(call, RouteId(0), Delivery::Plain)
        };
        let mut errand = Errand::default();
        let mut input = Input::CallArrived(arrival);
        loop {
            for command in self.engine.step(self.now(), input).commands {
                if let Some(verdict) = self.obey(command, message, &mut errand) {
                    return self.told(verdict, message, &errand);
                }
            }
            input = self.happening(call, &mut errand).await;
        }
    }

    fn obey(
        &self,
        command: Command,
        message: &Arc<Message>,
        errand: &mut Errand,
    ) -> Option<Verdict> {
        match command {
            Command::Start { attempt, .. } => {
                let address = self.address.load_full();
                errand.attempts = u32::from(attempt.ordinal) + 1;
                errand.exchange =
                    Some((attempt, attempt_once(address, Arc::clone(message), errand.attempts)));
            }
            Command::Cancel { .. } => errand.exchange = None,
            Command::Commit { .. } => {}
            Command::WakeAt { at, .. } => errand.wake = at.map(|at| self.instant(at)),
            Command::Finish { verdict, .. } => return Some(verdict),
        }
        None
    }

    /// What happens next: an attempt ends, or time passes.
    async fn happening(&self, call: CallId, errand: &mut Errand) -> Input {
        let Errand { exchange, wake, .. } = errand;
        let ended = async {
            match exchange {
                Some((attempt, exchange)) => (*attempt, exchange.await),
                None => std::future::pending().await,
            }
        };
        let woken = async {
            match wake {
                Some(at) => sleep_until(*at).await,
                None => std::future::pending().await,
            }
        };
        let (attempt, outcome) = tokio::select! {
            ended = ended => ended,
            () = woken => return Input::TimePassed { call },
        };
        errand.exchange = None;
        match outcome {
            Ok(()) => Input::AttemptSucceeded { attempt, usage: Usage::default() },
            Err(Fault { failure, why }) => {
                let webhook = self.address.load();
                tracing::debug!(webhook = webhook.name, why, "an alert was not taken");
                errand.why = Some(why);
                Input::AttemptFailed { attempt, failure }
            }
        }
    }

    fn told(&self, verdict: Verdict, message: &Message, errand: &Errand) -> Settled {
        let (webhook, attempts) = (&self.address.load().name, errand.attempts);
        if let Verdict::Served { .. } = verdict {
            tracing::debug!(webhook, alert = message.id, attempts, "an alert was taken");
            return Settled::Sent;
        }
        let why = errand.why.as_deref();
        tracing::warn!(webhook, alert = message.id, attempts, why, "an alert is given up");
        Settled::Failed
    }

    fn now(&self) -> Moment {
        Moment::ZERO + self.origin.elapsed()
    }

    fn instant(&self, at: Moment) -> Instant {
        self.origin + at.since(Moment::ZERO)
    }
}

/// What is under way for one alert.
#[derive(Default)]
struct Errand {
    exchange: Option<(AttemptId, Exchange)>,
    wake: Option<Instant>,
    attempts: u32,
    why: Option<String>,
}

fn attempt_once(address: Arc<Address>, message: Arc<Message>, attempt: u32) -> Exchange {
    Box::pin(async move {
        match address.send(&message, attempt).await {
            Ok(reply) => policy::read(&reply, SystemTime::now())
                .map_err(|failure| Fault { failure, why: reply.status.as_str().to_owned() }),
            Err(fault) => Err(Fault { failure: failure_of(&fault), why: fault.to_string() }),
        }
    })
}

fn failure_of(fault: &NotTaken) -> Failure {
    match fault {
        NotTaken::NoReply(fault) => {
            let phase = if fault.connected { Phase::FirstContent } else { Phase::Connect };
            read_transport(fault.fault, phase)
        }
        NotTaken::Silent => Failure::new(FailureKind::Network, Phase::FirstContent),
    }
}
