//! Calls, read and written.

mod decode;
mod encode;
mod options;
mod plan;
mod tools;

pub(crate) use decode::decode_call;
pub(crate) use encode::{check_call, encode_call};

/// Whether the service takes this as a tool's name.
#[cfg(test)]
pub(super) fn fits(name: &str) -> bool {
    tools::is_name(name)
}
