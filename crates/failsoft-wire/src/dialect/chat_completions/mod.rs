//! `chat_completions`: what most of the world speaks.

mod answer;
mod call;
mod choice;
mod deltas;
mod kept;
mod message;
mod render;
mod reply;
mod rules;
mod stop;
mod usage;

pub(crate) use answer::ChatReader;
pub(super) use answer::read_reply;
pub(crate) use call::{check_call, decode_call, encode_call};
pub(crate) use deltas::{DeltaReader, DeltaWriter, Thread};
pub(super) use render::{canned_reply, canned_stream, error_body, error_frame, models};
pub(crate) use reply::{decode_reply, encode_reply};
pub(crate) use rules::RULES;

#[cfg(test)]
mod tests;
