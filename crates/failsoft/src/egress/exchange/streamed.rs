//! The part of an exchange in which a stream comes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use failsoft_engine::Usage;
use failsoft_provider::TransportFault;
use http_body::Body as _;

use super::super::collected::{Collected, Expected};
use super::super::happening::{Happening, Whole};
use super::super::pool::drain;
use super::super::relay::Round;
use super::super::streaming::{Passed, Turn};
use super::{Exchange, Stage};

impl Exchange {
    pub(super) fn poll_streaming(&mut self, cx: &mut Context<'_>) -> Round<Happening> {
        self.drive(cx);
        let Stage::Streaming(body, streaming) = &mut self.stage else { return Round::Again };
        let mut turn = streaming.advance();
        if !matches!(turn, Turn::More) {
            return self.turned(turn, cx).map_or(Round::Again, Round::Happened);
        }
        if let Some(content) = streaming.enough() {
            return Round::Happened(self.passed(content));
        }
        turn = match Pin::new(body).poll_frame(cx) {
            Poll::Pending => {
                let content = streaming.passable();
                self.is_awaited = true;
                return Round::Waits(content.map(|content| self.passed(content)));
            }
            Poll::Ready(Some(Ok(frame))) => {
                frame.into_data().map_or(Turn::More, |data| streaming.feed(data))
            }
            Poll::Ready(Some(Err(_))) => Turn::CutShort,
            Poll::Ready(None) => streaming.finish(),
        };
        if std::mem::take(&mut self.is_awaited) && matches!(turn, Turn::More) {
            // What was waited for goes at once, before there is a look for more of it.
            turn = streaming.advance();
            if matches!(turn, Turn::More)
                && let Some(content) = streaming.passable()
            {
                return Round::Happened(self.passed(content));
            }
        }
        self.turned(turn, cx).map_or(Round::Again, Round::Happened)
    }

    /// Content that goes to the client.
    fn passed(&mut self, Passed { bytes, is_words }: Passed) -> Happening {
        self.facts.delivered_bytes += bytes.len() as u64;
        if is_words { Happening::Words(bytes) } else { Happening::Content(bytes) }
    }

    fn turned(&mut self, turn: Turn, cx: &mut Context<'_>) -> Option<Happening> {
        let happening = match turn {
            Turn::More => return None,
            Turn::ContentHeld => return Some(Happening::ContentHeld),
            Turn::FirstContent => return Some(Happening::FirstContent),
            Turn::NoStream(first) => return self.no_stream(first),
            Turn::Complete => {
                let whole = self.whole_stream(cx);
                return Some(whole);
            }
            Turn::CutShort => self.lost(TransportFault::CutShort, self.phase()),
            Turn::TooLarge => self.lost(TransportFault::TooLarge, self.phase()),
            Turn::Error(data) => {
                let reading = self.judge.stream(self.head.as_ref(), None, &data, self.phase());
                self.failed(reading)
            }
            Turn::Flawed(flaw) => {
                let head = self.head.as_ref();
                let reading = self.judge.stream(head, Some(&flaw), b"", self.phase());
                self.failed(reading)
            }
        };
        Some(self.after_content(happening))
    }

    /// What is whole goes to the client before the end is told.
    fn after_content(&mut self, ending: Happening) -> Happening {
        let Stage::Streaming(_, streaming) = &mut self.stage else { return ending };
        let content = streaming.passable();
        self.leave_stream();
        self.connection = None;
        let Some(content) = content else { return ending };
        self.stage = Stage::Ending(Box::new(ending));
        self.passed(content)
    }

    /// The stream is read no further; what its client has is kept.
    pub(super) fn leave_stream(&mut self) {
        if !matches!(self.stage, Stage::Streaming(..)) {
            return;
        }
        if let Stage::Streaming(_, streaming) = std::mem::replace(&mut self.stage, Stage::Over) {
            self.facts.dropped_events = streaming.dropped_events();
            self.facts.usage = Some(streaming.usage()).filter(|it| *it != Usage::default());
            self.splicer = Some(streaming.into_splicer());
        }
    }

    /// A stream was asked for and a document came.
    fn no_stream(&mut self, first: Bytes) -> Option<Happening> {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let Stage::Streaming(body, streaming) = stage else { return None };
        self.splicer = Some(streaming.into_splicer());
        let mut collected = Collected::new(Expected::NoStream);
        collected.push(first);
        self.stage = Stage::Collecting(body, collected);
        None
    }

    fn whole_stream(&mut self, cx: &mut Context<'_>) -> Happening {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let Stage::Streaming(mut body, mut streaming) = stage else { return Happening::Connected };
        let content = streaming.rest();
        self.written = streaming.splicer().usage().output;
        self.facts.delivered_bytes += content.len() as u64;
        self.facts.dropped_events = streaming.dropped_events();
        self.drive(cx);
        // The last chunk's mark mostly came with the end of the answer.
        match Pin::new(&mut body).poll_frame(cx) {
            Poll::Ready(None) => self.keep_connection(cx),
            Poll::Ready(Some(_)) => self.connection = None,
            Poll::Pending => {
                if let Some(connection) = self.connection.take() {
                    drain(Arc::clone(&self.endpoint), connection, body);
                }
            }
        }
        Happening::Whole(Whole { body: content, usage: streaming.usage() })
    }
}
