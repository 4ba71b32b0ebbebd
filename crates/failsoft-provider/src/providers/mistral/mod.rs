//! Mistral. Its errors are flat, its codes numbers, and its edge answers in shapes of its own.

use failsoft_engine::{Cancel, FailureKind};
use failsoft_wire::{Dialect, PrefillMark};

use crate::classify::rule::{ANY, Quirks, Rule, Says, means};
use crate::classify::said::Said;
use crate::prefill::PrefillForm;
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "mistral",
    trace_name: Some("mistral_ai"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Embeddings],
    base_url: Some("https://api.mistral.ai/v1"),
    auth: Auth::Bearer,
    key_env: Some("MISTRAL_API_KEY"),
    default_headers: &[],
    models: include_str!("models.txt"),
    quirks: Quirks { first: FIRST, prefill: PREFILL, cancel: Cancel::Billed, ..Quirks::NONE },
};

/// The answer begins with what was sent.
const PREFILL: PrefillForm =
    PrefillForm { mark: PrefillMark::Prefix, echoes: true, ..PrefillForm::PLAIN };

const FIRST: &[Rule] = &[
    Rule {
        when: &[400..=400, 404..=404],
        says: Says::Code(&["1500"]),
        means: means(FailureKind::ModelNotFound),
    },
    // Turns in an order it does not take.
    Rule {
        when: &[400..=400],
        says: Says::Code(&["3230", "invalid_request_message_order"]),
        means: means(FailureKind::Unsupported),
    },
    Rule {
        when: &[400..=400, 422..=422],
        says: Says::Words(&["extra inputs are not permitted"]),
        means: means(FailureKind::Unsupported),
    },
    Rule { when: ANY, says: Says::Code(&["3505"]), means: means(FailureKind::Overloaded) },
    Rule {
        when: &[429..=429],
        says: Says::Fact(month_is_used_up),
        means: means(FailureKind::QuotaExhausted),
    },
];

fn month_is_used_up(said: &Said<'_>) -> bool {
    said.header("x-ratelimit-remaining-tokens-month") == Some("0")
}
