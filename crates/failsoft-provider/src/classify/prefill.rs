//! The beginning of an answer that the target does not go on from. The same call that asks for the
//! rest in words may do.

use std::ops::RangeInclusive;

use failsoft_engine::{Failure, FailureKind};

use super::rule::{self, Rule, Says, means, once};
use super::said::Said;

const REFUSED: Failure = once(means(FailureKind::Unsupported));

/// Templates of chats fail inside a server, and some call that their own error.
const WHEN: &[RangeInclusive<u16>] = &[400..=400, 422..=422, 500..=500];

const RULES: &[Rule] = &[
    // As they were met.
    Rule {
        when: WHEN,
        says: Says::Words(&[
            "assistant response prefill is incompatible",
            "assistant with prefix true",
            "cannot have 2 or more assistant messages at the end",
            "cannot set `add_generation_prompt` to true when the last message is from the assistant",
            "continue_final_message",
            "conversation must end with a user message",
            "last message*must be a user message, or an assistant message with prefix",
            "prefilling assistant messages is not supported",
            "requests ending with a model turn are not supported",
            "support assistant message prefill",
        ]),
        means: REFUSED,
    },
    // Guesses at how others would say it.
    Rule {
        when: &[400..=400, 422..=422],
        says: Says::Words(&[
            "assistant prefill*not supported",
            "last message must be from the user",
            "last message must have role user",
            "last message cannot be from the assistant",
            "not support assistant prefill",
            "not support prefill",
            "prefill is not supported",
            "property 'prefix' is unsupported",
        ]),
        means: REFUSED,
    },
];

/// What it means that the beginning of an answer was refused, if it was.
pub(crate) fn read(said: &Said<'_>) -> Option<Failure> {
    rule::first(RULES, said)
}
