//! Numbers and texts as bytes; small numbers are short.
//!
//! The zeros below the lowest one of the first byte tell how many bytes follow, so that a number is
//! written and read at once. Earlier sheets have seven bits a byte, the lowest first.

use super::Damaged;

/// Writes a number.
#[inline]
pub(super) fn put_number(out: &mut Vec<u8>, number: u64) {
    let bits = u64::BITS - (number | 1).leading_zeros();
    let bytes = bits.div_ceil(7) as usize;
    if bytes > 8 {
        out.push(0);
        return out.extend_from_slice(&number.to_le_bytes());
    }
    // Eight at once, and what is too much taken back: cheaper than as many as there are.
    let end = out.len() + bytes;
    out.extend_from_slice(&(((number << 1) | 1) << (bytes - 1)).to_le_bytes());
    out.truncate(end);
}

/// Writes a number that may be below zero; small ones are short on both sides.
#[inline]
pub(super) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, (number << 1 ^ number >> 63).cast_unsigned());
}

/// Writes a text.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// How numbers are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// The first byte tells how many there are.
    LengthFirst,
    /// Each byte tells whether another follows.
    SevenBits,
}

/// Bytes to be read; what is not there is damage.
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
    spelling: Spelling,
}

impl<'a> Bytes<'a> {
    pub(super) const fn new(bytes: &'a [u8], spelling: Spelling) -> Self {
        Self { rest: bytes, spelling }
    }

    pub(super) fn number(&mut self) -> Result<u64, Damaged> {
        match self.spelling {
            Spelling::LengthFirst => self.length_first(),
            Spelling::SevenBits => self.seven_bits(),
        }
    }

    fn length_first(&mut self) -> Result<u64, Damaged> {
        let zeros = self.rest.first().ok_or(Damaged)?.trailing_zeros() as usize;
        if zeros == 8 {
            self.rest = &self.rest[1..];
            return Ok(u64::from_le_bytes(self.array()?));
        }
        let (bytes, rest) = self.rest.split_at_checked(zeros + 1).ok_or(Damaged)?;
        self.rest = rest;
        let mut number = [0; 8];
        number[..bytes.len()].copy_from_slice(bytes);
        Ok(u64::from_le_bytes(number) >> zeros >> 1)
    }

    fn seven_bits(&mut self) -> Result<u64, Damaged> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }

    pub(super) fn signed(&mut self) -> Result<i64, Damaged> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Damaged> {
        let length = usize::try_from(self.number()?).map_err(|_| Damaged)?;
        let (text, rest) = self.rest.split_at_checked(length).ok_or(Damaged)?;
        self.rest = rest;
        std::str::from_utf8(text).map_err(|_| Damaged)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Damaged)?;
        self.rest = rest;
        Ok(*array)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_as_short_as_it_can_be_and_comes_back() {
        for bits in 0..=64_u32 {
            for number in
                [1_u64.checked_shl(bits).unwrap_or(0), u64::MAX.checked_shr(64 - bits).unwrap_or(0)]
            {
                let mut out = Vec::new();
                put_number(&mut out, number);
                let bytes = (u64::BITS - number.leading_zeros()).max(1).div_ceil(7) as usize;
                assert_eq!(out.len(), bytes.min(9), "{number:#x}");
                assert_eq!(Bytes::new(&out, Spelling::LengthFirst).number(), Ok(number));
                let cut = &out[..out.len() - 1];
                assert_eq!(Bytes::new(cut, Spelling::LengthFirst).number(), Err(Damaged));
            }
        }
    }

    proptest! {
        #[test]
        fn numbers_follow_one_another(numbers in proptest::collection::vec(any::<i64>(), 0..20)) {
            let mut out = Vec::new();
            for (number, shift) in numbers.iter().zip(0..) {
                put_signed(&mut out, number >> (shift * 3));
            }
            let mut bytes = Bytes::new(&out, Spelling::LengthFirst);
            for (number, shift) in numbers.iter().zip(0..) {
                prop_assert_eq!(bytes.signed(), Ok(number >> (shift * 3)));
            }
            prop_assert_eq!(bytes.number(), Err(Damaged));
        }
    }
}
