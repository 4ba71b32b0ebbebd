//! What stands between the socket and the HTTP parser: nothing ambiguous gets through.
//!
//! Two parsers that read one byte differently are how requests are smuggled. Every request's head
//! is therefore looked at whole before the parser sees a byte of it, its body is followed to its
//! exact end, and the next request waits until the last one was answered. Whatever is doubtful is
//! refused; nothing is repaired.

mod chunks;
mod flaw;
mod head;
mod inspector;
mod io;
#[cfg(test)]
mod io_tests;
#[cfg(test)]
mod tests;

pub(crate) use flaw::Flaw;
pub(crate) use io::{Answering, Patience, StrictIo, Turn};
