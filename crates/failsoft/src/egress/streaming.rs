//! A streamed answer on its way through: held until its first content, then passed on by whole
//! events.

use bytes::{Bytes, BytesMut};
use failsoft_engine::Usage;
use failsoft_wire::sse::Frame;
use failsoft_wire::{
    Dialect, Flaw, FrameDecoder, FrameFault, Meaning, RefusalWatch, Shape, StreamReader,
    StreamTranslator, sniff,
};
use tokio::time::Instant;

use super::judge::{refused, usage_of};
use super::request::Refusals;

/// The longest event that is taken.
const MAX_EVENT: usize = 8 * 1024 * 1024;
/// What is held before the first content at most.
const MAX_HELD: usize = 1024 * 1024;
/// Events a stream may spoil after its first content and still be an answer.
const MAX_MALFORMED: u8 = 3;

/// What became of the stream.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Nothing yet.
    More,
    /// The first content is here.
    FirstContent,
    /// It is whole.
    Complete,
    /// It is no stream of events; this is how it begins.
    NoStream(Bytes),
    /// It broke off.
    CutShort,
    /// It sent more than is taken.
    TooLarge,
    /// It holds an error, with this data.
    Error(Bytes),
    /// It ended, or went on, in a way no answer does.
    Flawed(Flaw),
}

/// A streamed answer.
#[derive(Debug)]
pub(crate) struct Streaming {
    decoder: FrameDecoder,
    reader: StreamReader,
    /// For a client of another dialect.
    translator: Option<Box<StreamTranslator>>,
    /// Until the first content, where a refusal is no answer.
    watch: Option<Box<RefusalWatch>>,
    /// Whole events that have not been passed on.
    out: Out,
    /// Events that say how the answer ends. They wait until it is known to be true.
    ending: Out,
    committed: bool,
    begun: bool,
    has_content: bool,
    last_content: Option<Instant>,
    malformed: u8,
}

/// Events in a row: one is passed on as it lies in memory, several are joined.
#[derive(Debug, Default)]
struct Out {
    one: Bytes,
    joined: BytesMut,
}

impl Out {
    fn push(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        if self.is_empty() {
            self.one = bytes;
        } else {
            if self.joined.is_empty() {
                self.joined.extend_from_slice(&std::mem::take(&mut self.one));
            }
            self.joined.extend_from_slice(&bytes);
        }
    }

    fn take(&mut self) -> Bytes {
        if self.joined.is_empty() {
            std::mem::take(&mut self.one)
        } else {
            self.joined.split().freeze()
        }
    }

    fn len(&self) -> usize {
        self.one.len() + self.joined.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Streaming {
    pub(crate) fn new(
        dialect: Dialect,
        translator: Option<StreamTranslator>,
        refusals: Refusals,
    ) -> Self {
        let watched = refusals == Refusals::Failures;
        Self {
            decoder: FrameDecoder::new(dialect, MAX_EVENT),
            reader: StreamReader::new(dialect),
            translator: translator.map(Box::new),
            watch: watched.then(|| Box::new(RefusalWatch::new(dialect))),
            out: Out::default(),
            ending: Out::default(),
            committed: false,
            begun: false,
            has_content: false,
            last_content: None,
            malformed: 0,
        }
    }

    /// Takes bytes as they came.
    pub(crate) fn feed(&mut self, chunk: Bytes) -> Turn {
        if !self.begun && !chunk.is_empty() {
            self.begun = true;
            // Anything else is given the chance to turn out a stream: its first byte may be all
            // that came.
            match sniff(&chunk) {
                Shape::Json | Shape::Html => return Turn::NoStream(chunk),
                Shape::Sse | Shape::Other => {}
            }
        }
        self.decoder.push(chunk);
        Turn::More
    }

    /// Reads the events that are whole, up to the first that matters.
    pub(crate) fn advance(&mut self) -> Turn {
        let mut progressed = false;
        let turn = loop {
            let frame = match self.decoder.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break Turn::More,
                Err(FrameFault::TooLong) => break Turn::TooLarge,
                Err(FrameFault::Corrupt) => break Turn::Flawed(Flaw::Truncated),
            };
            let meaning = self.reader.read(&frame);
            if self.watch.as_mut().is_some_and(|watch| watch.sees(&frame)) {
                break Turn::Flawed(refused());
            }
            match meaning {
                Meaning::Error => break self.errored(&frame),
                Meaning::Malformed if !self.has_content || self.malformed >= MAX_MALFORMED => {
                    break Turn::Flawed(Flaw::WrongShape);
                }
                Meaning::Malformed => self.malformed += 1,
                // Before first content nobody is there to be kept waiting with it.
                Meaning::Filler if !self.committed => {}
                Meaning::Filler | Meaning::Opening => self.pass(frame),
                Meaning::Closing => {
                    progressed = true;
                    let ending = self.rendered(frame);
                    self.ending.push(ending);
                    if self.has_content && self.reader.is_complete() {
                        break self.ended();
                    }
                }
                Meaning::Content => {
                    progressed = true;
                    self.pass(frame);
                    if !self.has_content {
                        self.has_content = true;
                        self.watch = None;
                        break Turn::FirstContent;
                    }
                }
            }
            if !self.committed && self.out.len() > MAX_HELD {
                break Turn::TooLarge;
            }
        };
        if progressed {
            self.last_content = Some(Instant::now());
        }
        turn
    }

    /// An error with words of its own, or only a finish reason that says the answer broke.
    fn errored(&self, frame: &Frame) -> Turn {
        match (self.reader.error(), self.reader.end()) {
            (None, Err(flaw)) => Turn::Flawed(flaw),
            (Some(_), _) | (None, Ok(())) => {
                Turn::Error(Bytes::copy_from_slice(frame.data().unwrap_or_default()))
            }
        }
    }

    /// The body ended as bodies do: is the answer whole?
    pub(crate) fn finish(&mut self) -> Turn {
        // Some servers leave out the last blank line.
        if self.decoder.close() {
            let turn = self.advance();
            if !matches!(turn, Turn::More) {
                return turn;
            }
        }
        if self.watch.as_mut().is_some_and(|watch| watch.ends()) {
            return Turn::Flawed(refused());
        }
        match self.reader.end() {
            // Whole without content is first content and end at once.
            Ok(()) if !self.has_content => {
                self.has_content = true;
                Turn::FirstContent
            }
            Ok(()) | Err(_) => self.ended(),
        }
    }

    /// The answer says it is over: only if that is true its client hears so, end marker included.
    fn ended(&mut self) -> Turn {
        if let Err(flaw) = self.reader.end() {
            return Turn::Flawed(flaw);
        }
        self.out.push(self.ending.take());
        if let Some(translator) = &mut self.translator {
            let mut end = Vec::new();
            translator.end(&mut end);
            self.out.push(end.into());
        } else if let Some(marker) = self.reader.missing_end_marker() {
            self.out.push(Bytes::from_static(marker));
        }
        Turn::Complete
    }

    /// The answer goes on: whatever was held as its end was none.
    fn pass(&mut self, frame: Frame) {
        if !self.ending.is_empty() {
            self.out.push(self.ending.take());
        }
        let bytes = self.rendered(frame);
        self.out.push(bytes);
    }

    /// A frame as the client reads it.
    fn rendered(&mut self, frame: Frame) -> Bytes {
        let Some(translator) = &mut self.translator else { return frame.bytes };
        let mut bytes = Vec::new();
        translator.frame(&frame, &mut bytes);
        bytes.into()
    }

    /// From here on events are passed on.
    pub(crate) fn commit(&mut self) {
        self.committed = true;
    }

    /// What may go to the client now.
    pub(crate) fn passable(&mut self) -> Option<Bytes> {
        (self.committed && !self.out.is_empty()).then(|| self.out.take())
    }

    /// Everything that has not been passed on.
    pub(crate) fn rest(&mut self) -> Bytes {
        self.out.take()
    }

    pub(crate) fn has_content(&self) -> bool {
        self.has_content
    }

    pub(crate) fn last_content(&self) -> Option<Instant> {
        self.last_content
    }

    pub(crate) fn usage(&self) -> Usage {
        usage_of(self.reader.usage())
    }
}
