//! One connection: request after request, each answered by its script.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::net::TcpStream;

use crate::asked::{self, Asked};
use crate::control;
use crate::ledger::{AttemptSeen, Body, Ending, Entry, Ledger, fingerprint};
use crate::peer::{Gone, Peer, Request, Reuse, Unreadable};
use crate::provider::{Imitated, quoted};
use crate::scenario::{Latency, Manner, Scenario};
use crate::script::{Act, Scene, script};
use crate::span;
use crate::stage::{Stage, Turn};

/// What all connections of a fake share.
pub(crate) struct House {
    pub(crate) ledger: Ledger,
    stage: Mutex<Stage>,
    serial: AtomicU64,
    connections: AtomicU64,
    nonce: u64,
}

/// Headers that carry keys.
const SECRET: [&str; 5] =
    ["authorization", "x-api-key", "api-key", "cookie", "proxy-authorization"];

impl House {
    pub(crate) fn new(scenario: Scenario) -> Self {
        Self {
            ledger: Ledger::new(),
            stage: Mutex::new(Stage::new(scenario, Instant::now())),
            serial: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            nonce: RandomState::new().hash_one(0),
        }
    }

    pub(crate) fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reset(&self) {
        self.stage().restart(Instant::now());
        self.ledger.reset();
    }

    pub(crate) fn replace(&self, scenario: Scenario) {
        self.stage().replace(scenario, Instant::now());
        self.ledger.reset();
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
        let dialect = asked::dialect(&request.path).filter(|_| request.method == "POST");
        let after = match dialect {
            Some(dialect) => {
                let attempt =
                    Attempt::begin(house, connection, &request, Asked::of(&request, dialect));
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
        let credential = asked::credential(request);
        let played = turn(house, now, request, &asked, credential);
        let (fault, acts) = match &played {
            Ok(turn) => (turn.fault.to_string(), acts(house.nonce, serial, request, &asked, turn)),
            Err(message) => ("misunderstood".to_owned(), refusal(message)),
        };
        let entry = house.ledger.add(AttemptSeen {
            at: now.saturating_duration_since(house.stage().started()),
            connection,
            path: request.path.clone(),
            dialect: asked.dialect,
            model: asked.model,
            credential: credential.map(fingerprint),
            stream: asked.stream,
            headers: shown_headers(request),
            body_bytes: request.body.len(),
            body: Body(request.body.clone()),
            fault,
            status: None,
            bytes_sent: 0,
            ending: Ending::Running,
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
        self.house.ledger.change(self.entry, |attempt| attempt.ending = ending);
        after
    }
}

/// What the request is answered with: its own wishes, its key's, its model's.
fn turn(
    house: &House,
    now: Instant,
    request: &Request,
    asked: &Asked,
    credential: Option<&str>,
) -> Result<Turn, String> {
    let header = |name: &str| {
        request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    };
    let of_key = credential.and_then(|key| key.strip_prefix("fake:"));
    let plan = header("x-fake-fault").or(of_key);
    if plan.is_none()
        && let Some(flaw) = asked.flaw
    {
        return Err(flaw.to_owned());
    }
    let span = |name: &str| match header(name).map(span::parse) {
        Some(None) => Err(format!("the header `{name}` is no duration like 15ms")),
        given => Ok(given.flatten()),
    };
    let provider = match header("x-fake-provider").map(Imitated::named) {
        Some(None) => return Err("the header `x-fake-provider` names nobody imitated".to_owned()),
        given => given.flatten(),
    };
    let wished = Manner {
        provider,
        token_delay: span("x-fake-token-delay")?,
        first_token: span("x-fake-first-token")?.map(|late| Latency { min: late, max: late }),
        ..Manner::default()
    };
    let turn = house.stage().turn(now, &asked.model, plan).map_err(|error| error.to_string())?;
    Ok(Turn { manner: wished.over(&turn.manner), ..turn })
}

fn acts(nonce: u64, serial: u64, request: &Request, asked: &Asked, turn: &Turn) -> Vec<Act> {
    let of_dialect = Imitated::of(asked.dialect, &request.path);
    script(&Scene {
        asked,
        fault: turn.fault,
        manner: &turn.manner,
        imitated: turn.manner.provider.unwrap_or(of_dialect),
        version: request.version,
        path: &request.path,
        id: format!("{nonce:016x}{serial:08x}"),
        serial,
        created: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs()),
    })
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
