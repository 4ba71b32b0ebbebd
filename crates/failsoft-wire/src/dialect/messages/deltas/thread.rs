//! What events tell that their pieces do not.

use crate::dialect::members::Members;
use crate::find::word;
use crate::scan::Scanner;

// Of a block that starts or stops.
word!(BLOCK = "content_block_st");
word!(SIGNATURE = "signature");

/// Follows the blocks of a stream that is passed on as it comes.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    pub(super) has_begun: bool,
    /// The number of the next block.
    pub(super) next: u32,
    /// Those that have begun and not ended.
    pub(super) open: Vec<Block>,
}

/// A block.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) index: u32,
    /// Its pieces are told one by one, so it can be ended by somebody else.
    is_told: bool,
    /// Its signature went out.
    pub(super) is_signed: bool,
}

impl Thread {
    /// Takes an event's data. Of the pieces, which are nearly all, only signatures matter.
    pub(crate) fn follow(&mut self, name: Option<&[u8]>, data: &[u8]) {
        let is_piece = BLOCK.find(data).is_none() && SIGNATURE.find(data).is_none();
        if self.has_begun && is_piece {
            return;
        }
        let Ok(Some(event)) = Members::scan(&mut Scanner::new(data)) else { return };
        let index = event.find("index").and_then(|index| index.count());
        match event.kind().or(name) {
            Some(b"message_start") => self.has_begun = true,
            Some(b"content_block_start") => {
                let block = event.find("content_block").and_then(Members::of_object);
                let kind = block.as_ref().and_then(Members::kind);
                let is_told = matches!(kind, Some(b"text" | b"thinking" | b"redacted_thinking"));
                let index = index.unwrap_or(self.next);
                self.next = index.saturating_add(1);
                self.open.push(Block { index, is_told, is_signed: false });
            }
            Some(b"content_block_stop") => {
                let is_meant = |block: &Block| index.is_none_or(|index| index == block.index);
                if let Some(at) = self.open.iter().rposition(is_meant) {
                    self.open.remove(at);
                }
            }
            Some(b"content_block_delta") => {
                let delta = event.find("delta").and_then(Members::of_object);
                let is_seal = delta.is_some_and(|delta| delta.kind() == Some(b"signature_delta"));
                if let Some(block) = self.open.last_mut() {
                    block.is_signed |= is_seal;
                }
            }
            Some(_) | None => {}
        }
    }

    pub(crate) fn is_continuable(&self) -> bool {
        match self.open.as_slice() {
            [] => true,
            [block] => block.is_told,
            [_, _, ..] => false,
        }
    }
}
