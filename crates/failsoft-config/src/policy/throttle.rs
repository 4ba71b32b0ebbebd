//! Throttle, as written.

use failsoft_engine::policy::Throttle;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{At, say};
use crate::units::Length;

/// What is done with a target's wish to be left alone.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ThrottleSpec {
    /// The wait when a rate limit names no end.
    assumed: AssumedSpec,
    /// How long a key stays out of use after a failure that says it is refused or spent, when
    /// nothing else is said.
    disabled_for: Length,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct AssumedSpec {
    /// The first time; doubled each time in a row.
    base: Length,
    /// The longest.
    cap: Length,
}

impl Default for ThrottleSpec {
    fn default() -> Self {
        Self {
            assumed: AssumedSpec::default(),
            disabled_for: Length(Throttle::default().disabled_for),
        }
    }
}

impl Default for AssumedSpec {
    fn default() -> Self {
        let throttle = Throttle::default();
        Self { base: Length(throttle.assumed), cap: Length(throttle.assumed_cap) }
    }
}

impl ThrottleSpec {
    pub(crate) fn check(&self, at: &At<'_>) -> Throttle {
        let AssumedSpec { base, cap } = self.assumed;
        let here = at.key("assumed").key("base");
        if base.0.is_zero() {
            here.error(
                say("without a wait, a rate limit is answered with more calls")
                    .hint("write at least \"1ms\""),
            );
        } else if base > cap {
            let written = ["base", "cap"].map(|key| at.key("assumed").key(key));
            let here = written.iter().find(|at| at.is_written()).unwrap_or(at);
            here.error(say(format!("`assumed.base`, {base}, is longer than `assumed.cap`, {cap}")));
        }
        if self.disabled_for.0.is_zero() {
            at.key("disabled_for").error(say("it must be longer than 0s"));
        }
        Throttle { assumed: base.0, assumed_cap: cap.0, disabled_for: self.disabled_for.0 }
    }
}
