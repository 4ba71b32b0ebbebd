//! Calls: read into the neutral form, and written from it.

mod config;
mod contents;
mod decode;
mod encode;
mod model;
mod settings;
mod tools;
mod turns;

pub(crate) use decode::decode_call;
pub(crate) use encode::{check_call, encode_call};
pub(super) use turns::{write_call, write_plain};
