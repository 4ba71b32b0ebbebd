//! Streams as they come, and as they go.

#![expect(clippy::wildcard_enum_match_arm, reason = "any other part or piece is a failure")]

use super::super::decode_call;
use super::rules::tool_call;
use super::{MAKER, assembled, assert_in_order, events, pieces};
use crate::neutral::{
    Choice, Delta, Part, Piece, Reply, Rest, Seal, Stop, StopReason, Usage, deltas,
};

fn stream(data: &[&str]) -> Vec<u8> {
    data.iter().map(|data| format!("data: {data}\n\n")).collect::<String>().into_bytes()
}

const START: &str = r#"{"type":"message_start","message":{"id":"msg_1","model":"m","usage":{"input_tokens":3,"cache_read_input_tokens":5,"output_tokens":1,"service_tier":"standard"}}}"#;
const STOP: &str = r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9,"server_tool_use":{"web_search_requests":1}}}"#;

#[test]
fn interleaved_calls_wait_for_one_another() {
    let start = |index: u32, id: &str| {
        format!(
            r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"tool_use","id":"{id}","name":"f","input":{{}}}}}}"#
        )
    };
    let json = |index: u32, json: &str| {
        format!(
            r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"input_json_delta","partial_json":{}}}}}"#,
            serde_json::Value::from(json)
        )
    };
    let (one, two) = (start(0, "a"), start(1, "b"));
    let pieces_of = [json(0, "{\"n\":"), json(1, "{\"m\""), json(0, "1}"), json(1, ":2}")];
    let mut all = vec![START, &one, &two];
    all.extend(pieces_of.iter().map(String::as_str));
    all.extend([
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"content_block_stop","index":0}"#,
    ]);
    all.extend([STOP, r#"{"type":"message_stop"}"#]);
    let read = pieces(&stream(&all));
    assert_in_order(&read);
    let parts = &assembled(&read).choices[0].parts;
    let arguments: Vec<_> = parts
        .iter()
        .map(|part| match part {
            Part::ToolCall(call) => (call.id.as_str(), call.arguments.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(arguments, [("a", "{\"n\":1}"), ("b", "{\"m\":2}")]);
}

#[test]
fn usage_grows_together_and_the_end_comes_once() {
    let read = pieces(&stream(&[START, STOP]));
    assert_in_order(&read);
    let usage = assembled(&read).usage.unwrap();
    let counts = (usage.input, usage.cached, usage.output);
    assert_eq!(counts, (8, 5, 9));
    assert!(usage.rest.has_any(&["service_tier"]) && usage.rest.has_any(&["server_tool_use"]));
}

#[test]
fn a_providers_own_tools_are_passed_on_whole() {
    let read = pieces(&stream(&[
        START,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"query\":"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"rain\"}"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"d"}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
    ]));
    assert_in_order(&read);
    let text = String::from_utf8(events(&read, None)).unwrap();
    let block = r#""content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"rain"}}"#;
    assert!(text.contains(block), "{text}");
    assert!(text.contains(r#"{"data":"d","type":"redacted_thinking"}"#), "{text}");
}

#[test]
fn tokens_known_at_the_start_stand_in_it() {
    let text = String::from_utf8(events(&pieces(&stream(&[START, STOP])), None)).unwrap();
    let first = text.lines().nth(1).unwrap();
    assert!(
        first.contains(r#""usage":{"input_tokens":3"#) && first.contains("service_tier"),
        "{first}"
    );
    let unknown = [Delta::Begin(Default::default()), Delta::End];
    let text = String::from_utf8(events(&unknown, None)).unwrap();
    assert!(text.lines().nth(1).unwrap().contains(r#""usage":{"input_tokens":0"#), "{text}");
}

/// Whole answers of other dialects: what a client's SDK puts together again.
#[test]
fn arguments_are_objects_whatever_they_were() {
    for (arguments, is_custom, expected) in [
        (r#"{"a":1}"#, false, r#"{"a":1}"#),
        ("", false, "{}"),
        ("[1]", false, r#"{"input":"[1]"}"#),
        ("{free}", true, r#"{"input":"{free}"}"#),
    ] {
        let mut call = tool_call("a");
        call.arguments = arguments.to_owned();
        call.is_custom = is_custom;
        let reply = answered(vec![Part::ToolCall(call)], StopReason::ToolCalls);
        let read = assembled(&pieces(&events(&deltas(&reply), Some(MAKER))));
        match read.choices[0].parts.as_slice() {
            [Part::ToolCall(call)] => assert_eq!(call.arguments, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_calls_seal_comes_back_with_the_call() {
    let mut sealed = tool_call("a");
    sealed.seal = Some(Seal { value: "c2VhbA".to_owned(), maker: None });
    let reply = answered(vec![Part::ToolCall(sealed)], StopReason::ToolCalls);
    let stream = events(&deltas(&reply), Some(MAKER));
    let plain = super::super::encode_reply(&reply, &super::presented(Some(MAKER)));
    for content in [&assembled(&pieces(&stream)), &super::super::decode_reply(&plain).unwrap()] {
        let said = super::super::encode_reply(content, &super::presented(None));
        let said: serde_json::Value = serde_json::from_slice(&said).unwrap();
        let messages = [serde_json::json!({ "role": "assistant", "content": said["content"] })];
        let request = serde_json::json!({ "model": "m", "max_tokens": 9, "messages": messages });
        let call = decode_call(request.to_string().as_bytes()).unwrap();
        let [Part::ToolCall(call)] = call.turns[0].parts.as_slice() else { panic!("{call:?}") };
        let expected = Seal { value: "c2VhbA".to_owned(), maker: Some(MAKER) };
        assert_eq!(call.seal, Some(expected));
    }
}

#[test]
fn refusals_and_filters_end_as_refusals() {
    for (part, reason) in [
        (Part::Refusal("no".to_owned()), StopReason::Done),
        (Part::text("no"), StopReason::Refused),
        (Part::text("n"), StopReason::Filtered),
    ] {
        let reply = answered(vec![part], reason);
        let read = assembled(&pieces(&events(&deltas(&reply), None)));
        assert_eq!(read.choices[0].stop.as_ref().unwrap().reason, StopReason::Refused);
    }
}

#[test]
fn only_the_first_of_several_answers_is_told() {
    let mut reply = answered(vec![Part::text("one")], StopReason::Done);
    reply.choices.push(answered(vec![Part::text("two")], StopReason::Length).choices.remove(0));
    let read = pieces(&events(&deltas(&reply), None));
    let texts: Vec<_> = read
        .iter()
        .filter_map(|delta| match delta {
            Delta::Piece { piece: Piece::Text(text), .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["one"]);
}

fn answered(parts: Vec<Part>, reason: StopReason) -> Reply {
    let choice =
        Choice { parts, stop: Some(Stop::of(reason)), logprobs: None, rest: Rest::default() };
    Reply { choices: vec![choice], usage: Some(Usage::default()), ..Reply::default() }
}
