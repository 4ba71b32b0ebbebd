//! Every entry the fuzz targets use, on bytes nobody would send: nothing panics, ranges fit.

use bytes::Bytes;
use failsoft_wire::sse::Decoder;
use failsoft_wire::{Dialect, Flaw, StreamReader, redact, sniff, with_model};
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
        for dialect in [Dialect::ChatCompletions, Dialect::Messages] {
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
        for dialect in [Dialect::ChatCompletions, Dialect::Messages] {
            if let Some(Flaw::Error(range)) = dialect.read_reply(&body).flaw {
                prop_assert!(body.get(range).is_some_and(|error| !error.is_empty()));
            }
        }
        _ = sniff(&body);
        _ = redact(&String::from_utf8_lossy(&body));
    }

    #[test]
    fn streams(stream in bytes(), size in 1_usize..20, max in 1_usize..200) {
        for dialect in [Dialect::ChatCompletions, Dialect::Messages] {
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
