//! Ids of calls: unique for all time, later ones greater, short enough to read out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use failsoft_engine::CallId;

/// Crockford's base 32: no letter that looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Hands out ids: 48 bits of milliseconds, 32 of this process, 48 counted.
#[derive(Debug)]
pub(crate) struct CallIds {
    process: u32,
    next: AtomicU64,
}

impl CallIds {
    pub(crate) fn new() -> Self {
        let process = getrandom::u32().unwrap_or_else(|_| std::process::id());
        Self { process, next: AtomicU64::new(0) }
    }

    pub(crate) fn next(&self) -> CallId {
        let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
        let counted = self.next.fetch_add(1, Ordering::Relaxed);
        CallId(
            (millis & 0xffff_ffff_ffff) << 80
                | u128::from(self.process) << 48
                | u128::from(counted),
        )
    }
}

/// The id as clients and operators see it: `call_` and 26 letters and digits.
pub(crate) fn text(call: CallId) -> String {
    let mut text = String::with_capacity(31);
    text.push_str("call_");
    for place in (0..26).rev() {
        let digit = (call.0 >> (place * 5)) & 31;
        text.push(char::from(ALPHABET[usize::try_from(digit).unwrap_or(0)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_and_differ_and_so_do_their_texts() {
        let ids = CallIds::new();
        let seen: Vec<CallId> = (0..100).map(|_| ids.next()).collect();
        let texts: Vec<String> = seen.iter().map(|id| text(*id)).collect();
        assert!(seen.is_sorted() && texts.is_sorted());
        assert!(texts.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(texts.iter().all(|text| text.len() == 31 && text.starts_with("call_")));
    }

    #[test]
    fn a_text_spells_all_128_bits() {
        assert_eq!(text(CallId(0)), "call_00000000000000000000000000");
        assert_eq!(text(CallId(u128::MAX)), "call_7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        assert_eq!(text(CallId(33)), "call_00000000000000000000000011");
    }
}
