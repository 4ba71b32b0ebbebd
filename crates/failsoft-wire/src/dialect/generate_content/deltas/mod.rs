//! Streams: read as pieces, and written from them.

mod read;
mod write;

pub(crate) use read::DeltaReader;
pub(crate) use write::DeltaWriter;
