//! Server-sent events, cut from a stream of bytes without losing one of them.

use std::mem;
use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::utf8::in_utf8;

/// One event, or one comment block, with its exact bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Everything from its first byte to the end of its blank line (a BOM belongs to the first
    /// frame). All frames of a stream joined, and the rest, are the stream.
    pub bytes: Bytes,
    /// The last `event:` field's value within `bytes`.
    pub event: Option<Range<usize>>,
    /// The `data:` lines' values within `bytes`. Empty for comments.
    pub data: Data,
}

/// The `data:` of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// There is none: a comment, or fields without data.
    None,
    /// One line, as nearly always.
    Line(Range<usize>),
    /// Several lines, joined with line feeds.
    Joined(Bytes),
}

impl Frame {
    /// The data, if there is any.
    #[must_use]
    pub fn data(&self) -> Option<&[u8]> {
        match &self.data {
            Data::None => None,
            Data::Line(range) => self.bytes.get(range.clone()),
            Data::Joined(bytes) => Some(bytes),
        }
    }

    /// The event's name, if it has one.
    #[must_use]
    pub fn event(&self) -> Option<&[u8]> {
        self.event.as_ref().and_then(|range| self.bytes.get(range.clone()))
    }

    /// The same as text: with U+FFFD for bytes that are no UTF-8.
    #[must_use]
    pub fn in_utf8(self) -> Self {
        if std::str::from_utf8(&self.bytes).is_ok() {
            return self;
        }
        let was_first = Self::read(self.bytes.clone(), true) == self;
        Self::read(in_utf8(self.bytes), was_first)
    }

    fn read(bytes: Bytes, may_have_bom: bool) -> Self {
        let mut event = None;
        let mut line = None;
        let mut joined = Vec::new();
        let mut at = if may_have_bom && bytes.starts_with(BOM) { BOM.len() } else { 0 };
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            let text = rest.get(..length).unwrap_or_default();
            if let Some(skipped) = value_offset(text, b"data") {
                if let Some(first) = line.replace(at + skipped..at + length) {
                    let first = bytes.get(first).unwrap_or_default();
                    join(&mut joined, first, text.get(skipped..).unwrap_or_default());
                }
            } else if let Some(skipped) = value_offset(text, b"event") {
                event = Some(at + skipped..at + length);
            }
            at += length + 1;
        }
        let data = match line {
            None => Data::None,
            Some(line) if joined.is_empty() => Data::Line(line),
            Some(_) => Data::Joined(joined.into()),
        };
        Self { bytes, event, data }
    }
}

/// Joins a further line to those before; the first one was not copied until now.
fn join(joined: &mut Vec<u8>, first: &[u8], next: &[u8]) {
    if joined.is_empty() {
        joined.extend_from_slice(first);
    }
    joined.push(b'\n');
    joined.extend_from_slice(next);
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Where the value begins in a line of this field. One space after the colon is not part of it.
fn value_offset(line: &[u8], field: &[u8]) -> Option<usize> {
    match line.strip_prefix(field)? {
        [] => Some(field.len()),
        [b':', b' ', ..] => Some(field.len() + 2),
        [b':', ..] => Some(field.len() + 1),
        _ => None,
    }
}

/// An event longer than the decoder allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Cuts frames from chunks, however the bytes were cut on their way.
///
/// A frame depends on the bytes alone, never on the chunks they came in. That takes one rule where
/// a blank line is a lone CR so far: after a line that ended in CR LF it waits for its LF, which
/// is under way; after any other line it ends the frame at once, for nothing more may come, and an
/// LF that follows all the same belongs to the next frame, where it means nothing.
#[derive(Debug)]
pub struct Decoder {
    max: usize,
    /// The beginning of a frame from earlier chunks; searched already.
    head: BytesMut,
    /// What was not searched yet.
    chunk: Bytes,
    lines: Lines,
    is_first: bool,
    too_long: bool,
}

impl Decoder {
    /// A decoder that refuses frames longer than `max` bytes.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            max,
            head: BytesMut::new(),
            chunk: Bytes::new(),
            lines: Lines::new(),
            is_first: true,
            too_long: false,
        }
    }

    /// Takes the next chunk. Frames that lie within it are slices of it, not copies, if all frames
    /// before it were taken.
    pub fn push(&mut self, chunk: Bytes) {
        if self.chunk.is_empty() {
            self.chunk = chunk;
        } else {
            self.chunk = [mem::take(&mut self.chunk), chunk].concat().into();
        }
    }

    /// The next whole frame, or `None` until more bytes come.
    ///
    /// # Errors
    /// [`TooLong`] once a frame exceeds the limit; the decoder gives nothing more.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, TooLong> {
        if self.too_long {
            return Err(TooLong);
        }
        if self.chunk.is_empty() {
            return Ok(None);
        }
        let end = self.lines.frame_end(&self.chunk);
        if self.head.len() + end.unwrap_or(self.chunk.len()) > self.max {
            self.too_long = true;
            return Err(TooLong);
        }
        let Some(end) = end else {
            self.head.extend_from_slice(&self.chunk);
            self.chunk = Bytes::new();
            return Ok(None);
        };
        let tail = self.chunk.split_to(end);
        let bytes = if self.head.is_empty() {
            tail
        } else {
            self.head.extend_from_slice(&tail);
            self.head.split().freeze()
        };
        Ok(Some(Frame::read(bytes, mem::take(&mut self.is_first))))
    }

    /// What is left, read as if the stream's end were its blank line. Standards drop it; use it
    /// only to see what a careless provider's last lines mean.
    #[must_use]
    pub fn unfinished(&self) -> Option<Frame> {
        let is_whole = self.chunk.is_empty() && !self.too_long;
        (is_whole && !self.head.is_empty())
            .then(|| Frame::read(Bytes::copy_from_slice(&self.head), self.is_first))
    }

    /// What is left at the end of the stream: bytes of a frame whose blank line never came.
    #[must_use]
    pub fn rest(mut self) -> Bytes {
        if self.head.is_empty() {
            return self.chunk;
        }
        self.head.extend_from_slice(&self.chunk);
        self.head.freeze()
    }
}

/// Finds blank lines; remembers what it must know of the bytes before.
#[derive(Debug)]
struct Lines {
    /// The line that is being read has no byte yet.
    at_start: bool,
    /// The byte before was a CR that ended a line: an LF now would belong to it.
    after_cr: bool,
    /// That line was blank, and its LF is awaited.
    awaits_lf: bool,
    /// How the line before ended.
    ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Unknown,
    Lf,
    Cr,
    CrLf,
}

impl Lines {
    const fn new() -> Self {
        Self { at_start: true, after_cr: false, awaits_lf: false, ending: Ending::Unknown }
    }

    /// Where the frame ends that `chunk` continues, if it ends there.
    fn frame_end(&mut self, chunk: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            let rest = chunk.get(at..).filter(|rest| !rest.is_empty())?;
            if mem::take(&mut self.after_cr) {
                let is_lf = rest.first() == Some(&b'\n');
                self.ending = if is_lf { Ending::CrLf } else { Ending::Cr };
                at += usize::from(is_lf);
                if mem::take(&mut self.awaits_lf) {
                    return Some(at);
                }
                continue;
            }
            let Some(length) = memchr::memchr2(b'\n', b'\r', rest) else {
                self.at_start = false;
                return None;
            };
            let is_blank = mem::replace(&mut self.at_start, true) && length == 0;
            at += length + 1;
            if rest.get(length) == Some(&b'\n') {
                self.ending = Ending::Lf;
            } else {
                self.after_cr = true;
                self.awaits_lf = is_blank && matches!(self.ending, Ending::CrLf | Ending::Unknown);
            }
            if is_blank && !self.awaits_lf {
                return Some(at);
            }
        }
    }
}
