//! The operators' port: health, metrics, targets. It reads; it changes nothing.

use std::sync::Arc;

use failsoft::Body;
use failsoft_engine::BreakerState;
use failsoft_report::Incident;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::metrics::exposition;
use crate::state::{Phase, State};

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const FRONT_PAGE: &str = "failsoft

/livez            the process answers
/readyz           200 while calls are taken, 503 while draining; ?verbose tells more
/metrics          counters and latencies
/api/targets      every target and how it is
/api/incidents    failures that stand out: open ones, and lately closed ones
";

/// Answers an operator's request.
pub(crate) fn answer<B>(state: &Arc<State>, request: &Request<B>) -> Response<Body> {
    if !is_named_locally(state, request) {
        let words = "this host name is not the admin address; use its IP address or localhost\n";
        return said(StatusCode::MISDIRECTED_REQUEST, TEXT, words);
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut response = said(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match request.uri().path() {
        "/" => said(StatusCode::OK, TEXT, FRONT_PAGE),
        "/livez" => said(StatusCode::OK, TEXT, "ok\n"),
        "/readyz" => ready(state, request.uri().query() == Some("verbose")),
        "/metrics" => match exposition(state) {
            Ok(text) => said(StatusCode::OK, OPEN_METRICS, text),
            Err(_) => said(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "no metrics\n"),
        },
        "/api/targets" => said(StatusCode::OK, JSON, targets(state).to_string()),
        "/api/incidents" => said(StatusCode::OK, JSON, incidents(state).to_string()),
        _ => said(StatusCode::NOT_FOUND, TEXT, "no such page; / lists what is here\n"),
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

fn ready(state: &State, verbose: bool) -> Response<Body> {
    let draining = *state.phase.borrow() != Phase::Serving;
    let status = if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    if !verbose {
        return said(status, TEXT, if draining { "draining\n" } else { "ready\n" });
    }
    let journal = state.failsoft.journal().map(|journal| {
        json!({
            "written": journal.written,
            "queued": journal.queued,
            "dropped_healthy": journal.dropped_healthy,
            "dropped_failed": journal.dropped_failed,
            "failing": journal.failing,
            "trouble": state.failsoft.journal_trouble(),
        })
    });
    let page = json!({
        "ready": !draining,
        "version": env!("CARGO_PKG_VERSION"),
        "config": {
            "generation": state.reloads.generation(),
            "problems": state.reloads.problems(),
        },
        "journal": journal,
        "journal_problem": state.failsoft.journal_problem(),
        "calls_in_flight": state.failsoft.calls_in_flight(),
        "connections": state.clients.open(),
        "targets": targets(state),
    });
    said(status, JSON, page.to_string())
}

fn targets(state: &State) -> Value {
    let targets = state.failsoft.targets().into_iter().map(|target| {
        let usable = target.enabled
            && target.breaker == BreakerState::Closed
            && target.disabled_millis == 0
            && target.throttled_millis == 0;
        json!({
            "id": target.target.0,
            "name": target.name,
            "usable": usable,
            "breaker": target.breaker.as_str(),
            "limit": target.limit,
            "in_flight": target.in_flight,
            "throttled_ms": target.throttled_millis,
            "disabled_ms": target.disabled_millis,
            "enabled": target.enabled,
        })
    });
    targets.collect()
}

fn incidents(state: &State) -> Value {
    let view = state.incidents.view();
    let told = |incident: &Incident| {
        let Incident { target, kind, since_ms, until_ms, failures, attempts, lost } = incident;
        json!({
            "target": &**target,
            "kind": &**kind,
            "since_ms": since_ms,
            "until_ms": until_ms,
            "failures": failures,
            "attempts": attempts,
            "calls_lost": lost,
        })
    };
    json!({
        "open": view.open.iter().map(told).collect::<Value>(),
        "closed": view.closed.iter().map(told).collect::<Value>(),
    })
}

fn said(status: StatusCode, kind: &'static str, words: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::whole(words));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
