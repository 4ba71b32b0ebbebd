//! What the record says: incidents, patterns, and settings that would help.
//!
//! It reads rows and remembers figures; it opens no file, asks no clock and draws no number. A
//! report is one pass over a [`failsoft_journal::Source`], and what it remembers does not grow
//! with the calls.

mod advice;
mod cells;
mod chance;
mod effects;
mod finding;
mod found;
mod html;
mod in_force;
mod incident;
mod pattern;
mod quantile;
mod report;
mod scene;
mod size;
mod sketch;
mod slow;
mod spans;
mod survey;

pub use effects::{Course, LatencySlot, Saved, Slot, Spent, Users, Waste};
pub use finding::{Figures, Finding, Proposal, Setting, What};
pub use in_force::InForce;
pub use incident::{Incident, Incidents, Sighting, Turn};
pub use quantile::Quantiles;
pub use report::{
    Attempts, AttemptsRow, BrokenStreams, Calls, Change, FailureRow, Latency, RefusalRow, Report,
    TargetLatency, ToldRow,
};
pub use spans::{IncidentRow, KindRow};
pub use survey::report;
