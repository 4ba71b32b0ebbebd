//! Groq. A sampling fault is a 400 here, and a full flex tier a 498.

use failsoft_engine::{Cancel, FailureKind};
use failsoft_wire::Dialect;

use crate::classify::rule::{Quirks, Rule, Says, means, once};
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "groq",
    trace_name: Some("groq"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Responses],
    base_url: Some("https://api.groq.com/openai/v1"),
    auth: Auth::Bearer,
    key_env: Some("GROQ_API_KEY"),
    default_headers: &[],
    models: include_str!("models.txt"),
    quirks: Quirks { first: FIRST, last: LAST, daily: &["x-ratelimit-remaining-requests"], cancel: Cancel::Billed, ..Quirks::NONE },
};

// Limits are each model's own, and even a day's is full again bit by bit: the key stays good.
const FIRST: &[Rule] = &[Rule {
    when: &[429..=429],
    says: Says::Words(&["tokens per day*try again in", "requests per day*try again in"]),
    means: means(FailureKind::RateLimited),
}];

const LAST: &[Rule] = &[
    Rule { when: &[498..=498], says: Says::Anything, means: means(FailureKind::Overloaded) },
    // By its documentation a model's own mistake can end here too.
    Rule { when: &[422..=422], says: Says::Anything, means: once(means(FailureKind::BadRequest)) },
];
