//! JSON that is carried, not looked into.

use std::fmt;

use crate::Dialect;
use crate::scan::is_json;

/// One JSON value as it was written.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Box<str>);

impl Json {
    /// The text, if it is one JSON value.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        is_json(text.as_bytes()).then(|| Self(text.into()))
    }

    /// A value that was stepped over by a scanner, so it is known to be one.
    pub(crate) fn checked(raw: &[u8]) -> Self {
        Self(String::from_utf8_lossy(raw).into())
    }

    /// A value of our own.
    pub(crate) fn of(value: &serde_json::Value) -> Self {
        Self(value.to_string().into())
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may be a prompt or an answer.
        write!(f, "Json({} bytes)", self.0.len())
    }
}

/// Members of an object that only the dialect it was read in understands.
///
/// A key that begins with a quote, which no key of JSON can, is a note of the dialect's own: it is
/// never written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    dialect: Option<Dialect>,
    members: Vec<(Box<str>, Json)>,
    marks: Vec<&'static str>,
}

impl Rest {
    /// Nothing yet, of this dialect.
    #[must_use]
    pub const fn of(dialect: Dialect) -> Self {
        Self { dialect: Some(dialect), members: Vec::new(), marks: Vec::new() }
    }

    /// Keeps a member. The key is as it stands in the text, escapes and all, without quotes.
    pub(crate) fn keep(&mut self, key: &[u8], raw: &[u8]) {
        self.members.push((String::from_utf8_lossy(key).into(), Json::checked(raw)));
    }

    /// Changes what was kept; what becomes nothing is taken out.
    pub(crate) fn amend(&mut self, mut amend: impl FnMut(Json) -> Option<Json>) {
        let members = std::mem::take(&mut self.members).into_iter();
        self.members = members.filter_map(|(key, json)| Some((key, amend(json)?))).collect();
    }

    /// The same, made one of this dialect if it is none.
    pub(crate) fn owned(&mut self, dialect: Dialect) -> &mut Self {
        if !self.is_of(dialect) {
            *self = Self::of(dialect);
        }
        self
    }

    /// Remembers how this dialect spelled something that is kept elsewhere: no loss to another.
    pub(crate) fn mark(&mut self, spelling: &'static str) {
        self.marks.push(spelling);
    }

    /// Whether this dialect spelled it so.
    pub(crate) fn is_marked(&self, dialect: Dialect, spelling: &str) -> bool {
        self.dialect == Some(dialect) && self.marks.contains(&spelling)
    }

    /// The members, if they are of this dialect.
    pub(crate) fn members_for(&self, dialect: Dialect) -> &[(Box<str>, Json)] {
        if self.dialect == Some(dialect) { &self.members } else { &[] }
    }

    /// A member, if it was kept for this dialect.
    pub(crate) fn kept(&self, dialect: Dialect, key: &str) -> Option<&Json> {
        let mut members = self.members_for(dialect).iter();
        members.find(|(known, _)| &**known == key).map(|(_, json)| json)
    }

    /// Whether it belongs to what was read in this dialect, members or none.
    pub(crate) fn is_of(&self, dialect: Dialect) -> bool {
        self.dialect == Some(dialect)
    }

    /// All members, whichever dialect they are of.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.members.iter().map(|(key, json)| (&**key, json))
    }

    /// Whether a member of one of these names was kept.
    pub(crate) fn has_any(&self, keys: &[&str]) -> bool {
        self.members.iter().any(|(key, _)| keys.contains(&&**key))
    }

    /// Bytes that are kept.
    pub(crate) fn size(&self) -> usize {
        self.members.iter().map(|(key, json)| key.len() + json.as_str().len()).sum()
    }

    /// Whether nothing was kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}
