//! Credentials: of the right kind for the dialect, and where they sign, signed rightly.

use failsoft_wire::Dialect;

use crate::asked::{Aim, Flaw};
use crate::peer::Request;
use crate::sigv4;

/// The key a request presents, as any SDK sends it; of a signature the key's id.
pub(crate) fn credential(request: &Request) -> Option<&str> {
    let bearer = request.header("authorization").map(|value| {
        if let Some(signed) = sigv4::key_id(value) {
            return signed;
        }
        bearer(value).unwrap_or(value)
    });
    let named = || {
        ["x-api-key", "api-key", "x-goog-api-key"].into_iter().find_map(|name| request.header(name))
    };
    bearer.or_else(named).or_else(|| query_key(request))
}

/// Why a request is not let in, if it is not. A key's value is never looked at, only its kind.
pub(crate) fn barred(request: &Request, aim: &Aim) -> Option<Flaw> {
    let has = |name: &str| request.header(name).is_some_and(|value| !value.is_empty());
    let has_bearer =
        request.header("authorization").and_then(bearer).is_some_and(|key| !key.is_empty());
    let is_let_in = match aim.dialect {
        Dialect::ChatCompletions | Dialect::Responses | Dialect::Embeddings => {
            has_bearer || has("api-key") || is_open(request)
        }
        Dialect::Messages => has_bearer || has("x-api-key"),
        Dialect::GenerateContent if aim.is_cloud => has_bearer || has("x-goog-api-key"),
        Dialect::GenerateContent => has("x-goog-api-key") || query_key(request).is_some(),
        Dialect::BedrockConverse if has_bearer => true,
        Dialect::BedrockConverse => return sigv4::flaw(request),
    };
    if !is_let_in {
        return Some(words(aim));
    }
    let needs_version = aim.dialect == Dialect::Messages && !has("anthropic-version");
    needs_version.then(|| Flaw::of("anthropic-version: header is required"))
}

/// No key at all: servers people run themselves ask for none.
fn is_open(request: &Request) -> bool {
    credential(request).is_none()
}

fn words(aim: &Aim) -> Flaw {
    match aim.dialect {
        Dialect::ChatCompletions | Dialect::Responses | Dialect::Embeddings => Flaw::of(
            "You didn't provide an API key. You need to provide your API key in an Authorization \
             header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        )
        .with_status(401),
        Dialect::Messages => Flaw::of("x-api-key header is required").with_status(401),
        Dialect::GenerateContent if aim.is_cloud => Flaw::of(
            "Request is missing required authentication credential. Expected OAuth 2 access \
                 token, login cookie or other valid authentication credential.",
        )
        .with_status(401)
        .coded("CREDENTIALS_MISSING"),
        Dialect::GenerateContent | Dialect::BedrockConverse => Flaw::of(
            "Method doesn't allow unregistered callers (callers without established identity). \
             Please use API Key or other form of API consumer identity to call this API.",
        )
        .with_status(403),
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn query_key(request: &Request) -> Option<&str> {
    request.query.split('&').find_map(|pair| pair.strip_prefix("key="))
}
