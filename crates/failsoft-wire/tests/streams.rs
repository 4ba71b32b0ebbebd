//! Streamed answers: what each event means, and when a stream is whole.

#![expect(clippy::too_many_lines, clippy::unwrap_used, reason = "tables of cases in a test")]

use Meaning::{Closing, Content, Error, Filler, Malformed, Opening};
use bytes::Bytes;
use failsoft_wire::sse::{Decoder, Frame};
use failsoft_wire::{Dialect, Flaw, Meaning, StreamReader, TokenCount};

const CHAT: Dialect = Dialect::ChatCompletions;
const MESSAGES: Dialect = Dialect::Messages;

const ROLE: &str = r#"data: {"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#;
const TEXT: &str =
    r#"data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}"#;
const STOP: &str = r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const DONE: &str = "data: [DONE]";

const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"x\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":9,\"cache_read_input_tokens\":1,\"output_tokens\":1}}}";
const PING: &str = "event: ping\ndata: {\"type\": \"ping\"}";
const BLOCK: &str = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}";
const DELTA: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}";
const BLOCK_STOP: &str =
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}";
const END: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":7}}";
const MESSAGE_STOP: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}";

fn frames(events: &[&str]) -> Vec<Frame> {
    let mut decoder = Decoder::new(1 << 20);
    decoder
        .push(Bytes::from(events.iter().map(|event| format!("{event}\n\n")).collect::<String>()));
    std::iter::from_fn(|| decoder.next_frame().unwrap()).collect()
}

fn read(dialect: Dialect, events: &[&str]) -> (Vec<Meaning>, StreamReader) {
    let mut reader = StreamReader::new(dialect);
    let frames = frames(events);
    assert_eq!(frames.len(), events.len());
    (frames.iter().map(|frame| reader.read(frame)).collect(), reader)
}

fn check(dialect: Dialect, events: &[(&str, Meaning)], end: Result<(), Flaw>) -> StreamReader {
    let (data, expected): (Vec<_>, Vec<_>) = events.iter().cloned().unzip();
    let (meanings, reader) = read(dialect, &data);
    assert_eq!(meanings, expected, "{data:#?}");
    assert_eq!(reader.end(), end, "{data:#?}");
    reader
}

fn delta(inside: &str) -> String {
    format!(r#"data: {{"choices":[{{"index":0,"delta":{{{inside}}}}}]}}"#)
}

#[test]
fn a_chat_stream_opens_tells_and_closes() {
    let azure = r#"data: {"choices":[],"model":"","prompt_filter_results":[{"prompt_index":0}]}"#;
    let usage = r#"data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5}}"#;
    let empty = delta(r#""content":"""#);
    let events = [
        (": OPENROUTER PROCESSING", Filler),
        (azure, Opening),
        (ROLE, Opening),
        (&empty, Opening),
        (TEXT, Content),
        (&empty, Filler),
        ("event: ping", Filler),
        ("data:", Filler),
        (STOP, Closing),
        (usage, Closing),
        (DONE, Closing),
        (TEXT, Closing),
        (": bye", Filler),
    ];
    let reader = check(CHAT, &events, Ok(()));
    assert!(reader.is_complete());
    assert_eq!(reader.model(), Some("m"));
    assert_eq!(reader.usage(), TokenCount { input: 3, output: 5 });
}

#[test]
fn what_a_person_or_program_can_use_is_content() {
    for inside in [
        r#""content":"a""#,
        r#""content":[{"type":"text","text":"a"}]"#,
        r#""reasoning_content":"a""#,
        r#""reasoning":"a""#,
        r#""refusal":"a""#,
        r#""audio":{"data":"a"}"#,
        r#""role":"assistant","content":null,"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]"#,
        r#""tool_calls":[{"index":0,"function":{"arguments":"{"}}]"#,
        r#""function_call":{"name":"f","arguments":""}"#,
    ] {
        assert_eq!(read(CHAT, &[&delta(inside)]).0, [Content], "{inside}");
    }
    for inside in [
        r#""content":"""#,
        r#""content":null,"tool_calls":null,"function_call":null"#,
        r#""role":"assistant","tool_calls":[],"refusal":null,"reasoning":"""#,
        r#""role":"assistant","provider_specific_fields":{"a":1}"#,
        "",
    ] {
        assert_eq!(read(CHAT, &[&delta(inside)]).0, [Opening], "{inside}");
    }
}

#[test]
fn a_chat_stream_is_whole_once_every_choice_has_finished() {
    let other = r#"data: {"choices":[{"index":1,"delta":{"content":"x"}}]}"#;
    let other_stop = r#"data: {"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}"#;
    let stop_with_text = r#"data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}"#;
    for (events, end) in [
        (&[ROLE, TEXT, STOP, DONE][..], Ok(())),
        (&[ROLE, TEXT, STOP], Ok(())),
        (&[stop_with_text], Ok(())),
        (&[TEXT, other, other_stop, STOP, DONE], Ok(())),
        (&[TEXT, other, STOP, DONE], Err(Flaw::NoEnd)),
        (&[ROLE, TEXT, DONE], Err(Flaw::NoEnd)),
        (&[ROLE, TEXT], Err(Flaw::NoEnd)),
        (&[ROLE], Err(Flaw::NoEnd)),
        (&[DONE], Err(Flaw::NoEnd)),
        (&[], Err(Flaw::NoEnd)),
        (&[": keep-alive"], Err(Flaw::NoEnd)),
        (&[ROLE, STOP, DONE], Err(Flaw::Empty)),
        (&[STOP, DONE], Err(Flaw::Empty)),
        (&[ROLE, r#"data: {"choices":[{"delta":{},"finish_reason":"length"}]}"#, DONE], Ok(())),
        (&[ROLE, r#"data: {"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#], Ok(())),
    ] {
        assert_eq!(read(CHAT, events).1.end(), end, "{events:#?}");
    }
    assert!(!read(CHAT, &[TEXT, DONE]).1.is_complete(), "the end marker alone proves nothing");
    assert!(!read(CHAT, &[TEXT, STOP]).1.is_complete(), "usage may follow");
}

#[test]
fn errors_in_band_are_seen_in_every_producers_form() {
    let plain = r#"data: {"error":{"message":"m","type":"server_error","param":null,"code":null}}"#;
    let named = format!("event: error\n{plain}");
    let cerebras = r#"data: {"error":{"message":"m","code":"x"},"status_code":500}"#;
    let choice = r#"data: {"choices":[{"index":0,"error":{"code":502},"delta":{"content":""},"finish_reason":"error"}]}"#;
    let openrouter = r#"data: {"id":"x","object":"chat.completion.chunk","error":{"code":"server_error","message":"m"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#;
    let groq = r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":null}],"x_groq":{"id":"r","error":"why"}}"#;
    let old_vllm = r#"data: {"object":"error","message":"m","type":"BadRequestError","code":400}"#;
    let of_messages = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"m\"}}";
    let flat = r#"data: {"message":"m","code":"1234"}"#;
    for (event, span) in [
        (plain, None),
        (&named, None),
        (cerebras, None),
        (openrouter, None),
        (old_vllm, None),
        (of_messages, None),
        (flat, None),
        ("event: error\ndata: overloaded", None),
        (groq, Some(r#"{"id":"r","error":"why"}"#)),
        (
            choice,
            Some(
                r#"{"index":0,"error":{"code":502},"delta":{"content":""},"finish_reason":"error"}"#,
            ),
        ),
    ] {
        let (meanings, reader) = read(CHAT, &[ROLE, TEXT, event, DONE]);
        assert_eq!(meanings, [Opening, Content, Error, Closing], "{event}");
        assert!(!reader.is_complete());
        let frame = &frames(&[event])[0];
        let data = std::str::from_utf8(frame.data().unwrap()).unwrap();
        let range = reader.error().unwrap();
        assert_eq!(&data[range.clone()], span.unwrap_or(data));
        assert_eq!(reader.end(), Err(Flaw::Error(range)));
    }
    for reason in ["error", "abort", "aborted", "insufficient_system_resource"] {
        let event = format!(r#"data: {{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
        let (meanings, reader) = read(CHAT, &[TEXT, &event, DONE]);
        assert_eq!(meanings, [Content, Error, Closing]);
        assert_eq!(reader.end(), Err(Flaw::BrokenOff(reason.into())));
    }
}

#[test]
fn what_is_no_json_of_the_dialect_is_malformed() {
    for data in
        ["hello", "{\"choices\":[{\"delta\":{\"content\":\"hel", "[]", "7", "{} {}", "<html>"]
    {
        for dialect in [Dialect::ChatCompletions, Dialect::Messages] {
            assert_eq!(read(dialect, &[&format!("data: {data}")]).0, [Malformed], "{data}");
        }
    }
    for data in [r#"{"type":"ping"}"#, r#"{"new":{"type":"error"}}"#, "{}"] {
        for dialect in [Dialect::ChatCompletions, Dialect::Messages] {
            assert_eq!(read(dialect, &[&format!("data: {data}")]).0, [Filler], "{data}");
        }
    }
}

/// What looks like a failure and is none, in streams.
#[test]
fn what_only_looks_like_a_failure_is_none() {
    let moderation = r#"data: {"choices":[],"moderation":{"input":{"type":"error","code":"x","message":"m"},"output":{"type":"error"}}}"#;
    let events = [
        (": OPENROUTER PROCESSING", Filler),
        (r#"data: {"choices":[],"prompt_filter_results":[]}"#, Opening),
        (TEXT, Content),
        (moderation, Filler),
        (STOP, Closing),
        (moderation, Filler),
        (DONE, Closing),
    ];
    check(CHAT, &events, Ok(()));
}

fn tool(inside: &str) -> String {
    delta(&format!(r#""tool_calls":[{inside}]"#))
}

#[test]
fn tool_arguments_are_put_together_as_servers_cut_them() {
    let stop = r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
    let cases: [(&str, &[&str], bool); 10] = [
        (
            "pieces by index",
            &[
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":""}}"#,
                r#"{"index":0,"function":{"arguments":"{\"x\":\"\\u00"}}"#,
                r#"{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}"#,
                r#"{"index":0,"function":{"arguments":"e9\"}"}},{"index":1,"function":{"arguments":"}"}}"#,
            ],
            true,
        ),
        ("none at all", &[r#"{"index":0,"id":"a","function":{"name":"f","arguments":""}}"#], true),
        (
            "no index",
            &[
                r#"{"id":"a","function":{"name":"f","arguments":"{\"x\":"}}"#,
                r#"{"function":{"arguments":"1}"}}"#,
            ],
            true,
        ),
        (
            "id and name in every piece",
            &[
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}"#,
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":"1}"}}"#,
            ],
            true,
        ),
        (
            "a new id in every piece",
            &[
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}"#,
                r#"{"index":0,"id":"b","function":{"arguments":"1"}}"#,
                r#"{"index":0,"id":"c","function":{"name":"f","arguments":"}"}}"#,
            ],
            true,
        ),
        (
            "one index for all",
            &[
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}"#,
            ],
            true,
        ),
        (
            "an object",
            &[r#"{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}"#],
            true,
        ),
        (
            "cut short",
            &[r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}"#],
            false,
        ),
        (
            "the second one broken",
            &[
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"#,
                r#"{"index":1,"id":"b","function":{"name":"g","arguments":"}"}}"#,
            ],
            false,
        ),
        ("words", &[r#"{"index":0,"id":"a","function":{"name":"f","arguments":"none"}}"#], false),
    ];
    for (name, pieces, is_whole) in cases {
        let mut events: Vec<_> = pieces.iter().map(|piece| tool(piece)).collect();
        events.push(stop.into());
        let events: Vec<_> = events.iter().map(String::as_str).collect();
        let (meanings, reader) = read(CHAT, &events);
        assert!(meanings[..pieces.len()].iter().all(|meaning| *meaning == Content), "{name}");
        let end = if is_whole { Ok(()) } else { Err(Flaw::InvalidToolArguments) };
        assert_eq!(reader.end(), end, "{name}");
    }
}

#[test]
fn a_messages_stream_opens_tells_and_closes() {
    let events = [
        (START, Opening),
        (PING, Filler),
        (BLOCK, Opening),
        (DELTA, Content),
        (BLOCK_STOP, Closing),
        (END, Closing),
        (MESSAGE_STOP, Closing),
        (DONE, Closing),
    ];
    let reader = check(MESSAGES, &events, Ok(()));
    assert!(reader.is_complete());
    assert_eq!(reader.model(), Some("claude"));
    assert_eq!(reader.usage(), TokenCount { input: 10, output: 7 });
}

#[test]
fn blocks_that_say_something_are_content() {
    let block = |inside: &str| {
        format!(r#"data: {{"type":"content_block_start","index":0,"content_block":{{{inside}}}}}"#)
    };
    let delta = |inside: &str| {
        format!(r#"data: {{"type":"content_block_delta","index":0,"delta":{{{inside}}}}}"#)
    };
    for (event, meaning) in [
        (block(r#""type":"text","text":"""#), Opening),
        (block(r#""type":"text","text":"hi""#), Content),
        (block(r#""type":"thinking","thinking":"","signature":"""#), Opening),
        (block(r#""type":"redacted_thinking","data":"x""#), Content),
        (block(r#""type":"tool_use","id":"t","name":"f","input":{}"#), Content),
        (block(r#""type":"web_search_tool_result","content":[]"#), Content),
        (delta(r#""type":"text_delta","text":"hi""#), Content),
        (delta(r#""type":"text_delta","text":"""#), Filler),
        (delta(r#""type":"thinking_delta","thinking":"hm""#), Content),
        (delta(r#""type":"thinking_delta","thinking":"""#), Filler),
        (delta(r#""type":"signature_delta","signature":"x""#), Closing),
        (delta(r#""type":"citations_delta","citation":{}"#), Content),
        (delta(r#""type":"input_json_delta","partial_json":"{""#), Content),
        (delta(r#""type":"input_json_delta","partial_json":"""#), Filler),
    ] {
        assert_eq!(read(MESSAGES, &[&event]).0, [meaning], "{event}");
    }
}

#[test]
fn relays_that_drop_a_name_are_understood() {
    let no_name = |event: &'static str| event.split_once('\n').unwrap().1;
    let events = [START, PING, BLOCK, DELTA, BLOCK_STOP, END, MESSAGE_STOP].map(no_name);
    assert_eq!(read(MESSAGES, &events).1.end(), Ok(()));
    let typeless = "event: message_delta\ndata: {\"delta\":{\"stop_reason\":\"end_turn\"}}";
    let events = [START, BLOCK, DELTA, BLOCK_STOP, typeless, "event: message_stop\ndata: {}"];
    assert_eq!(read(MESSAGES, &events).1.end(), Ok(()));
    let liar = "event: error\ndata: {\"type\":\"ping\"}";
    assert_eq!(read(MESSAGES, &[liar]).0, [Filler], "the data's type goes first");
}

#[test]
fn a_messages_stream_is_whole_when_it_said_why_it_stops_and_closed_its_blocks() {
    let stop = |reason: &str| {
        format!(r#"data: {{"type":"message_delta","delta":{{"stop_reason":"{reason}"}}}}"#)
    };
    let (max, refusal, odd) = (stop("max_tokens"), stop("refusal"), stop("error"));
    for (events, end) in [
        (&[START, BLOCK, DELTA, BLOCK_STOP, END][..], Ok(())),
        (&[START, BLOCK, DELTA, BLOCK_STOP, END, MESSAGE_STOP], Ok(())),
        (&[START, BLOCK, DELTA, BLOCK_STOP], Err(Flaw::NoEnd)),
        (&[START, BLOCK, DELTA, BLOCK_STOP, MESSAGE_STOP], Err(Flaw::NoEnd)),
        (&[START, BLOCK, DELTA, END, MESSAGE_STOP], Err(Flaw::NoEnd)),
        (&[START, BLOCK, DELTA], Err(Flaw::NoEnd)),
        (&[START, PING], Err(Flaw::NoEnd)),
        (&[MESSAGE_STOP], Err(Flaw::NoEnd)),
        (&[DONE], Err(Flaw::NoEnd)),
        (&[], Err(Flaw::NoEnd)),
        (&[START, END, MESSAGE_STOP], Err(Flaw::Empty)),
        (&[START, BLOCK, BLOCK_STOP, END, MESSAGE_STOP], Err(Flaw::Empty)),
        (&[START, &max, MESSAGE_STOP], Ok(())),
        (&[START, &refusal, MESSAGE_STOP], Ok(())),
        (
            &[START, BLOCK, DELTA, BLOCK_STOP, &odd, MESSAGE_STOP],
            Err(Flaw::BrokenOff("error".into())),
        ),
    ] {
        assert_eq!(read(MESSAGES, events).1.end(), end, "{events:#?}");
    }
}

#[test]
fn tool_input_must_be_json_unless_it_was_stopped() {
    let block = r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#;
    for (pieces, reason, end) in [
        (&[][..], "tool_use", Ok(())),
        (&["", "{\\\"a\\\":", "1}"], "tool_use", Ok(())),
        (&["{\\\"a\\\":"], "tool_use", Err(Flaw::InvalidToolArguments)),
        (&["{\\\"a\\\":"], "max_tokens", Ok(())),
    ] {
        let mut events = vec![START.to_owned(), block.to_owned()];
        events.extend(pieces.iter().map(|piece| format!(r#"data: {{"type":"content_block_delta","index":0,"delta":{{"type":"input_json_delta","partial_json":"{piece}"}}}}"#)));
        events.push(BLOCK_STOP.into());
        events.push(format!(
            r#"data: {{"type":"message_delta","delta":{{"stop_reason":"{reason}"}}}}"#
        ));
        events.push(MESSAGE_STOP.into());
        let events: Vec<_> = events.iter().map(String::as_str).collect();
        assert_eq!(read(MESSAGES, &events).1.end(), end, "{pieces:?} {reason}");
    }
}

#[test]
fn messages_errors_are_seen_with_and_without_names() {
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    for (event, data) in [
        ("event: error\n", error),
        ("", error),
        ("", r#"{"error":{"message":"m","code":502}}"#),
        ("event: error\n", r#"{"message":"m"}"#),
        ("event: error\n", r#"{"type":"overloaded_error","message":"m"}"#),
        ("event: error\n", "overloaded"),
        ("", r#"{"message":"m","code":7}"#),
    ] {
        let event = format!("{event}data: {data}");
        let (meanings, reader) = read(MESSAGES, &[START, BLOCK, DELTA, &event, MESSAGE_STOP]);
        assert_eq!(meanings, [Opening, Opening, Content, Error, Closing], "{event}");
        assert!(!reader.is_complete());
        assert_eq!(reader.error(), Some(0..data.len()));
        assert_eq!(reader.end(), Err(Flaw::Error(0..data.len())));
    }
}

#[test]
fn the_end_marker_that_is_missing_is_the_dialects_own() {
    for (dialect, events, marker) in [
        (MESSAGES, &[START, BLOCK, DELTA, BLOCK_STOP, END][..], Some("message_stop")),
        (MESSAGES, &[START, BLOCK, DELTA, BLOCK_STOP, END, MESSAGE_STOP], None),
        (CHAT, &[ROLE, TEXT, STOP], Some("[DONE]")),
        (CHAT, &[ROLE, TEXT, STOP, DONE], None),
    ] {
        let reader = read(dialect, events).1;
        let missing = reader.missing_end_marker().map(String::from_utf8_lossy);
        assert_eq!(missing.is_some(), marker.is_some(), "{events:#?}");
        assert!(missing.unwrap_or_default().contains(marker.unwrap_or_default()), "{events:#?}");
    }
}
