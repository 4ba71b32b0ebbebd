//! A stream, and what a fault makes of it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a fault touches one thing and leaves all others as they are"
)]

use std::time::Duration;

use failsoft_wire::Dialect;

use super::{Act, Scene};
use crate::answer::{Frame, Part, keep_alive};
use crate::fault::{Fault, SILENCE};
use crate::peer::Version;
use crate::provider::AfterError;

impl Scene<'_> {
    /// A stream's answer.
    pub(super) fn stream(&self) -> Vec<Act> {
        let mut acts = vec![self.stream_head()];
        if let Fault::Slow(late) = self.fault {
            acts.push(Act::Pause(late));
        }
        let frames = self.answer().frames(self.asked.dialect);
        match self.fault {
            Fault::PingsOnly => acts.extend(self.pings(frames, keep_alive(self.asked.dialect))),
            Fault::RoleOnly => {
                let opening = frames.into_iter().filter(|frame| frame.part == Part::Opening);
                acts.extend(opening.map(|frame| self.chunk(&frame.bytes)));
                acts.extend([Act::Pause(SILENCE), Act::Close]);
            }
            Fault::InbandError(after) => {
                acts.extend(self.until_token(frames, after));
                acts.extend(self.error_frame());
            }
            fault => match fault.breaks_after() {
                Some(after) => {
                    acts.extend(self.until_token(frames, after));
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

    /// A frame as a fault that lets the stream run to its end changes it, if it stays at all.
    fn flawed(&self, nth: usize, frame: Frame) -> Option<Frame> {
        match (self.fault, frame.part) {
            (Fault::NoDone, Part::End) | (Fault::NoFinish, Part::Finish) => None,
            (Fault::BadChunk(bad), part) if bad == nth => {
                let bytes =
                    b"data: {\"id\":\"broken\",\"choices\":[{\"delta\":{\"cont\n\n".to_vec();
                Some(Frame { part, bytes })
            }
            _ => Some(frame),
        }
    }

    /// The frames up to so many tokens.
    fn until_token(&self, frames: Vec<Frame>, after: usize) -> Vec<Act> {
        let mut left = after;
        let told = frames.into_iter().take_while(|frame| match frame.part {
            Part::Opening => true,
            Part::Content => left.checked_sub(1).map(|rest| left = rest).is_some(),
            Part::Finish | Part::Usage | Part::End => false,
        });
        self.paced(told.collect())
    }

    /// Frames as chunks, with the pause between tokens.
    fn paced(&self, frames: Vec<Frame>) -> Vec<Act> {
        let delay = self.token_delay();
        let mut acts = Vec::new();
        let mut first = true;
        for frame in frames {
            let is_token = frame.part == Part::Content;
            if is_token && !std::mem::take(&mut first) && !delay.is_zero() {
                acts.push(Act::Pause(delay));
            }
            acts.push(self.chunk(&frame.bytes));
        }
        acts
    }

    fn pings(&self, frames: Vec<Frame>, ping: &[u8]) -> Vec<Act> {
        let announced = match self.asked.dialect {
            Dialect::Messages => 1,
            Dialect::ChatCompletions => 0,
        };
        let mut acts: Vec<_> =
            frames.iter().take(announced).map(|frame| self.chunk(&frame.bytes)).collect();
        acts.extend(self.pinging(ping));
        acts
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

    fn error_frame(&self) -> Vec<Act> {
        let inband = self.imitated.inband();
        let mut acts = vec![self.chunk(inband.frame.as_bytes())];
        if inband.after == AfterError::SendsDone {
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
        let content_type = match self.fault {
            Fault::WrongType => "text/plain",
            _ => "text/event-stream; charset=utf-8",
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
