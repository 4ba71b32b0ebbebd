//! What this target cannot do and another may. Read before models: the words name models too.

use std::ops::RangeInclusive;

use failsoft_engine::{Elsewhere, FailureKind};

use super::rule::{Rule, Says, means, only};

const WHEN: &[RangeInclusive<u16>] = &[400..=400, 404..=404, 422..=422];

pub(crate) const RULES: &[Rule] = &[
    Rule {
        when: WHEN,
        says: Says::Words(&[
            "--enable-auto-tool-choice",
            "adaptive thinking is not supported",
            "are not enabled for this model",
            "does not support",
            "invalid service_tier argument",
            "is deprecated for this model",
            "is enabled only for api versions",
            "is not enabled for this model",
            "is not supported by the model",
            "is only supported by certain models",
            "is only supported in v1/",
            "not a chat model",
            "not supported by this model",
            "not supported for this model",
            "not supported in the v1/",
            "not supported in this model",
            "not supported on this model",
            "not supported with this model",
            "operation does not work with the specified model",
            "please use /completions api instead",
            "thinking.type.enabled is not supported",
        ]),
        means: means(FailureKind::Unsupported),
    },
    // A strict parser met a content part or a tool that other targets know.
    Rule {
        when: WHEN,
        says: Says::Words(&[
            "input tag '*' found using 'type' does not match any of the expected tags",
            "unknown variant `*`, expected `text`",
        ]),
        means: only(FailureKind::BadRequest, Elsewhere::OtherModel),
    },
];
