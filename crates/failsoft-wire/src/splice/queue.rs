//! What came and cannot go to the client yet.

use crate::neutral::{Delta, Piece};
use crate::sse::Frame;

/// A frame as it came with what it says, or a piece that is not written yet.
#[derive(Debug)]
pub(super) enum Unit {
    Frame(Told),
    Piece(Delta),
}

/// A frame and what it says.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) frame: Frame,
    pub(super) deltas: Vec<Delta>,
    /// It says more, which its reader gives on later.
    pub(super) waits: bool,
}

/// Units that wait, in order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    units: Vec<Unit>,
    size: usize,
}

impl Queue {
    pub(super) fn push(&mut self, unit: Unit) {
        self.size += unit.size();
        self.units.push(unit);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Bytes that wait, about.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    pub(super) fn take(&mut self) -> Vec<Unit> {
        self.size = 0;
        std::mem::take(&mut self.units)
    }

    /// Whether the end of a part waits here that had begun before.
    pub(super) fn ends_a_part(&self) -> bool {
        let mut deltas = self.units.iter().flat_map(|unit| match unit {
            Unit::Frame(told) => told.deltas.as_slice(),
            Unit::Piece(delta) => std::slice::from_ref(delta),
        });
        let first =
            deltas.find(|delta| matches!(delta, Delta::PartBegin { .. } | Delta::PartEnd { .. }));
        matches!(first, Some(Delta::PartEnd { .. }))
    }
}

impl Unit {
    fn size(&self) -> usize {
        match self {
            Self::Frame(told) => told.frame.bytes.len(),
            Self::Piece(Delta::Piece {
                piece: Piece::Text(words) | Piece::Arguments(words),
                ..
            }) => words.len(),
            Self::Piece(_) => size_of::<Delta>(),
        }
    }
}
