//! What this dialect alone knows: how it is read, kept, and written back.

use crate::Dialect;
use crate::neutral::{Json, Rest};
use crate::scan::{Broken, Scanner, Value};
use crate::write::Writer;

/// This dialect.
pub(super) const OWN: Dialect = Dialect::Responses;

/// Where a message's own members are kept, in the first of its parts.
pub(super) const HEAD: &str = "\"head";

/// Where a refusal's message has its members, in its turn.
pub(super) const REFUSAL_HEAD: &str = "\"refusal";

/// Where a definition is kept as it was written.
pub(super) const RAW: &str = "\"raw";

/// Where a hosted tool stood among the others.
pub(super) const AT: &str = "\"at";

/// A part that goes on with the message of the part before.
pub(super) const MORE: &str = "more";

/// Words that were a message's content by themselves, not in a list.
pub(super) const STRING: &str = "string";

/// Something that is an item of its own, with all its members.
pub(super) const ITEM: &str = "item";

/// Something that belongs to a custom tool.
pub(super) const CUSTOM: &str = "custom";

/// An image that a tool of the provider's made.
pub(super) const MADE: &str = "made";

/// A sound, which only some of those who speak this dialect hear.
pub(super) const SOUND: &str = "sound";

/// Base64 without the media type before it.
pub(super) const BARE: &str = "bare";

/// The members of an object that was checked before; what is no object has none.
pub(super) struct Members<'a>(Vec<(&'a [u8], Value<'a>)>);

impl<'a> Members<'a> {
    pub(super) fn of(value: Value<'a>) -> Self {
        // It was stepped over without complaint before.
        let members = Self::scan(&mut Scanner::new(value.raw)).unwrap_or_default();
        members.unwrap_or(Self(Vec::new()))
    }

    /// Steps over the next value; `None` if it is no object.
    pub(super) fn scan(scanner: &mut Scanner<'a>) -> Result<Option<Self>, Broken> {
        let mut members = Vec::with_capacity(8);
        let is_object = scanner.members(|scanner, key| {
            members.push((key, scanner.value()?));
            Ok(())
        })?;
        Ok(is_object.then_some(Self(members)))
    }

    /// A member that is there; null counts as absent.
    pub(super) fn peek(&self, key: &str) -> Option<Value<'a>> {
        let found = self.0.iter().rfind(|(known, _)| *known == key.as_bytes());
        found.map(|(_, value)| *value).filter(|value| !value.is_null())
    }

    /// A string as it is written, or nothing.
    pub(super) fn word(&self, key: &str) -> &'a [u8] {
        self.peek(key).and_then(|value| value.text()).unwrap_or_default()
    }

    /// A member that is understood and so need not be kept.
    pub(super) fn take(&mut self, key: &str) -> Option<Value<'a>> {
        let found = self.peek(key);
        self.0.retain(|(known, _)| *known != key.as_bytes());
        found
    }

    /// A string that is understood; anything else is kept.
    pub(super) fn take_text(&mut self, key: &str) -> Option<String> {
        let text = self.peek(key)?.meaning()?;
        self.take(key);
        Some(text)
    }

    /// What is left, kept.
    pub(super) fn rest(self) -> Rest {
        let mut rest = Rest::of(OWN);
        for (key, value) in self.0 {
            if !value.is_null() {
                rest.keep(key, value.raw);
            }
        }
        rest
    }

    /// What is left as an object of its own.
    pub(super) fn object(self) -> Vec<u8> {
        let mut object = Vec::new();
        let rest = self.rest();
        Writer::new(&mut object).object(|object| object.rest(&rest, OWN));
        object
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, value)| value.is_null())
    }
}

/// Visits the objects in an array that was checked before. What is no array has none.
pub(super) fn objects<'a>(value: Value<'a>, mut object: impl FnMut(Members<'a>)) {
    let _ = Scanner::new(value.raw).items(|scanner| {
        Members::scan(scanner)?.into_iter().for_each(&mut object);
        Ok::<(), Broken>(())
    });
}

/// A member that was kept.
pub(super) fn kept<'a>(rest: &'a Rest, key: &str) -> Option<&'a Json> {
    rest.kept(OWN, key)
}

/// A string that was kept.
pub(super) fn kept_text(rest: &Rest, key: &str) -> Option<String> {
    let json = kept(rest, key)?;
    Value { raw: json.as_str().as_bytes(), start: 0 }.meaning()
}

/// Whether nothing of it would be written.
pub(super) fn is_plain(rest: &Rest) -> bool {
    rest.members_for(OWN).iter().all(|(key, _)| key.starts_with('"'))
}
