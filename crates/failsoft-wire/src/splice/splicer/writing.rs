//! Pieces of a target's, written for a client of another dialect, or on from what it has.

use super::Splicer;
use crate::neutral::{Delta, PartStart};
use crate::reply::Flaw;
use crate::splice::queue::Unit;

impl Splicer {
    /// Pieces that are written for the client.
    pub(super) fn translate(&mut self, deltas: &mut Vec<Delta>) -> Result<(), Flaw> {
        let Some(mut leg) = self.leg.take() else {
            for delta in deltas.drain(..) {
                self.see(&delta);
                self.write(delta)?;
            }
            return self.repeats();
        };
        let mut onward = Vec::new();
        let mut taken = Ok(());
        for delta in deltas.drain(..) {
            self.tokens.see(&delta);
            self.tail.see(&delta);
            taken = leg.take(delta, (&self.delivered, &self.tokens), &mut onward);
            taken = taken.and_then(|()| onward.drain(..).try_for_each(|delta| self.write(delta)));
            if taken.is_err() {
                break;
            }
        }
        self.leg = Some(leg);
        taken.and_then(|()| self.repeats())
    }

    /// Writes a piece, once it may go out.
    fn write(&mut self, delta: Delta) -> Result<(), Flaw> {
        let ended = self.gate.see(&delta)?;
        let is_free = match &delta {
            Delta::Piece { .. } => true,
            Delta::PartBegin { start, .. } => {
                matches!(start, PartStart::Media(_) | PartStart::Foreign(_))
            }
            Delta::PartEnd { .. } => ended,
            Delta::Begin(_) | Delta::Finish { .. } | Delta::Usage(_) | Delta::End => false,
        };
        if is_free && !self.gate.is_shut() {
            if !self.queue.is_empty() {
                self.release()?;
            }
            self.put(delta);
        } else {
            self.queue.push(Unit::Piece(delta));
        }
        Ok(())
    }

    pub(super) fn put(&mut self, delta: Delta) {
        if let Some(writer) = &mut self.writer {
            if let (Delta::PartBegin { .. }, Some(maker)) = (&delta, self.maker) {
                writer.made_by(maker);
                self.maker = None;
            }
            let mut bytes = Vec::new();
            writer.write(&delta, &mut bytes);
            self.has_released |= !bytes.is_empty();
            self.out.push(bytes.into());
        }
        self.delivered.record(delta);
    }
}
