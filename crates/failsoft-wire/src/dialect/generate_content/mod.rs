//! `generate_content`: what Gemini and Vertex speak.

mod answer;
mod call;
mod deltas;
mod head;
mod ids;
mod keys;
mod media;
mod numbers;
mod parts;
mod render;
mod reply;
mod rules;
mod schema;
mod seal;
#[cfg(test)]
mod tests;
mod verdict;

pub(crate) use answer::{GenerateReader, read_reply};
pub(crate) use call::{check_call, decode_call, encode_call};
pub(crate) use deltas::{DeltaReader, DeltaWriter};
pub(crate) use head::read_request;
pub(crate) use render::{canned_reply, canned_stream, error_body, error_frame, models};
pub(crate) use reply::{decode_reply, encode_reply};
pub(crate) use rules::RULES;
pub(crate) use seal::read as read_base64_seal;
