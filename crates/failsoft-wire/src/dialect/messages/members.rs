//! Objects as they stand: known members are picked out, the others are kept.

use super::HERE;
use crate::neutral::Rest;
use crate::scan::{Broken, Scanner, Value};

/// The members of an object.
pub(super) struct Members<'a>(Vec<(&'a [u8], Value<'a>)>);

impl<'a> Members<'a> {
    /// Reads the next value; `None` if it is no object.
    pub(super) fn read(scanner: &mut Scanner<'a>) -> Result<Option<Self>, Broken> {
        let mut members = Vec::with_capacity(8);
        let is_object = scanner.members(|scanner, key| {
            members.push((key, scanner.value()?));
            Ok(())
        })?;
        Ok(is_object.then_some(Self(members)))
    }

    /// Of a value that was stepped over before.
    pub(super) fn of(value: Value<'a>) -> Option<Self> {
        Self::read(&mut Scanner::new(value.raw)).ok().flatten()
    }

    /// All members, keys as they are written.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> {
        self.0.iter().copied()
    }

    /// A member, unless it is null.
    pub(super) fn find(&self, key: &str) -> Option<Value<'a>> {
        let (_, value) = self.0.iter().find(|(known, _)| *known == key.as_bytes())?;
        Some(*value).filter(|value| !value.is_null())
    }

    /// A member's text.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        text(self.find(key)?)
    }

    /// What the object says it is.
    pub(super) fn kind(&self) -> Option<&'a [u8]> {
        self.find("type")?.text()
    }

    /// The members that are none of these, and not null.
    pub(super) fn rest(&self, known: &[&str]) -> Rest {
        let is_other = |(key, value): &&(&[u8], Value<'_>)| {
            !value.is_null() && !known.iter().any(|known| known.as_bytes() == *key)
        };
        let mut others = self.0.iter().filter(is_other).peekable();
        if others.peek().is_none() {
            return Rest::default();
        }
        let mut rest = Rest::of(HERE);
        others.for_each(|(key, value)| rest.keep(key, value.raw));
        rest
    }
}

/// A string's meaning; what is no Unicode in it becomes replacement characters.
pub(super) fn text(value: Value<'_>) -> Option<String> {
    let bytes = value.unescaped()?;
    Some(
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

/// A number.
pub(super) fn number(value: Value<'_>) -> Option<f64> {
    let first = value.raw.first()?;
    let is_number = first.is_ascii_digit() || *first == b'-';
    std::str::from_utf8(value.raw).ok().filter(|_| is_number)?.parse().ok()
}

/// A member that was kept for this dialect.
pub(super) fn kept<'a>(rest: &'a Rest, key: &str) -> Option<&'a str> {
    let members = rest.members_for(HERE).iter();
    members.into_iter().find(|(known, _)| &**known == key).map(|(_, json)| json.as_str())
}
