//! Frames: the same however the bytes are cut, and joined they are the bytes.

#![no_main]

use bytes::Bytes;
use failsoft_wire::sse::{Decoder, Frame};
use libfuzzer_sys::fuzz_target;

fn decode(chunks: impl IntoIterator<Item = Bytes>) -> Option<(Vec<Frame>, Bytes)> {
    let mut decoder = Decoder::new(4096);
    let mut frames = Vec::new();
    for chunk in chunks {
        decoder.push(chunk);
        while let Some(frame) = decoder.next_frame().ok()? {
            frames.push(frame);
        }
    }
    Some((frames, decoder.rest()))
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, stream) = input;
    let stream = Bytes::copy_from_slice(stream);
    let whole = decode([stream.clone()]);
    let chunks = stream.chunks(usize::from(size).max(1)).map(Bytes::copy_from_slice);
    assert_eq!(decode(chunks), whole);
    if let Some((frames, rest)) = whole {
        let mut joined: Vec<u8> = frames.iter().flat_map(|frame| frame.bytes.to_vec()).collect();
        joined.extend_from_slice(&rest);
        assert_eq!(joined, stream);
    }
});
