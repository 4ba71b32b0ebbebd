//! Retry, as written.

use failsoft_engine::Profile;
use failsoft_engine::policy::{ContentFilter, Retry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::profile::{PerProfileSpec, checked, written};
use crate::report::{At, say};
use crate::units::Length;

/// When a call makes its next attempt.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetrySpec {
    /// Attempts a call makes at most, over all targets and for all reasons.
    max_attempts: u8,
    /// Exponential steps between attempts at the same target; each wait is drawn between nothing
    /// and the step.
    backoff: BackoffSpec,
    /// The first step after a rate limit that named no end.
    base_throttled: Length,
    /// The longest wait on a target that asked for one. One duration sets it for the route's
    /// profile.
    max_wait: PerProfileSpec,
    /// The longest wait on a target of the present tier before the next tier is tried.
    tier_wait: Length,
    /// What is done when a content filter stops a call.
    content_filter: ContentFilterSpec,
}

/// Exponential steps.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct BackoffSpec {
    /// The first step after a transient failure; doubled each time.
    base: Length,
    /// The largest step. One duration sets it for the route's profile.
    cap: PerProfileSpec,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ContentFilterSpec {
    /// The client is told: filters are not routed around.
    Fail,
    /// Another target is asked.
    Failover,
}

impl Default for RetrySpec {
    fn default() -> Self {
        let retry = Retry::default();
        Self {
            max_attempts: retry.max_attempts,
            backoff: BackoffSpec::default(),
            base_throttled: Length(retry.base_throttled),
            max_wait: written(&retry.max_wait),
            tier_wait: Length(retry.tier_wait),
            content_filter: match retry.content_filter {
                ContentFilter::Fail => ContentFilterSpec::Fail,
                ContentFilter::Failover => ContentFilterSpec::Failover,
            },
        }
    }
}

impl Default for BackoffSpec {
    fn default() -> Self {
        let retry = Retry::default();
        Self { base: Length(retry.base), cap: written(&retry.cap) }
    }
}

impl RetrySpec {
    pub(crate) fn check(self, at: &At<'_>, profile: Profile) -> Retry {
        let default = Retry::default();
        let cap = checked(self.backoff.cap, profile, default.cap);
        // A smaller cap makes the usual first steps smaller too.
        let first = |step: Length, usual| {
            if step.0 == usual { usual.min(cap.of(profile)) } else { step.0 }
        };
        let retry = Retry {
            max_attempts: self.max_attempts,
            base: first(self.backoff.base, default.base),
            base_throttled: first(self.base_throttled, default.base_throttled),
            cap,
            max_wait: checked(self.max_wait, profile, default.max_wait),
            tier_wait: self.tier_wait.0,
            content_filter: match self.content_filter {
                ContentFilterSpec::Fail => ContentFilter::Fail,
                ContentFilterSpec::Failover => ContentFilter::Failover,
            },
        };
        if retry.max_attempts == 0 {
            at.key("max_attempts").error(
                say("with 0 attempts nothing is ever asked").hint("1 means: ask once, never again"),
            );
        }
        let cap = Length(retry.cap.of(profile));
        for (path, base) in [
            (["backoff", "base"].as_slice(), retry.base),
            (&["base_throttled"], retry.base_throttled),
        ] {
            let here = path.iter().fold(at.clone(), |at, key| at.key(key));
            if base.is_zero() {
                here.error(
                    say("without a wait, retries hammer a target that is down")
                        .hint("write at least \"1ms\""),
                );
            } else if base > cap.0 {
                here.error(
                    say(format!(
                        "the first step, {}, is longer than the largest, {cap}",
                        Length(base)
                    ))
                    .hint("lower it, or raise `backoff.cap`"),
                );
            }
        }
        retry
    }
}
