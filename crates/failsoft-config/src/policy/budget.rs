//! Budgets, as written.

use failsoft_engine::policy::{Budget, Budgets};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::At;
use crate::units::{Length, Share};

/// How many extra attempts all calls of a route together may make.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BudgetSpec {
    /// For the same target again.
    retry: OneSpec,
    /// For another target, after a failure or beside a slow one.
    failover: OneSpec,
}

/// One budget. The bucket holds whole attempts and starts full.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneSpec {
    /// The part of an extra attempt that each first attempt earns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ratio: Option<Share>,
    /// Extra attempts the bucket holds at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cap: Option<u32>,
    /// One extra attempt is earned in this time whatever the traffic; "0s" means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    floor: Option<Length>,
    /// Extra attempts that may be in flight at once, however few attempts are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_in_flight: Option<u32>,
    /// Extra attempts that may be in flight at once, as a share of all; the greater of this and
    /// `min_in_flight` counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    in_flight: Option<Share>,
}

impl From<Budget> for OneSpec {
    fn from(budget: Budget) -> Self {
        Self {
            ratio: Some(Share { milli: budget.earn_milli }),
            cap: Some(budget.cap),
            floor: Some(Length(budget.floor)),
            min_in_flight: Some(budget.min_in_flight),
            in_flight: Some(Share { milli: budget.in_flight_milli }),
        }
    }
}

impl Default for BudgetSpec {
    fn default() -> Self {
        let budgets = Budgets::default();
        Self { retry: budgets.retry.into(), failover: budgets.failover.into() }
    }
}

impl BudgetSpec {
    pub(crate) fn check(&self, at: &At<'_>) -> Budgets {
        let default = Budgets::default();
        Budgets {
            retry: self.retry.check(&at.key("retry"), default.retry),
            failover: self.failover.check(&at.key("failover"), default.failover),
            ..default
        }
    }
}

impl OneSpec {
    fn check(&self, at: &At<'_>, default: Budget) -> Budget {
        let budget = Budget {
            earn_milli: self.ratio.map_or(default.earn_milli, |share| share.milli),
            cap: self.cap.unwrap_or(default.cap),
            floor: self.floor.map_or(default.floor, |length| length.0),
            min_in_flight: self.min_in_flight.unwrap_or(default.min_in_flight),
            in_flight_milli: self.in_flight.map_or(default.in_flight_milli, |share| share.milli),
        };
        if budget.cap > MOST_EXTRA {
            at.key("cap").error(crate::report::say(format!(
                "a bucket of more than {MOST_EXTRA} extra attempts bounds nothing"
            )));
        }
        budget
    }
}

/// Beyond this a bucket is no bound, and its thousandths would not fit.
const MOST_EXTRA: u32 = 1_000_000;
