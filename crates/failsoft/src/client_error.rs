//! The one table of what clients are told when a call fails.

use std::time::Duration;

use failsoft_engine::FailureKind;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// The longest wait a client is asked for: SDKs with shorter patience would come back sooner.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The status that goes with a failure of this kind. Keys, money and models of a target are the
/// operator's affair, so the caller sees a service that is not available.
pub(crate) fn status(kind: FailureKind) -> StatusCode {
    match kind {
        FailureKind::BadRequest
        | FailureKind::ContextLengthExceeded
        | FailureKind::ContentFiltered
        | FailureKind::Unsupported => StatusCode::BAD_REQUEST,
        FailureKind::NotFound => StatusCode::NOT_FOUND,
        FailureKind::Conflict => StatusCode::CONFLICT,
        FailureKind::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        FailureKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        FailureKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        FailureKind::QuotaExhausted
        | FailureKind::Overloaded
        | FailureKind::ServerError
        | FailureKind::Network
        | FailureKind::Authentication
        | FailureKind::Permission
        | FailureKind::ModelNotFound
        | FailureKind::BadResponse
        | FailureKind::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Whether the client's own retry could help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// Nothing was tried yet, and a gate opens after this time: coming back is right.
    After(Duration),
    /// The call has spent its tries, or would fail the same way: more would only multiply it.
    No,
}

/// Tells the client's SDK whether, and when, to come back.
pub(crate) fn advise(headers: &mut HeaderMap, again: Again) {
    match again {
        Again::No => {
            headers.insert(
                HeaderName::from_static("x-should-retry"),
                HeaderValue::from_static("false"),
            );
        }
        Again::After(wait) => retry_after(headers, wait),
    }
}

/// When trying again may help: whole seconds, at least one, at most a minute.
pub(crate) fn retry_after(headers: &mut HeaderMap, wait: Duration) {
    let wait = wait.clamp(Duration::from_secs(1), LONGEST_WAIT);
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sdk_retries_what_only_the_caller_can_mend() {
        for kind in FailureKind::ALL.into_iter().filter(|kind| kind.is_callers_fault()) {
            let status = status(kind).as_u16();
            let retried = matches!(status, 408 | 429 | 500..) || status == 409;
            assert_eq!(retried, kind == FailureKind::Conflict, "{kind}");
        }
    }

    #[test]
    fn a_wait_is_whole_seconds_between_one_and_sixty() {
        for (wait, said) in [(0, "1"), (1, "1"), (1_001, "2"), (2_000, "2"), (9_000_000, "60")] {
            let mut headers = HeaderMap::new();
            retry_after(&mut headers, Duration::from_millis(wait));
            assert_eq!(headers[header::RETRY_AFTER], said, "{wait} ms");
        }
    }
}
