//! Frames cut from chunks, checked, and written.

use super::*;

/// A recorded event, and two failures as the service's own library writes them.
const START: &str = "0000008e00000052ee91e1420b3a6576656e742d7479706507000c6d657373616765537461727\
    40d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970\
    650700056576656e747b2270223a226162636465666768696a6b6c6d6e6f7071222c22726f6c65223a22617373697\
    374616e74227df450ac95";
const EXCEPTION: &str = "00000090000000618e91a9b70d3a6d6573736167652d74797065070009657863657074696\
    f6e0f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e7465\
    6e742d747970650700106170706c69636174696f6e2f6a736f6e7b226d657373616765223a22546f6f206d616e792\
    07265717565737473227d9d6b6211";
const ERROR: &str = "000000750000006569c825010d3a6d6573736167652d747970650700056572726f720b3a65727\
    26f722d636f646507000d496e7465726e616c4572726f720e3a6572726f722d6d657373616765070021416e20696e\
    7465726e616c20736572766572206572726f72206f6363757272656444197ec0";

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    hex.as_bytes().chunks(2).map(byte).collect()
}

fn all() -> Vec<u8> {
    [START, EXCEPTION, ERROR].map(bytes).concat()
}

fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, Decoder) {
    let mut decoder = Decoder::new(1 << 20);
    let mut frames = Vec::new();
    for chunk in chunks {
        decoder.push(Bytes::copy_from_slice(chunk));
        while let Some(frame) = decoder.next_frame().unwrap() {
            frames.push(frame);
        }
    }
    (frames, decoder)
}

#[test]
fn frames_tell_their_event_and_its_data() {
    let all = all();
    let (frames, decoder) = decode([all.as_slice()]);
    let read: Vec<_> = frames
        .iter()
        .map(|frame| {
            [frame.event(), frame.data()].map(|text| str::from_utf8(text.unwrap()).unwrap())
        })
        .collect();
    assert_eq!(
        read,
        [
            ["messageStart", r#"{"p":"abcdefghijklmnopq","role":"assistant"}"#],
            [
                "throttlingException",
                r#"{"__type":"throttlingException","message":"Too many requests"}"#
            ],
            [
                "InternalError",
                r#"{"__type":"InternalError","message":"An internal server error occurred"}"#
            ],
        ]
    );
    assert!(decoder.is_empty());
    let joined: Vec<u8> = frames.iter().flat_map(|frame| frame.bytes.to_vec()).collect();
    assert_eq!(joined, all);
}

#[test]
fn frames_cut_anywhere_are_the_same() {
    let all = all();
    let (whole, _) = decode([all.as_slice()]);
    for size in 1..all.len() {
        assert_eq!(decode(all.chunks(size)).0, whole, "chunks of {size}");
    }
    for cut in 0..all.len() {
        let (first, last) = all.split_at(cut);
        assert_eq!(decode([first, last]).0, whole, "cut at {cut}");
        let (_, decoder) = decode([first]);
        let is_between = [0, 142, 286].contains(&cut);
        assert_eq!(decoder.is_empty(), is_between, "cut short at {cut}");
    }
}

#[test]
fn a_changed_bit_never_passes() {
    let frame = bytes(START);
    for at in 0..frame.len() * 8 {
        let mut changed = frame.clone();
        changed[at / 8] ^= 1 << (at % 8);
        let mut decoder = Decoder::new(1 << 20);
        decoder.push(changed.into());
        assert_eq!(decoder.next_frame(), Err(FrameFault::Corrupt), "bit {at}");
        decoder.push(frame.clone().into());
        assert_eq!(decoder.next_frame(), Err(FrameFault::Corrupt), "it stays broken");
    }
}

/// A frame with these lengths and right checksums.
fn frame(total: u32, headers: u32, rest: &[u8]) -> Vec<u8> {
    let mut frame = [total, headers].map(u32::to_be_bytes).concat();
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame.extend(rest);
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame
}

#[test]
fn lengths_that_cannot_be_and_frames_too_long_are_told_apart() {
    for (name, frame, expected) in [
        ("empty", frame(16, 0, b""), Ok(true)),
        ("too short for its checksum", frame(15, 0, b""), Err(FrameFault::Corrupt)),
        ("more headers than frame", frame(20, 5, b"abcd"), Err(FrameFault::Corrupt)),
        ("too many headers", frame(1 << 20, 200_000, b""), Err(FrameFault::Corrupt)),
        ("longer than allowed", frame(5_000, 0, b""), Err(FrameFault::TooLong)),
        ("not whole yet", frame(5_000, 0, b"")[..11].to_vec(), Ok(false)),
        ("a header that breaks off", frame(20, 4, b"\x09abc"), Err(FrameFault::Corrupt)),
        ("a header of no known kind", frame(19, 3, b"\x01a\x0b"), Err(FrameFault::Corrupt)),
        ("other kinds of headers", frame(29, 13, b"\x01a\x00\x01b\x04\0\0\0\0\x01c\x01"), Ok(true)),
        ("text", b"HTTP/1.1 502 Bad Gateway".to_vec(), Err(FrameFault::Corrupt)),
    ] {
        let mut decoder = Decoder::new(4_096);
        decoder.push(frame.into());
        assert_eq!(decoder.next_frame().map(|frame| frame.is_some()), expected, "{name}");
    }
}

#[test]
fn what_is_written_is_read() {
    let mut stream = Vec::new();
    push_event(&mut stream, "messageStop", |out| out.extend(br#"{"stopReason":"end_turn"}"#));
    push_event(&mut stream, "metadata", |out| out.extend(b"{}"));
    let (frames, _) = decode([stream.as_slice()]);
    let events: Vec<_> = frames.iter().map(|frame| (frame.event(), frame.data())).collect();
    assert_eq!(
        events,
        [
            (Some(&b"messageStop"[..]), Some(&br#"{"stopReason":"end_turn"}"#[..])),
            (Some(b"metadata"), Some(b"{}")),
        ]
    );
}

#[test]
fn a_failure_keeps_what_was_said_of_it() {
    for (said, expected) in [
        (
            r#"{"originalStatusCode":400,"__type":"x","message":"a \"b\""}"#,
            r#"{"__type":"k","originalStatusCode":400,"message":"a \"b\""}"#,
        ),
        ("", r#"{"__type":"k","message":""}"#),
        ("words \"of\" it", r#"{"__type":"k","message":"words \"of\" it"}"#),
        ("{broken", r#"{"__type":"k","message":"{broken"}"#),
        ("{}", r#"{"__type":"k"}"#),
    ] {
        assert_eq!(failure(b"k", said.as_bytes()), expected.as_bytes());
    }
}
