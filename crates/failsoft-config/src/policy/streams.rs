//! How answers travel, as written: keys of a route, and of `[policy]` for all routes.

use std::time::Duration;

use failsoft_engine::Profile;
use failsoft_engine::policy::Timeouts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{At, say};
use crate::units::Length;
use crate::{Hold, Repetition, StreamDelivery, Streams, Texts};

#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliverySpec {
    /// With its first content.
    #[default]
    Live,
    /// When all of it is there: then a client gets all or nothing.
    Whole,
}

/// What waits until it is whole.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(crate) struct HoldsSpec(Vec<HoldSpec>);

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum HoldSpec {
    /// Each tool call.
    ToolCalls,
    /// Answers that were asked for as JSON.
    Json,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(crate) struct HeartbeatSpec(Length);

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(crate) struct BeginAfterSpec(Length);

#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RepetitionSpec {
    /// It is broken: another target goes on, or the stream ends with an error.
    #[default]
    Fail,
    /// It is what was asked for.
    Allow,
}

impl Default for HoldsSpec {
    fn default() -> Self {
        let hold = Streams::default().hold;
        let named = [(hold.tool_calls, HoldSpec::ToolCalls), (hold.json, HoldSpec::Json)];
        Self(named.into_iter().filter(|(held, _)| *held).map(|(_, name)| name).collect())
    }
}

impl Default for HeartbeatSpec {
    fn default() -> Self {
        Self(Length(Streams::default().heartbeat.unwrap_or_default()))
    }
}

impl Default for BeginAfterSpec {
    fn default() -> Self {
        Self(Length(Streams::default().begin_after.unwrap_or_default()))
    }
}

/// These keys of one route.
pub(crate) struct StreamsSpec {
    pub(crate) delivery: DeliverySpec,
    pub(crate) hold: HoldsSpec,
    pub(crate) heartbeat: HeartbeatSpec,
    pub(crate) begin_after: BeginAfterSpec,
    pub(crate) repetition: RepetitionSpec,
}

impl StreamsSpec {
    pub(crate) fn check(
        &self,
        at: &At<'_>,
        (timeouts, profile): (&Timeouts, Profile),
        instruction: Texts,
    ) -> Streams {
        let deadline = timeouts.deadline.of(profile);
        Streams {
            delivery: match self.delivery {
                DeliverySpec::Live => StreamDelivery::Live,
                DeliverySpec::Whole => StreamDelivery::Whole,
            },
            hold: Hold {
                tool_calls: self.hold.0.contains(&HoldSpec::ToolCalls),
                json: self.hold.0.contains(&HoldSpec::Json),
            },
            heartbeat: check_heartbeat(self.heartbeat.0, &at.key("heartbeat")),
            begin_after: check_begin(self.begin_after.0, deadline, &at.key("begin_after")),
            repetition: match self.repetition {
                RepetitionSpec::Fail => Repetition::Fail,
                RepetitionSpec::Allow => Repetition::Allow,
            },
            instruction,
        }
    }
}

fn check_heartbeat(every: Length, at: &At<'_>) -> Option<Duration> {
    if every.0.is_zero() {
        return None;
    }
    if every.0 < SHORTEST {
        at.warn(
            say(format!("a heartbeat every {every} is more than any proxy needs"))
                .hint("write \"15s\", or \"0s\" for none"),
        );
    }
    Some(every.0)
}

fn check_begin(after: Length, deadline: Duration, at: &At<'_>) -> Option<Duration> {
    if after.0.is_zero() {
        return None;
    }
    if after.0 < SHORTEST {
        at.error(
            say(format!("after {after} nearly every error would stand inside a 200"))
                .hint("write at least \"1s\", or \"0s\" for never"),
        );
    } else if after.0 > deadline && at.is_written() {
        at.warn(
            say(format!("the deadline, {}, ends a call before {after}", Length(deadline)))
                .hint("the head never goes out early; lower it, or write \"0s\" for never"),
        );
    }
    Some(after.0)
}

/// What comes before is no long wait.
const SHORTEST: Duration = Duration::from_secs(1);
