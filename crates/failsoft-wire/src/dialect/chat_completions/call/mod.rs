//! Calls, read and written.

mod decode;
mod encode;
mod survey;
mod tools;
mod turns;
mod wishes;

pub(crate) use decode::decode_call;
pub(crate) use encode::encode_call;
pub(crate) use survey::check_call;
