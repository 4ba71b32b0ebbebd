//! What a status means when nothing else said more.

use failsoft_engine::{Elsewhere, Failure, FailureKind};

use super::rule::{lasting, means, only};

/// The meaning of a status.
pub(crate) fn default(status: u16) -> Failure {
    match status {
        401 => means(FailureKind::Authentication),
        402 => means(FailureKind::QuotaExhausted),
        403 | 451 => means(FailureKind::Permission),
        404 => means(FailureKind::NotFound),
        // A proxy of our own wants a login: every target lies behind it.
        407 => only(FailureKind::Permission, Elsewhere::Nowhere),
        408 | 504 | 524 | 598 | 599 => means(FailureKind::Timeout),
        409 => means(FailureKind::Conflict),
        410 => means(FailureKind::ModelNotFound),
        413 => means(FailureKind::PayloadTooLarge),
        421 | 425 | 502 | 520..=523 | 525..=527 | 530 => means(FailureKind::Network),
        // Something the request names has failed, and fails the same way for every target.
        424 => lasting(only(FailureKind::ServerError, Elsewhere::Nowhere)),
        429 => means(FailureKind::RateLimited),
        499 => means(FailureKind::Cancelled),
        501 => means(FailureKind::Unsupported),
        503 | 529 => means(FailureKind::Overloaded),
        400..=499 => means(FailureKind::BadRequest),
        _others => means(FailureKind::ServerError),
    }
}

/// The status an error inside a 200 names by a word.
pub(crate) fn named(code: &str) -> Option<u16> {
    let code = code.to_ascii_lowercase();
    NAMES.iter().find(|(name, _)| *name == code).map(|(_, status)| *status)
}

const NAMES: &[(&str, u16)] = &[
    ("accessdeniedexception", 403),
    ("active_turn_not_steerable", 409),
    ("api_error", 500),
    ("authentication_error", 401),
    ("badrequesterror", 400),
    ("billing_error", 402),
    ("cancelled", 499),
    ("conflict", 409),
    ("conflict_error", 409),
    ("conflictexception", 409),
    ("connection_failed", 502),
    ("deadline_exceeded", 504),
    ("empty_image_file", 400),
    ("executor_version_incompatible", 400),
    ("failed_precondition", 400),
    ("failed_to_download_image", 400),
    ("image_file_not_found", 400),
    ("image_file_too_large", 400),
    ("image_parse_error", 400),
    ("image_too_large", 400),
    ("image_too_small", 400),
    ("internal", 500),
    ("internal_error", 500),
    ("internal_server_error", 500),
    ("internalfailure", 500),
    ("internalservererror", 500),
    ("internalserverexception", 500),
    ("invalid_argument", 400),
    ("invalid_base64_image", 400),
    ("invalid_image", 400),
    ("invalid_image_format", 400),
    ("invalid_image_mode", 400),
    ("invalid_image_url", 400),
    ("invalid_request_error", 400),
    ("modelerrorexception", 424),
    ("modelnotreadyexception", 429),
    ("modelstreamerrorexception", 500),
    ("modeltimeoutexception", 408),
    ("not_found", 404),
    ("not_found_error", 404),
    ("notfounderror", 404),
    ("permission_denied", 403),
    ("permission_error", 403),
    ("rate_limit_error", 429),
    ("rate_limit_exceeded", 429),
    ("rate_limited", 429),
    ("request_timeout", 504),
    ("request_too_large", 413),
    ("resource_exhausted", 429),
    ("resource_not_found", 404),
    ("resourcenotfoundexception", 404),
    ("sandbox_error", 500),
    ("server_error", 500),
    ("service_unavailable_error", 503),
    ("servicequotaexceededexception", 400),
    ("serviceunavailable", 503),
    ("serviceunavailableerror", 503),
    ("serviceunavailableexception", 503),
    ("throttlingexception", 429),
    ("timeout_error", 504),
    ("too_many_requests", 429),
    ("too_many_requests_error", 429),
    ("unauthenticated", 401),
    ("unavailable", 503),
    ("unavailable_error", 503),
    ("unprocessableentityerror", 422),
    ("unsupported_image_media_type", 400),
    ("validationexception", 400),
];

#[cfg(test)]
mod tests {
    use failsoft_engine::{Elsewhere, FailureKind, Repeat};

    use super::default;

    #[test]
    fn every_status_has_its_meaning() {
        for (statuses, kind) in [
            (&[400, 405, 406, 411, 412, 414, 415, 418, 422, 431][..], FailureKind::BadRequest),
            (&[401], FailureKind::Authentication),
            (&[402], FailureKind::QuotaExhausted),
            (&[403, 407, 451], FailureKind::Permission),
            (&[404], FailureKind::NotFound),
            (&[408, 504, 524, 598, 599], FailureKind::Timeout),
            (&[409], FailureKind::Conflict),
            (&[410], FailureKind::ModelNotFound),
            (&[413], FailureKind::PayloadTooLarge),
            (&[421, 425, 502, 520, 521, 522, 523, 525, 526, 527, 530], FailureKind::Network),
            (&[424, 500, 505, 511, 528, 531], FailureKind::ServerError),
            (&[429], FailureKind::RateLimited),
            (&[499], FailureKind::Cancelled),
            (&[501], FailureKind::Unsupported),
            (&[503, 529], FailureKind::Overloaded),
        ] {
            for status in statuses {
                assert_eq!(default(*status).kind, kind, "{status}");
            }
        }
    }

    #[test]
    fn what_fails_behind_the_provider_fails_for_every_target() {
        assert_eq!(default(424).elsewhere, Elsewhere::Nowhere);
        assert_eq!(default(424).repeat, Repeat::Forbidden);
        assert_eq!(default(407).elsewhere, Elsewhere::Nowhere);
    }
}
