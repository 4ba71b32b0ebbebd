//! Answers: read into the neutral form, and written from it.

mod candidate;
mod chunk;
mod decode;
mod encode;
mod logprobs;
mod sources;
mod usage;

pub(super) use candidate::Candidate;
pub(super) use chunk::Chunk;
pub(crate) use decode::decode_reply;
pub(crate) use encode::encode_reply;
pub(super) use encode::{Beside, write_candidate, write_closing, write_part};
pub(super) use usage::read as read_usage;
