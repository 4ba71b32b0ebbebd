//! Messages: what calls and answers are made of.

mod content;
mod conversation;
mod media;
mod pick;
mod source;
mod spoken;
mod tool_call;
mod voice;

pub(crate) use content::{list, write_item};
pub(crate) use conversation::Conversation;
pub(crate) use media::{is_writable, write_media};
pub(crate) use pick::{call_of, media_of, refusal_of, result_of, text_of};
pub(crate) use source::{citation, write_citation};
pub(crate) use spoken::{Spoken, thought};
pub(crate) use tool_call::{NameAndText, seal_member, seal_of, short_id};
pub(crate) use voice::{Joiner, Voice, length, write_images, write_rest, write_spoken};
