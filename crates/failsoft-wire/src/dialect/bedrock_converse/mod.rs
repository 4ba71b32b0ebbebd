//! `bedrock_converse`: one dialect for many vendors' models, in binary frames.

mod answer;
mod blocks;
mod call;
mod deltas;
pub(crate) mod event_stream;
mod family;
mod media;
mod reply;
mod rules;

pub(crate) use answer::{BedrockReader, read_reply};
pub(crate) use call::{check_call, decode_call, encode_call};
pub(crate) use deltas::{DeltaReader, DeltaWriter};
pub(crate) use reply::{decode_reply, encode_reply};
pub(crate) use rules::RULES;

use crate::Dialect;
use crate::neutral::Rest;

const DIALECT: Dialect = Dialect::BedrockConverse;

/// Keeps a member nobody else understands.
fn keep(rest: &mut Rest, key: &[u8], raw: &[u8]) {
    rest.owned(DIALECT).keep(key, raw);
}

#[cfg(test)]
mod tests;
