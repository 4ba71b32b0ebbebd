//! Watches: when an attempt, or a call, has taken too long.

use std::time::Duration;

use super::retry::PerProfile;

/// How long things may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the first content of a streamed answer.
    pub first_token: FirstToken,
    /// Until a plain answer is whole: its first content is its last.
    pub reply: FirstToken,
    /// Between two pieces of content.
    pub stall: Duration,
    /// One attempt, all in all.
    pub total: Duration,
    /// The whole call, waits and all attempts included.
    pub deadline: PerProfile,
}

/// Two bounds on the wait for content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstToken {
    /// After this another target that stands by is started beside the slow one.
    pub patience: Duration,
    /// After this the slow one is given up.
    pub timeout: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        const fn secs(n: u64) -> Duration {
            Duration::from_secs(n)
        }
        Self {
            connect: secs(5),
            first_token: FirstToken { patience: secs(8), timeout: secs(30) },
            reply: FirstToken { patience: secs(45), timeout: secs(100) },
            stall: secs(15),
            total: secs(600),
            deadline: PerProfile {
                interactive: secs(120),
                background: secs(300),
                batch: secs(600),
            },
        }
    }
}
