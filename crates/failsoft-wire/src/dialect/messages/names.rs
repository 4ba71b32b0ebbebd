//! Names and ids in the alphabet of this dialect.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::dialect::names::fingerprint;

/// How a name begins that was written in the dialect's alphabet, so that it can be read back.
const ESCAPED: &str = "fsx_";

/// The longest name of a tool.
const MAX_NAME: usize = 128;

/// A tool's name as the dialect takes it: other characters become `_` and their bytes in
/// hexadecimal, which [`plain`] reads back in the answer.
pub(super) fn tool(name: &str) -> Cow<'_, str> {
    let escaped = id(name);
    if escaped.len() <= MAX_NAME {
        return escaped;
    }
    // Too long to be read back; the fingerprint keeps two such names apart.
    let start: String = escaped.chars().take(MAX_NAME - 17).collect();
    Cow::Owned(format!("{start}_{:016x}", fingerprint(name)))
}

/// An id as the dialect takes it.
pub(super) fn id(id: &str) -> Cow<'_, str> {
    if is_fit(id) { Cow::Borrowed(id) } else { Cow::Owned(escaped(id)) }
}

/// The name or id as it was before [`tool`] or [`id`].
pub(super) fn plain(name: String) -> String {
    let read = name.strip_prefix(ESCAPED).and_then(unescaped);
    // A name that only looks like one of ours stays what it is.
    read.filter(|read| !read.is_empty() && !is_fit(read) && escaped(read) == name).unwrap_or(name)
}

fn is_fit(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(ESCAPED.len() + name.len() + 8);
    out.push_str(ESCAPED);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "_{byte:02x}"); // a string always can be written to
        }
    }
    out
}

fn unescaped(mut rest: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some(first) = rest.bytes().next() {
        if first == b'_' {
            bytes.push(u8::from_str_radix(rest.get(1..3)?, 16).ok()?);
            rest = rest.get(3..)?;
        } else {
            bytes.push(first);
            rest = rest.get(1..)?;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fit_and_can_be_read_back() {
        for name in ["get_weather", "functions.get_weather:0", "wetter-für_日本", "fsx_a", "fsx_"]
        {
            let fit = tool(name);
            assert!(is_fit(&fit), "{fit}");
            assert_eq!(plain(fit.into_owned()), name);
        }
        assert_eq!((tool("a.b"), tool("")), ("fsx_a_2eb".into(), "fsx_".into()));
        assert_eq!(plain("fsx_zz_q1".to_owned()), "fsx_zz_q1");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let [one, two] = ["a", "b"].map(|end| tool(&("x".repeat(200) + end)).into_owned());
        assert_eq!((one.len(), two.len()), (128, 128));
        assert_ne!(one, two);
    }
}
