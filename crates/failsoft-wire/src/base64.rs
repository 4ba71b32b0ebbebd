//! Base64: written in the standard alphabet, read in either.

use std::borrow::Cow;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Padded.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4_usize {
            let index = (bits >> (18 - 6 * at)) as usize & 63;
            text.push(char::from(if at > group.len() { b'=' } else { ALPHABET[index] }));
        }
    }
    text
}

/// Padded or not, white space in it or none; `None` if it is something else.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xff) as u8);
        }
    }
    Some(out)
}

/// The text a base64 text holds, if it is text.
pub(crate) fn decode_text(base64: &str) -> Option<String> {
    String::from_utf8(decode(base64)?).ok()
}

/// Base64 of either alphabet in the standard one: some SDKs write anew what they were given.
pub(crate) fn standard(text: &str) -> Cow<'_, str> {
    match memchr::memchr2(b'-', b'_', text.as_bytes()) {
        Some(_) => Cow::Owned(text.replace('-', "+").replace('_', "/")),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_and_padding_stands_at_the_end() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"a", "YQ=="),
            (b"ab", "YWI="),
            (b"abc", "YWJj"),
            (b"Hello", "SGVsbG8="),
            (b"\xfb\xff\xbf", "+/+/"),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).unwrap(), bytes);
            assert_eq!(decode(text.trim_end_matches('=')).unwrap(), bytes);
        }
        assert_eq!(decode("-_-_").unwrap(), b"\xfb\xff\xbf");
        assert_eq!(decode("YW\nJj").unwrap(), b"abc");
        assert_eq!(standard("a-b_c="), "a+b/c=");
    }

    #[test]
    fn text_is_read_and_bytes_are_not() {
        for (base64, expected) in [
            ("", Some("")),
            ("aGk=", Some("hi")),
            ("8J+YgA==", Some("😀")),
            ("8J-YgA", Some("😀")),
            ("/w==", None),
            ("a b!", None),
        ] {
            assert_eq!(decode_text(base64).as_deref(), expected, "{base64}");
        }
    }
}
