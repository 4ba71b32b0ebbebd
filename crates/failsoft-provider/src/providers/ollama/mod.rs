//! Ollama: a server of one's own, or its cloud. Its errors are strings, its types are not to be trusted.

use failsoft_engine::FailureKind;
use failsoft_wire::Dialect;

use crate::classify::rule::{Quirks, Rule, Says, lasting, means, once};
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "ollama",
    trace_name: Some("ollama"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Responses, Dialect::Embeddings],
    base_url: Some("http://127.0.0.1:11434/v1"),
    auth: Auth::Bearer,
    key_env: None,
    default_headers: &[],
    models: "",
    quirks: Quirks { first: FIRST, ..Quirks::NONE },
};

const FIRST: &[Rule] = &[
    Rule {
        when: &[500..=500],
        says: Says::Words(&["runner process has terminated"]),
        means: once(means(FailureKind::ServerError)),
    },
    // The machine is too small for the model, and stays so.
    Rule {
        when: &[500..=500],
        says: Says::Words(&["requires more system memory"]),
        means: lasting(means(FailureKind::ServerError)),
    },
];
