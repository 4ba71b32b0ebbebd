//! What goes over the wire: server-sent events and the dialects of LLM APIs.
//!
//! Everything here works on bytes that are already in memory; nothing is re-serialised. A dialect
//! tells what a request asks for, what a reply or a stream holds, and writes the few things
//! failsoft says in its own words: errors, an operator's answer, a list of models. It knows no
//! company and no network, and never panics on any input.

mod dialect;
mod redact;
mod render;
mod reply;
mod request;
mod scan;
mod shape;
pub mod sse;
mod stream;

pub use dialect::Dialect;
pub use redact::redact;
pub use render::{CannedAnswer, ErrorWords, ModelEntry};
pub use reply::{Flaw, Reply, TokenCount};
pub use request::{RequestHead, RequestProblem, with_model};
pub use shape::{Shape, sniff};
pub use stream::{Meaning, StreamReader};
