//! Parts that come side by side, given on one after another.

use std::collections::VecDeque;

use crate::neutral::{Delta, PartStart, Piece};

/// Which part an event speaks of: its item, and the place in it.
pub(super) type Key = (u32, u32);

/// More parts side by side than this are an attack, not an answer.
const MAX_SLOTS: usize = 1_024;

/// The parts that are not whole yet. Pieces of the first are given on at once, those of the others
/// when it is their turn.
#[derive(Debug, Default)]
pub(super) struct Queue {
    slots: VecDeque<Slot>,
    /// Whether there was ever a part.
    pub(super) is_used: bool,
}

#[derive(Debug)]
pub(super) struct Slot {
    key: Key,
    start: PartStart,
    pieces: Vec<Piece>,
    has_ended: bool,
    /// Words or arguments came.
    pub(super) has_words: bool,
    /// What the words were a piece of: several pieces are paragraphs.
    pub(super) paragraph: Option<(bool, u32)>,
}

impl Queue {
    /// A part that has begun and not ended.
    pub(super) fn open(&mut self, key: Key) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.key == key && !slot.has_ended)
    }

    /// Whether a part waits for its turn.
    pub(super) fn waits(&self) -> bool {
        self.slots.len() > 1
    }

    /// Begins a part unless it has begun.
    pub(super) fn begin(
        &mut self,
        key: Key,
        start: impl FnOnce() -> PartStart,
        out: &mut Vec<Delta>,
    ) {
        if self.open(key).is_some() || self.slots.len() >= MAX_SLOTS {
            return;
        }
        self.is_used = true;
        let slot = Slot {
            key,
            start: start(),
            pieces: Vec::new(),
            has_ended: false,
            has_words: false,
            paragraph: None,
        };
        if self.slots.is_empty() {
            out.push(Delta::PartBegin { choice: 0, start: slot.start.clone() });
        }
        self.slots.push_back(slot);
    }

    /// More of a part that has begun.
    pub(super) fn piece(&mut self, key: Key, piece: Piece, out: &mut Vec<Delta>) {
        let is_first = self.slots.front().is_some_and(|slot| slot.key == key && !slot.has_ended);
        let Some(slot) = self.open(key) else { return };
        slot.has_words |= matches!(piece, Piece::Text(_) | Piece::Arguments(_));
        if is_first {
            out.push(Delta::Piece { choice: 0, piece });
        } else {
            slot.pieces.push(piece);
        }
    }

    /// Ends every part this is true of.
    pub(super) fn end(&mut self, which: impl Fn(Key) -> bool, out: &mut Vec<Delta>) {
        for slot in self.slots.iter_mut().filter(|slot| which(slot.key)) {
            slot.has_ended = true;
        }
        while self.slots.front().is_some_and(|slot| slot.has_ended) {
            out.push(Delta::PartEnd { choice: 0 });
            self.slots.pop_front();
            if let Some(next) = self.slots.front_mut() {
                out.push(Delta::PartBegin { choice: 0, start: next.start.clone() });
                let pieces = next.pieces.drain(..);
                out.extend(pieces.map(|piece| Delta::Piece { choice: 0, piece }));
            }
        }
    }

    /// A part that comes whole, as its pieces.
    pub(super) fn whole(&mut self, pieces: Vec<Delta>, out: &mut Vec<Delta>) {
        // No event speaks of it again.
        const KEY: Key = (u32::MAX, u32::MAX);
        for delta in pieces {
            match delta {
                Delta::PartBegin { start, .. } => self.begin(KEY, || start, out),
                Delta::Piece { piece, .. } => self.piece(KEY, piece, out),
                Delta::PartEnd { .. } => self.end(|key| key == KEY, out),
                Delta::Begin(_) | Delta::Finish { .. } | Delta::Usage(_) | Delta::End => {}
            }
        }
    }
}
