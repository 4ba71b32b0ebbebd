//! Azure. Every resource has an address of its own; its codes are words, or the status as a string.

use failsoft_engine::FailureKind;
use failsoft_wire::Dialect;

use crate::classify::rule::{CLIENT, Quirks, Rule, Says, means};
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "azure",
    trace_name: Some("azure.ai.openai"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Responses, Dialect::Embeddings],
    base_url: None,
    auth: Auth::Header("api-key"),
    key_env: Some("AZURE_OPENAI_API_KEY"),
    default_headers: &[],
    models: "",
    quirks: Quirks { first: FIRST, last: LAST, ..Quirks::NONE },
};

const FIRST: &[Rule] = &[
    Rule {
        when: CLIENT,
        says: Says::Code(&["OperationNotSupported", "unsupported_api_version"]),
        means: means(FailureKind::Unsupported),
    },
    // The words speak of content policy, but it is the resource that is blocked.
    Rule {
        when: &[403..=403],
        says: Says::Code(&["AccountDisabled", "ResourceBlocked"]),
        means: means(FailureKind::Permission),
    },
    Rule {
        when: &[403..=403],
        says: Says::Words(&["temporarily blocked because we detected behavior"]),
        means: means(FailureKind::Permission),
    },
];

const LAST: &[Rule] = &[
    // A missing path has a code and these words; whatever else is not found is a deployment.
    Rule {
        when: &[404..=404],
        says: Says::Words(&["resource not found"]),
        means: means(FailureKind::NotFound),
    },
    Rule { when: &[404..=404], says: Says::Anything, means: means(FailureKind::ModelNotFound) },
];
