//! Calls, answers and streams there and back: made up, recorded, and by rule.

mod calls;
mod fidelity;
mod recorded;
mod streams;

use bytes::Bytes;

use super::event_stream::Decoder;
use super::{DeltaReader, DeltaWriter};
use crate::arbitrary;
use crate::neutral::{Assembler, Delta, Maker, Reply, deltas};
use crate::sse::Frame;
use crate::translate::{Destination, Presented, ReadDeltas, WriteDeltas};

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-6";
const CLAUDE_5: &str = "us.anthropic.claude-opus-5";
const ELDER_CLAUDE: &str = "us.anthropic.claude-sonnet-4-20250514-v1:0";
const NOVA: &str = "us.amazon.nova-lite-v1:0";
const OTHER: &str = "us.meta.llama4-maverick-17b-instruct-v1:0";

fn to(model: &str) -> Destination<'_> {
    Destination { model, maker: Maker(7), max_output: None, follows_schemas: true }
}

fn presented() -> Presented {
    Presented {
        id: "call".to_owned(),
        model: "assistant".to_owned(),
        created: 0,
        include_usage: false,
        maker: None,
    }
}

fn frames(stream: &[u8]) -> Vec<Frame> {
    let mut decoder = Decoder::new(1 << 24);
    decoder.push(Bytes::copy_from_slice(stream));
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next_frame().unwrap() {
        frames.push(frame);
    }
    assert!(decoder.is_empty(), "bytes after the last frame");
    frames
}

fn pieces(frames: &[Frame]) -> Vec<Delta> {
    let mut reader = DeltaReader::default();
    let mut pieces = Vec::new();
    frames.iter().for_each(|frame| reader.read(frame, &mut pieces));
    reader.end(&mut pieces);
    reader.end(&mut pieces);
    let ends = pieces.iter().filter(|piece| matches!(piece, Delta::End)).count();
    assert_eq!(ends, 1);
    pieces
}

fn assembled(stream: &[u8]) -> Reply {
    let mut assembler = Assembler::default();
    pieces(&frames(stream)).iter().for_each(|piece| assembler.push(piece));
    assert!(assembler.is_whole());
    assembler.reply()
}

fn streamed(reply: &Reply) -> Vec<u8> {
    let mut writer = DeltaWriter::new(presented());
    let mut stream = Vec::new();
    deltas(reply).iter().for_each(|delta| writer.write(delta, &mut stream));
    stream
}
