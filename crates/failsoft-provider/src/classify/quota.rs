//! Money and long quotas, which wear every status there is. Read before rate limits.

use std::time::Duration;

use failsoft_engine::{Elsewhere, FailureKind};

use super::rule::{ANY, CLIENT, Rule, Says, means, only};
use super::said::Said;
use crate::delay;

/// Beyond this a limit is no pause any more: whoever waits for it waits in vain.
const LONG: Duration = Duration::from_secs(10 * 60);

pub(crate) const RULES: &[Rule] = &[
    // Counted for one model and one project: another model or another key may go on.
    Rule {
        when: &[429..=429],
        says: Says::Fact(is_for_the_day),
        means: only(FailureKind::QuotaExhausted, Elsewhere::Any),
    },
    // Some say `quota` to a limit that is full again in seconds, and give the seconds.
    Rule {
        when: &[429..=429],
        says: Says::Fact(is_a_short_limit),
        means: means(FailureKind::RateLimited),
    },
    Rule { when: &[402..=402], says: Says::Anything, means: means(FailureKind::QuotaExhausted) },
    Rule {
        when: ANY,
        says: Says::Code(&[
            "arrearage",
            "billing_error",
            "billing_hard_limit_reached",
            "billing_not_active",
            "contract_spend_limit_reached",
            "credit_balance_exhausted",
            "enforced_spend_limit_reached",
            "insufficient_quota",
            "linked_organization_billing_unavailable",
            "linked_organization_spend_limit_reached",
            "organization_spend_limit_exceeded",
            "organization_usage_limit_exceeded",
            "project_spend_limit_exceeded",
            "session_budget_exceeded",
            "usage_limit_exceeded",
            "usage_limit_reached",
        ]),
        means: means(FailureKind::QuotaExhausted),
    },
    Rule {
        when: CLIENT,
        says: Says::Words(&[
            "billing hard limit",
            "check your plan and billing",
            "credit balance is too low",
            "doesn't have any credits",
            "draw from your extra usage",
            "exceeded your current quota",
            "insufficient balance",
            "insufficient credits",
            "is suspended, possibly due to reaching",
            "monthly request limit exceeded",
            "monthly spending limit",
            "out of extra usage",
            "payment required",
            "per day limit exceeded",
            "reached your api usage limits",
            "reached your daily usage limit",
            "reached your hourly usage limit",
            "reached your monthly usage limit",
            "reached your session usage limit",
            "reached your specified api usage limits",
            "reached your specified workspace api usage limits",
            "reached your weekly usage limit",
            "requires more credits",
            "used all available credits",
        ]),
        means: means(FailureKind::QuotaExhausted),
    },
    Rule {
        when: &[429..=429],
        says: Says::Fact(is_far_away),
        means: means(FailureKind::QuotaExhausted),
    },
];

fn is_for_the_day(said: &Said<'_>) -> bool {
    delay::is_daily(said)
}

fn is_far_away(said: &Said<'_>) -> bool {
    said.status == Some(429) && said.wait.is_some_and(|wait| wait > LONG)
}

fn is_a_short_limit(said: &Said<'_>) -> bool {
    let is_short = said.wait.is_some_and(|wait| wait <= LONG) || delay::is_of_a_minute(said);
    said.has_code("resource_exhausted") && is_short
}
