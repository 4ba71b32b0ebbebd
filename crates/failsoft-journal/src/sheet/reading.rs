//! Reading a sheet back, of this format and those before.

use super::bytes::{Bytes, Spelling};
use super::line::{FIGURES, NUMBERS, OWN, TEXTS};
use super::packed::Packed;
use super::{Before, Damaged, FIGURES_PLACE, FIGURES_TOLD, FORMAT, SEVEN_BITS};
use crate::rows::{Name, Recorded};
use crate::text::{READ, label};

/// The most calls a sheet is believed to hold.
const MOST: u64 = 4_096;

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
    format: u32,
    texts: Vec<Name>,
    left: u64,
    before: Before,
    /// The figures of the last line that told any.
    figures: String,
}

impl<'a> Reading<'a> {
    fn new(format: u32, first: i64, packed: &'a [u8]) -> Result<Self, Damaged> {
        let (sum, rest) = packed.split_first_chunk::<4>().ok_or(Damaged)?;
        if crc32fast::hash(rest) != u32::from_le_bytes(*sum) {
            return Err(Damaged);
        }
        let mut bytes = match format {
            FORMAT => Bytes::new(rest, Spelling::LengthFirst),
            SEVEN_BITS => Bytes::new(rest, Spelling::SevenBits),
            _ => return Err(Damaged),
        };
        let mut texts = Vec::new();
        for _ in 0..bytes.number()? {
            texts.push(Name::from(label(bytes.text()?, READ)));
        }
        let left = bytes.number()?;
        if left > MOST {
            return Err(Damaged);
        }
        Ok(Self { bytes, format, texts, left, before: Before::new(first), figures: String::new() })
    }

    fn next(&mut self) -> Result<(i64, Recorded), Damaged> {
        let (bytes, before) = (&mut self.bytes, &mut self.before);
        before.seq = before.seq.wrapping_add(bytes.signed()?);
        before.started_ms = before.started_ms.wrapping_add(bytes.signed()?);
        let id = before.ids.take(bytes)?;
        let changed = bytes.number()?;
        for (index, place) in before.texts.iter_mut().enumerate() {
            if changed >> index & 1 == 1 {
                *place = u32::try_from(bytes.number()?).map_err(|_| Damaged)?;
            }
        }
        for (index, number) in before.steady.iter_mut().enumerate() {
            if changed >> (TEXTS + index) & 1 == 1 {
                *number = bytes.number()?.wrapping_sub(1);
            }
        }
        if changed >> FIGURES_PLACE & 1 == 1 {
            before.figures = u32::try_from(bytes.number()?).map_err(|_| Damaged)?;
        }
        let mut packed = Packed::new(id, before.started_ms, before.steady);
        for index in 0..NUMBERS {
            if packed.has_number(index) {
                let apart = bytes.signed()?.cast_unsigned();
                packed.numbers[index] = packed.guess(index).wrapping_add(apart);
            }
        }
        for index in 0..OWN {
            if !packed.has_own(index) {
                continue;
            }
            if index < FIGURES || self.format == SEVEN_BITS {
                packed.own[index] = Some(label(bytes.text()?, READ).into_owned());
                continue;
            }
            if changed >> FIGURES_TOLD & 1 == 1 {
                let names = text(&self.texts, before.figures)?;
                self.figures = figures(bytes, names.as_deref())?;
            }
            packed.own[index] = Some(self.figures.clone());
        }
        if packed.has_trace() {
            packed.trace = Some(u128::from_le_bytes(bytes.array()?));
        }
        self.left -= 1;
        for (index, place) in before.texts.iter().enumerate() {
            packed.texts[index] = text(&self.texts, *place)?;
        }
        Ok((before.seq, packed.recorded()))
    }
}

/// A text by its place in the table.
fn text(texts: &[Name], place: u32) -> Result<Option<Name>, Damaged> {
    let Some(index) = (place as usize).checked_sub(1) else { return Ok(None) };
    texts.get(index).cloned().map(Some).ok_or(Damaged)
}

/// Names and their figures, as [`failsoft_engine::Grounds`] displays them.
fn figures(bytes: &mut Bytes<'_>, names: Option<&str>) -> Result<String, Damaged> {
    let mut told = String::new();
    for name in names.ok_or(Damaged)?.split(' ') {
        if !told.is_empty() {
            told.push(' ');
        }
        told.push_str(name);
        told.push('=');
        told.push_str(&bytes.number()?.to_string());
    }
    Ok(told)
}
