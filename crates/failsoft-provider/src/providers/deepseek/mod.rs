//! DeepSeek. Its codes and types mislead; the status and the words do not.

use failsoft_wire::Dialect;

use crate::classify::rule::Quirks;
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "deepseek",
    dialect: Dialect::ChatCompletions,
    base_url: Some("https://api.deepseek.com/v1"),
    auth: Auth::Bearer,
    key_env: Some("DEEPSEEK_API_KEY"),
    default_headers: &[],
    quirks: Quirks::NONE,
};
