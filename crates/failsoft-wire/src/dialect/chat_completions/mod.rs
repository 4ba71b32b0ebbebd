//! `chat_completions`: what most of the world speaks.

mod answer;
mod choice;
mod render;

pub(crate) use answer::ChatReader;
pub(super) use answer::read_reply;
pub(super) use render::{canned_reply, canned_stream, error_body, error_frame, models};
