//! Names and ids that fit what a dialect takes.

use std::borrow::Cow;

/// What a schema is called that has no name.
const ANSWER: &str = "answer";

/// A fingerprint and what stands before it.
const TAIL: usize = 17;

/// FNV-1a: the same on every machine and in every version.
pub(super) fn fingerprint(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// A name of at most so many letters, all of them allowed. Of one that does not fit, the beginning
/// and a fingerprint of all of it: equal names stay equal, and others do not meet.
pub(super) fn fitted(name: &str, most: usize, is_allowed: fn(char) -> bool) -> Cow<'_, str> {
    if !name.is_empty() && name.chars().count() <= most && name.chars().all(is_allowed) {
        return Cow::Borrowed(name);
    }
    let plain = |letter: char| if is_allowed(letter) { letter } else { '_' };
    let start: String = name.chars().take(most.saturating_sub(TAIL)).map(plain).collect();
    Cow::Owned(format!("{start}_{:016x}", fingerprint(name)))
}

/// Letters and digits of ASCII, `_` and `-`: what every dialect takes in names.
pub(super) const fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')
}

/// The name of the answer's schema: up to 64 plain letters.
pub(super) fn of_schema(name: Option<&str>) -> String {
    let plain = |letter: char| if is_plain(letter) { letter } else { '_' };
    let name: String = name.unwrap_or_default().chars().take(64).map(plain).collect();
    if name.is_empty() { ANSWER.to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_stay_apart() {
        assert_eq!(fitted("call_1-a", 40, is_plain), "call_1-a");
        let long = "x".repeat(41);
        for (one, other) in [("ä", "ö"), (long.as_str(), "x"), ("", "a b"), ("a.b", "a_b")] {
            let (one, other) = (fitted(one, 40, is_plain), fitted(other, 40, is_plain));
            assert_ne!(one, other);
            assert!(one.len() <= 40 && one.chars().all(is_plain), "{one}");
        }
        assert_eq!(of_schema(Some("my schema")), "my_schema");
        assert_eq!(of_schema(None), "answer");
    }
}
