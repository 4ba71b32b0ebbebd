//! Thought signatures: bytes in base64, which the SDKs decode and write anew.

use crate::neutral::{Maker, Seal};

/// What Google documents for calls whose signature is gone: it is not checked then.
pub(super) const PLACEHOLDER: &str = "skip_thought_signature_validator";

/// How our mark looks in base64: `fs1.`, up to the last letter that it alone decides.
const MARK: &str = "ZnMxL";

/// A signature as it stands in a request or an answer. Some SDKs write it anew in the other
/// alphabet: what is the same must look the same.
pub(crate) fn read(text: &str) -> Seal {
    let marked = text.strip_prefix(MARK).and_then(|_| String::from_utf8(decode(text)?).ok());
    match marked {
        Some(marked) => Seal::read(&marked),
        None if text == PLACEHOLDER => Seal { value: text.to_owned(), maker: None },
        None => Seal::read(&standard(text.to_owned())),
    }
}

/// Base64 of either alphabet in the standard one.
pub(super) fn standard(text: String) -> String {
    match memchr::memchr2(b'-', b'_', text.as_bytes()) {
        Some(_) => text.replace('-', "+").replace('_', "/"),
        None => text,
    }
}

/// A signature for a client: base64 as a whole where it carries our mark, for the SDKs decode it.
pub(super) fn for_client(seal: &Seal, maker: Option<Maker>) -> String {
    let seal = Seal { value: seal.value.clone(), maker: maker.or(seal.maker) };
    match seal.maker {
        Some(_) => encode(seal.marked().as_bytes()),
        None => seal.value,
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64, standard alphabet, padded.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for letter in 0..4 {
            let index = (bits >> (18 - 6 * letter)) as usize & 63;
            let letter = if letter as usize > group.len() { b'=' } else { ALPHABET[index] };
            out.push(char::from(letter));
        }
    }
    out
}

/// Base64 of either alphabet, padded or not.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut known) = (0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes() {
        let byte = match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => byte,
        };
        let index = ALPHABET.iter().position(|&letter| letter == byte)?;
        bits = bits << 6 | u32::try_from(index).ok()?;
        known += 6;
        if known >= 8 {
            known -= 8;
            out.push(u8::try_from(bits >> known & 0xff).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_seals_are_base64_and_come_back_in_either_alphabet() {
        for value in ["a", "ab?>~", "c2VhbA==", "x+/y", "\u{fe}\u{ff}"] {
            let seal = Seal { value: value.to_owned(), maker: None };
            let maker = Maker(u64::MAX);
            let sent = for_client(&seal, Some(maker));
            assert!(sent.bytes().all(|byte| ALPHABET.contains(&byte) || byte == b'='), "{sent}");
            let made = Seal { maker: Some(maker), ..seal.clone() };
            assert_eq!(read(&sent), made);
            assert_eq!(read(&sent.replace('+', "-").replace('/', "_").replace('=', "")), made);
            assert_eq!(read(&for_client(&seal, None)), seal);
        }
        assert_eq!(read("ZnMxL!").value, "ZnMxL!", "not ours after all");
        assert_eq!(read("a-b_c=").value, "a+b/c=");
        assert_eq!(read(PLACEHOLDER).value, PLACEHOLDER);
        assert_eq!(encode(b"Hello"), "SGVsbG8=");
    }
}
