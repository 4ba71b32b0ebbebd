//! Prompts longer than the model's context. Read before sizes, permissions and bad requests.

use std::ops::RangeInclusive;

use failsoft_engine::{Elsewhere, FailureKind};

use super::rule::{Rule, Says, means, only};

/// Where these words were met. Not 429: throttles count tokens in much the same words.
const WHEN: &[RangeInclusive<u16>] =
    &[400..=400, 403..=404, 413..=413, 422..=422, 424..=424, 500..=500];

pub(crate) const RULES: &[Rule] = &[
    // One input of many is too long for the batch; a larger context does not change that.
    Rule {
        when: WHEN,
        says: Says::Words(&["increase the physical batch size"]),
        means: only(FailureKind::ContextLengthExceeded, Elsewhere::Nowhere),
    },
    Rule {
        when: WHEN,
        says: Says::Words(&[
            "context length exceeded",
            "context window exceeds limit",
            "context_length_exceeded",
            "current length is *while limit is ",
            "exceed context limit",
            "exceed model context length",
            "exceed the context window",
            "exceeded model token limit",
            "exceeds context limit",
            "exceeds model context window",
            "exceeds the available context size",
            "exceeds the context length",
            "exceeds the context window",
            "exceeds the maximum model length",
            "exceeds the maximum number of tokens allowed",
            "exceeds the model context window",
            "exceeds the model's context",
            "input is too long",
            "input tokens exceed the configured limit",
            "input tokens exceeds maximum length",
            "inputs` must have less than",
            "inputs` tokens + `max_new_tokens` must be",
            "length of all messages is too long",
            "longer than the context length",
            "longer than the maximum model length",
            "longer than the model's context length",
            "maximum context length",
            "maximum prompt length is",
            "more than max tokens allowed",
            "n_keep:",
            "prompt is too long",
            "range of input length should be",
            "reduce the length of the messages",
            "reduce the length of the prompt",
            "requested token count exceeds",
            "token count*exceeds the limit",
            "too large for model with * maximum context length",
            "too many input tokens",
            "too many tokens: total number of tokens in the prompt",
            "trying to keep the first",
        ]),
        means: means(FailureKind::ContextLengthExceeded),
    },
];
