//! Exact codes that mean one thing wherever they are met.
//!
//! A code that means different things at different providers stands in their folders instead.

use failsoft_engine::{Elsewhere, FailureKind};

use super::rule::{ANY, CLIENT, Rule, Says, means, once, only};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        when: ANY,
        says: Says::Code(&[
            "context_length_exceeded",
            "exceed_context_size_error",
            "model_context_window_exceeded",
            "model_max_prompt_tokens_exceeded",
            "token_limit_exceeded",
            "too_many_prompt_tokens",
        ]),
        means: means(FailureKind::ContextLengthExceeded),
    },
    // Its words sound like a context that is too long, but it counts one field's characters.
    Rule {
        when: ANY,
        says: Says::Code(&["string_above_max_length"]),
        means: means(FailureKind::BadRequest),
    },
    Rule {
        when: ANY,
        says: Says::Code(&["failed_to_download_image", "image_file_not_found"]),
        means: once(means(FailureKind::BadRequest)),
    },
    Rule {
        when: ANY,
        says: Says::Code(&["max_tokens_per_request"]),
        means: only(FailureKind::PayloadTooLarge, Elsewhere::Nowhere),
    },
    Rule {
        when: ANY,
        says: Says::Code(&[
            "image_dimensions_too_large",
            "request_body_too_large_after_decoding",
            "request_too_large",
        ]),
        means: means(FailureKind::PayloadTooLarge),
    },
    Rule {
        when: ANY,
        says: Says::Code(&[
            "not_supported_error",
            "parameter_unknown",
            "unsupported_parameter",
            "unsupported_value",
        ]),
        means: means(FailureKind::Unsupported),
    },
    Rule {
        when: ANY,
        says: Says::Code(&[
            "cmek_key_disabled",
            "cmek_key_network_blocked",
            "data_residency_mismatch",
            "insufficient_permissions",
            "ip_not_authorized",
            "model_terms_required",
            "organization_not_enrolled_in_beta",
            "organization_on_hold",
            "organization_restricted",
            "unsupported_country_region_territory",
        ]),
        means: means(FailureKind::Permission),
    },
    // The account or its place is not let in: no bill, no region, an API that is not switched on.
    Rule {
        when: &[400..=400],
        says: Says::Code(&["failed_precondition"]),
        means: means(FailureKind::Permission),
    },
    Rule {
        when: ANY,
        says: Says::Code(&["api_key_invalid", "invalid_api_key", "wrong_api_key"]),
        means: means(FailureKind::Authentication),
    },
    Rule {
        when: ANY,
        says: Says::Code(&["file_expired", "previous_response_not_found", "thread_not_found"]),
        means: means(FailureKind::NotFound),
    },
    // A relay answers 503 with such a code when its own channels are merely resting.
    Rule {
        when: CLIENT,
        says: Says::Code(&[
            "deploymentnotfound",
            "invalid_model",
            "model_decommissioned",
            "model_not_available",
            "model_not_found",
            "model_not_supported",
            "unknown_model",
        ]),
        means: means(FailureKind::ModelNotFound),
    },
    Rule {
        when: ANY,
        says: Says::Code(&[
            "thread_already_continued",
            "thread_continue_in_flight",
            "thread_fingerprint_mismatch",
        ]),
        means: means(FailureKind::Conflict),
    },
    Rule {
        when: ANY,
        says: Says::Code(&["request_body_timeout"]),
        means: means(FailureKind::Timeout),
    },
    Rule {
        when: ANY,
        says: Says::Code(&["vector_store_timeout"]),
        means: once(means(FailureKind::Timeout)),
    },
    Rule {
        when: ANY,
        says: Says::Code(&[
            "cmek_context_unavailable",
            "cmek_key_unreachable",
            "registration_pending",
        ]),
        means: means(FailureKind::ServerError),
    },
    // What the client told the provider to call has failed, and will for every target.
    Rule {
        when: ANY,
        says: Says::Code(&["external_connector_error"]),
        means: once(only(FailureKind::ServerError, Elsewhere::Nowhere)),
    },
    Rule {
        when: &[429..=429],
        says: Says::Code(&["ramp_limit_exceeded", "slow_down"]),
        means: means(FailureKind::RateLimited),
    },
    Rule {
        when: ANY,
        says: Says::Code(&[
            "capacity_exceeded",
            "flex_unavailable",
            "nocapacity",
            "overloaded_error",
            "queue_exceeded",
            "resource_unavailable",
            "server_is_overloaded",
            "server_overloaded",
            "service_tier_capacity_exceeded",
            "slow_down",
        ]),
        means: means(FailureKind::Overloaded),
    },
];
