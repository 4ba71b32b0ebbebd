//! Content filters and policies.

use failsoft_engine::FailureKind;

use super::rule::{ANY, CLIENT, Rule, Says, means};
use super::said::Said;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        when: ANY,
        says: Says::Code(&[
            "content_filter",
            "data_inspection_failed",
            "invalid_prompt",
            "moderation_blocked",
            "responsibleaipolicyviolation",
        ]),
        means: means(FailureKind::ContentFiltered),
    },
    Rule {
        when: ANY,
        says: Says::Fact(names_a_policy),
        means: means(FailureKind::ContentFiltered),
    },
    Rule {
        when: CLIENT,
        says: Says::Words(&[
            "blocked by content filtering policy",
            "content exists risk",
            "content management policy",
            "content violates usage guidelines",
            "failed check: safety_check_type",
            "flagged as potentially violating",
            "flagged for possible cybersecurity risk",
            "input was flagged",
            "rejected as a result of our safety system",
            "violating our usage policy",
        ]),
        means: means(FailureKind::ContentFiltered),
    },
];

/// E.g. `cyber_policy`, `content_policy_violation`.
fn names_a_policy(said: &Said<'_>) -> bool {
    said.has_code_with("_policy")
}
