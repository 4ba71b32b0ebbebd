//! The codec as a whole.

#![expect(
    clippy::too_many_lines,
    clippy::wildcard_enum_match_arm,
    reason = "tables, and tests that look at one variant"
)]

mod any;
mod calls;
mod recorded;
mod replies;
mod rules;

use bytes::Bytes;

use crate::arbitrary;
use crate::neutral::{Assembler, Call, Maker, Part, Reply, Rest};
use crate::sse::{Decoder, Frame};
use crate::{Destination, Dialect, Encoded, Presented, Unfit};

const OWN: Dialect = Dialect::Responses;

const TO: Destination<'static> = Destination {
    model: "target",
    maker: Maker(1),
    max_output: None,
    follows_schemas: true,
    marks_prefill: crate::PrefillMark::None,
};

fn encoded(call: &Call) -> Result<Encoded, Unfit> {
    OWN.encode_call(call, &TO)
}

fn decoded(body: &[u8]) -> Call {
    OWN.decode_call(body, None).unwrap_or_else(|problem| panic!("{problem}"))
}

fn presented(maker: Option<Maker>) -> Presented {
    Presented { id: "x".to_owned(), model: "m".to_owned(), created: 7, include_usage: false, maker }
}

fn frames(body: &[u8]) -> Vec<Frame> {
    let mut decoder = Decoder::new(1 << 24);
    decoder.push(Bytes::copy_from_slice(body));
    std::iter::from_fn(|| decoder.next_frame().unwrap()).collect()
}

/// What a stream says.
fn assembled(frames: &[Frame]) -> Reply {
    let (mut reader, mut deltas) = (OWN.deltas(), Vec::new());
    frames.iter().for_each(|frame| reader.read(frame, &mut deltas));
    reader.end(&mut deltas);
    let mut assembler = Assembler::default();
    deltas.iter().for_each(|delta| assembler.push(delta));
    assert!(assembler.is_whole());
    assembler.reply()
}

/// An answer as a stream of this dialect.
fn streamed(reply: &Reply, maker: Option<Maker>) -> Vec<u8> {
    let mut writer = OWN.events(presented(maker));
    let mut stream = Vec::new();
    for delta in crate::neutral::deltas(reply) {
        writer.write(&delta, &mut stream);
    }
    stream
}

/// What an answer says, without what only this dialect knows.
fn said(mut reply: Reply) -> Reply {
    reply.rest = Rest::default();
    for choice in &mut reply.choices {
        choice.rest = Rest::default();
        choice.parts.iter_mut().for_each(forget);
    }
    if let Some(usage) = &mut reply.usage {
        usage.rest = Rest::default();
    }
    reply
}

/// Takes from a part what only this dialect knows.
fn forget(part: &mut Part) {
    match part {
        Part::Text { rest, citations, .. } => {
            *rest = Rest::default();
            citations.iter_mut().for_each(|citation| citation.rest = Rest::default());
        }
        Part::Thinking { rest, .. } => *rest = Rest::default(),
        Part::ToolCall(call) => call.rest = Rest::default(),
        Part::Media(media) => media.rest = Rest::default(),
        Part::ToolResult(result) => {
            result.rest = Rest::default();
            result.content.iter_mut().for_each(forget);
        }
        Part::Refusal(_) | Part::Foreign(_) => {}
    }
}
