//! Values that were checked and stepped over, and what they say.

use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Visitor};

use super::{Broken, Scanner};

/// A value that was checked and stepped over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    /// Its bytes, quotes and brackets included; never empty.
    pub(crate) raw: &'a [u8],
    /// Where they begin.
    pub(crate) start: usize,
}

impl<'a> Value<'a> {
    /// Where it stands.
    pub(crate) const fn span(&self) -> Range<usize> {
        self.start..self.start + self.raw.len()
    }

    pub(crate) fn is_null(&self) -> bool {
        self.raw == b"null"
    }

    pub(crate) fn is_array(&self) -> bool {
        self.raw.first() == Some(&b'[')
    }

    pub(crate) fn is_object(&self) -> bool {
        self.raw.first() == Some(&b'{')
    }

    /// A string's inside as it is written, escapes and all.
    pub(crate) fn text(&self) -> Option<&'a [u8]> {
        self.raw.strip_prefix(b"\"")?.strip_suffix(b"\"")
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        match self.raw {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// A whole number from 0 on; beyond `u32` it is the largest one.
    pub(crate) fn count(&self) -> Option<u32> {
        if self.raw.is_empty() || !self.raw.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let add = |sum: u32, digit: &u8| {
            sum.saturating_mul(10).saturating_add(u32::from(digit.saturating_sub(b'0')))
        };
        Some(self.raw.iter().fold(0, add))
    }

    /// Holds something: not null, `false`, zero, an empty string, an empty bracket.
    pub(crate) fn is_full(&self) -> bool {
        match self.raw {
            b"null" | b"false" | b"\"\"" | b"0" => false,
            [b'{' | b'[', inside @ .., _] => !inside.iter().all(u8::is_ascii_whitespace),
            _ => true,
        }
    }

    /// A string's meaning. Lone surrogates stay what they are, so these bytes need not be UTF-8.
    pub(crate) fn unescaped(&self) -> Option<Vec<u8>> {
        let text = self.text()?;
        if memchr::memchr(b'\\', text).is_none() {
            return Some(text.to_vec());
        }
        serde_json::from_slice::<Unescaped>(self.raw).ok().map(|unescaped| unescaped.0)
    }

    /// A string's meaning, if it is UTF-8.
    pub(crate) fn string(&self) -> Option<String> {
        String::from_utf8(self.unescaped()?).ok()
    }
}

/// Whether the bytes are one JSON value. Too deep a nesting is not held against them.
pub(crate) fn is_json(bytes: &[u8]) -> bool {
    let mut scanner = Scanner::new(bytes);
    match scanner.value().and_then(|_| scanner.end()) {
        Ok(()) | Err(Broken::TooComplex) => true,
        Err(Broken::At(_) | Broken::Cut) => false,
    }
}

struct Unescaped(Vec<u8>);

impl<'de> Deserialize<'de> for Unescaped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Unescaped;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Unescaped, E> {
                Ok(Unescaped(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
