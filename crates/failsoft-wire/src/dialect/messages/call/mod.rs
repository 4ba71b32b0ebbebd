//! Requests.

mod base64;
mod block;
mod decode;
mod encode;
mod fit;
mod generation;
mod ids;
mod media;
mod notes;
mod parameters;
mod schema;
mod thinking;

pub(super) use block::input;
pub(crate) use decode::decode_call;
pub(crate) use encode::encode_call;
