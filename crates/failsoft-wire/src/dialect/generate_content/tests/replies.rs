//! Answers, plain and streamed: which are successes, what they say, and what failsoft says itself.

use serde_json::{Value, json};

use super::super::{
    GenerateReader, canned_reply, canned_stream, decode_reply, encode_reply, error_body,
    error_frame, models, read_reply,
};
use super::{MAKER, assembled, events, pieces, presented};
use crate::neutral::{
    Choice, Citation, Delta, Maker, Part, Reply, Rest, Seal, Stop, StopReason, ToolCall, Usage,
    deltas,
};
use crate::render::{CannedAnswer, ErrorWords, ModelEntry};
use crate::reply::{Flaw, TokenCount};
use crate::stream::{Meaning, ReadStream as _};

fn candidate(parts: &str, finish: &str) -> String {
    let finish =
        if finish.is_empty() { String::new() } else { format!(",\"finishReason\":{finish}") };
    format!(r#"{{"candidates":[{{"content":{{"parts":[{parts}],"role":"model"}}{finish}}}]}}"#)
}

#[test]
fn honest_answers_are_flawless() {
    for (parts, finish) in [
        (r#"{"text":"hi"}"#, r#""STOP""#),
        (r#"{"text":"hi"}"#, "1"),
        (r#"{"text":"hi"}"#, ""),
        (r#"{"text":"hm","thought":true}"#, r#""STOP""#),
        (r#"{"functionCall":{"name":"f"}}"#, r#""STOP""#),
        (r#"{"functionCall":{"name":"f","args":{}},"thoughtSignature":"QQ"}"#, r#""STOP""#),
        (r#"{"inlineData":{"mimeType":"image/png","data":"QQ=="}}"#, r#""STOP""#),
        (r#"{"executableCode":{"code":"1"}}"#, r#""STOP""#),
        ("", r#""MAX_TOKENS""#),
        ("", r#""CONTINUATION""#),
        (r#"{"text":"hi"}"#, r#""SOMETHING_NEW""#),
    ] {
        assert_eq!(read_reply(candidate(parts, finish).as_bytes()).flaw, None, "{parts} {finish}");
    }
    let cut = r#"{"candidates":[{"finishReason":"MAX_TOKENS","index":0}],"modelVersion":"m"}"#;
    assert_eq!(read_reply(cut.as_bytes()).flaw, None);
}

#[test]
fn answers_that_are_none_are_told_apart() {
    let broken_off = |reason: &str| Flaw::BrokenOff(reason.to_owned());
    let error = r#"{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#;
    let flat = r#"{"message":"m","status":"NOT_FOUND"}"#;
    for (body, expected) in [
        (error, Flaw::Error(0..error.len())),
        (flat, Flaw::Error(0..flat.len())),
        (r#"[{"error":{"code":429}}]"#, Flaw::Error(1..23)),
        (r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#, broken_off("SAFETY")),
        (r#"{"promptFeedback":{"block_reason":"OTHER"}}"#, broken_off("BLOCKED")),
        ("", Flaw::Truncated),
        (r#"{"candidates":[{"content":"#, Flaw::Truncated),
        ("<html>", Flaw::NotJson),
        ("[]", Flaw::WrongShape),
        (r#"{"usageMetadata":{}}"#, Flaw::WrongShape),
        (r#"{"candidates":{}}"#, Flaw::WrongShape),
        (r#"{"candidates":[]}"#, Flaw::Empty),
        (r#"{"promptFeedback":{}}"#, Flaw::Empty),
        (r#"{"candidates":[{"content":{"role":"model"},"finishReason":"STOP"}]}"#, Flaw::Empty),
        (
            r#"{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"QQ"}]}}]}"#,
            Flaw::Empty,
        ),
        (
            r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":"{"}}]}}]}"#,
            Flaw::InvalidToolArguments,
        ),
    ] {
        assert_eq!(read_reply(body.as_bytes()).flaw, Some(expected), "{body}");
    }
    for reason in [
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "OTHER",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MALFORMED_FUNCTION_CALL",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_OTHER",
        "NO_IMAGE",
        "IMAGE_RECITATION",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE",
        "ESCALATION",
        "PUP_LIMITED_DISABLED",
        "MODEL_ARMOR",
    ] {
        let body = candidate(r#"{"text":"par"}"#, &format!("\"{reason}\""));
        assert_eq!(read_reply(body.as_bytes()).flaw, Some(broken_off(reason)), "{reason}");
    }
    let body = candidate(r#"{"text":"par"}"#, "3");
    assert_eq!(read_reply(body.as_bytes()).flaw, Some(broken_off("SAFETY")), "as a number");
}

#[test]
fn tokens_of_tools_and_thoughts_count() {
    let body = r#"{"candidates":[],"modelVersion":"m","usageMetadata":{"promptTokenCount":15,"candidatesTokenCount":37,"totalTokenCount":1564,"toolUsePromptTokenCount":770,"thoughtsTokenCount":742,"cachedContentTokenCount":9}}"#;
    let head = read_reply(body.as_bytes());
    assert_eq!(head.model.as_deref(), Some("m"));
    assert_eq!(head.usage, TokenCount { input: 785, output: 779 });
    let usage = decode_reply(body.as_bytes()).unwrap().usage.unwrap();
    assert_eq!((usage.input, usage.cached, usage.output, usage.reasoning), (785, 9, 779, 742));
}

fn read(chunks: &[&str]) -> (Vec<Meaning>, GenerateReader) {
    let mut reader = GenerateReader::default();
    let meanings = chunks.iter().map(|chunk| reader.read(None, chunk.as_bytes())).collect();
    (meanings, reader)
}

const OPENING: &str =
    r#"{"candidates":[{"content":{"parts":[{"text":""}]},"index":0}],"modelVersion":"m"}"#;
const TEXT: &str = r#"{"candidates":[{"content":{"parts":[{"text":"hi"}]},"index":0}],"usageMetadata":{"promptTokenCount":3}}"#;
const STOP: &str = r#"{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"QQ"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":5}}"#;
const TOKENS: &str = r#"{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":6}}"#;

/// Chunks, what each means, whether they are complete, and the verdict at their end.
type Case<'a> = (&'a [&'a str], &'a [Meaning], bool, Result<(), Flaw>);

#[test]
fn a_stream_opens_tells_and_closes() {
    use Meaning::{Closing, Content, Error, Filler, Malformed, Opening};
    let other = r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"index":1}]}"#;
    let bare_stop = r#"{"candidates":[{"finishReason":"STOP"}]}"#;
    let cut = r#"{"candidates":[{"finishReason":"MAX_TOKENS"}],"usageMetadata":{}}"#;
    let thought = r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true}]}}]}"#;
    let paused = r#"{"candidates":[{"finishReason":"CONTINUATION"}],"usageMetadata":{}}"#;
    let safety = r#"{"candidates":[{"finishReason":"SAFETY"}]}"#;
    let blocked = r#"{"promptFeedback":{"blockReason":"BLOCKLIST"},"usageMetadata":{}}"#;
    let error = r#"{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#;
    let of = |reason: &str| Err(Flaw::BrokenOff(reason.to_owned()));
    let cases: [Case<'_>; 17] = [
        (&[OPENING, TEXT, STOP], &[Opening, Content, Closing], true, Ok(())),
        (&[thought, STOP], &[Content, Closing], true, Ok(())),
        (&[TEXT, cut], &[Content, Closing], true, Ok(())),
        (&[cut], &[Closing], true, Ok(())),
        (&[other, bare_stop, TOKENS], &[Content, Closing, Filler], false, Err(Flaw::NoEnd)),
        (
            &[r#"{"candidates":[{"content":{"parts":[{"text":"hi"}]}}]}"#, bare_stop],
            &[Content, Closing],
            false,
            Ok(()),
        ),
        (&[TEXT, OPENING], &[Content, Filler], false, Err(Flaw::NoEnd)),
        (&[TEXT], &[Content], false, Err(Flaw::NoEnd)),
        (&[], &[], false, Err(Flaw::NoEnd)),
        (&[OPENING, STOP], &[Opening, Closing], true, Err(Flaw::Empty)),
        (&[TEXT, paused], &[Content, Closing], false, Ok(())),
        (&[TEXT, paused, TEXT, STOP], &[Content, Closing, Content, Closing], true, Ok(())),
        (&[TEXT, safety], &[Content, Error], false, of("SAFETY")),
        (&[blocked], &[Error], false, of("BLOCKLIST")),
        (&[TEXT, error], &[Content, Error], false, Err(Flaw::Error(0..error.len()))),
        (&[r#"[{"error":{"code":1}}]"#], &[Error], false, Err(Flaw::Error(1..21))),
        (
            &["hello", "{}", "7", "[DONE]"],
            &[Malformed, Filler, Malformed, Closing],
            false,
            Err(Flaw::NoEnd),
        ),
    ];
    for (chunks, meanings, is_complete, end) in cases {
        let (read, reader) = read(chunks);
        assert_eq!(read, meanings, "{chunks:?}");
        assert_eq!(reader.is_complete(), is_complete, "{chunks:?}");
        assert_eq!(reader.end().map_or(Ok(()), Err), end, "{chunks:?}");
        assert_eq!(reader.missing_end_marker(), None);
    }
    let (_, reader) = read(&[OPENING, TEXT, STOP]);
    assert_eq!(reader.model(), Some("m"));
    assert_eq!(reader.usage(), TokenCount { input: 3, output: 5 });
}

#[test]
fn reasons_for_an_end_are_shared_words() {
    for (word, reason) in [
        ("STOP", StopReason::Done),
        ("MAX_TOKENS", StopReason::Length),
        ("CONTINUATION", StopReason::Paused),
        ("SAFETY", StopReason::Filtered),
        ("MALFORMED_RESPONSE", StopReason::Other),
        ("NEW", StopReason::Other),
    ] {
        let body = candidate(r#"{"text":"a"}"#, &format!("\"{word}\""));
        let reply = decode_reply(body.as_bytes()).unwrap();
        assert_eq!(reply.choices[0].stop.as_ref().unwrap().reason, reason);
        let again: Value = serde_json::from_slice(&encode_reply(&reply, &presented(None))).unwrap();
        assert_eq!(again["candidates"][0]["finishReason"], word);
    }
    let body = candidate(r#"{"functionCall":{"name":"f"}}"#, r#""STOP""#);
    let reply = decode_reply(body.as_bytes()).unwrap();
    assert_eq!(reply.choices[0].stop.as_ref().unwrap().reason, StopReason::ToolCalls);
    for (reason, word) in [
        (StopReason::Done, "STOP"),
        (StopReason::ToolCalls, "STOP"),
        (StopReason::Sequence, "STOP"),
        (StopReason::Length, "MAX_TOKENS"),
        (StopReason::ContextFull, "MAX_TOKENS"),
        (StopReason::Filtered, "SAFETY"),
        (StopReason::Refused, "SAFETY"),
        (StopReason::Other, "OTHER"),
    ] {
        let choice = Choice { stop: Some(Stop::of(reason)), ..Choice::default() };
        let reply = Reply { choices: vec![choice], ..Reply::default() };
        let body: Value = serde_json::from_slice(&encode_reply(&reply, &presented(None))).unwrap();
        assert_eq!(body["candidates"][0]["finishReason"], word);
    }
}

#[test]
fn a_foreign_answer_is_written_as_google_would() {
    let reply = Reply {
        model: Some("claude".to_owned()),
        choices: vec![Choice {
            parts: vec![
                Part::Thinking {
                    text: "hm".to_owned(),
                    seal: Some(Seal { value: "Eq?".to_owned(), maker: None }),
                    rest: Rest::default(),
                },
                Part::Text {
                    text: "So ".to_owned(),
                    citations: vec![Citation {
                        url: Some("https://a.example".to_owned()),
                        title: None,
                        quote: None,
                        span: Some((0, 2)),
                        rest: Rest::default(),
                    }],
                    rest: Rest::default(),
                },
                Part::ToolCall(ToolCall {
                    id: "toolu_1".to_owned(),
                    name: "f".to_owned(),
                    arguments: "{\n\"a\":1}".to_owned(),
                    seal: None,
                    is_custom: false,
                    rest: Rest::default(),
                }),
            ],
            stop: Some(Stop::of(StopReason::ToolCalls)),
            ..Choice::default()
        }],
        usage: Some(Usage { input: 9, cached: 4, output: 7, reasoning: 2, ..Usage::default() }),
        ..Reply::default()
    };
    let sealed = "ZnMxLjAwMDAwMDAwMDAwMDAwMDcuRXE/";
    let expected = json!({
        "candidates": [{
            "content": {"parts": [
                {"text": "hm", "thought": true, "thoughtSignature": sealed},
                {"text": "So "},
                {"functionCall": {"id": "toolu_1", "name": "f", "args": {"a": 1}}}], "role": "model"},
            "finishReason": "STOP", "index": 0,
            "citationMetadata": {"citationSources": [
                {"startIndex": 0, "endIndex": 2, "uri": "https://a.example"}]}}],
        "usageMetadata": {"promptTokenCount": 9, "cachedContentTokenCount": 4,
            "candidatesTokenCount": 5, "thoughtsTokenCount": 2, "totalTokenCount": 16},
        "modelVersion": "claude", "responseId": "4711"});
    let body: Value =
        serde_json::from_slice(&encode_reply(&reply, &presented(Some(MAKER)))).unwrap();
    assert_eq!(body, expected);
    let stream = events(&deltas(&reply), Some(Maker(7)));
    let stream = String::from_utf8(stream).unwrap();
    assert!(stream.lines().all(|line| line.is_empty() || line.starts_with("data: {")), "{stream}");
    let expected = decode_reply(expected.to_string().as_bytes()).unwrap();
    let mut found = assembled(&pieces(stream.as_bytes()));
    let Some(Part::ToolCall(call)) = found.choices[0].parts.last_mut() else { panic!() };
    call.arguments = call.arguments.replace(' ', "");
    assert_eq!(found.choices[0].parts, expected.choices[0].parts);
    assert_eq!(found.usage, expected.usage);
}

#[test]
fn parts_of_several_candidates_stay_apart() {
    let stream = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"index\":0},{\"content\":{\"parts\":[{\"text\":\"x\"}]},\"index\":1}]}\n\n\
        data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"y\"}]},\"index\":1,\"finishReason\":\"STOP\"},{\"content\":{\"parts\":[{\"text\":\"b\"}]},\"index\":0,\"finishReason\":\"STOP\"}]}\n\n";
    let deltas = pieces(stream.as_bytes());
    super::assert_in_order(&deltas);
    let reply = assembled(&deltas);
    let texts = reply.choices.iter().map(|choice| choice.parts.clone());
    assert_eq!(texts.collect::<Vec<_>>(), [vec![Part::text("ab")], vec![Part::text("xy")]]);
    assert_eq!(assembled(&pieces(&events(&deltas, None))).choices, reply.choices);
}

#[test]
fn spans_count_characters() {
    let body = json!({"candidates": [{"content": {"parts": [{"text": "Größe ja"}]},
        "groundingMetadata": {"groundingChunks": [{"web": {"uri": "u", "title": "t"}}],
            "groundingSupports": [{"segment": {"startIndex": 8, "endIndex": 10, "text": "ja"},
                "groundingChunkIndices": [0, 7]}]}}]});
    let reply = decode_reply(body.to_string().as_bytes()).unwrap();
    let [Part::Text { citations, .. }] = &reply.choices[0].parts[..] else { panic!() };
    let [Citation { url, title, span, .. }] = &citations[..] else { panic!() };
    assert_eq!((url.as_deref(), title.as_deref(), *span), (Some("u"), Some("t"), Some((6, 8))));
}

#[test]
fn a_stream_ends_once() {
    let deltas = pieces(b"data: {\"error\":{\"code\":1}}\n\ndata: nonsense\n\n: comment\n\n");
    assert_eq!(deltas, [Delta::End]);
}

const WORDS: ErrorWords<'static> = ErrorWords {
    status: 503,
    code: "overloaded",
    message: "Please \"try\" again",
    param: None,
    call_id: "call-1",
    detail: None,
};

#[test]
fn what_failsoft_says_has_googles_shape() {
    let expected = json!({"error": {"code": 503, "message": WORDS.message, "status": "UNAVAILABLE",
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "overloaded",
            "domain": "failsoft", "metadata": {"call_id": "call-1"}}]}});
    let body: Value = serde_json::from_slice(&error_body(&WORDS)).unwrap();
    assert_eq!(body, expected);
    let frame = String::from_utf8(error_frame(&WORDS)).unwrap();
    let data = frame.strip_prefix("data: ").unwrap();
    assert!(data.starts_with("{\"error\":"), "the SDK looks for this");
    assert_eq!(read(&[data.trim_end()]).0, [Meaning::Error]);
    for (status, name) in [
        (400, "INVALID_ARGUMENT"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (413, "INVALID_ARGUMENT"),
        (429, "RESOURCE_EXHAUSTED"),
        (500, "INTERNAL"),
        (504, "DEADLINE_EXCEEDED"),
    ] {
        let body = error_body(&ErrorWords { status, ..WORDS });
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"]["status"], name, "{status}");
    }
    let answer =
        CannedAnswer { id: "i", model: "m", created: 7, text: "Später", include_usage: false };
    assert_eq!(read_reply(&canned_reply(&answer)).flaw, None);
    let stream = canned_stream(&answer);
    let reply = assembled(&pieces(&stream));
    assert_eq!(reply.choices[0].parts, [Part::text("Später")]);
    let data = std::str::from_utf8(&stream).unwrap().trim_start_matches("data: ");
    let (meanings, reader) = read(&[data.trim_end()]);
    assert_eq!(meanings, [Meaning::Content]);
    assert!(reader.is_complete() && reader.end().is_none());
    let list = [ModelEntry { id: "assistant", owner: "failsoft", created: 0 }];
    let list: Value = serde_json::from_slice(&models(&list)).unwrap();
    assert_eq!(list["models"][0]["name"], "models/assistant");
}
