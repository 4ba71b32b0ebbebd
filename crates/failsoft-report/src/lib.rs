//! What the record says: incidents, patterns, and settings that would help.
//!
//! It reads rows and remembers figures; it opens no file, asks no clock and draws no number.

mod chance;
mod incident;
mod quantile;
mod report;

pub use incident::{Incident, Incidents, Sighting, Turn};
pub use quantile::Quantiles;
pub use report::{
    Attempts, AttemptsRow, BrokenStreams, Calls, Change, FailureRow, Latency, RefusalRow, Report,
    TargetLatency, ToldRow, report,
};
