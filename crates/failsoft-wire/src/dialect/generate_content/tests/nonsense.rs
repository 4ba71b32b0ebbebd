//! Bytes nobody would send: nothing panics.

use bytes::Bytes;
use proptest::prelude::*;

use super::super::{
    GenerateReader, decode_call, decode_reply, encode_call, encode_reply, read_reply, read_request,
};
use super::{addressed, destination, events, pieces, presented};
use crate::reply::Flaw;
use crate::sse::Decoder;
use crate::stream::{Meaning, ReadStream as _};

/// Bytes made of what the readers look for.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b",",
        b":",
        b"\\u00",
        b"0",
        b"-1e9",
        b"4294967295",
        b"null",
        b"true",
        b"\n",
        b"data: ",
        b"\n\n",
        b"\"contents\":[{\"role\":\"model\",\"parts\":[",
        b"\"generationConfig\":{",
        b"\"thinkingConfig\":{\"thinkingBudget\":-1",
        b"\"responseSchema\":{\"type\":\"OBJECT\",\"nullable\":true",
        b"\"tools\":[{\"functionDeclarations\":[{",
        b"\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\"",
        b"\"candidates\":[{\"content\":{\"parts\":[",
        b"{\"text\":\"a\"}",
        b"{\"text\":\"\",\"thoughtSignature\":\"ZnMxLg\"}",
        b"{\"functionCall\":{\"name\":\"f\",\"args\":{}}}",
        b"{\"functionResponse\":{\"name\":\"f\",\"response\":{\"result\":1}}}",
        b"{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"\"}}",
        b"{\"fileData\":{\"file_uri\":\"gs://a\"}}",
        b"\"finishReason\":\"STOP\"",
        b"\"finishReason\":7",
        b"\"index\":99999999",
        b"\"usageMetadata\":{\"promptTokenCount\":\"4294967296\"}",
        b"\"groundingMetadata\":{\"groundingSupports\":[{\"segment\":{\"endIndex\":9}",
        b"\"logprobsResult\":{\"chosenCandidates\":[{}]}",
        b"\"promptFeedback\":{\"blockReason\":\"SAFETY\"}",
        b"\"error\":{\"code\":1}",
        b"\xf0\x9f\x98\x80",
        b"\xff",
    ];
    let piece = prop::sample::select(pieces).prop_map(<[u8]>::to_vec);
    let nonsense = prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat());
    prop_oneof![nonsense, nearly_right()]
}

/// What somebody would send, with a few bytes changed.
fn nearly_right() -> impl Strategy<Value = Vec<u8>> {
    let texts: Vec<&str> = vec![
        r#"{"contents":[{"role":"user","parts":[{"text":"a"},{"inline_data":{"mime_type":"a/b","data":"x"}}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"ab"}]},{"parts":{"functionResponse":{"name":"f","response":{"output":"x"}}}}],"system_instruction":{"parts":[{"text":"s"}]},"generationConfig":{"maxOutputTokens":9,"stopSequences":["a"],"responseSchema":{"type":"STRING"}},"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"é","thought":true},{"text":"b","thoughtSignature":"x"},{"functionCall":{"name":"f"}}]},"finishReason":"STOP","groundingMetadata":{"groundingChunks":[{"web":{"uri":"u"}}],"groundingSupports":[{"segment":{"startIndex":1,"endIndex":2},"groundingChunkIndices":[0]}]}}],"usageMetadata":{"promptTokenCount":3},"responseId":"r"}"#,
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\n\ndata: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{}}\n\n",
        r#"[{"error":{"code":429}}]"#,
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

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn requests(body in bytes()) {
        let addressed = addressed("gemini-3-pro");
        let head = read_request(&body, &addressed);
        if let Err(problem) = &head {
            prop_assert!(!problem.to_string().is_empty());
        }
        let call = decode_call(&body, &addressed);
        let encoded = call.ok().and_then(|call| encode_call(&call, &destination("gemini-3-pro")).ok());
        if let Some(encoded) = encoded {
            // What no parser takes whole may be kept as it is.
            prop_assert!(is_json(&encoded.body) || !is_json(&body));
        }
    }

    #[test]
    fn replies(body in bytes()) {
        if let Some(Flaw::Error(range)) = read_reply(&body).flaw {
            prop_assert!(body.get(range).is_some_and(|error| !error.is_empty()));
        }
        if let Ok(reply) = decode_reply(&body) {
            let again = encode_reply(&reply, &presented(None));
            prop_assert!(is_json(&again) || !is_json(&body));
        }
    }

    #[test]
    fn streams(stream in bytes()) {
        let mut decoder = Decoder::new(1 << 16);
        let mut reader = GenerateReader::default();
        decoder.push(Bytes::from(stream.clone()));
        while let Ok(Some(frame)) = decoder.next_frame() {
            let Some(data) = frame.data().map(<[u8]>::trim_ascii_end) else { continue };
            if !data.is_empty() && reader.read(frame.event(), data) == Meaning::Error {
                prop_assert!(reader.end().is_some());
            }
        }
        prop_assert!(!reader.is_complete() || reader.end() != Some(Flaw::NoEnd));
        let deltas = pieces(&stream);
        _ = events(&deltas, None);
    }
}
