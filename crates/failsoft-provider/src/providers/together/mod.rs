//! Together. Its 403 may be a prompt that is too long, and its type `credit_limit` a rate.

use failsoft_engine::FailureKind;
use failsoft_wire::Dialect;

use crate::classify::rule::{Quirks, Rule, Says, means};
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "together",
    trace_name: Some("together"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Embeddings],
    base_url: Some("https://api.together.xyz/v1"),
    auth: Auth::Bearer,
    key_env: Some("TOGETHER_API_KEY"),
    default_headers: &[],
    models: include_str!("models.txt"),
    quirks: Quirks { first: FIRST, ..Quirks::NONE },
};

const FIRST: &[Rule] = &[Rule {
    when: &[403..=403],
    says: Says::Words(&["context length"]),
    means: means(FailureKind::ContextLengthExceeded),
}];
