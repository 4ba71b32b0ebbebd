//! Who asks, and whether a change truly comes from our own pages.

use std::time::Instant;

use failsoft::Body;
use http::{HeaderMap, Method, Response, StatusCode, header};
use serde_json::json;

use super::keyring::{Denied, Known};
use super::reply;
use crate::state::State;

/// The header that carries the proof a browser was given when it came in.
const PROOF: &str = "x-failsoft-csrf";

/// Somebody who may look.
pub(super) struct Caller {
    /// A fingerprint that stands in the record of what they do.
    pub(super) operator: String,
}

/// Lets somebody in who has a session or shows the operators' token. Whoever wants to change
/// something with a session must also come from our own page and show its proof.
pub(super) fn admit(
    state: &State,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Caller, Box<Response<Body>>> {
    let changes = method != Method::GET && method != Method::HEAD;
    if changes && !is_from_here(headers) {
        return Err(refused(StatusCode::FORBIDDEN, "this comes from another page").into());
    }
    if let Some(token) = bearer(headers) {
        let settings = state.failsoft.settings();
        let known = state.operators.keyring.bearer(token, &settings, Instant::now());
        return known.map(|operator| Caller { operator }).map_err(|why| denied(why).into());
    }
    let Some((token, session)) = session(state, headers) else {
        return Err(refused(
            StatusCode::UNAUTHORIZED,
            "nobody is logged in: open the link `failsoft serve` shows, or send the admin token",
        )
        .into());
    };
    if changes {
        let named = headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site");
        let proof = headers.get(PROOF).and_then(|proof| proof.to_str().ok()).unwrap_or("");
        if !named || !state.operators.keyring.is_proved(token, proof) {
            return Err(refused(
                StatusCode::FORBIDDEN,
                "this page has no leave to change anything: log in again",
            )
            .into());
        }
    }
    Ok(Caller { operator: session.operator })
}

/// The session of the caller's cookie, and the cookie.
pub(super) fn session<'a>(state: &State, headers: &'a HeaderMap) -> Option<(&'a str, Known)> {
    let keyring = &state.operators.keyring;
    let token = cookie(headers, keyring.cookie())?;
    Some((token, keyring.session(token, Instant::now())?))
}

/// Whether a browser says that our own page asks. Other programs say nothing of it.
pub(super) fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().ok());
    let site = text("sec-fetch-site");
    if site.is_some_and(|site| site != Some("same-origin")) {
        return false;
    }
    let Some(origin) = text("origin") else { return true };
    let authority = origin.and_then(|origin| {
        origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
    });
    let host = text("host").flatten();
    authority.is_some_and(|authority| host.is_some_and(|host| authority.eq_ignore_ascii_case(host)))
}

/// The answer to a token that opens nothing.
pub(super) fn denied(denied: Denied) -> Response<Body> {
    match denied {
        Denied::Unknown => {
            tracing::warn!("somebody showed the admin port a wrong token");
            refused(
                StatusCode::UNAUTHORIZED,
                "this token opens nothing; a link works once, so ask for a new one",
            )
        }
        Denied::Wait(wait) => {
            let words = "too many wrong tokens: wait a moment and try again";
            let mut response = refused(StatusCode::TOO_MANY_REQUESTS, words);
            response.headers_mut().insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
            response
        }
    }
}

/// A refusal, in words for people.
pub(super) fn refused(status: StatusCode, words: &str) -> Response<Body> {
    reply::json(status, &json!({ "error": words }))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_page_is_from_here() {
        for (origin, site, here) in [
            (None, None, true),
            (Some("http://127.0.0.1:4001"), None, true),
            (Some("http://127.0.0.1:4001"), Some("same-origin"), true),
            (Some("https://127.0.0.1:4001"), Some("same-origin"), true),
            (None, Some("same-origin"), true),
            (None, Some("same-site"), false),
            (None, Some("cross-site"), false),
            (None, Some("none"), false),
            (Some("http://127.0.0.1:3000"), None, false),
            (Some("http://127.0.0.1:3000"), Some("same-origin"), false),
            (Some("http://evil.example"), None, false),
            (Some("http://127.0.0.1:4001.evil.example"), None, false),
            (Some("null"), None, false),
            (Some(""), None, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("host", http::HeaderValue::from_static("127.0.0.1:4001"));
            for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
                if let Some(value) = value {
                    headers.insert(name, http::HeaderValue::from_static(value));
                }
            }
            assert_eq!(is_from_here(&headers), here, "{origin:?} {site:?}");
        }
    }

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append("cookie", http::HeaderValue::from_static("a=1; xs=2; s=3"));
        headers.append("cookie", http::HeaderValue::from_static("t=4"));
        for (name, value) in [("s", Some("3")), ("t", Some("4")), ("b", None), ("", None)] {
            assert_eq!(cookie(&headers, name), value, "{name}");
        }
    }
}
