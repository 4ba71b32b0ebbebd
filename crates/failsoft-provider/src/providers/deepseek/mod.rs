//! DeepSeek. Its codes and types mislead; the status and the words do not.

use failsoft_engine::{Elsewhere, FailureKind};
use failsoft_wire::{Dialect, PrefillMark};

use crate::classify::rule::{Quirks, Rule, Says, only};
use crate::prefill::PrefillForm;
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "deepseek",
    trace_name: Some("deepseek"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions],
    base_url: Some("https://api.deepseek.com/v1"),
    auth: Auth::Bearer,
    key_env: Some("DEEPSEEK_API_KEY"),
    default_headers: &[],
    models: include_str!("models.txt"),
    quirks: Quirks { first: FIRST, prefill: PREFILL, ..Quirks::NONE },
};

/// Only the beta address goes on from it.
const PREFILL: PrefillForm =
    PrefillForm { mark: PrefillMark::Prefix, only_at: Some("/beta"), ..PrefillForm::PLAIN };

const FIRST: &[Rule] = &[
    // The tool calls of the history were made by another model, so there is nothing to pass back.
    Rule {
        when: &[400..=400],
        says: Says::Words(&["`reasoning_content` in the thinking mode must be passed back"]),
        means: only(FailureKind::BadRequest, Elsewhere::OtherModel),
    },
];
