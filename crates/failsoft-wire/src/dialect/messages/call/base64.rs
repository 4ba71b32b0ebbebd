//! Text documents that came in base64.

/// The bytes of a base64 text, standard or URL alphabet; `None` if it is none.
fn decoded(text: &str) -> Option<Vec<u8>> {
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
            out.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(out)
}

/// The text a base64 text holds, if it is text.
pub(super) fn text(base64: &str) -> Option<String> {
    String::from_utf8(decoded(base64)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_and_bytes_are_not() {
        for (base64, expected) in [
            ("", Some("")),
            ("aGk=", Some("hi")),
            ("aGkh", Some("hi!")),
            ("8J+YgA==", Some("😀")),
            ("8J-YgA", Some("😀")),
            ("/w==", None),
            ("a b!", None),
        ] {
            assert_eq!(text(base64).as_deref(), expected, "{base64}");
        }
    }
}
