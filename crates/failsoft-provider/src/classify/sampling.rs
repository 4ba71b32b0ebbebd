//! The model wrote something invalid, and the API calls it a bad request: another try may do.

use failsoft_engine::FailureKind;

use super::rule::{ANY, CLIENT, Rule, Says, means, once};
use super::said::Said;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        when: ANY,
        says: Says::Code(&["json_validate_failed", "tool_use_failed"]),
        means: once(means(FailureKind::ServerError)),
    },
    Rule {
        when: CLIENT,
        says: Says::Fact(shows_what_was_generated),
        means: once(means(FailureKind::ServerError)),
    },
];

fn shows_what_was_generated(said: &Said<'_>) -> bool {
    said.layers.innermost("failed_generation").is_some()
}
