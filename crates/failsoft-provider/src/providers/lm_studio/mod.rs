//! LM Studio: a server of one's own. An overflow may come as a 200 with a string.

use failsoft_engine::FailureKind;
use failsoft_wire::Dialect;

use crate::classify::rule::{CLIENT, Quirks, Rule, Says, means};
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "lmstudio",
    trace_name: Some("lmstudio"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Responses, Dialect::Embeddings],
    base_url: Some("http://127.0.0.1:1234/v1"),
    auth: Auth::Bearer,
    key_env: None,
    default_headers: &[],
    models: "",
    quirks: Quirks { first: FIRST, ..Quirks::NONE },
};

const FIRST: &[Rule] = &[
    Rule {
        when: CLIENT,
        says: Says::Words(&["context length"]),
        means: means(FailureKind::ContextLengthExceeded),
    },
    // A wrong path is a 200 with these words.
    Rule {
        when: CLIENT,
        says: Says::Words(&["unexpected endpoint or method"]),
        means: means(FailureKind::NotFound),
    },
];
