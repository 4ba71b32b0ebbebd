//! What failsoft says itself, read back as an SDK reads it.

#![expect(clippy::unwrap_used, reason = "a test")]

use bytes::Bytes;
use failsoft_wire::sse::Decoder;
use failsoft_wire::{
    CannedAnswer, Dialect, ErrorWords, Meaning, ModelEntry, ReplyHead, StreamReader, TokenCount,
};
use serde_json::{Value, json};

const CHAT: Dialect = Dialect::ChatCompletions;
const MESSAGES: Dialect = Dialect::Messages;

const WORDS: ErrorWords<'static> = ErrorWords {
    status: 503,
    code: "overloaded",
    message: "Please \"try\" again",
    param: None,
    call_id: "call-1",
    detail: None,
};

fn value(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn errors_have_the_shape_their_sdks_want() {
    let full = ErrorWords { status: 400, param: Some("stream"), detail: Some("why"), ..WORDS };
    let chat = json!({"error": {"message": WORDS.message, "type": "server_error", "param": null,
        "code": "overloaded", "call_id": "call-1"}});
    assert_eq!(value(&CHAT.error_body(&WORDS)), chat);
    let chat = json!({"error": {"message": WORDS.message, "type": "invalid_request_error",
        "param": "stream", "code": "overloaded", "call_id": "call-1", "detail": "why"}});
    assert_eq!(value(&CHAT.error_body(&full)), chat);
    let messages = json!({"type": "error", "request_id": "call-1", "error": {
        "type": "overloaded_error", "message": WORDS.message, "code": "overloaded",
        "call_id": "call-1"}});
    assert_eq!(value(&MESSAGES.error_body(&WORDS)), messages);
    let messages = json!({"type": "error", "request_id": "call-1", "error": {
        "type": "invalid_request_error", "message": WORDS.message, "code": "overloaded",
        "param": "stream", "call_id": "call-1", "detail": "why"}});
    assert_eq!(value(&MESSAGES.error_body(&full)), messages);
}

#[test]
fn a_status_decides_the_type() {
    for (status, chat, messages) in [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "authentication_error", "authentication_error"),
        (402, "insufficient_quota", "billing_error"),
        (403, "permission_error", "permission_error"),
        (404, "not_found_error", "not_found_error"),
        (409, "conflict_error", "conflict_error"),
        (413, "invalid_request_error", "request_too_large"),
        (422, "invalid_request_error", "invalid_request_error"),
        (429, "rate_limit_error", "rate_limit_error"),
        (500, "server_error", "api_error"),
        (502, "server_error", "api_error"),
        (503, "server_error", "overloaded_error"),
        (504, "timeout_error", "timeout_error"),
        (529, "server_error", "overloaded_error"),
    ] {
        let words = ErrorWords { status, ..WORDS };
        assert_eq!(value(&CHAT.error_body(&words))["error"]["type"], chat, "{status}");
        assert_eq!(value(&MESSAGES.error_body(&words))["error"]["type"], messages, "{status}");
    }
}

#[test]
fn an_error_in_a_stream_is_one_frame_and_no_end() {
    for (dialect, start) in [(CHAT, "data: {"), (MESSAGES, "event: error\ndata: {")] {
        let frame = dialect.error_frame(&WORDS);
        assert!(frame.starts_with(start.as_bytes()));
        let mut decoder = Decoder::new(1 << 20);
        decoder.push(Bytes::from(frame.clone()));
        let read = decoder.next_frame().unwrap().unwrap();
        assert_eq!(read.bytes, frame);
        assert_eq!(value(read.data().unwrap()), value(&dialect.error_body(&WORDS)));
        let mut reader = StreamReader::new(dialect);
        assert_eq!(reader.read(&read), Meaning::Error);
        assert!(!reader.is_complete());
    }
}

#[test]
fn an_operators_answer_is_a_whole_answer() {
    for (dialect, include_usage) in [(CHAT, false), (CHAT, true), (MESSAGES, false)] {
        let answer = CannedAnswer {
            id: "id-1",
            model: "assistant",
            created: 7,
            text: "Später\n\"mehr\"",
            include_usage,
        };
        let reply = dialect.read_reply(&dialect.canned_reply(&answer));
        let model = Some("assistant".to_owned());
        assert_eq!(reply, ReplyHead { flaw: None, model, usage: TokenCount::default() });

        let mut decoder = Decoder::new(1 << 20);
        decoder.push(Bytes::from(dialect.canned_stream(&answer)));
        let mut reader = StreamReader::new(dialect);
        let mut text = String::new();
        while let Some(frame) = decoder.next_frame().unwrap() {
            if reader.read(&frame) == Meaning::Content {
                let data = value(frame.data().unwrap());
                let words = [&data["choices"][0]["delta"]["content"], &data["delta"]["text"]];
                text.extend(words.into_iter().filter_map(Value::as_str));
            }
        }
        assert_eq!(text, answer.text);
        assert!(reader.is_complete());
        assert_eq!(reader.end(), Ok(()));
        assert_eq!(decoder.rest(), "");
    }
}

#[test]
fn canned_streams_have_every_event_in_order() {
    let answer =
        |include_usage| CannedAnswer { id: "i", model: "m", created: 7, text: "hi", include_usage };
    let chunk = |rest: &str| {
        format!(
            r#"data: {{"id":"i","object":"chat.completion.chunk","created":7,"model":"m","choices":{rest}}}"#
        )
    };
    let choice = |delta: &str, finish: &str, usage: &str| {
        chunk(&format!(
            r#"[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]{usage}"#
        ))
    };
    let (role, text) = (r#"{"role":"assistant","content":""}"#, r#"{"content":"hi"}"#);
    let null = r#","usage":null"#;
    let usage = r#"[],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#;
    for (include_usage, expected) in [
        (
            false,
            vec![choice(role, "null", ""), choice(text, "null", ""), choice("{}", "\"stop\"", "")],
        ),
        (
            true,
            vec![
                choice(role, "null", null),
                choice(text, "null", null),
                choice("{}", "\"stop\"", null),
                chunk(usage),
            ],
        ),
    ] {
        let stream = String::from_utf8(CHAT.canned_stream(&answer(include_usage))).unwrap();
        assert_eq!(stream, format!("{}\n\ndata: [DONE]\n\n", expected.join("\n\n")));
    }
    let stream = String::from_utf8(MESSAGES.canned_stream(&answer(false))).unwrap();
    let names = stream.lines().filter_map(|line| line.strip_prefix("event: "));
    let expected = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    let datas = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    let types: Vec<_> = datas.map(|data| value(data.as_bytes())["type"].clone()).collect();
    assert_eq!(types, expected);
    assert!(stream.contains(r#""delta":{"type":"text_delta","text":"hi"}"#));
}

#[test]
fn models_are_listed_in_both_shapes() {
    let models = [
        ModelEntry { id: "assistant", owner: "failsoft", created: 0 },
        ModelEntry { id: "cheap", owner: "failsoft", created: 86_400 },
    ];
    let chat = json!({"object": "list", "data": [
        {"id": "assistant", "object": "model", "created": 0, "owned_by": "failsoft"},
        {"id": "cheap", "object": "model", "created": 86_400, "owned_by": "failsoft"},
    ]});
    assert_eq!(value(&CHAT.models(&models)), chat);
    let messages = json!({"has_more": false, "first_id": "assistant", "last_id": "cheap", "data": [
        {"type": "model", "id": "assistant", "display_name": "assistant",
            "created_at": "1970-01-01T00:00:00Z"},
        {"type": "model", "id": "cheap", "display_name": "cheap",
            "created_at": "1970-01-02T00:00:00Z"},
    ]});
    assert_eq!(value(&MESSAGES.models(&models)), messages);
    let none = json!({"data": [], "has_more": false, "first_id": null, "last_id": null});
    assert_eq!(value(&MESSAGES.models(&[])), none);
}
