//! Bytes nobody would send: nothing panics, and what is written is JSON.

use proptest::prelude::*;

use super::{OWN, encoded, frames, presented};
use crate::{Flaw, StreamReader, StreamTranslator};

/// Bytes made of what the decoders look for.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&str> = vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "\\",
        "\\ud800",
        "0",
        "-1e9",
        "null",
        "true",
        "\n\n",
        "data: ",
        "event: error\n",
        "[DONE]",
        "\"model\":\"m\"",
        "\"input\":[",
        "\"type\":",
        "\"message\"",
        "\"role\":\"assistant\"",
        "\"content\":[",
        "\"output_text\"",
        "\"text\":\"a\"",
        "\"function_call\"",
        "\"reasoning\"",
        "\"encrypted_content\":\"#a#b\"",
        "\"summary\":[",
        "\"output\":[",
        "\"tools\":[",
        "\"response\":{",
        "\"item\":{",
        "\"output_index\":",
        "\"sequence_number\":9",
        "\"delta\":\"x\"",
        "\"response.output_text.delta\"",
        "\"response.output_item.done\"",
        "\"response.completed\"",
        "\"error\":",
        "\u{1f600}",
    ];
    let piece = prop_oneof![
        9 => prop::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    let nonsense = prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat());
    prop_oneof![nonsense, nearly_right()]
}

/// What somebody would send, with a few bytes changed.
fn nearly_right() -> impl Strategy<Value = Vec<u8>> {
    let texts: Vec<&str> = vec![
        r#"{"model":"m","input":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"data:image/png;base64,AA"}]},{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"call.x"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"x"},{"type":"message","id":"m","role":"assistant","content":[{"type":"output_text","text":"a","annotations":[]},{"type":"refusal","refusal":"b"}]}],"tools":[{"type":"custom","name":"c"},{"type":"web_search"}],"text":{"format":{"type":"json_schema","name":"n","schema":{}}},"include":["a"],"reasoning":{"effort":"low"}}"#,
        r#"{"object":"response","status":"completed","output":[{"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"t"}]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a","logprobs":[{"token":"a"}],"annotations":[{"type":"url_citation","url":"u"}]}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}],"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":1}}}"#,
        "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"},\"sequence_number\":0}\n\ndata: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\"}}\n\ndata: {\"type\":\"response.output_text.delta\",\"output_index\":1,\"content_index\":0,\"delta\":\"a\"}\n\ndata: {\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":\"function_call\",\"arguments\":\"{}\"}}\n\ndata: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[]}}\n\n",
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
    crate::scan::is_json(bytes) && std::str::from_utf8(bytes).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn requests(body in bytes()) {
        let _ = OWN.read_request(&body, None);
        if let Ok(call) = OWN.decode_call(&body, None) {
            prop_assert!(is_json(&encoded(&call).unwrap().body));
        }
    }

    #[test]
    fn replies(body in bytes()) {
        if let Some(Flaw::Error(range)) = OWN.read_reply(&body).flaw {
            prop_assert!(body.get(range).is_some_and(|error| !error.is_empty()));
        }
        if let Ok(reply) = OWN.decode_reply(&body) {
            prop_assert!(is_json(&OWN.encode_reply(&reply, &presented(None))));
        }
    }

    #[test]
    fn streams(stream in bytes()) {
        let mut reader = StreamReader::new(OWN);
        let mut translator = StreamTranslator::new(OWN, OWN, presented(None));
        let mut out = Vec::new();
        for frame in frames(&stream) {
            if reader.read(&frame) == crate::Meaning::Error {
                let error = reader.error().unwrap_or_default();
                prop_assert!(frame.data().unwrap().get(error).is_some());
            }
            translator.frame(&frame, &mut out);
        }
        translator.end(&mut out);
        prop_assert!(!reader.is_complete() || !matches!(reader.end(), Err(Flaw::NoEnd)));
        for frame in frames(&out) {
            prop_assert!(is_json(frame.data().unwrap()));
        }
    }
}
