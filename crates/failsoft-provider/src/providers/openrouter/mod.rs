//! OpenRouter. It passes on what others say, and tells in `metadata` who limits.

use failsoft_engine::FailureKind;
use failsoft_wire::Dialect;

use crate::classify::rule::{Quirks, Rule, Says, means};
use crate::classify::said::Said;
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "openrouter",
    trace_name: Some("openrouter"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Responses, Dialect::Embeddings],
    base_url: Some("https://openrouter.ai/api/v1"),
    auth: Auth::Bearer,
    key_env: Some("OPENROUTER_API_KEY"),
    default_headers: &[],
    models: include_str!("models.txt"),
    quirks: Quirks { first: FIRST, last: LAST, ..Quirks::NONE },
};

const FIRST: &[Rule] = &[
    // Its own calls in flight have reserved the money; it comes back when they end.
    Rule {
        when: &[402..=402],
        says: Says::Code(&["openrouter_in_flight_budget", "in_flight_budget_exhausted"]),
        means: means(FailureKind::RateLimited),
    },
    Rule {
        when: &[403..=403, 429..=429],
        says: Says::Code(&[
            "openrouter_guardrail_budget",
            "openrouter_key_limit",
            "openrouter_workspace_budget",
        ]),
        means: means(FailureKind::QuotaExhausted),
    },
    Rule {
        when: &[403..=403],
        says: Says::Words(&["key limit exceeded"]),
        means: means(FailureKind::QuotaExhausted),
    },
    Rule {
        when: &[429..=429],
        says: Says::Words(&["free-models-per-day"]),
        means: means(FailureKind::QuotaExhausted),
    },
    Rule {
        when: &[429..=429],
        says: Says::Code(&["upstream_provider_shared_pool"]),
        means: means(FailureKind::Overloaded),
    },
    Rule {
        when: &[400..=400],
        says: Says::Code(&["max_tokens_exceeded", "string_too_long"]),
        means: means(FailureKind::ContextLengthExceeded),
    },
    Rule {
        when: &[400..=400, 403..=403],
        says: Says::Code(&["moderation", "refusal"]),
        means: means(FailureKind::ContentFiltered),
    },
    Rule {
        when: &[403..=403],
        says: Says::Fact(shows_what_was_flagged),
        means: means(FailureKind::ContentFiltered),
    },
    // Endpoints exist, only none that does what this request wants.
    Rule {
        when: &[404..=404],
        says: Says::Words(&[
            "no endpoints available matching",
            "no endpoints found matching",
            "no endpoints found that support",
        ]),
        means: means(FailureKind::Unsupported),
    },
    Rule {
        when: &[404..=404],
        says: Says::Words(&["no endpoints found for"]),
        means: means(FailureKind::ModelNotFound),
    },
];

const LAST: &[Rule] = &[
    // The key behind it is refused, not ours.
    Rule {
        when: &[401..=401, 403..=403],
        says: Says::Words(&["provider returned error"]),
        means: means(FailureKind::ServerError),
    },
    // It was reached; what lies behind it was not.
    Rule { when: &[502..=502], says: Says::Anything, means: means(FailureKind::ServerError) },
];

fn shows_what_was_flagged(said: &Said<'_>) -> bool {
    said.layers.innermost("flagged_input").is_some()
}
