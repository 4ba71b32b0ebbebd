//! `messages`: typed events around blocks of content.

mod answer;
mod render;

pub(crate) use answer::MessagesReader;
pub(super) use answer::read_reply;
pub(super) use render::{canned_reply, canned_stream, error_body, error_frame, models};
