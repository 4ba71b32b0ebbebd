//! What the dialects' tests share: streams read and written, and what must hold of both.

use std::collections::BTreeSet;

use crate::Dialect;
use crate::neutral::{Assembler, Delta, Maker, Reply};
use crate::records::frames;
use crate::translate::{Destination, Presented};

pub(super) const MAKER: Maker = Maker(7);

pub(super) fn presented(maker: Option<Maker>) -> Presented {
    Presented {
        id: "4711".to_owned(),
        model: "a-model".to_owned(),
        created: 1_795_392_000,
        include_usage: true,
        maker,
    }
}

pub(super) fn destination(model: &str) -> Destination<'_> {
    Destination {
        model,
        maker: MAKER,
        max_output: None,
        follows_schemas: true,
        marks_prefill: crate::PrefillMark::None,
    }
}

/// A stream's bytes as pieces. It ends once, however often it is told that it is over.
pub(super) fn pieces(dialect: Dialect, stream: &[u8]) -> Vec<Delta> {
    let (mut reader, mut deltas) = (dialect.deltas(), Vec::new());
    frames(dialect, stream).iter().for_each(|frame| reader.read(frame, &mut deltas));
    reader.end(&mut deltas);
    reader.end(&mut deltas);
    assert_eq!(deltas.iter().filter(|delta| **delta == Delta::End).count(), 1);
    deltas
}

/// Pieces as a stream's bytes.
pub(super) fn events(dialect: Dialect, deltas: &[Delta], presented: Presented) -> Vec<u8> {
    let (mut writer, mut stream) = (dialect.events(presented), Vec::new());
    deltas.iter().for_each(|delta| writer.write(delta, &mut stream));
    stream
}

pub(super) fn assembled(deltas: &[Delta]) -> Reply {
    let mut assembler = Assembler::default();
    deltas.iter().for_each(|delta| assembler.push(delta));
    assert!(assembler.is_whole(), "no end came");
    assembler.reply()
}

/// Parts of a choice follow one another, and everything begins and ends once.
pub(super) fn assert_in_order(deltas: &[Delta]) {
    assert!(matches!(deltas.first(), Some(Delta::Begin(_))), "begins otherwise: {deltas:?}");
    assert_eq!(deltas.last(), Some(&Delta::End));
    let (mut open, mut finished) = (BTreeSet::new(), BTreeSet::new());
    for (at, delta) in deltas.iter().enumerate() {
        match delta {
            Delta::Begin(_) => assert_eq!(at, 0),
            Delta::PartBegin { choice, .. } => {
                assert!(!finished.contains(choice) && open.insert(*choice), "parts overlap");
            }
            Delta::Piece { choice, .. } => assert!(open.contains(choice), "a piece of nothing"),
            Delta::PartEnd { choice } => assert!(open.remove(choice), "ends without a begin"),
            Delta::Finish { choice, .. } => {
                assert!(!open.contains(choice) && finished.insert(*choice));
            }
            Delta::Usage(_) => {}
            Delta::End => assert!(at + 1 == deltas.len() && open.is_empty()),
        }
    }
}
