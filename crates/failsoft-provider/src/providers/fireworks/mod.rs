//! Fireworks. Statuses mean other things here: 403 the key, 412 the bill, 425 a deployment that starts.

use failsoft_engine::FailureKind;
use failsoft_wire::Dialect;

use crate::classify::rule::{Quirks, Rule, Says, lasting, means};
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "fireworks",
    trace_name: Some("fireworks"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Responses, Dialect::Embeddings],
    base_url: Some("https://api.fireworks.ai/inference/v1"),
    auth: Auth::Bearer,
    key_env: Some("FIREWORKS_API_KEY"),
    default_headers: &[],
    models: include_str!("models.txt"),
    quirks: Quirks { first: FIRST, last: LAST, ..Quirks::NONE },
};

const FIRST: &[Rule] = &[
    // An adapter that did not load shares the status with the bill.
    Rule {
        when: &[412..=412],
        says: Says::Words(&[" lora"]),
        means: lasting(means(FailureKind::ServerError)),
    },
    Rule {
        when: &[404..=404],
        says: Says::Words(&["missing conversation_config"]),
        means: means(FailureKind::Unsupported),
    },
];

const LAST: &[Rule] = &[
    Rule { when: &[403..=403], says: Says::Anything, means: means(FailureKind::Authentication) },
    Rule { when: &[412..=412], says: Says::Anything, means: means(FailureKind::QuotaExhausted) },
    Rule { when: &[425..=425], says: Says::Anything, means: means(FailureKind::ServerError) },
];
