//! Binary frames with checksums: `application/vnd.amazon.eventstream`, cut from a stream of bytes
//! and written into one.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::frames::FrameFault;
use crate::scan::{Scanner, is_json};
use crate::sse::{Data, Frame};
use crate::write::Writer;

/// Both lengths and their checksum.
const PRELUDE: usize = 12;

/// The checksum at the end.
const CHECKSUM: usize = 4;

/// More headers than this no frame has.
const MAX_HEADERS: usize = 128 << 10;

/// Cuts frames from chunks, however the bytes were cut on their way.
#[derive(Debug)]
pub struct Decoder {
    max: usize,
    bytes: BytesMut,
    fault: Option<FrameFault>,
}

impl Decoder {
    /// A decoder that refuses frames longer than `max` bytes.
    pub(crate) fn new(max: usize) -> Self {
        Self { max, bytes: BytesMut::new(), fault: None }
    }

    pub(crate) fn push(&mut self, chunk: Bytes) {
        if self.fault.is_some() {
            return;
        }
        if self.bytes.is_empty() {
            // A chunk nobody else holds is taken over without a copy.
            self.bytes = chunk.try_into_mut().unwrap_or_else(|chunk| chunk.as_ref().into());
        } else {
            self.bytes.extend_from_slice(&chunk);
        }
    }

    /// Whether no part of a frame waits for its end.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame>, FrameFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let cut = self.cut();
        self.fault = cut.as_ref().err().copied();
        cut
    }

    fn cut(&mut self) -> Result<Option<Frame>, FrameFault> {
        let Some(lengths) = Lengths::read(&self.bytes)? else { return Ok(None) };
        if lengths.total > self.max {
            return Err(FrameFault::TooLong);
        }
        if self.bytes.len() < lengths.total {
            return Ok(None);
        }
        let bytes = self.bytes.split_to(lengths.total).freeze();
        let (checked, checksum) = bytes.split_at(lengths.total - CHECKSUM);
        if Some(crc32fast::hash(checked)) != number(checksum, 0) {
            return Err(FrameFault::Corrupt);
        }
        let headers_end = PRELUDE + lengths.headers;
        let headers = Headers::read(&bytes, PRELUDE..headers_end).ok_or(FrameFault::Corrupt)?;
        let payload = headers_end..lengths.total - CHECKSUM;
        Ok(Some(headers.frame(bytes, payload)))
    }
}

/// What stands at a frame's beginning.
struct Lengths {
    total: usize,
    headers: usize,
}

impl Lengths {
    fn read(bytes: &[u8]) -> Result<Option<Self>, FrameFault> {
        let Some(checksum) = number(bytes, 8) else { return Ok(None) };
        let length = |at| number(bytes, at).and_then(|length| usize::try_from(length).ok());
        let (Some(total), Some(headers)) = (length(0), length(4)) else { return Ok(None) };
        let is_right = bytes.get(..8).map(crc32fast::hash) == Some(checksum);
        let can_be = headers <= MAX_HEADERS && total >= PRELUDE + headers + CHECKSUM;
        if is_right && can_be {
            Ok(Some(Self { total, headers }))
        } else {
            Err(FrameFault::Corrupt)
        }
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*bytes))
}

/// The headers that matter, by where their values stand.
#[derive(Default)]
struct Headers {
    message_type: Option<Range<usize>>,
    event_type: Option<Range<usize>>,
    exception_type: Option<Range<usize>>,
    error_code: Option<Range<usize>>,
    error_message: Option<Range<usize>>,
}

impl Headers {
    /// `None` if they are not what headers are.
    fn read(bytes: &[u8], within: Range<usize>) -> Option<Self> {
        let mut headers = Self::default();
        let bytes = bytes.get(..within.end)?;
        let mut at = within.start;
        while at < within.end {
            let name_length = usize::from(*bytes.get(at)?);
            let name = bytes.get(at + 1..at + 1 + name_length)?;
            at += 1 + name_length;
            let kind = *bytes.get(at)?;
            at += 1;
            let length = match kind {
                0 | 1 => 0, // true and false
                2 => 1,
                3 => 2,
                4 => 4,
                5 | 8 => 8, // a long, a time
                6 | 7 => {
                    let length = bytes.get(at..)?.first_chunk::<2>()?;
                    at += 2;
                    usize::from(u16::from_be_bytes(*length))
                }
                9 => 16, // a UUID
                _ => return None,
            };
            let value = at..at + length;
            bytes.get(value.clone())?;
            at = value.end;
            if kind == 7 {
                headers.note(name, value);
            }
        }
        Some(headers)
    }

    fn note(&mut self, name: &[u8], value: Range<usize>) {
        match name {
            b":message-type" => self.message_type = Some(value),
            b":event-type" => self.event_type = Some(value),
            b":exception-type" => self.exception_type = Some(value),
            b":error-code" => self.error_code = Some(value),
            b":error-message" => self.error_message = Some(value),
            _ => {}
        }
    }

    fn frame(self, bytes: Bytes, payload: Range<usize>) -> Frame {
        let value = |range: &Option<Range<usize>>| bytes.get(range.clone()?);
        let (event, data) = match value(&self.message_type) {
            Some(b"exception") => {
                let payload = bytes.get(payload).unwrap_or_default();
                let kind = value(&self.exception_type).unwrap_or_default();
                (self.exception_type, Data::Joined(failure(kind, payload)))
            }
            Some(b"error") => {
                let kind = value(&self.error_code).unwrap_or_default();
                let words = value(&self.error_message).unwrap_or_default();
                (self.error_code, Data::Joined(failure(kind, words)))
            }
            _ if payload.is_empty() => (self.event_type, Data::None),
            _ => (self.event_type, Data::Line(payload)),
        };
        Frame { bytes, event, data }
    }
}

/// A failure as the same API writes one in a plain body: what kind it is, and what was said of it.
fn failure(kind: &[u8], said: &[u8]) -> Bytes {
    let mut json = Vec::with_capacity(said.len() + kind.len() + 32);
    Writer::new(&mut json).object(|object| {
        object.text("__type", &String::from_utf8_lossy(kind));
        if !(said.trim_ascii_start().starts_with(b"{") && is_json(said)) {
            object.text("message", &String::from_utf8_lossy(said));
            return;
        }
        // It was checked before: it cannot be broken.
        _ = Scanner::new(said).members(|scanner, key| {
            let value = scanner.value()?;
            if key != b"__type" {
                object.as_written(key, &String::from_utf8_lossy(value.raw));
            }
            Ok(())
        });
    });
    json.into()
}

/// Appends an event: its payload is what `payload` writes.
pub(crate) fn push_event(out: &mut Vec<u8>, event: &str, payload: impl FnOnce(&mut Vec<u8>)) {
    let headers =
        [(":event-type", event), (":content-type", "application/json"), (":message-type", "event")];
    let start = out.len();
    out.extend_from_slice(&[0; PRELUDE]);
    for (name, value) in headers {
        push_header(out, name, value);
    }
    let headers = out.len() - start - PRELUDE;
    payload(out);
    let total = out.len() - start + CHECKSUM;
    let lengths = [total, headers].map(|length| u32::try_from(length).unwrap_or(u32::MAX));
    let mut prelude = lengths.map(u32::to_be_bytes).concat();
    prelude.extend_from_slice(&crc32fast::hash(&prelude).to_be_bytes());
    out.splice(start..start + PRELUDE, prelude);
    let checksum = out.get(start..).map(crc32fast::hash).unwrap_or_default();
    out.extend_from_slice(&checksum.to_be_bytes());
}

/// Names and values are our own and short.
fn push_header(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(name.as_bytes());
    out.push(7); // a string
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(value.as_bytes());
}

#[cfg(test)]
mod tests;
