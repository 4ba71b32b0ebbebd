//! llama.cpp: a server of one's own. Its types are exact, and some of its 500s are for ever.

use failsoft_engine::FailureKind;
use failsoft_wire::Dialect;

use crate::classify::rule::{Quirks, Rule, Says, means};
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "llama.cpp",
    trace_name: Some("llama.cpp"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Responses, Dialect::Embeddings],
    base_url: Some("http://127.0.0.1:8080/v1"),
    auth: Auth::Bearer,
    key_env: None,
    default_headers: &[],
    models: "",
    quirks: Quirks { first: FIRST, ..Quirks::NONE },
};

const FIRST: &[Rule] = &[Rule {
    when: &[400..=400, 500..=500],
    says: Says::Words(&["requires --jinja flag"]),
    means: means(FailureKind::Unsupported),
}];
