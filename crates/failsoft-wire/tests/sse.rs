//! The SSE codec: bytes are kept, cuts do not matter, limits hold.

#![expect(clippy::unwrap_used, reason = "a test")]

use bytes::Bytes;
use failsoft_wire::sse::{Data, Decoder, Frame, TooLong};
use proptest::prelude::*;

/// Everything a decoder gives for these chunks.
fn decode(
    max: usize,
    chunks: impl IntoIterator<Item = Bytes>,
) -> (Vec<Frame>, Result<Bytes, TooLong>) {
    let mut decoder = Decoder::new(max);
    let mut frames = Vec::new();
    for chunk in chunks {
        decoder.push(chunk);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(TooLong) => return (frames, Err(TooLong)),
            }
        }
    }
    (frames, Ok(decoder.rest()))
}

fn text(bytes: Option<&[u8]>) -> Option<&str> {
    bytes.map(|bytes| std::str::from_utf8(bytes).unwrap())
}

#[test]
fn fields_are_read_as_the_standard_says() {
    for (stream, event, data) in [
        ("data: a\n\n", None, Some("a")),
        ("data:a\n\n", None, Some("a")),
        ("data:  a\n\n", None, Some(" a")),
        ("data: a\r\n\r\n", None, Some("a")),
        ("data: a\r\r", None, Some("a")),
        ("\u{feff}data: a\n\n", None, Some("a")),
        ("data: a\ndata:b\ndata:  c\n\n", None, Some("a\nb\n c")),
        ("data: a\r\ndata: b\r\n\r\n", None, Some("a\nb")),
        ("data\n\n", None, Some("")),
        ("data:\ndata:\n\n", None, Some("\n")),
        ("event: ping\ndata: {}\n\n", Some("ping"), Some("{}")),
        ("event: a\nevent: b\n\n", Some("b"), None),
        ("event\ndata: x\n\n", Some(""), Some("x")),
        (": OPENROUTER PROCESSING\n\n", None, None),
        (":\n\n", None, None),
        ("id: 1\nretry: 5\nunknown: 7\n\n", None, None),
        ("database: x\n\n", None, None),
        (" data: x\n\n", None, None),
        ("\n", None, None),
        ("data: grüße 😀\n\n", None, Some("grüße 😀")),
    ] {
        let (frames, rest) = decode(1 << 20, [Bytes::from(stream)]);
        assert_eq!(frames.len(), 1, "{stream:?}");
        assert_eq!(rest.unwrap(), "", "{stream:?}");
        assert_eq!(frames[0].bytes, stream);
        assert_eq!(text(frames[0].event()), event, "{stream:?}");
        assert_eq!(text(frames[0].data()), data, "{stream:?}");
    }
}

#[test]
fn frames_end_at_their_blank_line_however_it_is_written() {
    let cases: [(&str, &[&str], &str); 8] = [
        ("data: a\n\ndata: b\n\n", &["data: a\n\n", "data: b\n\n"], ""),
        ("data: a\r\n\r\ndata: b", &["data: a\r\n\r\n"], "data: b"),
        ("data: a\r\rdata: b\r\r", &["data: a\r\r", "data: b\r\r"], ""),
        ("data: a\n\n\n\n: c\n\n", &["data: a\n\n", "\n", "\n", ": c\n\n"], ""),
        ("data: a\n\r\ndata: b\n\n", &["data: a\n\r", "\ndata: b\n\n"], ""),
        ("data: a\r\r\ndata: b\r\r", &["data: a\r\r", "\ndata: b\r\r"], ""),
        ("data: a\r\n\n", &["data: a\r\n\n"], ""),
        ("data: a\r\n\r", &[], "data: a\r\n\r"),
    ];
    for (stream, expected, expected_rest) in cases {
        for cut in 0..=stream.len() {
            let stream = Bytes::from(stream);
            let (frames, rest) = decode(99, [stream.slice(..cut), stream.slice(cut..)]);
            let frames: Vec<_> = frames.into_iter().map(|frame| frame.bytes).collect();
            assert_eq!(frames, expected, "{stream:?} cut at {cut}");
            assert_eq!(rest.unwrap(), expected_rest, "{stream:?} cut at {cut}");
        }
    }
}

#[test]
fn a_frame_is_never_kept_back_where_lines_end_in_cr() {
    let mut decoder = Decoder::new(99);
    for chunk in ["data: a\r", "\r"] {
        decoder.push(chunk.into());
    }
    assert_eq!(decoder.next_frame().unwrap().unwrap().bytes, "data: a\r\r");
}

#[test]
fn a_frame_within_a_chunk_is_a_slice_of_it() {
    let chunk = Bytes::from("data: a\n\ndata: b\n\n");
    let mut decoder = Decoder::new(99);
    decoder.push(chunk.clone());
    for expected in [&chunk[..9], &chunk[9..]] {
        let frame = decoder.next_frame().unwrap().unwrap();
        assert_eq!(frame.bytes.as_ptr(), expected.as_ptr());
        assert!(matches!(frame.data, Data::Line(_)));
    }
}

#[test]
fn chunks_pushed_without_taking_frames_stay_in_order() {
    let mut decoder = Decoder::new(99);
    for chunk in ["data: a\n\nda", "ta: b\n", "\ndata"] {
        decoder.push(chunk.into());
    }
    assert_eq!(decoder.next_frame().unwrap().unwrap().bytes, "data: a\n\n");
    assert_eq!(decoder.next_frame().unwrap().unwrap().bytes, "data: b\n\n");
    assert_eq!(decoder.next_frame().unwrap(), None);
    assert_eq!(text(decoder.unfinished().unwrap().data()), Some(""));
    assert_eq!(decoder.rest(), "data");
}

#[test]
fn last_lines_can_be_read_without_their_blank_line() {
    let mut decoder = Decoder::new(99);
    decoder.push("data: a\n\nevent: x\ndata: [DONE]".into());
    while decoder.next_frame().unwrap().is_some() {}
    let last = decoder.unfinished().unwrap();
    assert_eq!((text(last.event()), text(last.data())), (Some("x"), Some("[DONE]")));
    assert!(Decoder::new(9).unfinished().is_none());
}

#[test]
fn a_frame_over_the_limit_ends_the_stream() {
    for chunk in [1, 3, 100] {
        let stream = Bytes::from("data: a\n\ndata: too long\n\ndata: b\n\n");
        let chunks = (0..stream.len()).step_by(chunk);
        let chunks = chunks.map(|at| stream.slice(at..(at + chunk).min(stream.len())));
        let (frames, end) = decode(9, chunks);
        assert_eq!(frames.len(), 1);
        assert_eq!(end, Err(TooLong));
    }
    let mut decoder = Decoder::new(3);
    decoder.push("data".into());
    assert_eq!(decoder.next_frame(), Err(TooLong));
    decoder.push("\n\n".into());
    assert_eq!(decoder.next_frame(), Err(TooLong));
}

/// Streams of pieces that are likely to matter.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\n\r\n",
        b"\r\r",
        b"data: x",
        b"data:",
        b"event: e",
        b": c",
        b"data: {\"a\":1}\n\n",
        b"\xef\xbb\xbf",
        b"\xf0\x9f\x98\x80",
        b"\xff",
        b"d",
        b"\0",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..40).prop_map(|pieces| pieces.concat())
}

/// Cuts bytes into chunks of these sizes, over and over.
fn cut(bytes: &[u8], sizes: &[usize]) -> Vec<Bytes> {
    let mut left = Bytes::copy_from_slice(bytes);
    let mut sizes = sizes.iter().cycle();
    let mut chunks = Vec::new();
    while !left.is_empty() {
        let size = sizes.next().map_or(left.len(), |&size| size.min(left.len()));
        chunks.push(left.split_to(size));
    }
    chunks
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_frames(
        stream in stream(),
        sizes in prop::collection::vec(1_usize..12, 1..6),
        max in prop_oneof![Just(1 << 20), 1_usize..40],
    ) {
        let whole = decode(max, [Bytes::from(stream.clone())]);
        prop_assert_eq!(&decode(max, cut(&stream, &sizes)), &whole);
        let (frames, rest) = whole;
        if let Ok(rest) = rest {
            let frames = frames.iter().flat_map(|frame| frame.bytes.to_vec());
            prop_assert_eq!(frames.chain(rest.to_vec()).collect::<Vec<_>>(), stream);
        }
    }

    #[test]
    fn frames_written_one_by_one_come_back_one_by_one(
        lines in prop::collection::vec("[^\r\n]{0,20}", 1..10),
        ending in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        sizes in prop::collection::vec(1_usize..12, 1..6),
    ) {
        let frame = |line: &String| format!("event: e{ending}data: {line}{ending}{ending}");
        let stream: String = lines.iter().map(frame).collect();
        let (frames, rest) = decode(1 << 20, cut(stream.as_bytes(), &sizes));
        prop_assert_eq!(rest.unwrap(), "");
        prop_assert_eq!(frames.len(), lines.len());
        for (frame, line) in frames.iter().zip(&lines) {
            prop_assert_eq!(text(frame.data()), Some(line.as_str()));
            prop_assert_eq!(text(frame.event()), Some("e"));
        }
    }
}
