//! Replies, and the words taken from them: ranges fit, and no secret's shape is left.

#![no_main]

use failsoft_wire::{Dialect, Flaw, redact, sniff};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for dialect in Dialect::CLIENTS {
        if let Some(Flaw::Error(range)) = dialect.read_reply(body).flaw {
            assert!(body.get(range).is_some_and(|error| !error.is_empty()));
        }
    }
    let _ = sniff(body);
    let words = redact(&String::from_utf8_lossy(body));
    assert!(words.chars().count() <= 500);
    assert!(!words.chars().any(char::is_control));
});
