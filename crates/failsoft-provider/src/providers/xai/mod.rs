//! xAI. Its code is a sentence and its error a string; the words tell key, money and policy apart.

use failsoft_wire::Dialect;

use crate::classify::rule::Quirks;
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "xai",
    trace_name: Some("x_ai"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Responses],
    base_url: Some("https://api.x.ai/v1"),
    auth: Auth::Bearer,
    key_env: Some("XAI_API_KEY"),
    default_headers: &[],
    models: include_str!("models.txt"),
    quirks: Quirks::NONE,
};
