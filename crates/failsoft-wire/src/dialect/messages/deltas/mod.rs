//! Streamed answers.

mod read;
mod thread;
mod write;

pub(crate) use read::DeltaReader;
pub(crate) use thread::Thread;
pub(crate) use write::DeltaWriter;
