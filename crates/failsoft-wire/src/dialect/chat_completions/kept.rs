//! What this dialect alone knows: how it is kept, and written back.

use crate::Dialect;
use crate::neutral::{Json, Rest};
use crate::scan::Value;
use crate::write::Writer;

/// This dialect.
pub(super) const OWN: Dialect = Dialect::ChatCompletions;

/// Keeps a member.
pub(super) fn keep(rest: &mut Rest, key: &[u8], value: Value<'_>) {
    rest.owned(OWN).keep(key, value.raw);
}

/// Keeps the members of an object under one key, unless there are none.
pub(super) fn keep_inside(rest: &mut Rest, key: &str, inside: &Rest) {
    if !inside.is_empty() {
        let mut object = Vec::new();
        Writer::new(&mut object).object(|object| object.rest(inside, OWN));
        rest.owned(OWN).keep(key.as_bytes(), &object);
    }
}

/// Remembers how something was spelled.
pub(super) fn mark(rest: &mut Rest, spelling: &'static str) {
    rest.owned(OWN).mark(spelling);
}

/// Whether it was spelled so.
pub(super) fn is_marked(rest: &Rest, spelling: &str) -> bool {
    rest.is_marked(OWN, spelling)
}

/// A member that was kept.
pub(super) fn kept<'a>(rest: &'a Rest, key: &str) -> Option<&'a Json> {
    rest.kept(OWN, key)
}

/// Writes the members that were kept under one key.
pub(super) fn write_inside(out: &mut Writer<'_>, rest: &Rest, key: &str) {
    if let Some(object) = kept(rest, key) {
        out.inside(object);
    }
}

/// All members of a value, kept.
pub(super) fn whole(value: Value<'_>) -> Rest {
    let mut rest = Rest::of(OWN);
    value.members(|key, value| rest.keep(key, value.raw));
    rest
}

/// A value that is there: null counts as absent.
pub(super) fn set(value: Option<Value<'_>>) -> Option<Value<'_>> {
    value.filter(|value| !value.is_null())
}
