//! Thought signatures: bytes in base64, which the SDKs decode and write anew.

use crate::base64;
use crate::neutral::{Maker, Seal};

/// What Google documents for calls whose signature is gone: it is not checked then.
pub(super) const PLACEHOLDER: &str = "skip_thought_signature_validator";

/// How our mark looks in base64: `fs1.`, up to the last letter that it alone decides.
const MARK: &str = "ZnMxL";

/// A signature as it stands in a request or an answer. Some SDKs write it anew in the other
/// alphabet: what is the same must look the same.
pub(crate) fn read(text: &str) -> Seal {
    let marked = text.strip_prefix(MARK).and_then(|_| base64::decode_text(text));
    match marked {
        Some(marked) => Seal::read(&marked),
        None if text == PLACEHOLDER => Seal { value: text.to_owned(), maker: None },
        None => Seal::read(&base64::standard(text)),
    }
}

/// A signature for a client: base64 as a whole where it carries our mark, for the SDKs decode it.
pub(super) fn for_client(seal: &Seal, maker: Option<Maker>) -> String {
    let seal = Seal { value: seal.value.clone(), maker: maker.or(seal.maker) };
    match seal.maker {
        Some(_) => base64::encode(seal.marked().as_bytes()),
        None => seal.value,
    }
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
            assert_eq!(base64::standard(&sent), sent);
            let made = Seal { maker: Some(maker), ..seal.clone() };
            assert_eq!(read(&sent), made);
            assert_eq!(read(&sent.replace('+', "-").replace('/', "_").replace('=', "")), made);
            assert_eq!(read(&for_client(&seal, None)), seal);
        }
        assert_eq!(read("ZnMxL!").value, "ZnMxL!", "not ours after all");
        assert_eq!(read("a-b_c=").value, "a+b/c=");
        assert_eq!(read(PLACEHOLDER).value, PLACEHOLDER);
    }
}
