//! Scenarios: which model behaves how, from a TOML text.

mod read;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::onward::Onward;
use crate::plan::Plan;
use crate::provider::Imitated;

/// How models behave; what it does not name behaves as its name says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scenario {
    /// The manner of all models.
    pub manner: Manner,
    /// Models by the exact name they are asked for.
    pub models: BTreeMap<String, Part>,
    /// What models without an entry play, instead of the fault their name stands for.
    pub default: Option<Part>,
}

/// What one model plays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// How it differs from the scenario's manner.
    pub manner: Manner,
    /// Its faults in order.
    pub plan: Plan,
}

/// How an answer is given; what is unset comes from the level above.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Whose errors and headers are imitated; chosen by the dialect when unset.
    pub provider: Option<Imitated>,
    /// How long until the first byte of an answer; none when unset.
    pub first_token: Option<Latency>,
    /// The pause before each later token; none when unset. A plain answer waits for all of them.
    pub token_delay: Option<Duration>,
    /// How often a stream that says nothing pings; every second when unset.
    pub ping_every: Option<Duration>,
    /// Whether an answer stops after its first token until `POST /__fake/open`, a plain one before
    /// its first byte.
    pub gated: Option<bool>,
    /// What is said, instead of the sixty words.
    pub text: Option<String>,
    /// How it goes on with an answer whose beginning is in the conversation; as models of its kind
    /// do when unset.
    pub onward: Option<Onward>,
}

/// A latency, or a range from which each attempt gets its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
}

/// Everything that is wrong with a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the scenario has {} problem{}{}", .0.len(), if .0.len() == 1 { "" } else { "s" }, Lines(.0))]
pub struct ScenarioError(pub Vec<Problem>);

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from one.
    pub line: usize,
    /// The key, as `models.a.steps[0].for`.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        read::scenario(text)
    }
}

impl Manner {
    /// This manner, and for what it leaves open the other's.
    #[must_use]
    pub fn over(&self, other: &Self) -> Self {
        Self {
            provider: self.provider.or(other.provider),
            first_token: self.first_token.or(other.first_token),
            token_delay: self.token_delay.or(other.token_delay),
            ping_every: self.ping_every.or(other.ping_every),
            gated: self.gated.or(other.gated),
            text: self.text.as_ref().or(other.text.as_ref()).cloned(),
            onward: self.onward.or(other.onward),
        }
    }
}

impl Latency {
    /// The latency of one attempt: the same attempt always gets the same.
    pub(crate) fn of_attempt(self, serial: u64) -> Duration {
        let spread = self.max.saturating_sub(self.min);
        // The high bits of a golden-ratio sequence spread evenly over any stretch of attempts.
        let share = (serial.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / (1 << 24) as f64;
        self.min + spread.mul_f64(share)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.path.is_empty() {
            write!(f, ", {}", self.path)?;
        }
        write!(f, ": {}", self.message)
    }
}

struct Lines<'a>(&'a [Problem]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

#[cfg(test)]
mod tests;
