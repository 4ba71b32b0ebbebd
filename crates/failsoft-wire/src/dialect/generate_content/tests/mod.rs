//! The codec against arbitrary calls and answers, recorded traffic, and bytes nobody would send.

mod calls;
mod nonsense;
mod properties;
mod recorded;
mod replies;
mod rows;

use bytes::Bytes;

use super::{DeltaReader, DeltaWriter};
use crate::arbitrary;
use crate::neutral::{Assembler, Delta, Maker, Reply};
use crate::request::Addressed;
use crate::sse::Decoder;
use crate::translate::{Destination, Presented, ReadDeltas as _, WriteDeltas as _};

const MAKER: Maker = Maker(7);

fn presented(maker: Option<Maker>) -> Presented {
    Presented {
        id: "4711".to_owned(),
        model: "a-model".to_owned(),
        created: 1_795_392_000,
        include_usage: true,
        maker,
    }
}

fn destination(model: &str) -> Destination<'_> {
    Destination {
        model,
        maker: MAKER,
        max_output: None,
        follows_schemas: true,
        marks_prefill: crate::PrefillMark::None,
    }
}

fn addressed(model: &str) -> Addressed {
    Addressed { model: model.to_owned(), stream: false }
}

/// A stream's bytes as pieces.
fn pieces(stream: &[u8]) -> Vec<Delta> {
    let mut decoder = Decoder::new(1 << 22);
    let mut reader = DeltaReader::default();
    let mut deltas = Vec::new();
    decoder.push(Bytes::copy_from_slice(stream));
    while let Ok(Some(frame)) = decoder.next_frame() {
        reader.read(&frame, &mut deltas);
    }
    reader.end(&mut deltas);
    deltas
}

/// Pieces as a stream's bytes.
fn events(deltas: &[Delta], maker: Option<Maker>) -> Vec<u8> {
    let mut writer = DeltaWriter::new(presented(maker));
    let mut out = Vec::new();
    deltas.iter().for_each(|delta| writer.write(delta, &mut out));
    out
}

fn assembled(deltas: &[Delta]) -> Reply {
    let mut assembler = Assembler::default();
    deltas.iter().for_each(|delta| assembler.push(delta));
    assert!(assembler.is_whole(), "no end");
    assembler.reply()
}

/// Whether parts of each choice follow one another and everything stands between begin and end.
fn assert_in_order(deltas: &[Delta]) {
    assert!(matches!(deltas.first(), Some(Delta::Begin(_))), "{deltas:?}");
    assert_eq!(deltas.iter().filter(|delta| **delta == Delta::End).count(), 1);
    assert_eq!(deltas.last(), Some(&Delta::End));
    let mut open = std::collections::HashSet::new();
    for delta in deltas {
        match delta {
            Delta::PartBegin { choice, .. } => assert!(open.insert(*choice)),
            Delta::PartEnd { choice } => assert!(open.remove(choice)),
            Delta::Piece { choice, .. } => assert!(open.contains(choice)),
            Delta::Finish { choice, .. } => assert!(!open.contains(choice)),
            Delta::Begin(_) | Delta::Usage(_) | Delta::End => {}
        }
    }
}
