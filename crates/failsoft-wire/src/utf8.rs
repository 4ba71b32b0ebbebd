//! Answers that are text to the last byte: SDKs take nothing else.

use bytes::Bytes;

/// The bytes as they are if they are UTF-8, else with U+FFFD for what is not.
#[must_use]
pub fn in_utf8(bytes: Bytes) -> Bytes {
    match std::str::from_utf8(&bytes) {
        Ok(_) => bytes,
        Err(_) => String::from_utf8_lossy(&bytes).into_owned().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_text_is_replaced() {
        for (came, goes) in [
            (&b"gr\xc3\xbcn"[..], "gr\u{fc}n"),
            (b"gr\xfcn", "gr\u{fffd}n"),
            (b"\xe2\x82", "\u{fffd}"),
            (b"", ""),
        ] {
            assert_eq!(in_utf8(Bytes::from_static(came)), goes);
        }
        let valid = Bytes::from_static(b"as it came");
        assert_eq!(in_utf8(valid.clone()).as_ptr(), valid.as_ptr(), "not copied");
    }
}
