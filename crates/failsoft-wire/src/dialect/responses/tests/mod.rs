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

use crate::arbitrary;
use crate::dialect::trial;
use crate::neutral::{Call, Maker, Part, Reply, Rest};
use crate::records;
use crate::sse::Frame;
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
    records::frames(OWN, body)
}

/// What a stream says.
fn assembled(stream: &[u8]) -> Reply {
    trial::assembled(&trial::pieces(OWN, stream))
}

/// An answer as a stream of this dialect.
fn streamed(reply: &Reply, maker: Option<Maker>) -> Vec<u8> {
    trial::events(OWN, &crate::neutral::deltas(reply), presented(maker))
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
