//! Limit, as written.

use failsoft_engine::policy::Limit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{At, say};
use crate::units::{Length, Share};

/// How many attempts a target holds at once, learnt from its rejections.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitSpec {
    /// Whether there is one.
    enabled: bool,
    /// It never falls below this.
    min: u32,
    /// It starts here and never rises above.
    max: u32,
    /// It moves at most once in this time.
    window: Length,
    /// Outcomes a window needs to count.
    min_outcomes: u32,
    /// The share of rejections above which it falls.
    bad: Share,
}

impl Default for LimitSpec {
    fn default() -> Self {
        let limit = Limit::default();
        Self {
            enabled: limit.enabled,
            min: limit.min,
            max: limit.max,
            window: Length(limit.window),
            min_outcomes: limit.min_outcomes,
            bad: Share { milli: limit.bad_milli },
        }
    }
}

impl LimitSpec {
    pub(crate) fn check(&self, at: &At<'_>) -> Limit {
        for (key, count) in
            [("min", self.min), ("max", self.max), ("min_outcomes", self.min_outcomes)]
        {
            if count == 0 {
                at.key(key).error(
                    say(format!("with a `{key}` of 0 nothing would pass"))
                        .hint("write at least 1, or `enabled = false` to have no limit"),
                );
            }
        }
        if self.min > self.max {
            let written = ["min", "max"].map(|key| at.key(key));
            let here = written.iter().find(|at| at.is_written()).unwrap_or(at);
            here.error(say(format!("`min`, {}, is greater than `max`, {}", self.min, self.max)));
        }
        if self.window.0.is_zero() {
            at.key("window").error(say("it must be longer than 0s"));
        }
        Limit {
            enabled: self.enabled,
            min: self.min,
            max: self.max,
            window: self.window.0,
            min_outcomes: self.min_outcomes,
            bad_milli: self.bad.milli,
        }
    }
}
