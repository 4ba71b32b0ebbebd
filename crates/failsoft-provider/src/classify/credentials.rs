//! Keys and rights under the wrong status.

use failsoft_engine::FailureKind;

use super::rule::{Rule, Says, means};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        when: &[400..=400],
        says: Says::Words(&[
            "api key expired",
            "api key not found",
            "api key not valid",
            "incorrect api key",
            "invalid api key",
            "invalid x-api-key",
            "no api key provided",
        ]),
        means: means(FailureKind::Authentication),
    },
    // The key is good; disabling it would take away what it may do.
    Rule {
        when: &[401..=401],
        says: Says::Words(&[
            "cors requests are not allowed",
            "insufficient permissions",
            "ip not authorized",
            "lacks the required data action",
            "missing scopes",
        ]),
        means: means(FailureKind::Permission),
    },
    Rule {
        when: &[401..=401],
        says: Says::Code(&["permissiondenied"]),
        means: means(FailureKind::Permission),
    },
];
