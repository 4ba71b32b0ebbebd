//! One connection: request after request, each answered by its script.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::asked::{self, Asked, Flaw};
use crate::auth;
use crate::control;
use crate::ledger::{AttemptSeen, Body, Ending, Entry, Ledger, fingerprint};
use crate::peer::{Gone, Peer, Request, Reuse, Unreadable};
use crate::provider::{Imitated, quoted};
use crate::scenario::{Latency, Manner, Scenario};
use crate::script::{self, Act, Going, Scene, script};
use crate::seal::Sealer;
use crate::span;
use crate::stage::{Stage, Turn};

/// What all connections of a fake share.
pub(crate) struct House {
    pub(crate) ledger: Ledger,
    stage: Mutex<Stage>,
    serial: AtomicU64,
    connections: AtomicU64,
    sealer: Sealer,
    gate: watch::Sender<bool>,
}

/// Headers that carry keys.
const SECRET: [&str; 7] = [
    "authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "x-amz-security-token",
    "cookie",
    "proxy-authorization",
];

impl House {
    pub(crate) fn new(scenario: Scenario) -> Self {
        Self {
            ledger: Ledger::new(),
            stage: Mutex::new(Stage::new(scenario, Instant::now())),
            serial: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            sealer: Sealer { nonce: RandomState::new().hash_one(0) },
            gate: watch::Sender::new(false),
        }
    }

    pub(crate) fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reset(&self) {
        self.stage().restart(Instant::now());
        self.begin_anew();
    }

    /// Lets go on whoever waits at the gate, and whoever comes to it from here on.
    pub(crate) fn open_gate(&self) {
        self.gate.send_replace(true);
    }

    fn begin_anew(&self) {
        self.gate.send_replace(false);
        self.ledger.reset();
    }

    pub(crate) fn replace(&self, scenario: Scenario) {
        self.stage().replace(scenario, Instant::now());
        self.begin_anew();
    }
}

/// Serves one connection until it ends.
pub(crate) async fn serve(stream: TcpStream, house: &House) {
    let mut peer = Peer::new(stream);
    let connection = house.connections.fetch_add(1, Ordering::Relaxed);
    loop {
        let request = match peer.request().await {
            Ok(request) => request,
            Err(Unreadable::Gone) => return,
            Err(Unreadable::Bad(status, reason)) => {
                let _ = peer.send(&control::complaint(status, reason)).await;
                return peer.close().await;
            }
        };
        let aim = asked::aim(&request.path, &request.query).filter(|_| request.method == "POST");
        let after = match aim {
            Some(aim) => {
                let attempt = Attempt::begin(house, connection, &request, Asked::of(&request, aim));
                attempt.perform(&mut peer).await
            }
            None => {
                let answer = control::answer(house, &request).await;
                peer.send(&answer).await.map_or(After::Gone, |()| After::Ready)
            }
        };
        match after {
            After::Ready if request.reuse == Reuse::KeepAlive => {}
            After::Ready | After::Close => return peer.close().await,
            After::Reset => return peer.reset(),
            After::Gone => return,
        }
    }
}

/// What becomes of the connection.
enum After {
    Ready,
    Close,
    Reset,
    Gone,
}

struct Attempt<'a> {
    house: &'a House,
    entry: Entry,
    acts: Vec<Act>,
}

impl<'a> Attempt<'a> {
    fn begin(house: &'a House, connection: u64, request: &Request, asked: Asked) -> Self {
        let now = Instant::now();
        let serial = house.serial.fetch_add(1, Ordering::Relaxed);
        let credential = auth::credential(request);
        let played = turn(house, now, request, &asked);
        let mut continues = None;
        let (fault, refused, acts) = match played {
            Ok(turn) => {
                let scene = scene(house.sealer, serial, request, &asked, &turn);
                continues = scene.going().map(Going::name);
                (turn.fault.to_string(), None, script(&scene))
            }
            Err(No::Refused(flaw)) => {
                let acts = script::refused(&asked, &flaw, &house.sealer.id(serial));
                ("refused".to_owned(), Some(flaw.message), acts)
            }
            Err(No::Misunderstood(message)) => {
                let acts = refusal(&message);
                ("misunderstood".to_owned(), Some(message), acts)
            }
        };
        let entry = house.ledger.add(AttemptSeen {
            at: now.saturating_duration_since(house.stage().started()),
            connection,
            path: request.path.clone(),
            dialect: asked.dialect(),
            model: asked.model,
            credential: credential.map(fingerprint),
            stream: asked.stream,
            headers: shown_headers(request),
            body_bytes: request.body.len(),
            body: Body(request.body.clone()),
            fault,
            continues,
            refused,
            status: None,
            bytes_sent: 0,
            ending: Ending::Running,
            ended: None,
        });
        Self { house, entry, acts }
    }

    async fn perform(self, peer: &mut Peer) -> After {
        let mut status = None;
        for act in &self.acts {
            let done = match act {
                Act::Send(bytes) => {
                    status = status.or_else(|| status_of(bytes));
                    let sent = peer.send(bytes).await;
                    if sent.is_ok() {
                        self.sent(bytes.len(), status);
                    }
                    sent
                }
                Act::Pause(span) => peer.pause(*span).await,
                Act::Gate => peer.wait_for(self.house.gate.subscribe()).await,
                Act::End => return self.end(Ending::Finished, After::Close),
                Act::Close => return self.end(Ending::BrokenOff, After::Close),
                Act::Reset => return self.end(Ending::BrokenOff, After::Reset),
            };
            if let Err(Gone) = done {
                return self.end(Ending::CancelledByPeer, After::Gone);
            }
        }
        self.end(Ending::Finished, After::Ready)
    }

    fn sent(&self, bytes: usize, status: Option<u16>) {
        self.house.ledger.change(self.entry, |attempt| {
            attempt.bytes_sent += bytes as u64;
            attempt.status = status;
        });
    }

    fn end(&self, ending: Ending, after: After) -> After {
        let ended = self.house.stage().started().elapsed();
        self.house.ledger.change(self.entry, |attempt| {
            attempt.ending = ending;
            attempt.ended = Some(ended);
        });
        after
    }
}

/// Why an attempt is not played.
enum No {
    /// The real API would not take it either.
    Refused(Flaw),
    /// This fake cannot play what it was told to.
    Misunderstood(String),
}

/// What the request is answered with: its own wishes, its key's, its model's.
fn turn(house: &House, now: Instant, request: &Request, asked: &Asked) -> Result<Turn, No> {
    let of_key = auth::credential(request).and_then(|key| key.strip_prefix("fake:"));
    let plan = request.header("x-fake-fault").or(of_key);
    if plan.is_none()
        && let Some(flaw) = flaw(house, request, asked)
    {
        return Err(No::Refused(flaw));
    }
    let wished = wished(request).map_err(No::Misunderstood)?;
    let turn = house.stage().turn(now, &asked.model, plan);
    let turn = turn.map_err(|error| No::Misunderstood(error.to_string()))?;
    if let Some(message) = script::unfit(turn.fault, asked) {
        return Err(No::Misunderstood(message));
    }
    let manner = wished.over(&turn.manner);
    let imitated = imitated(request, asked, &manner);
    if let Some(flaw) = script::prefill_refused(turn.fault, manner.onward, asked, imitated) {
        return Err(No::Refused(flaw));
    }
    Ok(Turn { manner, ..turn })
}

/// What the real API would say against it: the caller, the form, what others made.
fn flaw(house: &House, request: &Request, asked: &Asked) -> Option<Flaw> {
    let foreign = |sealed: &&asked::Sealed| !house.sealer.made(&sealed.claim, &asked.model);
    auth::barred(request, &asked.aim)
        .or_else(|| asked.flaw.clone())
        .or_else(|| asked.heard.sealed.iter().find(foreign).map(|sealed| sealed.else_flaw.clone()))
}

/// How the request itself wants to be answered.
fn wished(request: &Request) -> Result<Manner, String> {
    let span = |name: &str| match request.header(name).map(span::parse) {
        Some(None) => Err(format!("the header `{name}` is no duration like 15ms")),
        given => Ok(given.flatten()),
    };
    let provider = match request.header("x-fake-provider").map(Imitated::named) {
        Some(None) => return Err("the header `x-fake-provider` names nobody imitated".to_owned()),
        given => given.flatten(),
    };
    Ok(Manner {
        provider,
        token_delay: span("x-fake-token-delay")?,
        first_token: span("x-fake-first-token")?.map(|late| Latency { min: late, max: late }),
        ..Manner::default()
    })
}

/// Whose errors and habits it has.
fn imitated(request: &Request, asked: &Asked, manner: &Manner) -> Imitated {
    manner.provider.unwrap_or_else(|| Imitated::of(&asked.aim, &request.path))
}

fn scene<'a>(
    sealer: Sealer,
    serial: u64,
    request: &'a Request,
    asked: &'a Asked,
    turn: &'a Turn,
) -> Scene<'a> {
    let imitated = imitated(request, asked, &turn.manner);
    Scene {
        asked,
        fault: turn.fault,
        manner: &turn.manner,
        imitated,
        onward: turn.manner.onward.unwrap_or_else(|| script::of_kind(asked, imitated)),
        version: request.version,
        path: &request.path,
        sealer,
        id: sealer.id(serial),
        serial,
        created: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs()),
    }
}

/// A request this fake cannot play is told so in its own words, not in a provider's.
fn refusal(message: &str) -> Vec<Act> {
    let body = format!(
        "{{\"type\":\"error\",\"error\":{{\"type\":\"invalid_request_error\",\"message\":{},\
         \"param\":null,\"code\":\"fake\"}}}}",
        quoted(message)
    );
    let head = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    vec![Act::Send((head + &body).into_bytes())]
}

fn shown_headers(request: &Request) -> Vec<(String, String)> {
    let shown = |(name, value): &(String, String)| {
        let secret = SECRET.contains(&name.as_str());
        (name.clone(), if secret { fingerprint(value) } else { value.clone() })
    };
    request.headers.iter().map(shown).collect()
}

fn status_of(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.strip_prefix(b"HTTP/1.1 ")?.get(..3)?).ok()?.parse().ok()
}
