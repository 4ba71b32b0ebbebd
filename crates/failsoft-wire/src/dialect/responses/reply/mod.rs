//! Answers.

mod decode;
mod encode;
mod object;

pub(crate) use decode::decode_reply;
pub(super) use decode::{Told, stop_of};
pub(crate) use encode::encode_reply;
pub(super) use encode::{is_made_image, logprobs};
pub(super) use object::{Ending, Object, item_id, message, raw_item, thought};
