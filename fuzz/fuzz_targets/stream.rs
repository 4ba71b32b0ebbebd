//! Streams of both dialects: nothing panics, and a complete stream lacks no end.

#![no_main]

use bytes::Bytes;
use failsoft_wire::sse::Decoder;
use failsoft_wire::{Dialect, Flaw, Meaning, StreamReader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stream: &[u8]| {
    for dialect in Dialect::CLIENTS {
        let mut decoder = Decoder::new(1 << 16);
        let mut reader = StreamReader::new(dialect);
        decoder.push(Bytes::copy_from_slice(stream));
        while let Ok(Some(frame)) = decoder.next_frame() {
            let was_complete = reader.is_complete();
            let meaning = reader.read(&frame);
            assert!(!was_complete || matches!(meaning, Meaning::Closing | Meaning::Filler));
            if let (Meaning::Error, Some(range)) = (meaning, reader.error()) {
                assert!(frame.data().is_some_and(|data| data.get(range).is_some()));
            }
        }
        assert!(!reader.is_complete() || reader.end() != Err(Flaw::NoEnd));
    }
});
