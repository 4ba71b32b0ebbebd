//! No capacity for anyone, whatever the status says.

use std::ops::RangeInclusive;

use failsoft_engine::FailureKind;

use super::rule::{Rule, Says, means};

const WHEN: &[RangeInclusive<u16>] = &[429..=429, 498..=500, 503..=503, 529..=529];

pub(crate) const RULES: &[Rule] = &[Rule {
    when: WHEN,
    says: Says::Words(&[
        "at capacity",
        "experiencing high",
        "high demand",
        "loading model",
        "maximum pending requests exceeded",
        "no available accounts",
        "no available channel",
        "not your usage limit",
        "overloaded",
        "queue is full",
        "rate-limited upstream",
        "resource exhausted. please try again later",
        "service tier capacity exceeded",
        "temporarily unable to process your request",
        "tier capacity exceeded",
        "too busy",
        "无可用渠道",
    ]),
    means: means(FailureKind::Overloaded),
}];
