//! Values that were checked and stepped over, and what they say.

use std::collections::BTreeMap;
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
        simply_unescaped(text)
            .or_else(|| serde_json::from_slice::<Unescaped>(self.raw).ok().map(|known| known.0))
    }

    /// A string's meaning, if it is UTF-8.
    pub(crate) fn string(&self) -> Option<String> {
        String::from_utf8(self.unescaped()?).ok()
    }

    /// A string's meaning; lone surrogates become replacement characters.
    pub(crate) fn meaning(self) -> Option<String> {
        let text = String::from_utf8(self.unescaped()?);
        Some(text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// A string's meaning, or the JSON itself of what is none.
    pub(crate) fn meaning_or_json(self) -> String {
        self.meaning().unwrap_or_else(|| String::from_utf8_lossy(self.raw).into_owned())
    }

    /// Any number.
    pub(crate) fn number(self) -> Option<f64> {
        let text = std::str::from_utf8(self.raw).ok().filter(|_| self.text().is_none())?;
        text.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Visits the members of an object; what is none has none.
    pub(crate) fn members(self, mut member: impl FnMut(&'a [u8], Self)) {
        // It was stepped over before: it cannot be broken.
        _ = Scanner::new(self.raw).members(|scanner, key| {
            member(key, scanner.value()?);
            Ok(())
        });
    }

    /// Visits the items of an array; what is none has none. Tells whether it is one.
    pub(crate) fn items(self, mut item: impl FnMut(Self)) -> bool {
        let visited = Scanner::new(self.raw).items(|scanner| {
            item(scanner.value()?);
            Ok(())
        });
        visited == Ok(true)
    }

    /// The members of an object that are all strings; `None` if it is none, or holds others.
    pub(crate) fn labels(self) -> Option<BTreeMap<String, String>> {
        let (mut found, mut are_strings) = (BTreeMap::new(), self.is_object());
        self.members(|key, value| match meaning_of_key(key).zip(value.meaning()) {
            Some((key, label)) => _ = found.insert(key, label),
            None => are_strings = false,
        });
        are_strings.then_some(found)
    }

    /// The strings of an array; `None` if it is none, or holds something else.
    pub(crate) fn strings(self) -> Option<Vec<String>> {
        let (mut found, mut are_strings) = (Vec::new(), true);
        let is_array = self.items(|item| match item.meaning() {
            Some(text) => found.push(text),
            None => are_strings = false,
        });
        (is_array && are_strings).then_some(found)
    }
}

/// A key's meaning, if it is UTF-8; given as it stands in the text, escapes and all.
pub(crate) fn meaning_of_key(key: &[u8]) -> Option<String> {
    Value { raw: &[b"\"", key, b"\""].concat(), start: 0 }.string()
}

/// What stands between the quotes, unless it is escaped in other ways than by one letter.
fn simply_unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text;
    while let Some(at) = memchr::memchr(b'\\', left) {
        bytes.extend_from_slice(left.get(..at)?);
        bytes.push(match left.get(at + 1)? {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            letter @ (b'"' | b'\\' | b'/') => *letter,
            _ => return None,
        });
        left = left.get(at + 2..)?;
    }
    bytes.extend_from_slice(left);
    Some(bytes)
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
