//! From a client's request to its answer.

use std::pin::pin;
use std::sync::Arc;

use failsoft::{Body, Call};
use failsoft_engine::FailureKind;
use failsoft_wire::{Addressed, Dialect};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::intake::{NotTaken, take_body};
use crate::isolate::{Panicked, isolate};
use crate::models;
use crate::state::{Refusal, State};

const NO_KEY: Refusal = Refusal {
    reason: "no_key",
    kind: FailureKind::Authentication,
    status: StatusCode::UNAUTHORIZED,
    hint: Some("send it as `Authorization: Bearer`, `x-api-key` or `x-goog-api-key`"),
};
const NO_SUCH_PATH: Refusal = Refusal {
    reason: "no_such_path",
    kind: FailureKind::NotFound,
    status: StatusCode::NOT_FOUND,
    hint: Some(
        "there are POST /v1/chat/completions, /v1/messages, /v1/responses, /v1/embeddings, \
         /v1beta/models/MODEL:generateContent, and GET /v1/models",
    ),
};
const NO_SUCH_MODEL: Refusal = Refusal {
    reason: "no_such_model",
    kind: FailureKind::ModelNotFound,
    status: StatusCode::NOT_FOUND,
    hint: Some("GET /v1/models lists them"),
};
const STREAM_OF_JSON: Refusal = Refusal {
    reason: "stream_of_json",
    kind: FailureKind::Unsupported,
    status: StatusCode::BAD_REQUEST,
    hint: Some("streams are sent as events: add `?alt=sse`, as the SDKs do"),
};
const WRONG_METHOD: Refusal = Refusal {
    reason: "wrong_method",
    kind: FailureKind::BadRequest,
    status: StatusCode::METHOD_NOT_ALLOWED,
    hint: Some("the `allow` header names the methods"),
};
const BODY_TOO_LARGE: Refusal = Refusal {
    reason: "body_too_large",
    kind: FailureKind::PayloadTooLarge,
    status: StatusCode::PAYLOAD_TOO_LARGE,
    hint: Some("`[server] max_body` is the bound"),
};
const BODY_ENCODED: Refusal = Refusal {
    reason: "body_encoded",
    kind: FailureKind::Unsupported,
    status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
    hint: Some("send the body without `content-encoding`"),
};
const BODY_NOT_JSON: Refusal = Refusal {
    reason: "body_not_json",
    kind: FailureKind::Unsupported,
    status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
    hint: Some("send JSON, with `content-type: application/json`"),
};
const BODY_BROKEN: Refusal = Refusal {
    reason: "body_broken",
    kind: FailureKind::BadRequest,
    status: StatusCode::BAD_REQUEST,
    hint: Some("the body broke off, or its framing is wrong"),
};
const BODY_TOO_SLOW: Refusal = Refusal {
    reason: "body_too_slow",
    kind: FailureKind::Timeout,
    status: StatusCode::REQUEST_TIMEOUT,
    hint: Some("the body did not arrive in time"),
};
const PANICKED: Refusal = Refusal {
    reason: "panic",
    kind: FailureKind::ServerError,
    status: StatusCode::INTERNAL_SERVER_ERROR,
    hint: None,
};

/// Answers a client's request. There is always an answer.
pub(crate) async fn answer(state: Arc<State>, request: Request<Incoming>) -> Response<Body> {
    match way(request.uri().path()) {
        Way::Call(dialect, addressed) => call(&state, (dialect, addressed), request).await,
        way @ (Way::Models | Way::Model(_)) => list_models(&state, &way, &request),
        Way::Nowhere => {
            let headers = request.headers();
            let dialect = likely_dialect(request.uri().path(), headers);
            state.refuse(NO_SUCH_PATH, dialect, headers)
        }
    }
}

/// Where a path leads. Nothing else decides it: no header, no query, no host.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Way<'a> {
    Call(Dialect, Option<Addressed>),
    Models,
    Model(&'a str),
    Nowhere,
}

fn way(path: &str) -> Way<'_> {
    let versioned = ["/v1", "/v1beta", "/v1beta1"]
        .iter()
        .find_map(|version| path.strip_prefix(version).filter(|rest| rest.starts_with('/')));
    let Some(rest) = versioned else { return Way::Nowhere };
    if let Some((dialect, addressed)) = Dialect::of_path(rest)
        && (addressed.is_some() || (rest == dialect.path() && path.starts_with("/v1/")))
    {
        return Way::Call(dialect, addressed);
    }
    match rest.strip_prefix("/models") {
        Some("") => Way::Models,
        Some(rest) => match rest.strip_prefix('/') {
            Some(name) if !name.is_empty() => Way::Model(name),
            Some(_) | None => Way::Nowhere,
        },
        None => Way::Nowhere,
    }
}

/// The dialect to refuse in where the path does not tell.
pub(crate) fn likely_dialect(path: &str, headers: &HeaderMap) -> Dialect {
    if path.starts_with("/v1beta") || headers.contains_key("x-goog-api-key") {
        return Dialect::GenerateContent;
    }
    let messages = path.starts_with("/v1/messages")
        || headers.contains_key("anthropic-version")
        || headers.contains_key("x-api-key");
    if messages { Dialect::Messages } else { Dialect::ChatCompletions }
}

async fn call(
    state: &State,
    (dialect, addressed): (Dialect, Option<Addressed>),
    request: Request<Incoming>,
) -> Response<Body> {
    let door = state.door.load();
    if let Err(refusal) = may_send(&request) {
        return refuse(state, refusal, dialect, request.headers());
    }
    if !door.admits(request.headers()) {
        return refuse(state, NO_KEY, dialect, request.headers());
    }
    if addressed.as_ref().is_some_and(|addressed| addressed.stream) && !wants_events(&request) {
        return refuse(state, STREAM_OF_JSON, dialect, request.headers());
    }
    let (max_body, allowed) = (door.max_body, door.read_timeout);
    drop(door);
    let (parts, body) = request.into_parts();
    let taking = take_body(body, max_body);
    let taken = match parts.version {
        Version::HTTP_2 => timeout(allowed, taking).await.unwrap_or(Err(NotTaken::TooSlow)),
        // The socket itself has deadlines.
        _ => taking.await,
    };
    let body = match taken {
        Ok(body) => body,
        Err(why) => return refuse(state, not_taken(why), dialect, &parts.headers),
    };
    let language = parts.headers.get(header::ACCEPT_LANGUAGE).cloned();
    let send = pin!(state.failsoft.send(Call { dialect, headers: parts.headers, body, addressed }));
    match isolate(send).await {
        Ok(response) => response,
        Err(Panicked) => {
            state.metrics.panicked();
            let language = language.map(|value| (header::ACCEPT_LANGUAGE, value));
            refuse(state, PANICKED, dialect, &language.into_iter().collect())
        }
    }
}

/// What can be refused before anything of the body was read.
fn may_send(request: &Request<Incoming>) -> Result<(), Refusal> {
    if request.method() != Method::POST {
        return Err(WRONG_METHOD);
    }
    let headers = request.headers();
    if headers.get_all(header::CONTENT_ENCODING).iter().any(|value| value != "identity") {
        return Err(BODY_ENCODED);
    }
    if headers.get_all(header::CONTENT_TYPE).iter().any(|value| !is_json(value.as_bytes())) {
        return Err(BODY_NOT_JSON);
    }
    Ok(())
}

/// Without it this dialect streams one long JSON array.
fn wants_events(request: &Request<Incoming>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    query.split('&').any(|pair| pair == "alt=sse")
}

/// `application/json` and its kin (`application/vnd.api+json`), with any parameters.
fn is_json(value: &[u8]) -> bool {
    let end = value.iter().position(|&byte| byte == b';').unwrap_or(value.len());
    let essence = value[..end].trim_ascii();
    let tail = essence.len().checked_sub(4).map(|start| &essence[start..]);
    essence.eq_ignore_ascii_case(b"application/json")
        || (tail.is_some_and(|tail| tail.eq_ignore_ascii_case(b"json"))
            && essence.iter().any(|&byte| byte == b'+' || byte == b'/'))
}

const fn not_taken(why: NotTaken) -> Refusal {
    match why {
        NotTaken::TooLarge => BODY_TOO_LARGE,
        NotTaken::Broken => BODY_BROKEN,
        NotTaken::TooSlow => BODY_TOO_SLOW,
    }
}

fn refuse(
    state: &State,
    refusal: Refusal,
    dialect: Dialect,
    headers: &HeaderMap,
) -> Response<Body> {
    let mut response = state.refuse(refusal, dialect, headers);
    let headers = response.headers_mut();
    match refusal.status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        // What is left of the body, or of the panicked call, must not meet the next request.
        StatusCode::BAD_REQUEST
        | StatusCode::REQUEST_TIMEOUT
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::INTERNAL_SERVER_ERROR => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    response
}

fn list_models(state: &State, way: &Way<'_>, request: &Request<Incoming>) -> Response<Body> {
    let headers = request.headers();
    let door = state.door.load();
    let dialect = if headers.contains_key("anthropic-version") {
        Dialect::Messages
    } else if request.uri().path().starts_with("/v1beta") {
        Dialect::GenerateContent
    } else {
        Dialect::ChatCompletions
    };
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut response = state.refuse(WRONG_METHOD, dialect, headers);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    if !door.admits(headers) {
        return refuse(state, NO_KEY, dialect, headers);
    }
    let body = match *way {
        Way::Model(name) => models::one(&door.models, &decoded(name), dialect, state.started),
        Way::Models | Way::Call(..) | Way::Nowhere => {
            Some(models::list(&door.models, dialect, state.started))
        }
    };
    let Some(body) = body else {
        return state.refuse(NO_SUCH_MODEL, dialect, headers);
    };
    let mut response = Response::new(Body::whole(body));
    *response.status_mut() = StatusCode::OK;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// A path segment as its client meant it: SDKs write the slash of `provider/model` as `%2F`.
fn decoded(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = match (byte, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high * 16 + low);
                rest = &tail[2..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_paths_lead_somewhere() {
        assert_eq!(way("/v1/chat/completions"), Way::Call(Dialect::ChatCompletions, None));
        assert_eq!(way("/v1/messages"), Way::Call(Dialect::Messages, None));
        assert_eq!(way("/v1/responses"), Way::Call(Dialect::Responses, None));
        assert_eq!(way("/v1/embeddings"), Way::Call(Dialect::Embeddings, None));
        for (path, model, stream) in [
            ("/v1beta/models/gemini-4:generateContent", "gemini-4", false),
            ("/v1beta/models/openai%2Fgpt:streamGenerateContent", "openai/gpt", true),
            ("/v1/models/m:generateContent", "m", false),
            (
                "/v1beta1/projects/p/locations/l/publishers/google/models/m:generateContent",
                "m",
                false,
            ),
        ] {
            let addressed = Addressed { model: model.to_owned(), stream };
            assert_eq!(way(path), Way::Call(Dialect::GenerateContent, Some(addressed)), "{path}");
        }
        assert_eq!(way("/v1/models"), Way::Models);
        assert_eq!(way("/v1beta/models"), Way::Models);
        assert_eq!(way("/v1/models/a/b"), Way::Model("a/b"));
        for path in [
            "/",
            "/v1",
            "/v1/",
            "/v1/messages/",
            "/v1//messages",
            "/V1/messages",
            "/v1/models/",
            "/v1/modelsx",
            "/v1/messages/count_tokens",
            "/v1beta/messages",
            "/v1/x/chat/completions",
            "/v2/models/m:generateContent",
            "/livez",
            "/metrics",
            "/%761/messages",
            "/v1/messages%00",
            "/v1/../v1/messages",
            "/v1/chat/completions;a",
        ] {
            assert_eq!(way(path), Way::Nowhere, "{path}");
        }
    }

    #[test]
    fn json_and_its_kin_are_taken() {
        for good in [
            "application/json",
            "APPLICATION/JSON; charset=utf-8",
            "application/vnd.api+json",
            "text/json",
        ] {
            assert!(is_json(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "json",
            "multipart/form-data; a=application/json",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is_json(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn escapes_in_a_model_name_are_undone() {
        for (raw, name) in
            [("a%2Fb", "a/b"), ("a%2fb", "a/b"), ("a%", "a%"), ("a%zz", "a%zz"), ("plain", "plain")]
        {
            assert_eq!(decoded(raw), name);
        }
    }
}
