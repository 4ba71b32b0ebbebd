//! Cerebras. Flat errors; a 429 with `queue_exceeded` is a full queue, not a limit.

use failsoft_wire::Dialect;

use crate::classify::rule::Quirks;
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "cerebras",
    trace_name: Some("cerebras"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions],
    base_url: Some("https://api.cerebras.ai/v1"),
    auth: Auth::Bearer,
    key_env: Some("CEREBRAS_API_KEY"),
    default_headers: &[],
    models: include_str!("models.txt"),
    quirks: Quirks::NONE,
};
