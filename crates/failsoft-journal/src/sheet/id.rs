//! Ids in a sheet: those failsoft makes differ from the one before in their last digits.

use std::borrow::Cow;

use super::Damaged;
use super::bytes::{Bytes, put_number, put_signed, put_text};
use crate::text::{ID, READ, label};

const PREFIX: &str = "call_";
/// Crockford's base 32.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// By the value of a letter; what is no digit has none.
const DIGITS: [u8; 256] = digits();
const DIGITS_OF_ID: usize = 26;

/// As it is spelled.
const SPELLED: u8 = 0;
/// By what differs in each part.
const PARTS: u8 = 1;
/// By its milliseconds: the same process counted one more.
const FOLLOWS: u8 = 2;

/// The id before, in its parts: 48 bits of milliseconds, 32 of the process, 48 counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ids {
    millis: i64,
    process: u64,
    counted: i64,
}

impl Ids {
    /// Writes an id after the one before: what differs in each part, or its text.
    /// What stands there.
    pub(super) fn put<'a>(&mut self, out: &mut Vec<u8>, id: &'a str) -> Cow<'a, str> {
        let Some(number) = number(id) else {
            let id = label(id, ID);
            out.push(SPELLED);
            put_text(out, &id);
            return id;
        };
        let (before, now) = (*self, Self::parts(number));
        let follows = now.process == before.process && now.counted == before.counted + 1;
        out.push(if follows { FOLLOWS } else { PARTS });
        put_signed(out, now.millis - before.millis);
        if !follows {
            put_number(out, now.process ^ before.process);
            put_signed(out, now.counted - before.counted);
        }
        *self = now;
        Cow::Borrowed(id)
    }

    pub(super) fn take(&mut self, bytes: &mut Bytes<'_>) -> Result<String, Damaged> {
        let [how] = bytes.array()?;
        if how == SPELLED {
            return Ok(label(bytes.text()?, READ).into_owned());
        }
        self.millis = self.millis.wrapping_add(bytes.signed()?) & 0xffff_ffff_ffff;
        let (process, counted) =
            if how == FOLLOWS { (0, 1) } else { (bytes.number()?, bytes.signed()?) };
        self.process = (self.process ^ process) & 0xffff_ffff;
        self.counted = self.counted.wrapping_add(counted) & 0xffff_ffff_ffff;
        let [millis, counted] = [self.millis, self.counted].map(|part| part.unsigned_abs());
        let number =
            u128::from(millis) << 80 | u128::from(self.process) << 48 | u128::from(counted);
        Ok(text(number))
    }

    fn parts(number: u128) -> Self {
        let low = |number: u128| (number as u64 & 0xffff_ffff_ffff).cast_signed();
        let process = (number >> 48) as u64 & 0xffff_ffff;
        Self { millis: low(number >> 80), process, counted: low(number) }
    }
}

/// The number an id spells, if it is spelled as failsoft spells.
fn number(id: &str) -> Option<u128> {
    let digits = id.strip_prefix(PREFIX)?.as_bytes();
    if digits.len() != DIGITS_OF_ID || digits[0] > b'7' {
        return None;
    }
    let half = |digits: &[u8]| {
        // What is no digit is seen at the end, in the bits that no digit has.
        let (mut number, mut seen) = (0_u64, 0_u8);
        for digit in digits {
            let value = DIGITS[usize::from(*digit)];
            seen |= value;
            number = number << 5 | u64::from(value & 31);
        }
        (seen < 32).then_some(number)
    };
    let (high, rest) = digits.split_at(2);
    let (middle, low) = rest.split_at(12);
    Some(u128::from(half(high)?) << 120 | u128::from(half(middle)?) << 60 | u128::from(half(low)?))
}

fn text(number: u128) -> String {
    let mut text = String::with_capacity(PREFIX.len() + DIGITS_OF_ID);
    text.push_str(PREFIX);
    for place in (0..DIGITS_OF_ID).rev() {
        let digit = (number >> (place * 5)) as usize & 31;
        text.push(char::from(ALPHABET[digit]));
    }
    text
}

const fn digits() -> [u8; 256] {
    let mut digits = [u8::MAX; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        digits[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_spelled_as_failsoft_spells_are_numbers() {
        for number_spelled in [0, 1, 33, 1 << 60, 1 << 120, u128::MAX, 0x0199_c2f4_7be1 << 80] {
            assert_eq!(number(&text(number_spelled)), Some(number_spelled));
        }
        for id in [
            "",
            "call_",
            "0199-rescued",
            "call_8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "call_0000000000000000000000000",
            "call_000000000000000000000000000",
            "call_0000000000000000000000000a",
            "call_0000000000000000000000000U",
            "call_000000000000000000000000é",
        ] {
            assert_eq!(number(id), None, "{id}");
        }
    }
}
