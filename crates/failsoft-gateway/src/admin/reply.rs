//! Answers to operators, each with what keeps a browser from misusing it.

use bytes::Bytes;
use failsoft::Body;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;

const JSON: &str = "application/json";
/// Scripts, styles and data from here alone; no page of others around ours.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; \
    form-action 'self'";

/// An answer that nobody keeps.
pub(super) fn said(
    status: StatusCode,
    kind: &'static str,
    words: impl Into<Bytes>,
) -> Response<Body> {
    guarded(status, kind, Body::whole(words))
}

/// A machine-readable answer.
pub(super) fn json(status: StatusCode, document: &Value) -> Response<Body> {
    said(status, JSON, document.to_string())
}

/// An answer with this body.
pub(super) fn guarded(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}
