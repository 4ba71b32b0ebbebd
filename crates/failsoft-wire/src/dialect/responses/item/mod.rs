//! Items: what conversations and answers are made of.

mod content;
mod group;
mod read;
mod write;

pub(super) use content::citation as read_citation;
pub(super) use group::{Group, groups, with_head};
pub(super) use read::{Item, Place, Said, read, with_id};
pub(super) use write::{
    Origin, Thought, annotation, content, is_custom_output, made_image, reasoning, result, text,
    tool_call, words,
};
