//! Hedge, as written. The engine has none yet; what would ask for one is refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{At, say};
use crate::units::Share;

/// A second attempt beside a slow one, before patience ends. Not yet available.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HedgeSpec {
    /// Must be `false`: hedging is not yet available.
    enabled: bool,
    /// The share of answers that are faster than the wait before a hedge.
    #[serde(skip_serializing_if = "Option::is_none")]
    quantile: Option<Share>,
    /// The share of calls that may be hedged.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<Share>,
}

impl HedgeSpec {
    pub(crate) fn check(&self, at: &At<'_>) {
        if self.enabled {
            at.key("enabled").error(
                say("hedging is not yet available").hint(
                    "`timeouts.first_token.patience` starts another target beside a slow one",
                ),
            );
        } else if let Some(key) = [(self.quantile, "quantile"), (self.budget, "budget")]
            .iter()
            .find_map(|(share, key)| share.map(|_| *key))
        {
            at.key(key).warn(say(format!("`{key}` has no effect: hedging is not yet available")));
        }
    }
}
