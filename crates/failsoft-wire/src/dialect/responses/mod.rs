//! `responses`: OpenAI's second dialect, and that of its agents.

mod answer;
mod call;
mod deltas;
mod item;
mod kept;
mod render;
mod reply;
mod stream;
#[cfg(test)]
mod tests;

pub(super) use answer::read_reply;
pub(crate) use call::{RULES, check_call, decode_call, encode_call};
pub(crate) use deltas::{DeltaReader, DeltaWriter, Thread};
pub(super) use render::{canned_reply, canned_stream, error_frame};
pub(crate) use reply::{decode_reply, encode_reply};
pub(crate) use stream::ResponsesReader;

use crate::request::{OutputBound, RequestHead, RequestProblem, read};

/// Reads the head of a request. The model is demanded even where a stored prompt would name one.
pub(super) fn read_request(body: &[u8]) -> Result<RequestHead, RequestProblem> {
    read(body, OutputBound::Kept)
}
