//! The first target's frames, for a client of the same dialect.

use memchr::memmem;

use super::Splicer;
use crate::neutral::{Delta, Piece};
use crate::reply::Flaw;
use crate::splice::queue::{Told, Unit};
use crate::sse::Frame;
use crate::{Dialect, Meaning};

impl Splicer {
    /// A frame that goes on as it came.
    pub(super) fn pass(
        &mut self,
        frame: Frame,
        meaning: &Meaning,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), Flaw> {
        let was_shut = self.gate.is_shut();
        let (mut ended, mut is_earlier_whole) = (false, false);
        for delta in deltas.iter() {
            self.see(delta);
            ended |= self.gate.see(delta)?;
            is_earlier_whole |= ended && !self.gate.is_shut();
        }
        if *meaning == Meaning::Filler && deltas.is_empty() && !self.has_place(&frame) {
            // Before content nobody is there to be kept waiting with it.
            if self.has_released {
                self.thread.follow(&frame);
                self.out.push(frame.bytes);
            }
            return Ok(());
        }
        let waits = self.reader.waits();
        let is_shut = self.gate.is_shut() || (was_shut && waits);
        let is_free = match meaning {
            Meaning::Content => !self.finishes(deltas),
            // In this dialect a part has no end of its own.
            Meaning::Closing => ended && self.client != Dialect::ChatCompletions,
            Meaning::Filler | Meaning::Opening | Meaning::Error | Meaning::Malformed => false,
        };
        if is_free && !is_shut {
            if !self.queue.is_empty() {
                self.release()?;
            }
            if deltas.is_empty() && !waits && self.is_unread(&frame) {
                self.delivered.set_odd();
            }
            self.is_exact = !waits;
            self.deliver(frame, deltas.drain(..));
        } else {
            if is_earlier_whole && !self.waited {
                self.release()?;
                self.delivered.settle();
            }
            let deltas = std::mem::take(deltas);
            self.queue.push(Unit::Frame(Told { frame, deltas, waits }));
        }
        self.waited = waits;
        self.repeats()
    }

    /// A frame that is like the last one in all but its words.
    pub(super) fn pass_words(&mut self, frame: Frame, words: String) -> Result<(), Flaw> {
        let delta = Delta::Piece { choice: 0, piece: Piece::Text(words) };
        self.tokens.see(&delta);
        self.delivered.record(delta);
        self.out.push(frame.bytes);
        self.repeats()
    }

    /// Sees whether the next frame may be like this one: more words of the part that is open, with
    /// nothing that waits.
    pub(super) fn compare(&mut self, frame: &Frame, deltas: &[Delta]) {
        match deltas {
            [Delta::Piece { choice: 0, piece: Piece::Text(words) }]
                if self.has_released
                    && self.queue.is_empty()
                    && !self.gate.is_shut()
                    && !self.waited
                    && !self.reader.waits() =>
            {
                self.likeness.learn(frame, words);
            }
            _ => self.likeness.forget(),
        }
    }

    /// Whether a frame of content also says why the answer ends.
    fn finishes(&self, deltas: &[Delta]) -> bool {
        deltas.iter().any(|delta| matches!(delta, Delta::Finish { .. }))
            // Here the end of a part tells, if no other follows.
            || (self.client == Dialect::ChatCompletions
                && matches!(deltas.last(), Some(Delta::PartEnd { .. })))
    }

    /// Whether a frame that brings nothing has its place behind what is held all the same.
    fn has_place(&self, frame: &Frame) -> bool {
        let Some(data) = frame.data().filter(|_| self.client == Dialect::Responses) else {
            return false;
        };
        // Events are numbered, and some tell of a part that comes.
        !self.queue.is_empty()
            || frame.event().is_some_and(|name| name.ends_with(b".added"))
            || memmem::find(data, b".added\"").is_some()
    }

    pub(super) fn deliver(&mut self, frame: Frame, deltas: impl Iterator<Item = Delta>) {
        deltas.for_each(|delta| self.delivered.record(delta));
        self.thread.follow(&frame);
        self.out.push(frame.bytes);
        self.has_released = true;
    }

    /// Whether a frame of content that brings no piece holds what pieces do not tell.
    fn is_unread(&self, frame: &Frame) -> bool {
        let data = frame.data().unwrap_or_default();
        self.client == Dialect::ChatCompletions && memmem::find(data, b"\"audio\"").is_some()
    }
}
