//! Coming in and going out.

use std::time::Instant;

use failsoft::Body;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::keyring::SESSION;
use super::{guard, reply};
use crate::state::State;

/// Begins a session for whoever sends a token that opens one: `{"token": "…"}`.
pub(super) fn open(state: &State, headers: &HeaderMap, body: &[u8]) -> Response<Body> {
    if !guard::is_from_here(headers) {
        return guard::refused(StatusCode::FORBIDDEN, "this comes from another page");
    }
    let body = serde_json::from_slice::<Value>(body).ok();
    let Some(token) = body.as_ref().and_then(|body| body["token"].as_str()) else {
        return guard::refused(StatusCode::BAD_REQUEST, "send {\"token\": \"…\"}");
    };
    let keyring = &state.operators.keyring;
    let opened = match keyring.open(token.trim(), &state.failsoft.settings(), Instant::now()) {
        Ok(opened) => opened,
        Err(denied) => return guard::denied(denied),
    };
    tracing::info!(operator = opened.operator, "an operator logged in");
    let page = json!({
        "operator": opened.operator,
        "proof": opened.proof,
        "expires_in_s": SESSION.as_secs(),
    });
    let response = reply::json(StatusCode::OK, &page);
    with_cookie(response, keyring.cookie(), &opened.token, SESSION.as_secs())
}

/// Whose session this is.
pub(super) fn session(state: &State, headers: &HeaderMap) -> Response<Body> {
    match guard::session(state, headers) {
        Some((_, session)) => reply::json(
            StatusCode::OK,
            &json!({ "operator": session.operator, "expires_in_s": session.left.as_secs() }),
        ),
        None => guard::refused(StatusCode::UNAUTHORIZED, "nobody is logged in"),
    }
}

/// Ends the caller's session.
pub(super) fn close(state: &State, headers: &HeaderMap) -> Response<Body> {
    let keyring = &state.operators.keyring;
    if let Some((token, _)) = guard::session(state, headers) {
        keyring.close(token);
    }
    let response = reply::json(StatusCode::OK, &json!({ "done": true }));
    with_cookie(response, keyring.cookie(), "", 0)
}

fn with_cookie(
    mut response: Response<Body>,
    name: &str,
    value: &str,
    seconds: u64,
) -> Response<Body> {
    let cookie = format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}");
    if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
