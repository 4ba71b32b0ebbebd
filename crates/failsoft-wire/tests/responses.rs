//! `responses`: requests, plain answers and streams as the policy reads them, and what failsoft
//! says itself.

#![expect(clippy::unwrap_used, reason = "a test")]

use Meaning::{Closing, Content, Error, Filler, Malformed, Opening};
use bytes::Bytes;
use failsoft_wire::sse::{Decoder, Frame};
use failsoft_wire::{
    CannedAnswer, Dialect, ErrorWords, Flaw, Meaning, ReplyHead, RequestProblem, StreamReader,
    TokenCount,
};
use serde_json::{Value, json};

const OWN: Dialect = Dialect::Responses;

#[test]
fn what_the_policy_needs_of_a_request_is_read() {
    for (body, stream, max_tokens) in [
        (r#"{"model":"m","input":"hi"}"#, false, None),
        (r#"{"model":"m","input":[],"stream":true,"max_output_tokens":9}"#, true, Some(9)),
        (r#"{"model":"m","previous_response_id":"resp_1"}"#, false, None),
        (r#"{"model":"m","input":null,"conversation":"conv_1","stream":null}"#, false, None),
        (r#"{"model":"m","prompt":{"id":"pmpt_1"}}"#, false, None),
        (r#"{"model":"m","input":"x","stream_options":{"include_obfuscation":true}}"#, false, None),
    ] {
        let head = OWN.read_request(body.as_bytes(), None);
        let head = head.unwrap_or_else(|problem| panic!("{body}: {problem}"));
        assert_eq!(head.model, "m");
        assert_eq!(&body[head.model_span.clone().unwrap()], "\"m\"");
        assert_eq!((head.stream, head.max_tokens), (stream, max_tokens), "{body}");
        assert!(!head.include_usage);
    }
}

#[test]
fn requests_at_fault_name_their_parameter() {
    let wrong = |param, wanted| RequestProblem::WrongType { param, wanted };
    let number = "a whole number, not negative";
    for (body, problem) in [
        (r#"{"input":"hi"}"#, RequestProblem::Missing("model")),
        (r#"{"prompt":{"id":"p"}}"#, RequestProblem::Missing("model")),
        (r#"{"model":"m"}"#, RequestProblem::Missing("input")),
        (r#"{"model":"m","previous_response_id":null}"#, RequestProblem::Missing("input")),
        (r#"{"model":"m","input":{}}"#, wrong("input", "a string or an array")),
        (
            r#"{"model":"m","input":"x","max_output_tokens":"9"}"#,
            wrong("max_output_tokens", number),
        ),
        (r#"{"model":"m","input":"x","stream":1}"#, wrong("stream", "a boolean")),
        (r#"{"model":"m","input":"x","Input":"y"}"#, RequestProblem::Duplicate("input".into())),
        (r#"{"model":"m","INPUT":"y"}"#, RequestProblem::Twisted("input")),
        (
            r#"{"model":"m","input":"x","Max_output_tokens":1}"#,
            RequestProblem::Twisted("max_output_tokens"),
        ),
    ] {
        assert_eq!(OWN.read_request(body.as_bytes(), None), Err(problem), "{body}");
    }
}

fn answer(inside: &str) -> String {
    format!(r#"{{"id":"resp_1","object":"response","error":null,{inside}}}"#)
}

const MESSAGE: &str = r#"{"type":"message","role":"assistant","content":[{"type":"output_text","text":"hi","annotations":[]}]}"#;

#[test]
fn honest_answers_are_flawless() {
    for inside in [
        &format!(r#""status":"completed","output":[{MESSAGE}]"#),
        &format!(r#""output":[{MESSAGE}]"#),
        &format!(
            r#""status":"incomplete","incomplete_details":{{"reason":"max_output_tokens"}},"output":[{MESSAGE}]"#
        ),
        r#""status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]"#,
        r#""status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]"#,
        r#""status":"incomplete","output":[{"type":"function_call","arguments":"{\"a"}]"#,
        r#""status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"no"}]}]"#,
        r#""status":"completed","output":[{"type":"function_call","name":"f","arguments":"{\"a\":1}"}]"#,
        r#""status":"completed","output":[{"type":"function_call","name":"f","arguments":""}]"#,
        r#""status":"completed","output":[{"type":"custom_tool_call","name":"f","input":"{free"}]"#,
        r#""status":"completed","output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]}]"#,
        r#""status":"completed","output":[{"type":"reasoning","summary":[],"encrypted_content":"gA"}]"#,
        r#""status":"completed","output":[{"type":"web_search_call","status":"completed"}]"#,
        r#""status":"queued","background":true,"output":[]"#,
        r#""status":"in_progress","background":true,"output":[]"#,
    ] {
        assert_eq!(OWN.read_reply(answer(inside).as_bytes()).flaw, None, "{inside}");
    }
}

#[test]
fn answers_that_are_none_are_told_apart() {
    let broken_off = |status: &str| Flaw::BrokenOff(status.into());
    for (body, expected) in [
        ("".to_owned(), Flaw::Truncated),
        (r#"{"object":"response","output":[{"type""#.to_owned(), Flaw::Truncated),
        ("<html>".to_owned(), Flaw::NotJson),
        ("[]".to_owned(), Flaw::WrongShape),
        ("{}".to_owned(), Flaw::WrongShape),
        (r#"{"choices":[{"message":{"content":"hi"}}]}"#.to_owned(), Flaw::WrongShape),
        (answer(r#""status":"completed""#), Flaw::WrongShape),
        (answer(r#""status":"completed","output":"hi""#), Flaw::WrongShape),
        (answer(r#""status":"completed","output":[]"#), Flaw::Empty),
        (answer(r#""status":"completed","output":[{"type":"message","content":[]}]"#), Flaw::Empty),
        (
            answer(
                r#""status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":""}]}]"#,
            ),
            Flaw::Empty,
        ),
        (
            answer(r#""status":"completed","output":[{"type":"reasoning","summary":[]}]"#),
            Flaw::Empty,
        ),
        (
            answer(r#""status":"completed","output":[{"type":"mcp_list_tools","tools":[]}]"#),
            Flaw::Empty,
        ),
        (
            answer(
                r#""status":"completed","output":[{"type":"function_call","arguments":"{\"a"}]"#,
            ),
            Flaw::InvalidToolArguments,
        ),
        (answer(r#""status":"in_progress","output":[]"#), broken_off("in_progress")),
        (answer(&format!(r#""status":"cancelled","output":[{MESSAGE}]"#)), broken_off("cancelled")),
    ] {
        assert_eq!(OWN.read_reply(body.as_bytes()).flaw, Some(expected), "{body}");
    }
    for text in [
        r#"{"error":{"message":"m","code":"server_error"}}"#,
        r#"{"object":"response","status":"failed","error":{"code":"server_error"},"output":[]}"#,
        r#"{"object":"response","status":"failed","error":null,"output":[]}"#,
        r#"{"message":"m","code":"x"}"#,
        r#"{"detail":"Not found"}"#,
    ] {
        let flaw = OWN.read_reply(format!("\n {text} ").as_bytes()).flaw;
        assert_eq!(flaw, Some(Flaw::Error(2..2 + text.len())), "{text}");
    }
}

#[test]
fn model_and_usage_of_an_answer_are_read() {
    let body = answer(&format!(
        r#""model":"gpt-5","output":[{MESSAGE}],"usage":{{"input_tokens":9,"input_tokens_details":{{"cached_tokens":4}},"output_tokens":5}}"#
    ));
    let usage = TokenCount { input: 9, output: 5 };
    let expected = ReplyHead { flaw: None, model: Some("gpt-5".to_owned()), usage };
    assert_eq!(OWN.read_reply(body.as_bytes()), expected);
}

fn frames(events: &[String]) -> Vec<Frame> {
    let mut decoder = Decoder::new(1 << 20);
    let stream: String = events.iter().map(|event| format!("{event}\n\n")).collect();
    decoder.push(Bytes::from(stream));
    std::iter::from_fn(|| decoder.next_frame().unwrap()).collect()
}

fn read(events: &[String]) -> (Vec<Meaning>, StreamReader) {
    let mut reader = StreamReader::new(OWN);
    let frames = frames(events);
    (frames.iter().map(|frame| reader.read(frame)).collect(), reader)
}

fn event(kind: &str, inside: &str) -> String {
    let comma = if inside.is_empty() { "" } else { "," };
    format!("event: {kind}\ndata: {{\"type\":\"{kind}\"{comma}{inside}}}")
}

fn added(item: &str) -> String {
    event("response.output_item.added", &format!(r#""output_index":0,"item":{item}"#))
}

fn completed(inside: &str) -> String {
    event("response.completed", &format!(r#""response":{{"status":"completed",{inside}}}"#))
}

fn created() -> String {
    event("response.created", r#""response":{"model":"m","status":"in_progress","usage":null}"#)
}

fn delta(text: &str) -> String {
    event("response.output_text.delta", &format!(r#""output_index":0,"delta":"{text}""#))
}

fn whole() -> String {
    completed(r#""model":"m-1","output":[],"usage":{"input_tokens":3,"output_tokens":5}"#)
}

#[test]
fn a_stream_opens_tells_and_closes() {
    let message = r#"{"type":"message","content":[]}"#;
    let events = [
        (created(), Opening),
        (event("response.in_progress", r#""response":{"status":"in_progress"}"#), Opening),
        (": keep-alive".to_owned(), Filler),
        (event("keepalive", r#""sequence_number":3"#), Filler),
        (added(message), Opening),
        (
            event("response.content_part.added", r#""part":{"type":"output_text","text":""}"#),
            Opening,
        ),
        (delta(""), Filler),
        (delta("hi"), Content),
        (event("response.output_text.annotation.added", r#""annotation":{}"#), Content),
        (event("response.new_kind", ""), Filler),
        (event("response.output_text.done", r#""text":"hi""#), Closing),
        (
            event("response.content_part.done", r#""part":{"type":"output_text","text":"hi"}"#),
            Closing,
        ),
        (event("response.output_item.done", &format!(r#""item":{MESSAGE}"#)), Closing),
        (whole(), Closing),
        ("data: [DONE]".to_owned(), Closing),
        (delta("late"), Closing),
    ];
    let (events, meanings): (Vec<_>, Vec<_>) = events.into_iter().unzip();
    let (read, reader) = read(&events);
    assert_eq!(read, meanings);
    assert_eq!((reader.end(), reader.is_complete()), (Ok(()), true));
    assert_eq!(reader.model(), Some("m-1"));
    assert_eq!(reader.usage(), TokenCount { input: 3, output: 5 });
    assert_eq!(reader.missing_end_marker(), None);
}

#[test]
fn what_a_person_or_program_can_use_is_content() {
    for (event, meaning) in [
        (event("response.refusal.delta", r#""delta":"no""#), Content),
        (event("response.reasoning_summary_text.delta", r#""delta":"hm""#), Content),
        (event("response.reasoning_text.delta", r#""delta":"hm""#), Content),
        (event("response.function_call_arguments.delta", r#""delta":"{""#), Content),
        (event("response.custom_tool_call_input.delta", r#""delta":"x""#), Content),
        (event("response.code_interpreter_call_code.delta", r#""delta":"x""#), Content),
        (event("response.mcp_call_arguments.delta", r#""delta":"{}""#), Content),
        (
            event("response.image_generation_call.partial_image", r#""partial_image_b64":"A""#),
            Content,
        ),
        (added(r#"{"type":"function_call","name":"f","arguments":""}"#), Content),
        (added(r#"{"type":"web_search_call","status":"in_progress"}"#), Content),
        (added(r#"{"type":"reasoning","summary":[]}"#), Opening),
        (added(r#"{"type":"mcp_list_tools","tools":[]}"#), Opening),
        (added(MESSAGE), Content),
        (event("response.web_search_call.searching", ""), Opening),
        (event("response.web_search_call.completed", ""), Closing),
        (event("response.mcp_call.failed", ""), Closing),
        (event("response.reasoning_summary_part.added", r#""part":{"text":""}"#), Opening),
        (event("response.output_text.done", r#""text":"all at once""#), Content),
        (event("response.output_item.done", &format!(r#""item":{MESSAGE}"#)), Content),
        ("data: {\"delta\":\"hi\"}".to_owned(), Filler),
        ("event: response.output_text.delta\ndata: {\"delta\":\"hi\"}".to_owned(), Content),
    ] {
        assert_eq!(read(std::slice::from_ref(&event)).0, [meaning], "{event}");
    }
    let search = event("response.web_search_call.searching", "");
    assert_eq!(read(&[delta("hi"), search]).0, [Content, Content], "a tool at work is progress");
}

#[test]
fn a_stream_is_whole_with_its_terminal_event_only() {
    let incomplete = |reason: &str| {
        event(
            "response.incomplete",
            &format!(
                r#""response":{{"status":"incomplete","incomplete_details":{{"reason":"{reason}"}},"output":[]}}"#
            ),
        )
    };
    let broken_off = Err(Flaw::BrokenOff("cancelled".into()));
    for (events, end) in [
        (vec![created(), delta("hi"), whole()], Ok(())),
        (vec![created(), delta("hi")], Err(Flaw::NoEnd)),
        (vec![created(), delta("hi"), "data: [DONE]".to_owned()], Err(Flaw::NoEnd)),
        (vec![created()], Err(Flaw::NoEnd)),
        (vec![], Err(Flaw::NoEnd)),
        (vec![created(), whole()], Err(Flaw::Empty)),
        (vec![completed(&format!(r#""output":[{MESSAGE}]"#))], Ok(())),
        (vec![created(), incomplete("max_output_tokens")], Ok(())),
        (vec![created(), incomplete("content_filter")], Ok(())),
        (
            vec![delta("hi"), event("response.cancelled", r#""response":{"status":"cancelled"}"#)],
            broken_off,
        ),
    ] {
        assert_eq!(read(&events).1.end(), end, "{events:#?}");
    }
}

#[test]
fn arguments_must_be_json_unless_they_were_stopped() {
    let call = || added(r#"{"type":"function_call","name":"f","arguments":""}"#);
    let piece = |text: &str| {
        event(
            "response.function_call_arguments.delta",
            &format!(r#""output_index":0,"delta":"{text}""#),
        )
    };
    let done = |text: &str| {
        event(
            "response.function_call_arguments.done",
            &format!(r#""output_index":0,"arguments":"{text}""#),
        )
    };
    let stopped = event("response.incomplete", r#""response":{"status":"incomplete","output":[]}"#);
    for (events, end) in [
        (vec![call(), whole()], Ok(())),
        (vec![call(), piece("{\\\"a\\\":"), piece("1}"), whole()], Ok(())),
        (vec![call(), piece("{\\\"a\\\":"), whole()], Err(Flaw::InvalidToolArguments)),
        (vec![call(), piece("{\\\"a\\\":"), done("{\\\"a\\\":1}"), whole()], Ok(())),
        (vec![call(), done("{no"), whole()], Err(Flaw::InvalidToolArguments)),
        (vec![call(), piece("{\\\"a\\\":"), stopped], Ok(())),
    ] {
        assert_eq!(read(&events).1.end(), end, "{events:#?}");
    }
}

#[test]
fn errors_in_band_are_seen_in_every_form() {
    let nested =
        r#"{"type":"error","error":{"type":"server_error","message":"m"},"sequence_number":3}"#;
    let flat = r#"{"type":"error","code":"server_error","message":"m","param":null}"#;
    for data in [nested, flat, r#"{"error":{"message":"m"}}"#, r#"{"message":"m","code":7}"#] {
        let (meanings, reader) = read(&[created(), delta("hi"), format!("data: {data}")]);
        assert_eq!(meanings, [Opening, Content, Error], "{data}");
        assert_eq!(reader.error(), Some(0..data.len()), "{data}");
        assert_eq!(reader.end(), Err(Flaw::Error(0..data.len())));
        assert!(!reader.is_complete());
    }
    let (meanings, reader) = read(&["event: error\ndata: overloaded".to_owned()]);
    assert_eq!((meanings, reader.error()), (vec![Error], Some(0..10)));

    let response = r#"{"status":"failed","error":{"code":"rate_limit_exceeded","message":"m"}}"#;
    let failed = event("response.failed", &format!(r#""response":{response}"#));
    let (meanings, reader) = read(&[delta("hi"), failed.clone(), whole()]);
    assert_eq!(meanings[1], Error);
    let data = failed.split_once("data: ").unwrap().1;
    assert_eq!(&data[reader.error().unwrap()], response, "the object that has it as its `error`");
    assert!(matches!(reader.end(), Err(Flaw::Error(_))));

    let liar = completed(r#""error":{"code":"server_error"},"output":[]"#);
    assert_eq!(read(&[delta("hi"), liar]).0, [Content, Error]);
    let fine = event("response.created", r#""error":null,"response":{"error":null}"#);
    assert_eq!(read(&[fine]).0, [Opening]);
    assert_eq!(read(&["data: {\"type\":".to_owned()]).0, [Malformed]);
    assert_eq!(read(&["data: [1]".to_owned()]).0, [Malformed]);
}

#[test]
fn a_lost_piece_is_noticed() {
    let numbered = |number: u32, index: u32| {
        event(
            "response.output_text.delta",
            &format!(r#""sequence_number":{number},"output_index":{index},"delta":"a""#),
        )
    };
    let other =
        |number: u32| event("response.in_progress", &format!(r#""sequence_number":{number}"#));
    for (events, is_whole) in [
        (vec![numbered(3, 0), numbered(4, 0)], true),
        (vec![numbered(3, 0), numbered(5, 0)], false),
        (vec![numbered(3, 0), numbered(3, 0), numbered(0, 0), numbered(1, 0)], true),
        (vec![numbered(3, 0), numbered(9, 1)], true),
        (vec![numbered(3, 0), other(7), numbered(8, 0)], true),
    ] {
        let last = events.len() - 1;
        let mut events = events;
        events.push(whole());
        let (meanings, reader) = read(&events);
        assert_eq!(meanings[last] == Malformed, !is_whole, "{events:#?}");
        assert_eq!(reader.end().is_ok(), is_whole, "{events:#?}");
        assert_eq!(reader.is_complete(), is_whole);
    }
}

#[test]
fn what_cannot_be_read_leaves_a_gap_if_it_had_a_number() {
    let numbered = |number: u32| {
        let members = format!(r#""sequence_number":{number},"output_index":0,"delta":"a""#);
        event("response.output_text.delta", &members)
    };
    let done = |number: u32| {
        let members = format!(r#""sequence_number":{number},"output_index":0,"text":"aa""#);
        event("response.output_text.done", &members)
    };
    let torn = || "data: {\"type\":".to_owned();
    for (events, has_gap) in [
        (vec![numbered(3), torn(), numbered(4)], false),
        (vec![numbered(3), torn(), done(4)], false),
        (vec![numbered(3), torn(), numbered(5)], true),
        (vec![numbered(3), torn(), done(5)], true),
        (vec![numbered(3), done(5)], false),
        (vec![torn(), numbered(5)], false),
    ] {
        let mut events = events;
        events.push(whole());
        let (_, reader) = read(&events);
        assert_eq!(reader.has_gap(), has_gap, "{events:#?}");
        assert_eq!(reader.end().is_ok(), !has_gap, "{events:#?}");
    }
}

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
fn an_error_in_a_stream_is_nested_and_no_end() {
    let frame = OWN.error_frame(&WORDS);
    assert!(frame.starts_with(b"event: error\ndata: {"));
    let mut decoder = Decoder::new(1 << 20);
    decoder.push(Bytes::from(frame.clone()));
    let read = decoder.next_frame().unwrap().unwrap();
    assert_eq!(read.bytes, frame);
    let error = value(&OWN.error_body(&WORDS))["error"].clone();
    let expected = json!({"type": "error", "sequence_number": 0, "error": error});
    assert_eq!(value(read.data().unwrap()), expected);
    let mut reader = StreamReader::new(OWN);
    assert_eq!(reader.read(&read), Error);
    assert!(!reader.is_complete());
}

#[test]
fn an_operators_answer_is_a_whole_answer() {
    let answer = CannedAnswer {
        id: "id-1",
        model: "assistant",
        created: 7,
        text: "Später\n\"mehr\"",
        include_usage: false,
    };
    let plain = OWN.canned_reply(&answer);
    let model = Some("assistant".to_owned());
    let head = ReplyHead { flaw: None, model, usage: TokenCount::default() };
    assert_eq!(OWN.read_reply(&plain), head);
    let plain = value(&plain);
    assert_eq!(plain["id"], "resp_id-1");
    assert_eq!(plain["output"][0]["content"][0]["text"], answer.text);
    assert_eq!((&plain["status"], &plain["created_at"]), (&json!("completed"), &json!(7)));

    let mut decoder = Decoder::new(1 << 20);
    decoder.push(Bytes::from(OWN.canned_stream(&answer)));
    let mut reader = StreamReader::new(OWN);
    let (mut text, mut last) = (String::new(), Value::Null);
    while let Some(frame) = decoder.next_frame().unwrap() {
        last = value(frame.data().unwrap());
        if reader.read(&frame) == Content {
            text.push_str(last["delta"].as_str().unwrap());
        }
    }
    assert_eq!(text, answer.text);
    assert_eq!((reader.end(), reader.is_complete()), (Ok(()), true));
    assert_eq!(last["response"], plain);
    assert_eq!(decoder.rest(), "");
}
