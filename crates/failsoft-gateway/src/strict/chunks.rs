//! Follows a chunked body to its end. Extensions and trailers carry nothing an LLM API wants, and
//! are where parsers disagree: they are refused.

use super::Flaw;

/// Digits a chunk's size may have; more than any real one, fewer than overflow.
const MAX_DIGITS: u8 = 12;

/// Where in a chunked body the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    /// In a size, after so many digits.
    Size { value: u64, digits: u8 },
    /// After a size's CR.
    SizeEnd { value: u64 },
    /// In data, with so many bytes to come.
    Data { left: u64 },
    /// At the CR behind data.
    DataCr,
    /// At the LF behind data.
    DataLf,
    /// At the CR of the last line.
    LastCr,
    /// At the LF of the last line.
    LastLf,
    /// Behind the body.
    Ended,
}

impl Chunks {
    /// At a body's first byte.
    pub(super) const START: Self = Self::Size { value: 0, digits: 0 };

    /// Walks over `input`; returns how many bytes belong to the body and are sound, and the flaw
    /// of the byte behind them, if that is why they end.
    pub(super) fn follow(&mut self, input: &[u8]) -> (usize, Option<Flaw>) {
        let mut at = 0;
        while at < input.len() && *self != Self::Ended {
            if let Self::Data { left } = *self {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(input.len() - at);
                at += here;
                let left = left - here as u64;
                *self = if left == 0 { Self::DataCr } else { Self::Data { left } };
                continue;
            }
            match self.step(input[at]) {
                Some(next) => *self = next,
                None => return (at, Some(Flaw::Chunk)),
            }
            at += 1;
        }
        (at, None)
    }

    fn step(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Size { value, digits }, b'\r') if digits > 0 => Some(Self::SizeEnd { value }),
            (Self::Size { value, digits }, _) if digits < MAX_DIGITS => {
                let digit = char::from(byte).to_digit(16)?;
                Some(Self::Size { value: value * 16 + u64::from(digit), digits: digits + 1 })
            }
            (Self::SizeEnd { value: 0 }, b'\n') => Some(Self::LastCr),
            (Self::SizeEnd { value }, b'\n') => Some(Self::Data { left: value }),
            (Self::DataCr, b'\r') => Some(Self::DataLf),
            (Self::DataLf, b'\n') => Some(Self::START),
            (Self::LastCr, b'\r') => Some(Self::LastLf),
            (Self::LastLf, b'\n') => Some(Self::Ended),
            (
                Self::Size { .. }
                | Self::SizeEnd { .. }
                | Self::Data { .. }
                | Self::DataCr
                | Self::DataLf
                | Self::LastCr
                | Self::LastLf
                | Self::Ended,
                _,
            ) => None,
        }
    }
}
