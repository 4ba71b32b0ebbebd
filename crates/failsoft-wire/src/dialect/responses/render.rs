//! What failsoft says itself.

use crate::neutral::{Choice, Part, Reply, Stop, StopReason, Usage, deltas};
use crate::render::{CannedAnswer, ErrorWords};
use crate::translate::{Presented, WriteDeltas};

use super::{DeltaWriter, encode_reply};

/// The nested form, on which the SDKs raise; of the flat one they make an ordinary event.
pub(crate) fn error_frame(words: &ErrorWords<'_>) -> Vec<u8> {
    let body = super::super::chat_completions::error_body(words);
    let inside = body.strip_prefix(b"{").unwrap_or(&body);
    [b"event: error\ndata: {\"type\":\"error\",\"sequence_number\":0,", inside, b"\n\n"].concat()
}

pub(crate) fn canned_reply(answer: &CannedAnswer<'_>) -> Vec<u8> {
    encode_reply(&reply(answer), &presented(answer))
}

pub(crate) fn canned_stream(answer: &CannedAnswer<'_>) -> Vec<u8> {
    let mut writer = DeltaWriter::new(presented(answer));
    let mut stream = Vec::new();
    for delta in deltas(&reply(answer)) {
        writer.write(&delta, &mut stream);
    }
    stream
}

fn reply(answer: &CannedAnswer<'_>) -> Reply {
    Reply {
        choices: vec![Choice {
            parts: vec![Part::text(answer.text)],
            stop: Some(Stop::of(StopReason::Done)),
            ..Choice::default()
        }],
        usage: Some(Usage::default()),
        ..Reply::default()
    }
}

fn presented(answer: &CannedAnswer<'_>) -> Presented {
    Presented {
        id: answer.id.to_owned(),
        model: answer.model.to_owned(),
        created: answer.created,
        include_usage: false,
        maker: None,
    }
}
