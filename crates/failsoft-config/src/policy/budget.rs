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
    /// For going on with a stream that broke off.
    resume: OneSpec,
    /// For another target beside one that is slower than usual. It holds the tokens of average
    /// attempts; what it earns is said by `hedge.budget`.
    hedge: HedgesSpec,
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

/// The budget of hedges; what it earns is said elsewhere.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct HedgesSpec {
    /// The bucket holds the tokens of so many average attempts at most.
    cap: u32,
    /// The tokens of one average attempt are earned in this time whatever the traffic; "0s" means
    /// none.
    floor: Length,
    /// Hedges that may be in flight at once, however few attempts are.
    min_in_flight: u32,
    /// Hedges that may be in flight at once, as a share of all attempts; the greater of this and
    /// `min_in_flight` counts.
    in_flight: Share,
}

impl Default for HedgesSpec {
    fn default() -> Self {
        let budget = Budgets::default().hedge;
        Self {
            cap: budget.cap,
            floor: Length(budget.floor),
            min_in_flight: budget.min_in_flight,
            in_flight: Share { milli: budget.in_flight_milli },
        }
    }
}

impl HedgesSpec {
    fn check(&self, at: &At<'_>, earn_milli: u32) -> Budget {
        check_cap(self.cap, at);
        Budget {
            earn_milli,
            cap: self.cap,
            floor: self.floor.0,
            min_in_flight: self.min_in_flight,
            in_flight_milli: self.in_flight.milli,
        }
    }
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
        Self {
            retry: budgets.retry.into(),
            failover: budgets.failover.into(),
            resume: budgets.resume.into(),
            hedge: HedgesSpec::default(),
        }
    }
}

impl BudgetSpec {
    /// `hedged`: thousandths of the tokens that may go into hedges.
    pub(crate) fn check(&self, at: &At<'_>, hedged: u32) -> Budgets {
        let default = Budgets::default();
        Budgets {
            retry: self.retry.check(&at.key("retry"), default.retry),
            failover: self.failover.check(&at.key("failover"), default.failover),
            resume: self.resume.check(&at.key("resume"), default.resume),
            hedge: self.hedge.check(&at.key("hedge"), hedged),
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
        check_cap(budget.cap, at);
        budget
    }
}

fn check_cap(cap: u32, at: &At<'_>) {
    if cap > MOST_EXTRA {
        at.key("cap").error(crate::report::say(format!(
            "a bucket of more than {MOST_EXTRA} extra attempts bounds nothing"
        )));
    }
}

/// Beyond this a bucket is no bound, and its thousandths would not fit.
const MOST_EXTRA: u32 = 1_000_000;
