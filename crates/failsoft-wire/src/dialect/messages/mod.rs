//! `messages`: typed events around blocks of content.

mod answer;
mod block;
mod call;
mod deltas;
mod members;
mod names;
mod render;
mod reply;
mod rules;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use answer::MessagesReader;
pub(super) use answer::read_reply;
pub(crate) use call::{check_call, decode_call, encode_call};
pub(crate) use deltas::{DeltaReader, DeltaWriter, Thread};
pub(super) use render::{canned_reply, canned_stream, error_body, error_frame, models};
pub(crate) use reply::{decode_reply, encode_reply};
pub(crate) use rules::RULES;

/// The dialect of this folder.
const HERE: crate::Dialect = crate::Dialect::Messages;
