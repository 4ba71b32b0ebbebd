//! The operators' port: health, metrics, the dashboard and its API.
//!
//! Health and metrics are open, as is `/api/targets`, which says no more than they do. Everything
//! else wants a session or the operators' token, and every change more than that (`guard`).

mod actions;
mod calls;
mod figures;
mod guard;
mod in_force;
mod incidents;
mod keyring;
mod live;
mod login;
mod now;
mod pages;
mod query;
mod reply;

use std::sync::Arc;
use std::time::Instant;

use failsoft::Body;
use failsoft_config::Journal;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::intake::take_body;
use crate::metrics::exposition;
use crate::state::{Phase, State};
use actions::Deed;
use guard::refused;

pub(crate) use live::beat;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Nothing that is sent here is longer.
const MAX_BODY: usize = 4096;
/// Questions to the journal at once; the next ones wait.
const READERS: usize = 2;

/// What operators see, and who they are.
pub(crate) struct Operators {
    pub(crate) keyring: keyring::Keyring,
    figures: figures::Figures,
    pulse: live::Pulse,
    /// The journal of the start; a reload does not change it.
    journal: Journal,
    readers: Arc<Semaphore>,
}

impl Operators {
    /// For operators who come in at this port.
    pub(crate) fn new(port: u16, journal: Journal) -> Self {
        Self {
            keyring: keyring::Keyring::new(port),
            figures: figures::Figures::new(Instant::now()),
            pulse: live::Pulse::new(),
            journal,
            readers: Arc::new(Semaphore::new(READERS)),
        }
    }
}

/// What an address stands for.
enum Place<'a> {
    Live,
    Ready,
    Metrics,
    Targets,
    Session,
    EndSession,
    Now,
    Events,
    Incidents,
    Calls,
    Call(&'a str),
    Routes,
    Settings,
    Target(u16, Deed),
    Drain,
}

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Option<Self> {
        Some(match path {
            "/livez" => Self::Live,
            "/readyz" => Self::Ready,
            "/metrics" => Self::Metrics,
            "/api/targets" => Self::Targets,
            "/api/session" => Self::Session,
            "/api/session/end" => Self::EndSession,
            "/api/now" => Self::Now,
            "/api/live" => Self::Events,
            "/api/incidents" => Self::Incidents,
            "/api/calls" => Self::Calls,
            "/api/routes" => Self::Routes,
            "/api/settings" => Self::Settings,
            "/api/drain" => Self::Drain,
            longer => {
                if let Some(id) = longer.strip_prefix("/api/calls/") {
                    return Some(Self::Call(id));
                }
                let (number, deed) = longer.strip_prefix("/api/targets/")?.split_once('/')?;
                Self::Target(number.parse().ok()?, Deed::named(deed)?)
            }
        })
    }

    /// Whether it is asked for or asked to do something.
    fn takes(&self, method: &Method) -> bool {
        let reads = method == Method::GET || method == Method::HEAD;
        match self {
            Self::Session => reads || method == Method::POST,
            Self::EndSession | Self::Target(..) | Self::Drain => method == Method::POST,
            Self::Live
            | Self::Ready
            | Self::Metrics
            | Self::Targets
            | Self::Now
            | Self::Events
            | Self::Incidents
            | Self::Calls
            | Self::Call(_)
            | Self::Routes
            | Self::Settings => reads,
        }
    }
}

/// Answers an operator's request.
pub(crate) async fn answer(state: &Arc<State>, request: Request<Incoming>) -> Response<Body> {
    if !is_named_locally(state, &request) {
        let words = "this host name is not the admin address; use its IP address or localhost\n";
        return reply::said(StatusCode::MISDIRECTED_REQUEST, TEXT, words);
    }
    let (head, body) = request.into_parts();
    let reads = head.method == Method::GET || head.method == Method::HEAD;
    if let Some(page) = pages::page(head.uri.path(), &head.headers) {
        return if reads { page } else { wrong_method("GET, HEAD") };
    }
    let Some(place) = Place::of(head.uri.path()) else {
        return reply::said(StatusCode::NOT_FOUND, TEXT, "no such page; / is the dashboard\n");
    };
    if !place.takes(&head.method) {
        let reads = place.takes(&Method::GET);
        return wrong_method(if reads { "GET, HEAD" } else { "POST" });
    }
    let Ok(body) = take_body(body, MAX_BODY).await else {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "nothing here takes so long a body");
    };
    let query = head.uri.query().unwrap_or("");
    match place {
        Place::Live => return reply::said(StatusCode::OK, TEXT, "ok\n"),
        Place::Ready => return ready(state, query == "verbose"),
        Place::Metrics => return metrics(state),
        Place::Targets => {
            return reply::said(StatusCode::OK, JSON, now::states(state).to_string());
        }
        Place::Session if reads => return login::session(state, &head.headers),
        Place::Session => return login::open(state, &head.headers, &body),
        Place::EndSession
        | Place::Now
        | Place::Events
        | Place::Incidents
        | Place::Calls
        | Place::Call(_)
        | Place::Routes
        | Place::Settings
        | Place::Target(..)
        | Place::Drain => {}
    }
    match guard::admit(state, &head.method, &head.headers) {
        Err(response) => *response,
        Ok(caller) => admitted(state, &caller, place, (&head, &body)).await,
    }
}

/// Answers somebody who may look, and do what is asked.
async fn admitted(
    state: &Arc<State>,
    caller: &guard::Caller,
    place: Place<'_>,
    (head, body): (&http::request::Parts, &[u8]),
) -> Response<Body> {
    let query = head.uri.query().unwrap_or("");
    match place {
        Place::EndSession => login::close(state, &head.headers),
        Place::Events => live::listen(state, caller),
        Place::Incidents => incidents::list(state, query).await,
        Place::Calls => calls::search(state, query).await,
        Place::Call(id) => calls::story(state, id).await,
        Place::Routes => in_force::routes(state).await,
        Place::Settings => in_force::settings(state).await,
        Place::Target(number, deed) => actions::act(state, caller, (number, deed), body),
        Place::Drain => actions::drain(state, caller),
        // The others were answered before anybody was asked who they are.
        Place::Now
        | Place::Live
        | Place::Ready
        | Place::Metrics
        | Place::Targets
        | Place::Session => reply::json(StatusCode::OK, &now::now(state)),
    }
}

/// A page in somebody's browser can make it send requests here under a name of its own; it cannot
/// make it send them under ours.
fn is_named_locally<B>(state: &State, request: &Request<B>) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.and_then(|host| host.parse::<http::uri::Authority>().ok()) else {
        return false;
    };
    let host = host.host().trim_start_matches('[').trim_end_matches(']');
    let admin = state.failsoft.settings().server.admin.ip();
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|host| host.is_loopback() || host == admin || admin.is_unspecified())
}

fn wrong_method(allowed: &'static str) -> Response<Body> {
    let words = format!("only {allowed}\n");
    let mut response = reply::said(StatusCode::METHOD_NOT_ALLOWED, TEXT, words);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

fn metrics(state: &Arc<State>) -> Response<Body> {
    match exposition(state) {
        Ok(text) => reply::said(StatusCode::OK, OPEN_METRICS, text),
        Err(_) => reply::said(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "no metrics\n"),
    }
}

fn ready(state: &State, verbose: bool) -> Response<Body> {
    let draining = *state.phase.borrow() != Phase::Serving;
    let status = if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    if !verbose {
        return reply::said(status, TEXT, if draining { "draining\n" } else { "ready\n" });
    }
    let page = json!({
        "ready": !draining,
        "version": env!("CARGO_PKG_VERSION"),
        "config": {
            "generation": state.reloads.generation(),
            "problems": state.reloads.problems(),
        },
        "journal": now::journal(state),
        "journal_problem": state.failsoft.journal_problem(),
        "calls_in_flight": state.failsoft.calls_in_flight(),
        "connections": state.clients.open(),
        "targets": now::states(state),
    });
    reply::json(status, &page)
}
