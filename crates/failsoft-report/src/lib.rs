//! What the record says: incidents, patterns, and settings that would help.
//!
//! It reads rows and remembers figures; it opens no file, asks no clock and draws no number.

mod chance;
mod incident;

pub use incident::{Incident, Incidents, Sighting, Turn};
