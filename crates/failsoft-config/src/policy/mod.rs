//! The twins of the engine's policies: how each is written, and what cannot work.
//!
//! A twin's default is the engine's: no number stands here a second time.

mod breaker;
mod budget;
mod degrade;
mod hedge;
mod limit;
mod profile;
mod quota;
mod resume;
mod retry;
mod streams;
mod throttle;
mod watch;

pub(crate) use breaker::BreakerSpec;
pub(crate) use budget::BudgetSpec;
pub(crate) use degrade::DegradeSpec;
pub(crate) use hedge::HedgeSpec;
pub(crate) use limit::LimitSpec;
pub(crate) use profile::{ProfileSpec, spread};
pub(crate) use quota::{QuotaSpec, RateSpec};
pub(crate) use resume::ResumeSpec;
pub(crate) use retry::RetrySpec;
pub(crate) use streams::{
    BeginAfterSpec, DeliverySpec, HeartbeatSpec, HoldsSpec, RepetitionSpec, StreamsSpec,
};
pub(crate) use throttle::ThrottleSpec;
pub(crate) use watch::TimeoutsSpec;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::At;

/// The default policies of all routes. A route's own tables stand above them, key by key.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PoliciesSpec {
    /// When a streamed answer begins to go to the client.
    pub(crate) delivery: DeliverySpec,
    /// What of a streamed answer waits until it is whole.
    pub(crate) hold: HoldsSpec,
    /// A comment goes out on a stream that was silent so long, so that proxies keep the line; "0s"
    /// means never.
    pub(crate) heartbeat: HeartbeatSpec,
    /// After so long a wait without content the head of a stream goes out, with a heartbeat; an
    /// error then stands inside the stream. "0s" means never.
    pub(crate) begin_after: BeginAfterSpec,
    /// What is made of an answer that repeats itself without end.
    pub(crate) repetition: RepetitionSpec,
    /// When a call makes its next attempt.
    pub(crate) retry: RetrySpec,
    /// How long things may take.
    pub(crate) timeouts: TimeoutsSpec,
    /// When a target that keeps failing is left alone.
    pub(crate) breaker: BreakerSpec,
    /// How many extra attempts all calls of a route together may make.
    pub(crate) budget: BudgetSpec,
    /// How many attempts a target holds at once.
    pub(crate) limit: LimitSpec,
    /// What is done with a target's wish to be left alone.
    pub(crate) throttle: ThrottleSpec,
    /// A second attempt beside one that is slower than nearly all answers of its target, before
    /// patience ends. What comes first is taken, and the other one cancelled.
    pub(crate) hedge: HedgeSpec,
    /// What is done when a stream breaks off after content went to the client.
    pub(crate) resume: ResumeSpec,
    /// What is answered when nothing else can be.
    pub(crate) degrade: DegradeSpec,
}

/// Checked policies, and the texts that go with them.
pub(crate) struct Checked {
    pub(crate) policies: failsoft_engine::Policies,
    pub(crate) breaker: failsoft_engine::policy::Breaker,
    pub(crate) limit: failsoft_engine::policy::Limit,
    pub(crate) reply: crate::Texts,
    pub(crate) message: crate::Texts,
    pub(crate) streams: crate::Streams,
}

impl PoliciesSpec {
    /// Reports what cannot work; the numbers that came are returned all the same.
    pub(crate) fn check(
        self,
        at: &At<'_>,
        profile: failsoft_engine::Profile,
        prefer: failsoft_engine::Prefer,
    ) -> Checked {
        let (hedge, hedged) = self.hedge.check(&at.key("hedge"));
        let (resume, instruction) = self.resume.check(&at.key("resume"));
        let (degrade, reply, message) = self.degrade.check(&at.key("degrade"));
        let timeouts = self.timeouts.check(&at.key("timeouts"), profile);
        let streams = StreamsSpec {
            delivery: self.delivery,
            hold: self.hold,
            heartbeat: self.heartbeat,
            begin_after: self.begin_after,
            repetition: self.repetition,
        };
        let streams = streams.check(at, (&timeouts, profile), instruction);
        Checked {
            policies: failsoft_engine::Policies {
                profile,
                retry: self.retry.check(&at.key("retry"), profile),
                budgets: self.budget.check(&at.key("budget"), hedged),
                timeouts,
                throttle: self.throttle.check(&at.key("throttle")),
                degrade,
                hedge,
                resume,
                prefer,
            },
            breaker: self.breaker.check(&at.key("breaker")),
            limit: self.limit.check(&at.key("limit")),
            reply,
            message,
            streams,
        }
    }
}
