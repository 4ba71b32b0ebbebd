//! The neutral form: what a call asks and what an answer says, whatever dialect it is written in.
//!
//! Each dialect decodes to it and encodes from it; there are no translators between pairs. It is
//! used only where dialects differ, or where a request must lose what another target sealed. What
//! one dialect alone knows travels along as [`Rest`] and comes back when the same dialect is
//! written again.
//!
//! Invariants every decoder keeps and every encoder may rely on:
//! - in a stream of [`Delta`]s, the parts of a choice follow one another: each is ended before the
//!   next begins, and numbered from 0 in that order;
//! - a [`Seal`] stands where it was found; what other targets sealed is taken out by
//!   [`Call::without_seals_of_others`] before a call is encoded.

mod assemble;
mod call;
mod delta;
mod document;
mod feature;
mod json;
mod loss;
mod part;
mod reply;
#[cfg(test)]
mod tests;

pub use assemble::{Assembler, deltas};
pub use call::{
    Call, Effort, Hosted, OutputFormat, Reasoning, Role, Sampling, Tool, ToolChoice, Turn,
};
pub use delta::{Delta, Opening, PartStart, Piece};
pub use document::translation_document;
pub use feature::{Feature, Features, Note, Rule, RuleRow};
pub use json::{Json, Rest};
pub use part::{Citation, Maker, Media, MediaKind, MediaSource, Part, Seal, ToolCall, ToolResult};
pub use reply::{Choice, Reply, Stop, StopReason, Usage};
