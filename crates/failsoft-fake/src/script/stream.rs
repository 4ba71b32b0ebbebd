//! A stream, and what a fault makes of it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a fault touches one thing and leaves all others as they are"
)]

use std::time::Duration;

use failsoft_wire::Dialect;
use serde_json::{Value, json};

use super::{Act, Scene};
use crate::answer::{
    Answer, Frame, Part, ToolCall, broken_frame, error_frame, event_stream, keep_alive,
};
use crate::asked::Framing;
use crate::fault::{Fault, SILENCE};
use crate::peer::Version;
use crate::provider::AfterError;

/// How a response that has begun fails.
pub(super) const FAILED: (&str, &str) =
    ("server_error", "The server had an error while processing your request. Sorry about that!");

impl Scene<'_> {
    /// A stream's answer.
    pub(super) fn stream(&self) -> Vec<Act> {
        let mut acts = vec![self.stream_head()];
        if let Fault::Slow(late) = self.fault {
            acts.push(Act::Pause(late));
        }
        let answer = self.answer();
        let frames = answer.frames();
        match self.fault {
            Fault::PingsOnly => acts.extend(self.pings(frames)),
            Fault::RoleOnly => {
                let opening = frames.into_iter().filter(|frame| frame.part == Part::Opening);
                acts.extend(opening.map(|frame| self.chunk(&frame.bytes)));
                acts.extend([Act::Pause(SILENCE), Act::Close]);
            }
            Fault::InbandError(after) => {
                let told = until_token(frames, after);
                let count = told.len();
                acts.extend(self.paced(told));
                acts.extend(self.error_frames(&answer, count, after));
            }
            Fault::PingsEnd => {
                acts.extend(self.some_pings(frames));
                acts.extend(self.stream_end());
            }
            Fault::CutInside(after) => acts.extend(self.cut_inside(frames, after)),
            // Where calls come whole, a call is cut by cutting its frame.
            Fault::CutTool(_) | Fault::CutTextTool
                if self.asked.dialect() == Dialect::GenerateContent =>
            {
                let after = self.breaks_after(&answer).unwrap_or_default();
                acts.extend(self.cut_inside(frames, after));
            }
            _ => match self.breaks_after(&answer) {
                Some(after) => {
                    acts.extend(self.paced(until_token(frames, after)));
                    acts.extend(self.break_off());
                }
                None => {
                    let told = frames.into_iter().enumerate();
                    let told = told.filter_map(|(n, frame)| self.flawed(n + 1, frame));
                    acts.extend(self.paced(told.collect()));
                    acts.extend(self.stream_end());
                }
            },
        }
        acts
    }

    /// After how many tokens the answer breaks off.
    pub(super) fn breaks_after(&self, answer: &Answer<'_>) -> Option<usize> {
        let thoughts = answer.thought.as_ref().map_or(0, |thought| thought.pieces.len());
        let before_call = |nth: usize| {
            // In one dialect a call's head is a token, in another the whole call is.
            let (head, arguments) = match self.asked.dialect() {
                Dialect::ChatCompletions => (1, 1),
                Dialect::GenerateContent => (1, 0),
                _ => (0, 1),
            };
            let size = |call: &ToolCall| head + call.arguments.len() * arguments;
            let whole = answer.content.calls().iter().take(nth - 1).map(size).sum::<usize>();
            let begun = head * arguments + arguments;
            thoughts + answer.content.before().len() + whole + begun
        };
        match self.fault {
            Fault::Stall { after, .. }
            | Fault::Cut(after)
            | Fault::ResetAfter(after)
            | Fault::End(after) => Some(after),
            Fault::CutTool(nth) => Some(before_call(nth)),
            Fault::CutTextTool => Some(before_call(1)),
            Fault::CutThinking => Some(2),
            _ => None,
        }
    }

    /// So many tokens and a part of the next one's frame: within a character, if it can be.
    fn cut_inside(&self, frames: Vec<Frame>, after: usize) -> Vec<Act> {
        let mut told = until_token(frames, after + 1);
        let tokens = told.iter().filter(|frame| frame.part == Part::Content).count();
        let last = told.pop_if(|frame| frame.part == Part::Content && tokens > after);
        let mut acts = self.paced(told);
        acts.extend(last.map(|Frame { bytes, .. }| {
            let inside = bytes.iter().position(|byte| byte & 0xC0 == 0x80);
            let inside = inside.filter(|_| self.asked.aim.framing != Framing::Binary);
            self.chunk(&bytes[..inside.unwrap_or(bytes.len() / 2)])
        }));
        acts.push(Act::Close);
        acts
    }

    /// A frame as a fault that lets the stream run to its end changes it, if it stays at all.
    fn flawed(&self, nth: usize, frame: Frame) -> Option<Frame> {
        match (self.fault, frame.part) {
            (Fault::NoDone, Part::End) | (Fault::NoFinish, Part::Finish) => None,
            (Fault::BadChunk(bad), part) if bad == nth => {
                Some(Frame { part, bytes: broken_frame(self.asked.aim.framing, nth == 1) })
            }
            (Fault::BadCrc(bad), part) if bad == nth => {
                Some(Frame { part, bytes: event_stream::with_bad_checksum(frame.bytes) })
            }
            _ => Some(frame),
        }
    }

    /// Frames as chunks, with the pause between tokens.
    fn paced(&self, frames: Vec<Frame>) -> Vec<Act> {
        let delay = self.token_delay();
        let mut acts = Vec::new();
        let mut first = true;
        for frame in frames {
            let is_token = frame.part == Part::Content;
            let is_first = is_token && std::mem::take(&mut first);
            if is_token && !is_first && !delay.is_zero() {
                acts.push(Act::Pause(delay));
            }
            acts.push(self.chunk(&frame.bytes));
            if is_first && self.manner.gated == Some(true) {
                acts.push(Act::Gate);
            }
        }
        acts
    }

    fn pings(&self, frames: Vec<Frame>) -> Vec<Act> {
        let mut acts = self.announced(frames);
        acts.extend(self.pinging(self.ping()));
        acts
    }

    fn some_pings(&self, frames: Vec<Frame>) -> Vec<Act> {
        let mut acts = self.announced(frames);
        acts.extend((0..3).map(|_| self.chunk(self.ping())));
        acts
    }

    fn ping(&self) -> &'static [u8] {
        match self.asked.aim.framing {
            Framing::List => b"\r\n",
            Framing::Events | Framing::Binary => keep_alive(self.asked.dialect()),
        }
    }

    /// What comes before the first ping.
    fn announced(&self, frames: Vec<Frame>) -> Vec<Act> {
        let dialect = self.asked.dialect();
        let announced = match dialect {
            Dialect::Messages | Dialect::Responses => 1,
            Dialect::ChatCompletions
            | Dialect::GenerateContent
            | Dialect::BedrockConverse
            | Dialect::Embeddings => 0,
        };
        frames.iter().take(announced).map(|frame| self.chunk(&frame.bytes)).collect()
    }

    pub(super) fn pinging(&self, ping: &[u8]) -> Vec<Act> {
        let every = self.manner.ping_every.unwrap_or(Duration::from_secs(1));
        let every = every.max(Duration::from_millis(1));
        let count = SILENCE.as_millis() / every.as_millis();
        let mut acts = Vec::new();
        for _ in 0..count {
            acts.push(self.chunk(ping));
            acts.push(Act::Pause(every));
        }
        acts.push(Act::Close);
        acts
    }

    fn error_frames(&self, answer: &Answer<'_>, before: usize, tokens: usize) -> Vec<Act> {
        let inband = self.imitated.inband();
        let framing = self.asked.aim.framing;
        let frame = match self.asked.dialect() {
            Dialect::Responses => responses_error(answer, before, tokens).into_bytes(),
            Dialect::ChatCompletions
            | Dialect::Messages
            | Dialect::GenerateContent
            | Dialect::BedrockConverse
            | Dialect::Embeddings => error_frame(framing, inband.frame, before == 0),
        };
        let mut acts = vec![self.chunk(&frame)];
        if inband.after == AfterError::SendsDone && framing == Framing::Events {
            acts.push(self.chunk(b"data: [DONE]\n\n"));
        }
        acts.extend(self.stream_end());
        acts
    }

    pub(super) fn break_off(&self) -> Vec<Act> {
        match self.fault {
            Fault::End(_) => self.stream_end(),
            Fault::ResetAfter(_) => vec![Act::Reset],
            Fault::Stall { lasting, .. } => vec![Act::Pause(lasting), Act::Close],
            _ => vec![Act::Close],
        }
    }

    fn stream_head(&self) -> Act {
        let content_type = match (self.fault, self.asked.aim.framing) {
            (Fault::WrongType, _) => "text/plain",
            (_, Framing::Events) => "text/event-stream; charset=utf-8",
            (_, Framing::List) => "application/json; charset=UTF-8",
            (_, Framing::Binary) => "application/vnd.amazon.eventstream",
        };
        let mut headers = vec![("cache-control", "no-cache".to_owned())];
        headers.extend(self.framing());
        self.head(200, content_type, &headers)
    }

    fn stream_end(&self) -> Vec<Act> {
        vec![match self.version {
            Version::Http11 => Act::Send(b"0\r\n\r\n".to_vec()),
            Version::Http10 => Act::End,
        }]
    }
}

/// The frames up to so many tokens.
fn until_token(frames: Vec<Frame>, after: usize) -> Vec<Frame> {
    let mut left = after;
    let told = frames.into_iter().take_while(|frame| match frame.part {
        Part::Opening => true,
        Part::Content => left.checked_sub(1).map(|rest| left = rest).is_some(),
        Part::Between => left > 0,
        Part::Finish | Part::Usage | Part::End => false,
    });
    told.collect()
}

/// Before any content an error stands alone; later the response itself has failed.
fn responses_error(answer: &Answer<'_>, before: usize, tokens: usize) -> String {
    let (kind, mut data) = if tokens == 0 {
        let error = json!({"type": "service_unavailable_error", "code": "server_is_overloaded",
            "message": "Our servers are currently overloaded. Please try later.", "param": null});
        ("error", json!({"error": error}))
    } else {
        let failed = answer.failed(FAILED.0, FAILED.1).unwrap_or_default();
        let failed: Value = serde_json::from_slice(&failed).unwrap_or_default();
        ("response.failed", json!({"response": failed}))
    };
    data["type"] = kind.into();
    data["sequence_number"] = before.into();
    format!("event: {kind}\ndata: {data}\n\n")
}
