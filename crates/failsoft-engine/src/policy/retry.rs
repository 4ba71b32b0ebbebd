//! Retry: when a call makes its next attempt, and whether it waits here or goes elsewhere.

use std::time::Duration;

use crate::random::scaled;
use crate::{Elsewhere, Failure, FailureKind, Profile, Repeat};

/// When a call makes its next attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts a call makes at most, over all targets and for all reasons. At least 1.
    pub max_attempts: u8,
    /// The first exponential step after a transient failure.
    pub base: Duration,
    /// The first exponential step after a rate limit that named no end.
    pub base_throttled: Duration,
    /// The largest exponential step.
    pub cap: PerProfile,
    /// The longest wait for a moment that a target named, when nobody else can answer meanwhile;
    /// never less than `tier_wait`.
    pub max_wait: PerProfile,
    /// The longest wait on a target of the present tier before the next tier is tried.
    pub tier_wait: Duration,
    /// What is done when a content filter stops a call.
    pub content_filter: ContentFilter,
}

/// What is done when a content filter stops a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentFilter {
    /// The client is told: filters are not routed around.
    Fail,
    /// Another target is asked, because the operator said so.
    Failover,
}

/// One duration for each profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerProfile {
    /// A person waits.
    pub interactive: Duration,
    /// A person will look.
    pub background: Duration,
    /// Nobody waits.
    pub batch: Duration,
}

impl PerProfile {
    /// The duration for this profile.
    #[must_use]
    pub const fn of(&self, profile: Profile) -> Duration {
        match profile {
            Profile::Interactive => self.interactive,
            Profile::Background => self.background,
            Profile::Batch => self.batch,
        }
    }
}

impl Default for Retry {
    /// Full jitter as in the AWS architecture blog's simulator; three attempts as every LLM SDK
    /// makes; caps and waits from what a person, or a job, will sit through.
    fn default() -> Self {
        const fn secs(n: u64) -> Duration {
            Duration::from_secs(n)
        }
        Self {
            max_attempts: 3,
            base: Duration::from_millis(500),
            base_throttled: secs(1),
            cap: PerProfile { interactive: secs(8), background: secs(8), batch: secs(30) },
            max_wait: PerProfile { interactive: secs(2), background: secs(30), batch: secs(600) },
            tier_wait: secs(3),
            content_filter: ContentFilter::Fail,
        }
    }
}

/// What the delay before a repeat is drawn from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub(crate) kind: FailureKind,
    /// 1 for the first repeat at this target.
    pub(crate) number: u32,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) profile: Profile,
    /// Decides where in the exponential step it falls, and how far beyond the asked wait.
    pub(crate) draws: (u64, u64),
}

impl Retry {
    /// How long to wait before the same target is tried again: full jitter, never before the time
    /// the target asked for, and spread after it.
    pub(crate) fn delay(&self, backoff: Backoff) -> Duration {
        let step = self.step(backoff.kind, backoff.number, backoff.profile);
        let delay = scaled(step, backoff.draws.0);
        let Some(asked) = backoff.retry_after else { return delay };
        delay.max(asked).saturating_add(scaled((asked / 5).min(SPREAD_MAX), backoff.draws.1))
    }

    /// The longest that the back-off of this number may be, if the target asks for nothing.
    pub(crate) fn step(&self, kind: FailureKind, number: u32, profile: Profile) -> Duration {
        let throttled = kind == FailureKind::RateLimited;
        let base = if throttled { self.base_throttled } else { self.base };
        let factor = 1_u32.checked_shl(number.saturating_sub(1)).unwrap_or(u32::MAX);
        base.saturating_mul(factor).min(self.cap.of(profile))
    }

    /// How often a call may fail in this way at one target and still be repeated there.
    pub(crate) fn repeats_after(&self, failure: &Failure) -> Repeats {
        if self.content_filter == ContentFilter::Fail
            && failure.kind == FailureKind::ContentFiltered
        {
            return Repeats::None;
        }
        match (failure.repeat, failure.kind) {
            (Repeat::Forbidden, _) => Repeats::None,
            (Repeat::Once, _) => Repeats::Once,
            (
                Repeat::Allowed,
                FailureKind::RateLimited
                | FailureKind::ServerError
                | FailureKind::Network
                | FailureKind::BadResponse,
            ) => Repeats::Many,
            (Repeat::Allowed, FailureKind::Overloaded | FailureKind::Timeout) => {
                Repeats::OnceWithoutElsewhere
            }
            (Repeat::Allowed, _) => Repeats::None,
        }
    }

    /// Whether the request itself is at fault, so that no target can answer it.
    pub(crate) fn ends_call(&self, failure: &Failure) -> bool {
        let routed_around = failure.kind == FailureKind::ContentFiltered
            && self.content_filter == ContentFilter::Failover;
        failure.elsewhere == Elsewhere::Nowhere && !routed_around
    }
}

/// How often the same target may be tried again after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Repeats {
    None,
    Once,
    /// It needs air: only when nobody else can answer, and once.
    OnceWithoutElsewhere,
    Many,
}

/// The asked wait is spread by a fifth of itself, and by no more than this.
const SPREAD_MAX: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;

    fn delay(kind: FailureKind, number: u32, retry_after: Option<Duration>, draw: u64) -> Duration {
        let profile = Profile::Interactive;
        Retry::default().delay(Backoff { kind, number, retry_after, profile, draws: (draw, draw) })
    }

    /// 5: between the time asked for and its bounds; without one, inside the exponential step.
    #[test]
    fn a_delay_stays_inside_its_bounds() {
        let kinds = [(FailureKind::ServerError, 500), (FailureKind::RateLimited, 1000)];
        for (kind, base) in kinds {
            for number in [1, 2, 3, 4, 5, 6, 40, u32::MAX] {
                let factor = 1_u64.checked_shl(number - 1).unwrap_or(u64::MAX);
                let step = Duration::from_millis(8000_u64.min(factor.saturating_mul(base)));
                stays_inside(kind, number, step, 0);
                stays_inside(kind, number, step, u64::MAX / 3);
                stays_inside(kind, number, step, u64::MAX);
            }
        }
    }

    fn stays_inside(kind: FailureKind, number: u32, step: Duration, draw: u64) {
        assert!(delay(kind, number, None, draw) <= step);
        for asked in [0, 1, 2, 20, 100, 100_000].map(Duration::from_secs) {
            let waited = delay(kind, number, Some(asked), draw);
            let spread = (asked / 5).min(Duration::from_secs(5));
            assert!(waited >= asked && waited <= asked.max(step) + spread);
        }
    }

    #[test]
    fn the_whole_step_is_drawn_from() {
        assert_eq!(delay(FailureKind::ServerError, 1, None, 0), Duration::ZERO);
        let most = delay(FailureKind::ServerError, 1, None, u64::MAX);
        assert!(most > Duration::from_millis(499), "{most:?}");
    }

    #[test]
    fn what_is_repeated_where() {
        let retry = Retry::default();
        let many = [
            FailureKind::RateLimited,
            FailureKind::ServerError,
            FailureKind::Network,
            FailureKind::BadResponse,
        ];
        let needs_air = [FailureKind::Overloaded, FailureKind::Timeout];
        for kind in FailureKind::ALL {
            let expected = if many.contains(&kind) {
                Repeats::Many
            } else if needs_air.contains(&kind) {
                Repeats::OnceWithoutElsewhere
            } else {
                Repeats::None
            };
            let failure = Failure::new(kind, Phase::FirstContent);
            assert_eq!(retry.repeats_after(&failure), expected, "{kind}");
            let forbidden = Failure { repeat: Repeat::Forbidden, ..failure };
            assert_eq!(retry.repeats_after(&forbidden), Repeats::None);
        }
    }
}
