//! Streamed answers.

mod read;
mod write;

pub(crate) use read::DeltaReader;
pub(crate) use write::DeltaWriter;
