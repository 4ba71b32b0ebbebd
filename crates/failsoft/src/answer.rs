//! What a call has come to, as a response in the caller's dialect.

use std::time::Duration;

use bytes::Bytes;
use failsoft_config::ErrorDetail;
use failsoft_engine::{AttemptId, BarReason, Delivery, FailureKind, Verdict};
use failsoft_provider::Reading;
use failsoft_wire::{CannedAnswer, Dialect, ErrorWords};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};

use crate::Body;
use crate::client_error::{self, Again};
use crate::clock::seconds_since_1970;
use crate::driver::Driver;
use crate::egress::returnable;
use crate::words;

const CALL: HeaderName = HeaderName::from_static("x-failsoft-call");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ANTHROPIC_REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const TARGET: HeaderName = HeaderName::from_static("x-failsoft-target");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-failsoft-attempts");
const LEFT_OUT: HeaderName = HeaderName::from_static("x-failsoft-left-out");
const OUTCOME: HeaderName = HeaderName::from_static("x-failsoft-outcome");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");

/// The head of a stream that is under way; the driver goes on in its body.
pub(crate) fn begun(mut driver: Box<Driver>) -> Response<Body> {
    let mut response = match driver.committed() {
        Some(ordinal) => from_target(&driver, ordinal),
        None => nobodys(&driver),
    };
    response.headers_mut().insert(CONTENT_TYPE, EVENTS);
    driver.answered_with(response.status());
    driver.travel_light();
    driver.begun();
    response.map(|()| Body::streaming(driver))
}

/// The head of a stream that nobody has answered yet.
fn nobodys(driver: &Driver) -> Response<()> {
    let mut response = Response::new(());
    mark(response.headers_mut(), &driver.ask().id, driver.attempts(), "served");
    response
}

/// A call that is over before anything was sent to its client.
pub(crate) fn over(mut driver: Box<Driver>, verdict: Verdict) -> Response<Body> {
    let response = match verdict {
        Verdict::Served { attempt } | Verdict::Resumed { attempt } => {
            let body = driver.take_whole().map(|whole| whole.body).unwrap_or_default();
            let mut response = from_target(&driver, attempt.ordinal);
            match driver.ask().arrival.delivery {
                Delivery::Plain => _ = response.headers_mut().entry(CONTENT_TYPE).or_insert(JSON),
                Delivery::Streamed => _ = response.headers_mut().insert(CONTENT_TYPE, EVENTS),
            }
            response.map(|()| Body::whole(body))
        }
        // No operator's words can stand in for a vector.
        Verdict::Degraded { kind } if driver.ask().sent.dialect == Dialect::Embeddings => {
            failed(&driver, kind, None, None)
        }
        Verdict::Degraded { .. } => degraded(&driver),
        Verdict::Failed { kind, retry_after, attempt } => {
            let reading = attempt.and_then(|attempt| driver.reading_of(attempt.ordinal));
            failed(&driver, kind, retry_after, reading)
        }
        Verdict::Cancelled => failed(&driver, FailureKind::Cancelled, None, None),
    };
    driver.answered_with(response.status());
    response
}

/// What follows the last content of a stream: the rest of a whole answer, the operator's words
/// where nothing else has been said, or an honest end.
pub(crate) fn last_words(driver: &mut Driver, verdict: Verdict) -> Option<Bytes> {
    match verdict {
        Verdict::Served { .. } | Verdict::Resumed { .. } => {
            driver.take_whole().map(|whole| whole.body)
        }
        Verdict::Degraded { .. } => Some(canned(driver).0.into()),
        Verdict::Failed { kind, attempt, .. } => Some(broken_off(driver, kind, attempt)),
        Verdict::Cancelled => None,
    }
}

/// The end of a stream that cannot be finished: the SDK raises.
fn broken_off(driver: &Driver, kind: FailureKind, attempt: Option<AttemptId>) -> Bytes {
    let reading = attempt.and_then(|attempt| driver.reading_of(attempt.ordinal));
    let message = message(driver, kind, reading);
    let detail = detail(driver, kind, reading);
    let said = ErrorWords {
        status: client_error::status(kind).as_u16(),
        code: kind.as_str(),
        message: &message,
        param: None,
        call_id: &driver.ask().id,
        detail: detail.as_deref(),
    };
    driver.ask().sent.dialect.error_frame(&said).into()
}

/// An error that needed no target.
pub(crate) struct Refusal<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) status: StatusCode,
    pub(crate) kind: FailureKind,
    pub(crate) message: &'a str,
    pub(crate) param: Option<&'a str>,
    pub(crate) id: &'a str,
}

/// A request that is turned away at the door.
pub(crate) fn refused(refusal: &Refusal<'_>) -> Response<Body> {
    let said = ErrorWords {
        status: refusal.status.as_u16(),
        code: refusal.kind.as_str(),
        message: refusal.message,
        param: refusal.param,
        call_id: refusal.id,
        detail: None,
    };
    let mut response = Response::new(Body::whole(refusal.dialect.error_body(&said)));
    *response.status_mut() = refusal.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    mark(headers, refusal.id, 0, "failed");
    client_error::advise(headers, Again::No);
    response
}

fn from_target(driver: &Driver, ordinal: u8) -> Response<()> {
    let mut response = Response::new(());
    // What a target of another dialect says in headers means nothing to this client.
    let passed = driver.headers_of(ordinal).filter(|_| !driver.is_translated(ordinal));
    *response.headers_mut() = passed.map(returnable).unwrap_or_default();
    let headers = response.headers_mut();
    mark(headers, &driver.ask().id, driver.attempts(), "served");
    if let Some(target) = driver.label_of(ordinal) {
        headers.insert(TARGET, target);
    }
    if let Some(left_out) = driver.left_out_of(ordinal) {
        headers.insert(LEFT_OUT, left_out);
    }
    response
}

fn degraded(driver: &Driver) -> Response<Body> {
    let (body, kind) = canned(driver);
    let mut response = Response::new(Body::whole(body));
    response.headers_mut().insert(CONTENT_TYPE, kind);
    mark(response.headers_mut(), &driver.ask().id, driver.attempts(), "degraded");
    response
}

/// The operator's words as an answer, and its content type.
fn canned(driver: &Driver) -> (Vec<u8>, HeaderValue) {
    let ask = driver.ask();
    let settings = &driver.generation().settings;
    let route = &settings.routes[usize::from(ask.arrival.route.0)];
    let text = words::text_for(&route.reply, &ask.languages).unwrap_or_default();
    let answer = CannedAnswer {
        id: &ask.id,
        model: &route.name,
        created: seconds_since_1970(),
        text,
        include_usage: ask.include_usage,
    };
    match ask.arrival.delivery {
        Delivery::Plain => (ask.sent.dialect.canned_reply(&answer), JSON),
        Delivery::Streamed => (ask.sent.dialect.canned_stream(&answer), EVENTS),
    }
}

fn failed(
    driver: &Driver,
    kind: FailureKind,
    retry_after: Option<Duration>,
    reading: Option<&Reading>,
) -> Response<Body> {
    let ask = driver.ask();
    let status = if kind == FailureKind::ModelNotFound && driver.takes_any_model() {
        StatusCode::NOT_FOUND
    } else {
        client_error::status(kind)
    };
    let message = message(driver, kind, reading);
    let detail = detail(driver, kind, reading);
    let said = ErrorWords {
        status: status.as_u16(),
        code: kind.as_str(),
        message: &message,
        param: reading.and_then(|reading| reading.param.as_deref()),
        call_id: &ask.id,
        detail: detail.as_deref(),
    };
    let mut response = Response::new(Body::whole(ask.sent.dialect.error_body(&said)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    mark(headers, &ask.id, driver.attempts(), "failed");
    match retry_after {
        Some(wait) if driver.may_come_back(kind) => {
            client_error::advise(headers, Again::After(wait));
        }
        wait => {
            client_error::advise(headers, Again::No);
            if let Some(wait) = wait {
                client_error::retry_after(headers, wait);
            }
        }
    }
    response
}

/// What a person reads: the operator's words, else ours, and the parameter at fault.
fn message(driver: &Driver, kind: FailureKind, reading: Option<&Reading>) -> String {
    let ask = driver.ask();
    let language = words::language(&ask.languages);
    let caller = kind.is_callers_fault();
    let settings = &driver.generation().settings;
    let route = &settings.routes[usize::from(ask.arrival.route.0)];
    let own = words::text_for(&route.message, &ask.languages).filter(|_| !caller);
    // Which key or model a target refuses is the operator's affair.
    let operators = kind == FailureKind::Authentication
        || (kind == FailureKind::ModelNotFound && !driver.takes_any_model());
    let built_in =
        if operators { words::unavailable(language) } else { words::words(kind, language) };
    let text = own.unwrap_or(built_in);
    if let Some(reason) = driver.none_can_serve() {
        return format!("{text} ({})", no_target(reason));
    }
    match reading.and_then(|reading| reading.param.as_deref()).filter(|_| caller) {
        Some(param) => format!("{text} (`{param}`)"),
        None => text.to_owned(),
    }
}

/// Why no target of a route can serve a call, for the caller's developer.
fn no_target(reason: BarReason) -> String {
    match reason {
        BarReason::Incapable(need) => format!("no target of this route can do `{need}`"),
        BarReason::ContextTooSmall => "the prompt fits no target of this route".to_owned(),
        BarReason::OtherForm => "the targets of this route speak another dialect, and the call \
                                 cannot be translated"
            .to_owned(),
        BarReason::OtherAccount
        | BarReason::OtherModel
        | BarReason::Breaker
        | BarReason::Throttle
        | BarReason::Limit
        | BarReason::Quota
        | BarReason::CredentialDisabled
        | BarReason::ModelDisabled
        | BarReason::SwitchedOff
        | BarReason::Excluded => {
            format!("no target of this route can serve it: {}", reason.as_str())
        }
    }
}

fn detail(driver: &Driver, kind: FailureKind, reading: Option<&Reading>) -> Option<String> {
    let wanted = driver.generation().settings.server.errors == ErrorDetail::Detailed;
    let caller = kind.is_callers_fault();
    let words = reading?.words.as_deref().filter(|_| wanted && caller)?;
    Some(failsoft_wire::redact(words))
}

/// What every answer carries.
fn mark(headers: &mut HeaderMap, id: &str, attempts: usize, outcome: &'static str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(CALL, id.clone());
        headers.insert(REQUEST_ID, id.clone());
        headers.insert(ANTHROPIC_REQUEST_ID, id);
    }
    headers.insert(ATTEMPTS, HeaderValue::from(attempts));
    headers.insert(OUTCOME, HeaderValue::from_static(outcome));
}
