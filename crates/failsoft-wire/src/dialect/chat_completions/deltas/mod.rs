//! Streamed answers, read and written.

mod choice;
mod piece;
mod read;
mod write;

pub(crate) use read::DeltaReader;
pub(crate) use write::DeltaWriter;
