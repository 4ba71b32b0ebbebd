//! Objects as they stand: known members are picked out, the others are kept.

use crate::Dialect;
use crate::neutral::Rest;
use crate::scan::{Broken, Scanner, Value};
use crate::write::Writer;

/// The members of an object, keys as they are written. Null counts as absent; of members with one
/// name the last one counts.
#[derive(Default)]
pub(super) struct Members<'a>(Vec<(&'a [u8], Value<'a>)>);

impl<'a> Members<'a> {
    /// Steps over the next value; `None` if it is no object.
    pub(super) fn scan(scanner: &mut Scanner<'a>) -> Result<Option<Self>, Broken> {
        let mut members = Vec::with_capacity(8);
        let is_object = scanner.members(|scanner, key| {
            members.push((key, scanner.value()?));
            Ok(())
        })?;
        Ok(is_object.then_some(Self(members)))
    }

    /// Of a value that was stepped over before; what is no object has none.
    pub(super) fn of(value: Value<'a>) -> Self {
        Self::of_object(value).unwrap_or_default()
    }

    /// Of a value that was stepped over before; `None` if it is no object.
    pub(super) fn of_object(value: Value<'a>) -> Option<Self> {
        Self::scan(&mut Scanner::new(value.raw)).ok().flatten()
    }

    /// All members, null or not.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> {
        self.0.iter().copied()
    }

    /// A member that is there.
    pub(super) fn find(&self, key: &str) -> Option<Value<'a>> {
        let found = self.0.iter().rfind(|(known, _)| *known == key.as_bytes());
        found.map(|(_, value)| *value).filter(|value| !value.is_null())
    }

    /// A string's meaning.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.find(key)?.meaning()
    }

    /// A string as it is written, or nothing.
    pub(super) fn word(&self, key: &str) -> &'a [u8] {
        self.find(key).and_then(|value| value.text()).unwrap_or_default()
    }

    /// What the object says it is.
    pub(super) fn kind(&self) -> Option<&'a [u8]> {
        self.find("type")?.text()
    }

    /// A member that is understood and so need not be kept.
    pub(super) fn take(&mut self, key: &str) -> Option<Value<'a>> {
        let found = self.find(key);
        self.0.retain(|(known, _)| *known != key.as_bytes());
        found
    }

    /// A string that is understood; anything else is kept.
    pub(super) fn take_text(&mut self, key: &str) -> Option<String> {
        let text = self.text(key)?;
        self.take(key);
        Some(text)
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, value)| value.is_null())
    }

    /// What is left, kept for this dialect, be it nothing.
    pub(super) fn rest(&self, dialect: Dialect) -> Rest {
        let mut rest = Rest::of(dialect);
        for (key, value) in self.0.iter().filter(|(_, value)| !value.is_null()) {
            rest.keep(key, value.raw);
        }
        rest
    }

    /// The members that are none of these, kept for this dialect; of no dialect if there are none.
    pub(super) fn others(&self, dialect: Dialect, known: &[&str]) -> Rest {
        let mut others = Rest::default();
        for (key, value) in self.0.iter().filter(|(_, value)| !value.is_null()) {
            if !known.iter().any(|known| known.as_bytes() == *key) {
                others.owned(dialect).keep(key, value.raw);
            }
        }
        others
    }

    /// What is left as an object of its own.
    pub(super) fn object(&self, dialect: Dialect) -> Vec<u8> {
        let mut object = Vec::new();
        let rest = self.rest(dialect);
        Writer::new(&mut object).object(|object| object.rest(&rest, dialect));
        object
    }
}

/// Visits the objects in an array that was checked before. What is no array has none.
pub(super) fn objects<'a>(list: Value<'a>, mut object: impl FnMut(Members<'a>)) {
    list.items(|value| Members::of_object(value).into_iter().for_each(&mut object));
}
