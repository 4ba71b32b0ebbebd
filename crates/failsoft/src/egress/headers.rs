//! Which headers pass the house, each way.

use http::HeaderMap;
use http::header::{CONNECTION, HeaderName};

/// Of the connection, not of the message.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
];

/// The client's own credentials and accounts, and what speaks of its way to us: they would be
/// wrong, or a leak, at a target that is reached with our key.
const CLIENT_ONLY: &[&str] = &[
    "host",
    "expect",
    "authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "cookie",
    "openai-organization",
    "openai-project",
    "accept-encoding",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "metadata",
    "metadata-flavor",
    "x-aws-ec2-metadata-token",
    "x-metadata-token",
];

/// What a target says to us alone: advice we have acted on, limits of our key, its own machines.
const TARGET_ONLY: &[&str] = &[
    "set-cookie",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "request-id",
    "x-request-id",
    "server",
    "via",
    "alt-svc",
    "date",
    "strict-transport-security",
    "content-encoding",
    "www-authenticate",
    "openai-organization",
    "openai-project",
    "anthropic-organization-id",
    "apim-request-id",
];

/// What is no dialect's own. All else speaks to a service the call does not go to.
const ANY_DIALECT: &[&str] = &["user-agent", "traceparent", "tracestate", "baggage"];

/// What a target says of our key's limits and of its own machines, by how the names begin.
const TARGET_ONLY_PREFIXES: &[&str] = &[
    "anthropic-ratelimit-",
    "cf-",
    "ratelimit-",
    "x-amzn-",
    "x-envoy-",
    "x-failsoft-",
    "x-goog-",
    "x-ms-",
    "x-rate-limit-",
    "x-ratelimit-",
];

/// The client's headers that go on to a target.
pub(crate) fn forwardable(headers: &HeaderMap) -> HeaderMap {
    let named = named_by_connection(headers);
    let passes = |name: &HeaderName| {
        let text = name.as_str();
        !HOP_BY_HOP.contains(&text)
            && !CLIENT_ONLY.contains(&text)
            && !text.starts_with("x-failsoft-")
            && !named.iter().any(|other| other == text)
    };
    filtered(headers, passes)
}

/// Of the client's headers that go on, those that mean something in any dialect.
pub(crate) fn translatable(headers: &HeaderMap) -> HeaderMap {
    filtered(headers, |name| ANY_DIALECT.contains(&name.as_str()))
}

/// A target's headers that go on to the client.
pub(crate) fn returnable(headers: &HeaderMap) -> HeaderMap {
    let named = named_by_connection(headers);
    let passes = |name: &HeaderName| {
        let text = name.as_str();
        !HOP_BY_HOP.contains(&text)
            && !TARGET_ONLY.contains(&text)
            && !TARGET_ONLY_PREFIXES.iter().any(|prefix| text.starts_with(prefix))
            && !named.iter().any(|other| other == text)
    };
    filtered(headers, passes)
}

fn filtered(headers: &HeaderMap, passes: impl Fn(&HeaderName) -> bool) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(headers.len() + 6);
    for (name, value) in headers {
        if passes(name) {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}

/// Headers that `Connection` declares to be of this connection only.
fn named_by_connection(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(rows: &[(&str, &str)]) -> HeaderMap {
        rows.iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn credentials_and_the_way_to_us_stay_here() {
        let sent = headers(&[
            ("authorization", "Bearer client"),
            ("x-api-key", "client"),
            ("cookie", "a=b"),
            ("host", "gateway"),
            ("connection", "keep-alive, X-Trick"),
            ("x-trick", "1"),
            ("x-failsoft-tag", "team=search"),
            ("x-forwarded-for", "10.0.0.1"),
            ("content-length", "3"),
            ("anthropic-beta", "fine-grained"),
            ("x-stainless-lang", "python"),
            ("traceparent", "00-1-2-01"),
        ]);
        assert_eq!(
            names(&forwardable(&sent)),
            ["anthropic-beta", "traceparent", "x-stainless-lang"]
        );
    }

    /// What speaks to one service means nothing, or the wrong thing, to another.
    #[test]
    fn a_translated_call_takes_along_only_what_any_dialect_knows() {
        let sent = headers(&[
            ("anthropic-beta", "fine-grained"),
            ("x-stainless-lang", "python"),
            ("accept", "text/event-stream"),
            ("user-agent", "OpenAI/Python"),
            ("traceparent", "00-1-2-01"),
        ]);
        assert_eq!(names(&translatable(&sent)), ["traceparent", "user-agent"]);
    }

    #[test]
    fn advice_to_us_and_limits_of_our_key_stay_here() {
        let came = headers(&[
            ("retry-after", "9000"),
            ("x-should-retry", "true"),
            ("x-ratelimit-remaining-requests", "1"),
            ("anthropic-ratelimit-tokens-limit", "1"),
            ("openai-organization", "org-of-the-pool"),
            ("x-amzn-requestid", "1"),
            ("x-ms-region", "Sweden"),
            ("set-cookie", "a=b"),
            ("x-failsoft-call", "spoofed"),
            ("request-id", "req_1"),
            ("content-type", "application/json"),
            ("openai-processing-ms", "12"),
        ]);
        assert_eq!(names(&returnable(&came)), ["content-type", "openai-processing-ms"]);
    }
}
