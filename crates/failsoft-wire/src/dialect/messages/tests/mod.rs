//! The codec against arbitrary calls and answers, recorded traffic, and bytes nobody would send.

mod properties;
mod recorded;
mod requests;
mod rules;
mod streams;

use bytes::Bytes;

use super::{DeltaReader, DeltaWriter};
use crate::arbitrary;
use crate::neutral::{Assembler, Delta, Maker, Reply};
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
    let mut is_open = false;
    for delta in deltas {
        match delta {
            Delta::PartBegin { .. } => assert!(!std::mem::replace(&mut is_open, true)),
            Delta::PartEnd { .. } => assert!(std::mem::take(&mut is_open)),
            Delta::Piece { .. } => assert!(is_open),
            Delta::Finish { .. } => assert!(!is_open),
            Delta::Begin(_) | Delta::Usage(_) | Delta::End => {}
        }
    }
}
