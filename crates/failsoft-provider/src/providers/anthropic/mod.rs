//! Anthropic. Its 400 wears many hats, and its 429 may last for weeks.

use failsoft_engine::FailureKind;
use failsoft_wire::Dialect;

use crate::classify::Place;
use crate::classify::rule::{Quirks, Rule, Says, means};
use crate::classify::said::Said;
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "anthropic",
    trace_name: Some("anthropic"),
    dialect: Dialect::Messages,
    speaks: &[Dialect::Messages],
    base_url: Some("https://api.anthropic.com"),
    auth: Auth::Header("x-api-key"),
    key_env: Some("ANTHROPIC_API_KEY"),
    default_headers: &[("anthropic-version", "2023-06-01")],
    models: include_str!("models.txt"),
    quirks: Quirks { first: FIRST, ..Quirks::NONE },
};

const FIRST: &[Rule] = &[
    // The provider slows everyone down; the account is not to blame.
    Rule {
        when: &[429..=429],
        says: Says::Words(&["not your usage limit"]),
        means: means(FailureKind::Overloaded),
    },
    Rule {
        when: &[429..=429],
        says: Says::Fact(is_spent),
        means: means(FailureKind::QuotaExhausted),
    },
];

/// A rate limit always says when it ends, or that it is one; what says neither is a spend limit.
fn is_spent(said: &Said<'_>) -> bool {
    if said.answer.place != Place::Http {
        return false;
    }
    if said.header("anthropic-ratelimit-unified-status") == Some("rejected") {
        return true;
    }
    let is_rate = ["rate limit", "per minute", "per-minute", "acceleration limit"];
    said.wait.is_none()
        && said.header("retry-after").is_none()
        && said.header("x-should-retry") != Some("true")
        && !said.has_code("ramp_limit_exceeded")
        && !is_rate.iter().any(|words| said.has_words(words))
}
