//! Timeouts, as written.

use failsoft_engine::Profile;
use failsoft_engine::policy::{FirstToken, Timeouts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::profile::{PerProfileSpec, checked, written};
use crate::report::{At, say};
use crate::units::Length;

/// How long things may take.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TimeoutsSpec {
    /// Until the connection stands.
    connect: Length,
    /// Until the first content of a streamed answer.
    first_token: FirstTokenSpec,
    /// Until a plain answer is whole.
    reply: FirstTokenSpec,
    /// Between two pieces of content.
    stall: Length,
    /// One attempt, all in all.
    total: Length,
    /// The whole call, waits and all attempts included. One duration sets it for the route's
    /// profile.
    deadline: PerProfileSpec,
}

/// Two bounds on the wait for content.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FirstTokenSpec {
    /// After this another target that stands by is started beside the slow one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patience: Option<Length>,
    /// After this the slow one is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout: Option<Length>,
}

impl From<FirstToken> for FirstTokenSpec {
    fn from(bounds: FirstToken) -> Self {
        Self { patience: Some(Length(bounds.patience)), timeout: Some(Length(bounds.timeout)) }
    }
}

impl Default for TimeoutsSpec {
    fn default() -> Self {
        let timeouts = Timeouts::default();
        Self {
            connect: Length(timeouts.connect),
            first_token: timeouts.first_token.into(),
            reply: timeouts.reply.into(),
            stall: Length(timeouts.stall),
            total: Length(timeouts.total),
            deadline: written(&timeouts.deadline),
        }
    }
}

impl TimeoutsSpec {
    pub(crate) fn check(self, at: &At<'_>, profile: Profile) -> Timeouts {
        let default = Timeouts::default();
        let timeouts = Timeouts {
            connect: self.connect.0,
            first_token: self.first_token.check(&at.key("first_token"), default.first_token),
            reply: self.reply.check(&at.key("reply"), default.reply),
            stall: self.stall.0,
            total: self.total.0,
            deadline: checked(self.deadline, profile, default.deadline),
        };
        let deadline = timeouts.deadline.of(profile);
        for (key, length) in [
            ("connect", timeouts.connect),
            ("stall", timeouts.stall),
            ("total", timeouts.total),
            ("deadline", deadline),
        ] {
            if length.is_zero() {
                at.key(key).error(say(format!("with a `{key}` of 0s every call fails at once")));
            }
        }
        if !deadline.is_zero() {
            warn_of_short_deadline(&timeouts, profile, at);
        }
        timeouts
    }
}

/// A deadline may cut a plain answer short, but should leave time for a second target.
fn warn_of_short_deadline(timeouts: &Timeouts, profile: Profile, at: &At<'_>) {
    let deadline = timeouts.deadline.of(profile);
    let bounds = [
        ("first_token", "timeout", timeouts.first_token.timeout),
        ("reply", "patience", timeouts.reply.patience),
    ];
    for (table, key, bound) in bounds {
        if deadline >= bound {
            continue;
        }
        let short = at.key("deadline");
        let written = [short.key(profile.as_str()), short, at.key(table).key(key)];
        let here = written.iter().find(|at| at.is_written()).unwrap_or(at);
        here.warn(
            say(format!(
                "the deadline, {}, ends a call before `{table}.{key}`, {}",
                Length(deadline),
                Length(bound)
            ))
            .hint(format!(
                "a slow target leaves no time for another; lower `{table}.{key}` or raise `deadline`"
            )),
        );
    }
}

impl FirstTokenSpec {
    fn check(&self, at: &At<'_>, default: FirstToken) -> FirstToken {
        let bounds = FirstToken {
            patience: self.patience.map_or(default.patience, |length| length.0),
            timeout: self.timeout.map_or(default.timeout, |length| length.0),
        };
        if bounds.timeout.is_zero() {
            at.key("timeout").error(say("with a `timeout` of 0s every call fails at once"));
        } else if bounds.patience >= bounds.timeout {
            let written = ["patience", "timeout"].map(|key| at.key(key));
            let here = written.iter().find(|at| at.is_written()).unwrap_or(at);
            here.error(
                say(format!(
                    "patience, {}, must be shorter than the timeout, {}",
                    Length(bounds.patience),
                    Length(bounds.timeout)
                ))
                .hint("when patience ends another target is started; at the timeout the slow one is given up"),
            );
        }
        bounds
    }
}
