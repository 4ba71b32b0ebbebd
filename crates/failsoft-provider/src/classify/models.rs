//! Models that do not exist, any more or for this key.

use std::ops::RangeInclusive;

use failsoft_engine::FailureKind;

use super::rule::{Rule, Says, means};
use super::said::Said;

const WHEN: &[RangeInclusive<u16>] = &[400..=400, 403..=404, 410..=410, 422..=422];

pub(crate) const RULES: &[Rule] = &[
    Rule {
        when: WHEN,
        says: Says::Words(&[
            "has been decommissioned",
            "invalid model '",
            "invalid model name",
            "invalid model:",
            "is not a valid model id",
            "is not supported by any provider",
            "model '*' not found",
            "model `*` not found",
            "model identifier is invalid",
            "model not exist",
            "model not found",
            "model*does not exist",
            "model*has been deprecated",
            "model*no longer accessible",
            "model*was deprecated",
            "models loaded. please load a model",
            "not found, try pulling it first",
            "on-demand throughput isn",
            "reached its end of life",
            "reached the end of its life",
            "supported api model names are",
            "supported models are ",
            "unable to access model",
            "unknown model",
        ]),
        means: means(FailureKind::ModelNotFound),
    },
    // A 404 in the API's own words is about a model only if it speaks of one.
    Rule {
        when: &[404..=404, 410..=410],
        says: Says::Fact(speaks_of_a_model),
        means: means(FailureKind::ModelNotFound),
    },
];

fn speaks_of_a_model(said: &Said<'_>) -> bool {
    let named = said.layers.param().is_some_and(|param| param == "model");
    said.status.is_some() && (named || said.has_words("model") || said.has_words("deployment"))
}
