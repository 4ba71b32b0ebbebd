//! Every entry the fuzz targets use, on bytes nobody would send: nothing panics, ranges fit.

mod records;

use bytes::Bytes;
use failsoft_wire::neutral::Maker;
use failsoft_wire::sse::Decoder;
use failsoft_wire::{
    Addressed, Destination, Dialect, Flaw, FrameDecoder, Presented, StreamReader, StreamTranslator,
    redact, sniff, with_model,
};
use proptest::prelude::*;

/// Bytes made of what the decoders look for.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b",",
        b":",
        b"\\",
        b"\\u006",
        b"0",
        b"-1e9",
        b"null",
        b"true",
        b"\n",
        b"\r",
        b"\n\n",
        b"data: ",
        b"data:",
        b"event: error\n",
        b"event: ",
        b"[DONE]",
        b" ",
        b"\"model\":\"m\"",
        b"\"messages\":[]",
        b"\"max_tokens\":1",
        b"\"stream\":true",
        b"\"choices\":[",
        b"{\"index\":0,\"delta\":{",
        b"\"content\":\"a\"",
        b"\"tool_calls\":[{",
        b"\"function\":{\"name\":\"f\",\"arguments\":\"{",
        b"\"finish_reason\":\"stop\"",
        b"\"error\":",
        b"\"x_groq\":{",
        b"\"usage\":{\"prompt_tokens\":",
        b"\"message\":",
        b"\"type\":\"content_block_delta\"",
        b"\"type\":\"content_block_start\"",
        b"\"content_block\":{\"type\":\"tool_use\"",
        b"\"partial_json\":\"",
        b"\"content\":[",
        b"\"type\":\"message_delta\"",
        b"\"stop_reason\":\"end_turn\"",
        b"\"object\":\"error\"",
        b"\xf0\x9f\x98\x80",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\0",
    ];
    let piece = prop_oneof![
        9 => prop::sample::select(pieces).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    let nonsense = prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat());
    prop_oneof![nonsense, nearly_right()]
}

/// What somebody would send, with a few bytes changed.
fn nearly_right() -> impl Strategy<Value = Vec<u8>> {
    let texts: Vec<&str> = vec![
        r#"{"model":"a\u0062","messages":[{"role":"user","content":"\"x\""}],"max_tokens":9}"#,
        r#"{"choices":[{"index":0,"message":{"content":"a","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":3}}"#,
        r#"{"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn"}"#,
        r#"[{"error":{"code":429,"message":"m"}}]"#,
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: [DONE]\r\r",
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"m\"}}\n\ndata: {\"type\":\"error\",\"error\":{}}\n\n",
    ];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (prop::sample::select(texts), edits).prop_map(|(text, edits)| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn requests(body in bytes()) {
        for dialect in [Dialect::ChatCompletions, Dialect::Messages, Dialect::Responses] {
            match dialect.read_request(&body, None) {
                Ok(head) => {
                    let body = Bytes::from(body.clone());
                    let span = &body[head.model_span.clone().unwrap()];
                    prop_assert_eq!(serde_json::from_slice::<String>(span).unwrap(), head.model);
                    let other = with_model(&body, &head.model_span.clone().unwrap(), "n").concat();
                    let reread = dialect.read_request(&other, None).unwrap();
                    prop_assert_eq!(reread.model, "n");
                }
                Err(problem) => prop_assert!(!problem.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn replies(body in bytes()) {
        for dialect in Dialect::TARGETS {
            if let Some(Flaw::Error(range)) = dialect.read_reply(&body).flaw {
                prop_assert!(body.get(range).is_some_and(|error| !error.is_empty()));
            }
        }
        _ = sniff(&body);
        _ = redact(&String::from_utf8_lossy(&body));
    }

    #[test]
    fn streams(stream in bytes(), size in 1_usize..20, max in 1_usize..200) {
        for dialect in Dialect::TARGETS {
            let mut decoder = Decoder::new(max);
            let mut reader = StreamReader::new(dialect);
            'stream: for chunk in stream.chunks(size) {
                decoder.push(Bytes::copy_from_slice(chunk));
                loop {
                    match decoder.next_frame() {
                        Ok(Some(frame)) => _ = reader.read(&frame),
                        Ok(None) => break,
                        Err(_) => break 'stream,
                    }
                }
            }
            prop_assert!(!reader.is_complete() || !matches!(reader.end(), Err(Flaw::NoEnd)));
            _ = decoder.unfinished();
        }
    }
}

/// Recorded bodies with a few bytes changed, or words for them where there are none.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let records = records::all().unwrap_or_default().iter();
    let bodies =
        records.flat_map(|record| record.request.as_deref().into_iter().chain([&*record.body]));
    let mut bodies: Vec<&'static [u8]> = bodies.filter(|body| body.len() < 4_000).collect();
    bodies.push(br#"{"model":"m","messages":[{"role":"user","content":"Hello"}]}"#);
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let ways = (prop::sample::select(bodies), edits, any::<prop::sample::Index>(), 0..4_u8);
    ways.prop_map(|(body, edits, end, way)| {
        let mut bytes = body.to_vec();
        for (at, byte) in edits {
            if let Some(at) = bytes.len().checked_sub(1).map(|last| at.index(last + 1)) {
                bytes[at] = byte;
            }
        }
        if way == 0 {
            bytes.truncate(end.index(bytes.len() + 1));
        }
        bytes
    })
}

fn presented() -> Presented {
    Presented {
        id: "1".to_owned(),
        model: "m".to_owned(),
        created: 0,
        include_usage: true,
        maker: Some(Maker(7)),
    }
}

/// Reads a body as a call and as an answer of every dialect, and writes both in every other one.
/// What is written is JSON.
fn translate_whole(body: &[u8]) {
    let addressed = Addressed { model: "m".to_owned(), stream: false };
    let to = Destination {
        model: "m",
        maker: Maker(7),
        max_output: None,
        follows_schemas: true,
        marks_prefill: failsoft_wire::PrefillMark::None,
    };
    for from in Dialect::TARGETS {
        let call = from.decode_call(body, Some(&addressed)).ok();
        let reply = from.decode_reply(body).ok();
        for target in Dialect::TARGETS {
            let written = call.as_ref().and_then(|call| target.encode_call(call, &to).ok());
            let told = reply.as_ref().map(|reply| target.encode_reply(reply, &presented()));
            for json in written.map(|encoded| encoded.body).into_iter().chain(told) {
                let parsed = serde_json::from_slice::<serde::de::IgnoredAny>(&json);
                let json = String::from_utf8_lossy(&json);
                assert!(parsed.is_ok(), "{from} to {target}: {parsed:?}: {json}");
            }
        }
    }
}

/// Translates a stream between every pair. What is written are whole frames.
fn translate_stream(stream: &[u8]) {
    for from in Dialect::TARGETS {
        let mut decoder = FrameDecoder::new(from, 1 << 16);
        decoder.push(Bytes::copy_from_slice(stream));
        let frames: Vec<_> = std::iter::from_fn(|| decoder.next_frame().ok().flatten()).collect();
        for to in Dialect::TARGETS {
            let (mut translator, mut out) =
                (StreamTranslator::new(from, to, presented()), Vec::new());
            frames.iter().for_each(|frame| translator.frame(frame, &mut out));
            translator.end(&mut out);
            let mut written = FrameDecoder::new(to, 1 << 24);
            let mut rest = out.len();
            written.push(out.into());
            while let Some(frame) = written.next_frame().expect("frames are well made") {
                rest -= frame.bytes.len();
            }
            assert_eq!(rest, 0, "{from} to {to}: bytes after the last frame");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn translations_of_any_bytes(body in bytes()) {
        translate_whole(&body);
        translate_stream(&body);
    }

    #[test]
    fn translations_of_mutated_bodies(body in mutated()) {
        translate_whole(&body);
        translate_stream(&body);
    }
}
