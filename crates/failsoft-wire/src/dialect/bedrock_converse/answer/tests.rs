//! Answers, plain and in events, as they were recorded and as nobody sends them.

use super::*;

fn read(events: &[(&str, &str)]) -> (Vec<Meaning>, BedrockReader) {
    let mut reader = BedrockReader::default();
    let read = events.iter().map(|(event, data)| {
        reader.read(Some(event.as_bytes()).filter(|event| !event.is_empty()), data.as_bytes())
    });
    (read.collect(), reader)
}

#[test]
fn plain_answers_are_judged() {
    let error = |body: &str| Some(Flaw::Error(0..body.len()));
    let ok = r#"{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}},"stopReason":"end_turn","usage":{"inputTokens":2,"outputTokens":3,"cacheReadInputTokens":10,"cacheWriteInputTokens":5,"totalTokens":20}}"#;
    let reply = read_reply(ok.as_bytes());
    assert_eq!(reply.usage, TokenCount { input: 17, output: 3 });
    assert_eq!(reply.flaw, None);
    let with = |content: &str, reason: &str| {
        format!(r#"{{"output":{{"message":{{"content":{content}}}}},"stopReason":"{reason}"}}"#)
    };
    let thrown = r#"{"__type":"ThrottlingException","message":"m"}"#;
    let said = r#"{"message":"The model returned the following errors: x"}"#;
    let unknown = r#"{"Output":{"__type":"UnknownOperationException"},"Version":"1.0"}"#;
    let broken = |word: &str| Some(Flaw::BrokenOff(word.to_owned()));
    for (body, flaw) in [
        (with("[]", "end_turn"), Some(Flaw::Empty)),
        (with(r#"[{"text":""}]"#, "end_turn"), Some(Flaw::Empty)),
        (with("[]", "guardrail_intervened"), None),
        (with("[]", "content_filtered"), None),
        (with("[]", "max_tokens"), None),
        (with("[]", "stop_sequence"), None),
        (with("[]", "model_context_window_exceeded"), None),
        (with(r#"[{"toolUse":{"toolUseId":"a","name":"b","input":{}}}]"#, "tool_use"), None),
        (with(r#"[{"reasoningContent":{"redactedContent":"YQ=="}}]"#, "end_turn"), None),
        (with(r#"[{"text":"a"}]"#, "malformed_model_output"), broken("malformed_model_output")),
        (with(r#"[{"text":"a"}]"#, "malformed_tool_use"), broken("malformed_tool_use")),
        (thrown.to_owned(), error(thrown)),
        (said.to_owned(), error(said)),
        (unknown.to_owned(), error(unknown)),
        ("{}".to_owned(), Some(Flaw::WrongShape)),
        ("[1]".to_owned(), Some(Flaw::WrongShape)),
        (r#"{"output":{}}"#.to_owned(), Some(Flaw::WrongShape)),
        (r#"{"output":{"message":"#.to_owned(), Some(Flaw::Truncated)),
        (String::new(), Some(Flaw::Truncated)),
        ("<html>".to_owned(), Some(Flaw::NotJson)),
    ] {
        assert_eq!(read_reply(body.as_bytes()).flaw, flaw, "{body}");
    }
}

const START: (&str, &str) = ("messageStart", r#"{"role":"assistant","p":"ab"}"#);
const TEXT: (&str, &str) = ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"a"}}"#);
const BLOCK_STOP: (&str, &str) = ("contentBlockStop", r#"{"contentBlockIndex":0}"#);
const STOP: (&str, &str) = ("messageStop", r#"{"stopReason":"end_turn"}"#);
const METADATA: (&str, &str) =
    ("metadata", r#"{"usage":{"inputTokens":2,"outputTokens":3,"cacheReadInputTokens":1}}"#);

#[test]
fn a_stream_is_whole_once_it_said_why_it_stops() {
    use Meaning::{Closing, Content, Opening};
    let (meanings, reader) = read(&[START, TEXT, BLOCK_STOP, STOP, METADATA]);
    assert_eq!(meanings, [Opening, Content, Closing, Closing, Closing]);
    assert!(reader.is_complete());
    assert_eq!(reader.end(), None);
    assert_eq!(reader.usage(), TokenCount { input: 3, output: 3 });

    let (_, reader) = read(&[START, TEXT, BLOCK_STOP, STOP]);
    assert!(!reader.is_complete(), "usage is still to come");
    assert_eq!(reader.end(), None);

    let (_, reader) = read(&[START, TEXT, BLOCK_STOP, METADATA]);
    assert!(!reader.is_complete());
    assert_eq!(reader.end(), Some(Flaw::NoEnd));

    let (_, reader) = read(&[START, STOP]);
    assert_eq!(reader.end(), Some(Flaw::Empty));
}

#[test]
fn events_tell_progress_from_announcements() {
    use Meaning::{Closing, Content, Filler, Malformed};
    let delta = |delta: &str| format!(r#"{{"contentBlockIndex":0,"delta":{delta}}}"#);
    for (event, data, meaning) in [
        ("contentBlockDelta", delta(r#"{"text":""}"#), Filler),
        ("contentBlockDelta", delta(r#"{"reasoningContent":{"text":"t"}}"#), Content),
        ("contentBlockDelta", delta(r#"{"reasoningContent":{"signature":"s"}}"#), Closing),
        ("contentBlockDelta", delta(r#"{"reasoningContent":{"redactedContent":"YQ=="}}"#), Content),
        ("contentBlockDelta", delta(r#"{"toolUse":{"input":""}}"#), Filler),
        ("contentBlockDelta", delta(r#"{"toolUse":{"input":"{"}}"#), Content),
        ("contentBlockDelta", delta(r#"{"citation":{"title":"t"}}"#), Content),
        (
            "contentBlockStart",
            r#"{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"a","name":"b"}}}"#.into(),
            Content,
        ),
        ("somethingNew", "{}".into(), Filler),
        ("", "{}".into(), Filler),
        ("contentBlockDelta", "{".into(), Malformed),
        ("contentBlockDelta", "[]".into(), Malformed),
    ] {
        assert_eq!(read(&[(event, &data)]).0, [meaning], "{event} {data}");
    }
}

#[test]
fn failures_in_band_are_failures_whatever_they_are_called() {
    let body = r#"{"__type":"throttlingException","message":"m"}"#;
    for event in ["throttlingException", "SomeCode", ""] {
        let (meanings, reader) = read(&[START, TEXT, (event, body)]);
        assert_eq!(meanings.last(), Some(&Meaning::Error), "{event}");
        assert_eq!(reader.error(), Some(0..body.len()));
        assert_eq!(reader.end(), Some(Flaw::Error(0..body.len())));
    }
    let (meanings, reader) =
        read(&[START, TEXT, ("messageStop", r#"{"stopReason":"malformed_tool_use"}"#)]);
    assert_eq!(meanings.last(), Some(&Meaning::Error));
    assert_eq!(reader.error(), None);
    assert_eq!(reader.end(), Some(Flaw::BrokenOff("malformed_tool_use".to_owned())));
}

#[test]
fn arguments_must_be_json_unless_a_bound_cut_them() {
    let piece = |index: u32, text: &str| {
        let input = serde_json::Value::from(text);
        format!(r#"{{"contentBlockIndex":{index},"delta":{{"toolUse":{{"input":{input}}}}}}}"#)
    };
    let end = |pieces: &[String], reason: &str| {
        let stop = format!(r#"{{"stopReason":"{reason}"}}"#);
        let mut events: Vec<_> =
            pieces.iter().map(|piece| ("contentBlockDelta", piece.as_str())).collect();
        events.push(("messageStop", &stop));
        read(&events).1.end()
    };
    let whole = [piece(0, "{\"a\":"), piece(1, "{}"), piece(0, "1}")];
    assert_eq!(end(&whole, "tool_use"), None);
    let cut = [piece(0, "{\"a\":")];
    assert_eq!(end(&cut, "tool_use"), Some(Flaw::InvalidToolArguments));
    assert_eq!(end(&cut, "max_tokens"), None);
}
