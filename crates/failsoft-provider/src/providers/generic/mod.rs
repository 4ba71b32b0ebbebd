//! Endpoints nothing is known of but their dialect.

use failsoft_wire::Dialect;

use crate::classify::rule::Quirks;
use crate::provider::{Auth, Provider};

pub(crate) static CHAT_COMPLETIONS: Provider = Provider {
    id: "chat_completions",
    dialect: Dialect::ChatCompletions,
    base_url: None,
    auth: Auth::Bearer,
    key_env: None,
    default_headers: &[],
    quirks: Quirks::NONE,
};

pub(crate) static MESSAGES: Provider = Provider {
    id: "messages",
    dialect: Dialect::Messages,
    base_url: None,
    auth: Auth::Header("x-api-key"),
    key_env: None,
    // The dialect's own: without it some relays refuse what they would pass on.
    default_headers: &[("anthropic-version", "2023-06-01")],
    quirks: Quirks::NONE,
};
