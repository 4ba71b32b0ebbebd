//! A streamed answer on its way through: its frames cut, judged, and handed to the splicer.

use bytes::Bytes;
use failsoft_engine::Usage;
use failsoft_wire::sse::Frame;
use failsoft_wire::{
    Dialect, Flaw, FrameDecoder, FrameFault, Meaning, RefusalWatch, Resumable, Shape, Splicer,
    StreamReader, sniff,
};
use tokio::time::Instant;

use super::judge::{refused, usage_of};
use super::request::Refusals;

/// The longest event that is taken.
const MAX_EVENT: usize = 8 * 1024 * 1024;
/// What is held before the first content at most.
const MAX_OPENING: usize = 1024 * 1024;
/// What is held because it must be whole at most.
const MAX_HELD: usize = 16 * 1024 * 1024;
/// What waits for a slow client before its target is made to wait too. The connection's own queue
/// takes two such pieces.
const MAX_WAITING: usize = 16 * 1024;
/// Events a stream may spoil after its first content and still be an answer.
const MAX_MALFORMED: u16 = 1;

/// What became of the stream.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Nothing yet.
    More,
    /// The first content is here, and nothing of it can go to the client yet.
    ContentHeld,
    /// The first content can go to the client.
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

/// What was told of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Nothing,
    Held,
    First,
}

/// A streamed answer.
#[derive(Debug)]
pub(crate) struct Streaming {
    decoder: FrameDecoder,
    reader: StreamReader,
    splicer: Box<Splicer>,
    /// Tokens that were written before it.
    written_before: u32,
    /// It was left because its caller's bound was reached.
    is_left: bool,
    /// Until the first content, where a refusal is no answer.
    watch: Option<Box<RefusalWatch>>,
    committed: bool,
    begun: bool,
    /// What waits to be passed on brings words alone.
    is_words: bool,
    told: Told,
    last_content: Option<Instant>,
    malformed: u16,
    /// Whether another target may go on with it.
    may_resume: bool,
}

/// What goes to the client.
pub(crate) struct Passed {
    pub(crate) bytes: Bytes,
    /// It brings nothing but more words: all else in it was there before.
    pub(crate) is_words: bool,
}

/// Signs of life that some relays send as data.
fn is_noise(frame: &Frame) -> bool {
    let data = frame.data().unwrap_or_default().trim_ascii();
    let signs: [&[u8]; 5] = [b"ping", b"pong", b"keepalive", b"keep-alive", b"heartbeat"];
    signs.iter().any(|sign| data.eq_ignore_ascii_case(sign))
}

impl Streaming {
    pub(crate) fn new(
        dialect: Dialect,
        splicer: Box<Splicer>,
        refusals: Refusals,
        may_resume: bool,
    ) -> Self {
        let watched = refusals == Refusals::Failures;
        Self {
            decoder: FrameDecoder::new(dialect, MAX_EVENT),
            reader: StreamReader::new(dialect),
            written_before: splicer.usage().output,
            is_left: false,
            splicer,
            watch: watched.then(|| Box::new(RefusalWatch::new(dialect))),
            committed: false,
            begun: false,
            is_words: true,
            told: Told::Nothing,
            last_content: None,
            malformed: 0,
            may_resume,
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
            if self.has_content() && self.splicer.is_past_bound() {
                self.splicer.end_at_bound();
                self.is_left = true;
                break Turn::Complete;
            }
            let frame = match self.decoder.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break Turn::More,
                Err(FrameFault::TooLong) => break Turn::TooLarge,
                Err(FrameFault::Corrupt) => break Turn::Flawed(Flaw::Truncated),
            };
            let frame = match self.take_alike(frame) {
                Ok(None) => {
                    progressed = true;
                    continue;
                }
                Ok(Some(frame)) => frame,
                Err(flaw) => break Turn::Flawed(flaw),
            };
            self.is_words = false;
            let meaning = self.reader.read(&frame);
            if self.malformed > 0 && self.reader.has_gap() {
                break Turn::Flawed(Flaw::NoEnd);
            }
            if self.watch.as_mut().is_some_and(|watch| watch.sees(&frame)) {
                break Turn::Flawed(refused());
            }
            match meaning {
                Meaning::Error => break self.errored(&frame),
                Meaning::Malformed if self.survives(&frame) => self.malformed += 1,
                Meaning::Malformed => break Turn::Flawed(Flaw::WrongShape),
                Meaning::Filler | Meaning::Opening => {
                    if let Err(flaw) = self.splicer.take(frame, meaning) {
                        break Turn::Flawed(flaw);
                    }
                }
                Meaning::Closing | Meaning::Content => {
                    progressed = true;
                    if let Err(flaw) = self.splicer.take(frame, meaning) {
                        break Turn::Flawed(flaw);
                    }
                    if let Some(turn) = self.content() {
                        break turn;
                    }
                    if self.has_content() && self.reader.is_complete() {
                        break self.ended();
                    }
                }
            }
            if self.holds_too_much() {
                break Turn::TooLarge;
            }
        };
        if progressed {
            self.last_content = Some(Instant::now());
        }
        turn
    }

    /// Takes more words of what is open, unless each frame must be looked at.
    fn take_alike(&mut self, frame: Frame) -> Result<Option<Frame>, Flaw> {
        if self.watch.is_some() || self.told != Told::First || self.holds_too_much() {
            return Ok(Some(frame));
        }
        self.splicer.take_alike(frame)
    }

    /// Whether the stream goes on without an event that nobody can read. It may have held words,
    /// so where another target can go on, it does; else the answer goes on without them.
    fn survives(&self, frame: &Frame) -> bool {
        if !self.has_content() || self.malformed >= MAX_MALFORMED {
            return false;
        }
        is_noise(frame) || !self.may_resume || self.splicer.resumable() == Resumable::Never
    }

    /// What is to be told of the content that came, each once.
    fn content(&mut self) -> Option<Turn> {
        let (now, turn) = if self.splicer.has_released() {
            (Told::First, Turn::FirstContent)
        } else if self.splicer.has_content() {
            (Told::Held, Turn::ContentHeld)
        } else {
            return None;
        };
        if now <= self.told {
            return None;
        }
        self.told = now;
        self.watch = None;
        Some(turn)
    }

    fn holds_too_much(&self) -> bool {
        let most = if self.has_content() { MAX_HELD } else { MAX_OPENING };
        self.splicer.waiting() > most
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
        self.ended()
    }

    /// The answer says it is over: only if that is true its client hears so, end marker included.
    fn ended(&mut self) -> Turn {
        match self.reader.end() {
            Ok(()) => {}
            Err(Flaw::Empty) if self.splicer.may_add_nothing() => {}
            Err(flaw) => return Turn::Flawed(flaw),
        }
        match self.splicer.end(self.reader.missing_end_marker()) {
            Ok(()) => Turn::Complete,
            Err(flaw) => Turn::Flawed(flaw),
        }
    }

    /// From here on events are passed on.
    pub(crate) fn commit(&mut self) {
        self.committed = true;
    }

    /// What may go to the client now.
    pub(crate) fn passable(&mut self) -> Option<Passed> {
        (self.committed && self.splicer.has_passable()).then(|| Passed {
            bytes: self.splicer.passable(),
            is_words: std::mem::replace(&mut self.is_words, true),
        })
    }

    /// What may go to the client now if it is enough to read for a slow one.
    pub(crate) fn enough(&mut self) -> Option<Passed> {
        if self.splicer.waiting() >= MAX_WAITING { self.passable() } else { None }
    }

    /// Everything that has not been passed on.
    pub(crate) fn rest(&mut self) -> Bytes {
        self.splicer.passable()
    }

    pub(crate) fn has_content(&self) -> bool {
        self.told > Told::Nothing
    }

    pub(crate) fn last_content(&self) -> Option<Instant> {
        self.last_content
    }

    pub(crate) fn usage(&self) -> Usage {
        let told = usage_of(self.reader.usage());
        if !self.is_left {
            return told;
        }
        // What it took is told at an end that did not come.
        let written = self.splicer.usage().output.saturating_sub(self.written_before);
        Usage { output: told.output.max(written), ..told }
    }

    /// Events that were left out because nobody can read them.
    pub(crate) fn dropped_events(&self) -> u16 {
        self.malformed
    }

    pub(crate) fn splicer(&self) -> &Splicer {
        &self.splicer
    }

    pub(crate) fn into_splicer(self) -> Box<Splicer> {
        self.splicer
    }
}
