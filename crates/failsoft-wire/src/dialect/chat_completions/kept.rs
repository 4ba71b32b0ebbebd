//! What this dialect alone knows: how it is kept, and written back.

use crate::Dialect;
use crate::neutral::{Json, Rest};
use crate::scan::{Broken, Scanner, Value};
use crate::write::Writer;

/// This dialect.
pub(super) const OWN: Dialect = Dialect::ChatCompletions;

/// Keeps a member.
pub(super) fn keep(rest: &mut Rest, key: &[u8], value: Value<'_>) {
    owned(rest).keep(key, value.raw);
}

/// Keeps the members of an object under one key, unless there are none.
pub(super) fn keep_inside(rest: &mut Rest, key: &str, inside: &Rest) {
    if !inside.is_empty() {
        let mut object = Vec::new();
        Writer::new(&mut object).object(|object| object.rest(inside, OWN));
        owned(rest).keep(key.as_bytes(), &object);
    }
}

/// Remembers how something was spelled.
pub(super) fn mark(rest: &mut Rest, spelling: &'static str) {
    owned(rest).mark(spelling);
}

/// Whether it was spelled so.
pub(super) fn is_marked(rest: &Rest, spelling: &str) -> bool {
    rest.is_marked(OWN, spelling)
}

/// A member that was kept.
pub(super) fn kept<'a>(rest: &'a Rest, key: &str) -> Option<&'a Json> {
    rest.members_for(OWN).iter().find(|(known, _)| &**known == key).map(|(_, json)| json)
}

/// Writes what was kept, but for what is written elsewhere.
pub(super) fn write(out: &mut Writer<'_>, rest: &Rest, but: &[&str]) {
    for (key, json) in rest.members_for(OWN) {
        if !but.contains(&&**key) {
            out.kept(key, json);
        }
    }
}

/// Writes the members that were kept under one key.
pub(super) fn write_inside(out: &mut Writer<'_>, rest: &Rest, key: &str) {
    if let Some(object) = kept(rest, key) {
        out.inside(object);
    }
}

/// Visits the members of a value that was checked before. What is no object has none.
pub(super) fn members<'a>(value: Value<'a>, mut member: impl FnMut(&'a [u8], Value<'a>)) {
    // It was stepped over without complaint before.
    let _ = Scanner::new(value.raw).members(|scanner, key| {
        member(key, scanner.value()?);
        Ok::<(), Broken>(())
    });
}

/// Visits the items of a value that was checked before. What is no array has none.
pub(super) fn items<'a>(value: Value<'a>, mut item: impl FnMut(Value<'a>)) {
    let _ = Scanner::new(value.raw).items(|scanner| {
        item(scanner.value()?);
        Ok::<(), Broken>(())
    });
}

/// All members of a value, kept.
pub(super) fn whole(value: Value<'_>) -> Rest {
    let mut rest = Rest::of(OWN);
    members(value, |key, value| rest.keep(key, value.raw));
    rest
}

/// A value that is there: null counts as absent.
pub(super) fn set(value: Option<Value<'_>>) -> Option<Value<'_>> {
    value.filter(|value| !value.is_null())
}

/// A string's meaning; lone surrogates become replacement characters.
pub(super) fn string(value: Value<'_>) -> Option<String> {
    let text = value.text()?;
    let bytes = unescaped(text).or_else(|| value.unescaped())?;
    Some(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// What stands between the quotes, unless it is escaped in other ways than by one letter.
fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
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

/// A number.
pub(super) fn number(value: Value<'_>) -> Option<f64> {
    let text = std::str::from_utf8(value.raw).ok()?;
    text.parse().ok().filter(|number: &f64| number.is_finite() && value.text().is_none())
}

fn owned(rest: &mut Rest) -> &mut Rest {
    if !rest.is_of(OWN) {
        *rest = Rest::of(OWN);
    }
    rest
}
