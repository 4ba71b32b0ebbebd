//! Sealed material the target does not take back: it was made elsewhere, or is broken, or is
//! missing where a model insists on it. The same call without its seals may do.

use failsoft_engine::{Elsewhere, Failure, FailureKind};

use super::rule::{self, CLIENT, Rule, Says, once, only};
use super::said::Said;

/// Seals go to nobody but their maker, so any other model may serve the call.
const REFUSED: Failure = once(only(FailureKind::BadRequest, Elsewhere::OtherModel));

const RULES: &[Rule] = &[
    Rule {
        when: CLIENT,
        says: Says::Code(&["invalid_encrypted_content", "invalid_thought_signature"]),
        means: REFUSED,
    },
    Rule {
        when: &[400..=400, 422..=422],
        says: Says::Words(&[
            "encrypted content*could not be verified",
            "encrypted_content*could not be",
            "blocks in the latest assistant message cannot be modified",
            "could not decrypt the provided encrypted_content",
            "invalid `signature` in `thinking` block",
            "invalid `data` in `redacted_thinking` block",
            "of type 'reasoning' was provided without its required following item",
            "thought signature",
            "thought_signature",
        ]),
        means: REFUSED,
    },
    // Thoughts that are only named: the account that kept them is another.
    Rule {
        when: &[400..=400, 404..=404],
        says: Says::Words(&["item with id 'rs_*not found"]),
        means: REFUSED,
    },
];

/// What it means that a seal was refused, if one was.
pub(crate) fn read(said: &Said<'_>) -> Option<Failure> {
    rule::first(RULES, said)
}

/// A reason for an end that says the same.
pub(crate) fn read_reason(reason: &str) -> Option<Failure> {
    reason.eq_ignore_ascii_case("missing_thought_signature").then_some(REFUSED)
}
