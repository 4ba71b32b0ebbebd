//! Cohere, through the endpoint that speaks OpenAI's dialect. Its trial keys end by the month.

use failsoft_engine::FailureKind;
use failsoft_wire::Dialect;

use crate::classify::rule::{Quirks, Rule, Says, means};
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "cohere",
    trace_name: Some("cohere"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Embeddings],
    base_url: Some("https://api.cohere.ai/compatibility/v1"),
    auth: Auth::Bearer,
    key_env: Some("COHERE_API_KEY"),
    default_headers: &[],
    models: include_str!("models.txt"),
    quirks: Quirks { first: FIRST, last: LAST, ..Quirks::NONE },
};

const FIRST: &[Rule] = &[Rule {
    when: &[429..=429],
    says: Says::Words(&["api calls / month"]),
    means: means(FailureKind::QuotaExhausted),
}];

const LAST: &[Rule] = &[Rule {
    when: &[498..=498],
    says: Says::Anything,
    means: means(FailureKind::Authentication),
}];
