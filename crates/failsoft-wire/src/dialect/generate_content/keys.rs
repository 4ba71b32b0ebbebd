//! Keys, which come in two spellings, and members that are kept for the way back.

use std::borrow::Cow;

use crate::Dialect;
use crate::neutral::Rest;
use crate::write::Writer;

/// This dialect.
pub(super) const HERE: Dialect = Dialect::GenerateContent;

/// Before the keys of members that stand one level further down, e.g. in `generationConfig`.
const INSIDE: &str = ".";

/// A key as it is written here: `max_output_tokens` means `maxOutputTokens`.
pub(super) fn camel(key: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'_', key).is_none() {
        return Cow::Borrowed(key);
    }
    let mut out = Vec::with_capacity(key.len());
    let mut is_upper = false;
    for &byte in key {
        if byte == b'_' {
            is_upper = !out.is_empty();
        } else {
            out.push(if is_upper { byte.to_ascii_uppercase() } else { byte });
            is_upper = false;
        }
    }
    Cow::Owned(out)
}

/// Keeps a member of an object one level further down.
pub(super) fn keep_inside(rest: &mut Rest, key: &[u8], raw: &[u8]) {
    rest.keep(&[INSIDE.as_bytes(), key].concat(), raw);
}

/// Writes what was kept of an object itself.
pub(super) fn write_outside(object: &mut Writer<'_>, rest: &Rest) {
    for (key, json) in rest.members_for(HERE) {
        if !key.starts_with(INSIDE) {
            object.as_written(key.as_bytes(), json.as_str());
        }
    }
}

/// Writes what was kept of the object one level further down.
pub(super) fn write_inside(object: &mut Writer<'_>, rest: &Rest) {
    for (key, json) in rest.members_for(HERE) {
        let inside = key.strip_prefix(INSIDE).filter(|key| !key.starts_with(INSIDE));
        if let Some(key) = inside {
            object.as_written(key.as_bytes(), json.as_str());
        }
    }
}

/// Whether a member of the object one level further down was kept, in either spelling.
pub(super) fn has_inside(rest: &Rest, key: &str) -> bool {
    rest.members_for(HERE).iter().any(|(known, _)| {
        known.strip_prefix(INSIDE).is_some_and(|known| *camel(known.as_bytes()) == *key.as_bytes())
    })
}

/// Whether a member was kept, in either spelling.
pub(super) fn has_outside(rest: &Rest, key: &str) -> bool {
    rest.members_for(HERE).iter().any(|(known, _)| *camel(known.as_bytes()) == *key.as_bytes())
}

/// Whether anything was kept of the object one level further down.
pub(super) fn has_any_inside(rest: &Rest) -> bool {
    rest.members_for(HERE).iter().any(|(key, _)| key.starts_with(INSIDE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_key_mean_the_same() {
        for (key, expected) in [
            ("maxOutputTokens", "maxOutputTokens"),
            ("max_output_tokens", "maxOutputTokens"),
            ("text", "text"),
            ("_x", "x"),
            ("a__b_", "aB"),
            ("", ""),
        ] {
            assert_eq!(*camel(key.as_bytes()), *expected.as_bytes(), "{key}");
        }
    }
}
