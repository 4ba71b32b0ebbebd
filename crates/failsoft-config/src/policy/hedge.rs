//! Hedge, as written.

use failsoft_engine::policy::{Budgets, Hedge};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{At, say};
use crate::units::Share;

/// A second attempt beside one that is slower than nearly all answers of its target, before
/// patience ends. What comes first is taken, and the other one cancelled.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HedgeSpec {
    /// Whether it is made.
    enabled: bool,
    /// The share of answers that are faster than the wait before a hedge: from 0.5 to 0.999.
    quantile: Share,
    /// The tokens spent on hedges at most, as a share of those of all calls: from 0.001 to 0.5.
    budget: Share,
}

impl Default for HedgeSpec {
    fn default() -> Self {
        let hedge = Hedge::default();
        Self {
            enabled: hedge.enabled,
            quantile: Share { milli: hedge.quantile_milli },
            budget: Share { milli: Budgets::default().hedge.earn_milli },
        }
    }
}

impl HedgeSpec {
    /// When a hedge is made, and thousandths of the tokens that may go into hedges.
    pub(crate) fn check(&self, at: &At<'_>) -> (Hedge, u32) {
        let hedge = Hedge { enabled: self.enabled, quantile_milli: self.quantile.milli };
        let budget = self.budget.milli;
        if !(500..=999).contains(&hedge.quantile_milli) {
            at.key("quantile").error(
                say("the quantile lies between 0.5 and 0.999")
                    .hint("0.95 hedges one call in twenty"),
            );
        }
        if !(1..=500).contains(&budget) {
            at.key("budget").error(
                say("the budget lies between 0.001 and 0.5")
                    .hint("write enabled = false for no hedges"),
            );
        }
        (hedge, budget)
    }
}
