//! OpenAI. Its codes mean the same wherever they are met, so nearly all stand in the shared tables.

use failsoft_wire::Dialect;

use crate::classify::rule::Quirks;
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "openai",
    trace_name: Some("openai"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Responses, Dialect::Embeddings],
    base_url: Some("https://api.openai.com/v1"),
    auth: Auth::Bearer,
    key_env: Some("OPENAI_API_KEY"),
    default_headers: &[],
    models: include_str!("models.txt"),
    quirks: Quirks::NONE,
};
