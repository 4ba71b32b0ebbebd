//! Objects as they stand: known members are picked out, the others are kept.

use super::HERE;
use crate::neutral::{Json, Rest};
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
        self.find(key)?.meaning()
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

/// A member that was kept for this dialect.
pub(super) fn kept<'a>(rest: &'a Rest, key: &str) -> Option<&'a str> {
    rest.kept(HERE, key).map(Json::as_str)
}
