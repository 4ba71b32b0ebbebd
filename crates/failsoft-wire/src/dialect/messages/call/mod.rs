//! Requests.

mod block;
mod decode;
mod encode;
mod fit;
mod ids;
mod media;
mod parameters;
mod schema;
mod thinking;

pub(crate) use decode::decode_call;
pub(crate) use encode::{check_call, encode_call};
