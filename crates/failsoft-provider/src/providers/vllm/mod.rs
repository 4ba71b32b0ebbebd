//! vLLM: a server of one's own. Inside a stream it labels its own failures as bad requests.

use failsoft_engine::FailureKind;
use failsoft_wire::{Dialect, PrefillMark};

use crate::classify::Place;
use crate::classify::rule::{Quirks, Rule, Says, means, lasting};
use crate::classify::said::Said;
use crate::prefill::PrefillForm;
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "vllm",
    trace_name: Some("vllm"),
    dialect: Dialect::ChatCompletions,
    speaks: &[Dialect::ChatCompletions, Dialect::Responses, Dialect::Embeddings],
    base_url: Some("http://127.0.0.1:8000/v1"),
    auth: Auth::Bearer,
    key_env: None,
    default_headers: &[],
    models: "",
    quirks: Quirks { first: FIRST, last: LAST, prefill: PREFILL, ..Quirks::NONE },
};

/// Without the mark it begins a new turn behind the one that was sent.
const PREFILL: PrefillForm =
    PrefillForm { mark: PrefillMark::ContinueFinal, ..PrefillForm::PLAIN };

const FIRST: &[Rule] = &[
    // The engine is dead and the process about to exit.
    Rule {
        when: &[500..=500],
        says: Says::Words(&["enginecore encountered an issue", "enginedeaderror"]),
        means: lasting(means(FailureKind::ServerError)),
    },
];

const LAST: &[Rule] = &[
    // The request was taken when the stream began; the label is the server's default.
    Rule {
        when: &[400..=400],
        says: Says::Fact(broke_inside_a_stream),
        means: means(FailureKind::ServerError),
    },
];

fn broke_inside_a_stream(said: &Said<'_>) -> bool {
    said.answer.place == Place::Stream && said.has_code("BadRequestError")
}
