//! Calls.

mod decode;
mod encode;
mod history;
mod parameters;
mod rules;
mod schema;
mod tools;
mod turns;

pub(crate) use decode::decode_call;
pub(crate) use encode::encode_call;
pub(crate) use rules::{RULES, check_call};
