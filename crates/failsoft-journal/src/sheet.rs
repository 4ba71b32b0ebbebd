//! Sheets: many healthy calls packed into one row.
//!
//! A call that was served by its only attempt, with nothing to tell beside it, looks much like the
//! one before. A sheet keeps what differs, each shared text once, and a checksum over all of it.

mod bytes;
mod id;
mod line;

use std::collections::HashMap;

use self::bytes::{Bytes, put_number, put_signed, put_text};
use self::id::Ids;
pub(crate) use self::line::Line;
use self::line::{NONE, NUMBERS, OWN, Packed, STEADY, TEXTS};
use crate::rows::{Name, Recorded};
use crate::text::{READ, label};

/// How sheets are written now; others are read as long as their readers stand here.
pub(crate) const FORMAT: u32 = 1;
/// A sheet with this many calls is full.
const FULL: usize = 256;
/// A sheet whose calls came over a longer time is closed, so that forgetting is not much coarser.
const SPAN_MS: i64 = 3_600_000;
/// The most calls a sheet is believed to hold.
const MOST: u64 = 4_096;

/// Why a sheet cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damaged;

/// What is known of a sheet without reading its lines.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// The number of its first call, which no other sheet has.
    pub(crate) seq: i64,
    pub(crate) last_seq: i64,
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    pub(crate) min_id: String,
    pub(crate) max_id: String,
    pub(crate) calls: usize,
}

/// A sheet as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) head: Head,
    /// Its last so many calls stood on no page before.
    pub(crate) fresh: usize,
    /// Checksum, table of texts, lines.
    pub(crate) packed: Vec<u8>,
}

impl Page {
    /// The calls that stood on no page before, with their numbers.
    pub(crate) fn fresh_calls(&self) -> impl Iterator<Item = (i64, Recorded)> {
        // It was packed in this process.
        let calls = read(FORMAT, self.head.seq, &self.packed).unwrap_or_default();
        calls.into_iter().skip(self.head.calls - self.fresh)
    }
}

/// A sheet being written: it grows call by call until it is full.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) head: Head,
    /// Calls that no page tells of.
    pub(crate) fresh: usize,
    known: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
    table: Vec<u8>,
    lines: Vec<u8>,
    before: Before,
}

/// What the line before said.
#[derive(Debug)]
struct Before {
    seq: i64,
    started_ms: i64,
    /// Places in the table, from 1; 0 is no text.
    texts: [u32; TEXTS],
    steady: [u64; STEADY],
    ids: Ids,
}

impl Before {
    fn new(seq: i64) -> Self {
        let (texts, steady) = ([0; TEXTS], [NONE; STEADY]);
        Self { seq, started_ms: 0, texts, steady, ids: Ids::default() }
    }
}

impl Sheet {
    /// An empty sheet whose first call will have this number.
    pub(crate) fn new(seq: i64) -> Self {
        let head = Head {
            seq,
            last_seq: seq,
            first_ms: i64::MAX,
            last_ms: i64::MIN,
            min_id: String::new(),
            max_id: String::new(),
            calls: 0,
        };
        Self {
            head,
            fresh: 0,
            known: HashMap::new(),
            texts: Vec::new(),
            table: Vec::new(),
            lines: Vec::with_capacity(16 << 10),
            before: Before::new(seq),
        }
    }

    /// Whether the next call should have a sheet of its own.
    pub(crate) const fn is_full(&self) -> bool {
        self.head.calls >= FULL
    }

    /// Whether it would span too long a time with a call that came at this one.
    pub(crate) fn is_too_long(&self, started_ms: i64) -> bool {
        let far = |ms: i64| started_ms.saturating_sub(ms).saturating_abs() > SPAN_MS;
        self.head.calls > 0 && (far(self.head.first_ms) || far(self.head.last_ms))
    }

    /// Writes a call into it.
    pub(crate) fn push(&mut self, seq: i64, line: &Line<'_>) {
        if self.head.calls == 0 || *line.id < *self.head.min_id {
            line.id.as_ref().clone_into(&mut self.head.min_id);
        }
        if *line.id > *self.head.max_id {
            line.id.as_ref().clone_into(&mut self.head.max_id);
        }
        self.head.calls += 1;
        self.fresh += 1;
        self.head.last_seq = self.head.last_seq.max(seq);
        self.head.first_ms = self.head.first_ms.min(line.started_ms);
        self.head.last_ms = self.head.last_ms.max(line.started_ms);
        self.put(seq, line);
    }

    /// The sheet as it is to be kept now, if there are calls that no page tells of.
    pub(crate) fn fresh_page(&mut self) -> Option<Page> {
        let fresh = std::mem::take(&mut self.fresh);
        (fresh > 0).then(|| Page { head: self.head.clone(), fresh, packed: self.packed() })
    }

    fn packed(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.table.len() + self.lines.len() + 16);
        out.extend([0; 4]);
        put_number(&mut out, self.texts.len() as u64);
        out.extend(&self.table);
        put_number(&mut out, self.head.calls as u64);
        out.extend(&self.lines);
        let sum = crc32fast::hash(&out[4..]);
        out[..4].copy_from_slice(&sum.to_le_bytes());
        out
    }

    fn put(&mut self, seq: i64, line: &Line<'_>) {
        let (mut changed, mut places) = (0_u64, [0; TEXTS]);
        for (index, text) in line.texts.iter().enumerate() {
            places[index] = self.place(text.as_deref(), self.before.texts[index]);
            changed |= u64::from(places[index] != self.before.texts[index]) << index;
        }
        for (index, number) in line.steady.iter().enumerate() {
            changed |= u64::from(*number != self.before.steady[index]) << (TEXTS + index);
        }
        let (out, before) = (&mut self.lines, &mut self.before);
        put_signed(out, seq.wrapping_sub(before.seq));
        put_signed(out, line.started_ms.wrapping_sub(before.started_ms));
        before.ids.put(out, &line.id);
        put_number(out, changed);
        for (index, place) in places.iter().enumerate() {
            if changed >> index & 1 == 1 {
                put_number(out, u64::from(*place));
            }
        }
        for (index, number) in line.steady.iter().enumerate() {
            if changed >> (TEXTS + index) & 1 == 1 {
                put_number(out, number.wrapping_add(1));
            }
        }
        for number in 0..NUMBERS {
            if line.numbers[number] != NONE {
                let guess = line.guess(number);
                put_signed(out, line.numbers[number].wrapping_sub(guess).cast_signed());
            }
        }
        for text in line.own.iter().flatten() {
            put_text(out, text);
        }
        if let Some(trace) = line.trace {
            out.extend(trace.to_le_bytes());
        }
        (before.seq, before.started_ms) = (seq, line.started_ms);
        (before.texts, before.steady) = (places, line.steady);
    }

    /// The place of a text in the table, nearly always the one it had in the line before.
    fn place(&mut self, text: Option<&str>, before: u32) -> u32 {
        let Some(text) = text else { return 0 };
        let same = |place: usize| self.texts.get(place).is_some_and(|have| **have == *text);
        if before > 0 && same(before as usize - 1) {
            return before;
        }
        if let Some(place) = self.known.get(text) {
            return *place;
        }
        put_text(&mut self.table, text);
        self.texts.push(text.into());
        let place = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.known.insert(text.into(), place);
        place
    }
}

/// The calls of a sheet with their numbers, in order.
pub(crate) fn read(
    format: u32,
    first: i64,
    packed: &[u8],
) -> Result<Vec<(i64, Recorded)>, Damaged> {
    let mut reading = Reading::new(format, first, packed)?;
    let mut calls = Vec::with_capacity(usize::try_from(reading.left).unwrap_or_default());
    while reading.left > 0 {
        calls.push(reading.next()?);
    }
    Ok(calls)
}

/// Whether a sheet holds a text that its calls share; only then need it be read.
pub(crate) fn shares(format: u32, packed: &[u8], text: &str) -> bool {
    Reading::new(format, 0, packed)
        .is_ok_and(|reading| reading.texts.iter().any(|have| **have == *text))
}

struct Reading<'a> {
    bytes: Bytes<'a>,
    texts: Vec<Name>,
    left: u64,
    before: Before,
}

impl<'a> Reading<'a> {
    fn new(format: u32, first: i64, packed: &'a [u8]) -> Result<Self, Damaged> {
        let (sum, rest) = packed.split_first_chunk::<4>().ok_or(Damaged)?;
        if format != FORMAT || crc32fast::hash(rest) != u32::from_le_bytes(*sum) {
            return Err(Damaged);
        }
        let mut bytes = Bytes(rest);
        let mut texts = Vec::new();
        for _ in 0..bytes.number()? {
            texts.push(Name::from(label(bytes.text()?, READ)));
        }
        let left = bytes.number()?;
        if left > MOST {
            return Err(Damaged);
        }
        Ok(Self { bytes, texts, left, before: Before::new(first) })
    }

    fn next(&mut self) -> Result<(i64, Recorded), Damaged> {
        let (bytes, before) = (&mut self.bytes, &mut self.before);
        before.seq = before.seq.wrapping_add(bytes.signed()?);
        before.started_ms = before.started_ms.wrapping_add(bytes.signed()?);
        let id = before.ids.take(bytes)?;
        let changed = bytes.number()?;
        for index in 0..TEXTS {
            if changed >> index & 1 == 1 {
                before.texts[index] = u32::try_from(bytes.number()?).map_err(|_| Damaged)?;
            }
        }
        for index in 0..STEADY {
            if changed >> (TEXTS + index) & 1 == 1 {
                before.steady[index] = bytes.number()?.wrapping_sub(1);
            }
        }
        let mut packed = Packed::new(id, before.started_ms, before.steady);
        for index in 0..NUMBERS {
            if packed.has_number(index) {
                let apart = bytes.signed()?.cast_unsigned();
                packed.numbers[index] = packed.guess(index).wrapping_add(apart);
            }
        }
        for index in 0..OWN {
            if packed.has_own(index) {
                packed.own[index] = Some(label(bytes.text()?, READ).into_owned());
            }
        }
        if packed.has_trace() {
            packed.trace = Some(u128::from_le_bytes(bytes.array()?));
        }
        self.left -= 1;
        let texts = &self.texts;
        let text = |place: u32| match place {
            0 => Ok(None),
            place => texts.get(place as usize - 1).cloned().map(Some).ok_or(Damaged),
        };
        for index in 0..TEXTS {
            packed.texts[index] = text(before.texts[index])?;
        }
        Ok((before.seq, packed.recorded()))
    }
}

#[cfg(test)]
mod tests;
