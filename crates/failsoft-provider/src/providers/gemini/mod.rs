//! Gemini, by an API key. Its errors may come in a list, and its daily limits ask for seconds.

use failsoft_engine::{Cancel, Elsewhere, FailureKind};
use failsoft_wire::Dialect;

use crate::classify::rule::{Quirks, Rule, Says, means, only};
use crate::classify::said::Said;
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "gemini",
    trace_name: Some("gcp.gemini"),
    dialect: Dialect::GenerateContent,
    speaks: &[Dialect::GenerateContent],
    base_url: Some("https://generativelanguage.googleapis.com/v1beta"),
    auth: Auth::Header("x-goog-api-key"),
    key_env: Some("GEMINI_API_KEY"),
    default_headers: &[],
    models: include_str!("models.txt"),
    quirks: Quirks { first: FIRST, cancel: Cancel::Billed, ..Quirks::NONE },
};

const FIRST: &[Rule] = &[
    Rule {
        when: &[429..=429],
        says: Says::Fact(has_no_share),
        means: only(FailureKind::QuotaExhausted, Elsewhere::Any),
    },
    Rule {
        when: &[429..=429],
        says: Says::Code(&["quota_exceeded"]),
        means: means(FailureKind::QuotaExhausted),
    },
];

/// A limit of zero: the account's tier does not have this model at all.
fn has_no_share(said: &Said<'_>) -> bool {
    let after = said.text().split("limit: 0").skip(1);
    after.into_iter().any(|rest| !rest.starts_with(|it: char| it.is_ascii_digit() || it == '.'))
}
