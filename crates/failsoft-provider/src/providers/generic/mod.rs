//! Endpoints nothing is known of but their dialect.

use failsoft_wire::Dialect;

use crate::classify::rule::Quirks;
use crate::provider::{Auth, Provider};

pub(crate) static CHAT_COMPLETIONS: Provider = Provider {
    id: "chat_completions",
    trace_name: None,
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Responses, Dialect::Embeddings],
    base_url: None,
    auth: Auth::Bearer,
    key_env: None,
    default_headers: &[],
    models: "",
    quirks: Quirks::NONE,
};

pub(crate) static MESSAGES: Provider = Provider {
    id: "messages",
    trace_name: None,
    dialect: Dialect::Messages,
    speaks: &[Dialect::Messages],
    base_url: None,
    auth: Auth::Header("x-api-key"),
    key_env: None,
    // The dialect's own: without it some relays refuse what they would pass on.
    default_headers: &[("anthropic-version", "2023-06-01")],
    models: "",
    quirks: Quirks::NONE,
};

pub(crate) static RESPONSES: Provider = Provider {
    id: "responses",
    trace_name: None,
    dialect: Dialect::Responses,
    speaks: &[Dialect::Responses, Dialect::ChatCompletions, Dialect::Embeddings],
    base_url: None,
    auth: Auth::Bearer,
    key_env: None,
    default_headers: &[],
    models: "",
    quirks: Quirks::NONE,
};

pub(crate) static GENERATE_CONTENT: Provider = Provider {
    id: "generate_content",
    trace_name: None,
    dialect: Dialect::GenerateContent,
    speaks: &[Dialect::GenerateContent],
    base_url: None,
    auth: Auth::Header("x-goog-api-key"),
    key_env: None,
    default_headers: &[],
    models: "",
    quirks: Quirks::NONE,
};

pub(crate) static BEDROCK_CONVERSE: Provider = Provider {
    id: "bedrock_converse",
    trace_name: None,
    dialect: Dialect::BedrockConverse,
    speaks: &[Dialect::BedrockConverse],
    base_url: None,
    auth: Auth::SigV4 { service: "bedrock" },
    key_env: None,
    default_headers: &[],
    models: "",
    quirks: Quirks::NONE,
};
