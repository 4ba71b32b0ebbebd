//! Streams.

mod part;
mod pick_up;
mod queue;
mod read;
mod thread;
mod whole;
mod write;

pub(crate) use read::DeltaReader;
pub(crate) use thread::Thread;
pub(crate) use write::DeltaWriter;
