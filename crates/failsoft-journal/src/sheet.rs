//! Sheets: many healthy calls packed into one row.
//!
//! A call that was served by its only attempt, with nothing to tell beside it, looks much like the
//! one before. A sheet keeps what differs, each shared text once, and a checksum over all of it.

mod bytes;
mod id;
mod line;
mod packed;
mod reading;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use failsoft_engine::Grounds;

use self::bytes::{put_number, put_signed, put_text};
use self::id::Ids;
pub(crate) use self::line::Line;
use self::line::{BROUGHT, LASTING, LEFT_OUT, NONE, NUMBERS, STEADY, TEXTS};
pub(crate) use self::reading::{read, shares};
use crate::Names;
use crate::rows::Recorded;
use crate::text::{NAME, label};

/// How sheets are written now.
pub(crate) const FORMAT: u32 = 2;
/// How they were written before: figures as texts, numbers in seven bits a byte.
const SEVEN_BITS: u32 = 1;
/// Of what a line says that changed, after its texts and steady numbers: what its figures are
/// called …
const FIGURES_PLACE: usize = TEXTS + STEADY;
/// … and the figures themselves.
const FIGURES_TOLD: usize = FIGURES_PLACE + 1;
/// A sheet with this many calls is full.
const FULL: usize = 256;
/// A sheet whose calls came over a longer time is closed, so that forgetting is not much coarser.
const SPAN_MS: i64 = 3_600_000;

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

impl Head {
    /// One id more.
    fn include(&mut self, id: &str) {
        if self.calls == 1 || *id < *self.min_id {
            id.clone_into(&mut self.min_id);
        }
        if *id > *self.max_id {
            id.clone_into(&mut self.max_id);
        }
    }
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
    places: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
    table: Vec<u8>,
    lines: Vec<u8>,
    before: Before,
    known: Known,
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
    /// The place of the names of its figures.
    figures: u32,
}

impl Before {
    fn new(seq: i64) -> Self {
        let (texts, steady) = ([0; TEXTS], [NONE; STEADY]);
        Self { seq, started_ms: 0, texts, steady, ids: Ids::default(), figures: 0 }
    }
}

/// Where a text lies in memory, and how long it is: one number, so that many are compared at once.
type Lies = u128;

/// By what the texts of the next line are known without a look at them. What lies in the program,
/// or among names that are kept alive here, is what it was as long as it lies where it lay.
#[derive(Debug)]
struct Known {
    names: Option<Arc<Names>>,
    lies: [Lies; LASTING.len()],
    grounds: Grounds,
    /// The place of what its measures are called.
    figures: u32,
}

impl Known {
    const NOTHING: Self =
        Self { names: None, lies: [0; LASTING.len()], grounds: Grounds::NONE, figures: 0 };

    /// Which texts lie elsewhere than before, as bits.
    fn learn(&mut self, line: &Line<'_>) -> u64 {
        let lies = line.lasting.map(lies);
        let changed = changes(&lies, &self.lies);
        self.lies = lies;
        // Not before: while the names from before are there, no others lie where they lie.
        if !self.names.as_ref().is_some_and(|names| Arc::ptr_eq(names, line.names)) {
            self.names = Some(Arc::clone(line.names));
        }
        changed
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
            places: HashMap::new(),
            texts: Vec::new(),
            table: Vec::new(),
            lines: Vec::with_capacity(16 << 10),
            before: Before::new(seq),
            known: Known::NOTHING,
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
        let head = &mut self.head;
        head.calls += 1;
        head.last_seq = head.last_seq.max(seq);
        head.first_ms = head.first_ms.min(line.started_ms);
        head.last_ms = head.last_ms.max(line.started_ms);
        self.fresh += 1;
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
        let places = self.places_of(line);
        let is_told_anew = line.grounds != self.known.grounds;
        if is_told_anew {
            self.know(&line.grounds);
        }
        let figures = self.known.figures;
        let (out, before) = (&mut self.lines, &mut self.before);
        let changed = changes(&places, &before.texts)
            | changes(&line.steady, &before.steady) << TEXTS
            | u64::from(figures != before.figures) << FIGURES_PLACE
            | u64::from(is_told_anew) << FIGURES_TOLD;
        put_signed(out, seq.wrapping_sub(before.seq));
        put_signed(out, line.started_ms.wrapping_sub(before.started_ms));
        self.head.include(&before.ids.put(out, line.id));
        put_number(out, changed);
        for index in ones(changed & ((1 << FIGURES_TOLD) - 1)) {
            let steady = || line.steady.get(index - TEXTS).map(|number| number.wrapping_add(1));
            let text = places.get(index).map(|place| u64::from(*place));
            put_number(out, text.or_else(steady).unwrap_or_else(|| u64::from(figures)));
        }
        for number in ones(line.present() & ((1 << NUMBERS) - 1)) {
            let apart = line.numbers[number].wrapping_sub(line.guess(number));
            put_signed(out, apart.cast_signed());
        }
        for text in [&line.request_id, &line.words].into_iter().flatten() {
            put_text(out, text);
        }
        if is_told_anew {
            line.grounds.iter().for_each(|(_, figure)| put_number(out, u64::from(figure)));
        }
        if let Some(trace) = line.trace {
            out.extend(trace.to_le_bytes());
        }
        (before.seq, before.started_ms) = (seq, line.started_ms);
        (before.texts, before.steady, before.figures) = (places, line.steady, figures);
    }

    /// The places of a line's texts in the table, nearly always those of the line before.
    fn places_of(&mut self, line: &Line<'_>) -> [u32; TEXTS] {
        let mut places = self.before.texts;
        for number in ones(self.known.learn(line)) {
            let text = line.lasting[number].map(|text| label(text, NAME));
            places[LASTING[number]] = self.place(text);
        }
        for (number, text) in line.brought.iter().enumerate() {
            let place = &mut places[BROUGHT[number]];
            // What stands in the table would be told as it stands.
            if self.text(*place) != *text {
                *place = self.place(text.map(|text| label(text, NAME)));
            }
        }
        if self.text(places[LEFT_OUT]) != line.left_out.as_deref() {
            places[LEFT_OUT] = self.place(line.left_out.as_deref().map(Cow::Borrowed));
        }
        places
    }

    /// Finds a place for what the figures of an attempt are called.
    fn know(&mut self, grounds: &Grounds) {
        if !self.known.grounds.is_alike(grounds) {
            let names: Vec<_> = grounds.iter().map(|(measure, _)| measure.as_str()).collect();
            let names = Some(names.join(" ")).filter(|names| !names.is_empty());
            self.known.figures = self.place(names.map(Cow::Owned));
        }
        self.known.grounds = *grounds;
    }

    /// A text by its place in the table.
    fn text(&self, place: u32) -> Option<&str> {
        let index = (place as usize).checked_sub(1)?;
        self.texts.get(index).map(|text| &**text)
    }

    /// The place of a text in the table.
    fn place(&mut self, text: Option<Cow<'_, str>>) -> u32 {
        let Some(text) = text else { return 0 };
        if let Some(place) = self.places.get(&*text) {
            return *place;
        }
        put_text(&mut self.table, &text);
        self.texts.push((&*text).into());
        let place = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.places.insert(text.into(), place);
        place
    }
}

fn lies(text: Option<&str>) -> Lies {
    text.map_or(0, |text| (text.len() as u128) << 64 | text.as_ptr().addr() as u128)
}

/// Which differ, as bits.
fn changes<T: PartialEq, const N: usize>(now: &[T; N], before: &[T; N]) -> u64 {
    // Mostly none does, and that is seen faster than where.
    if now == before {
        return 0;
    }
    let differs = |index: usize| u64::from(now[index] != before[index]) << index;
    (0..N).map(differs).fold(0, std::ops::BitOr::bitor)
}

/// The places of the bits that are set.
fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (place < u64::BITS).then_some(place as usize)
    })
}

#[cfg(test)]
mod tests;
