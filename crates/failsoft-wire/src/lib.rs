//! What goes over the wire: server-sent events and the dialects of LLM APIs.
//!
//! Everything here works on bytes that are already in memory. A dialect tells what a request asks
//! for, what a reply or a stream holds, and writes the few things failsoft says in its own words:
//! errors, an operator's answer, a list of models. Between equal dialects nothing is
//! re-serialised; between others every dialect decodes to the [`neutral`] form and encodes from it.
//! It knows no company and no network, and never panics on any input.

// So that unit tests can take the generators and the records of `tests/`.
#[cfg(test)]
extern crate self as failsoft_wire;
#[cfg(test)]
#[path = "../tests/arbitrary/mod.rs"]
mod arbitrary;
#[cfg(test)]
#[path = "../tests/records/mod.rs"]
mod records;

mod base64;
mod dialect;
mod echo;
mod find;
mod frames;
pub mod neutral;
mod redact;
mod refusal;
mod render;
mod reply;
mod request;
mod scan;
mod seals;
mod shape;
mod splice;
pub mod sse;
mod stream;
mod translate;
mod utf8;
mod write;

pub use dialect::{Dialect, Reach, may_prefill};
pub use echo::without_echo;
pub use frames::{FrameDecoder, FrameFault};
pub use redact::redact;
pub use refusal::RefusalWatch;
pub use render::{CannedAnswer, ErrorWords, ModelEntry};
pub use reply::{Flaw, ReplyHead, TokenCount};
pub use request::{Addressed, RequestHead, RequestProblem, with_model};
pub use seals::{kept_answers, read_seal, seals};
pub use shape::{Shape, sniff};
pub use splice::{Delivered, Hold, Onward, Resumable, Splicer, continued, may_repeat_itself};
pub use stream::{Meaning, StreamReader};
pub use translate::{Destination, Encoded, PrefillMark, Presented, StreamTranslator, Unfit};
pub use utf8::in_utf8;
