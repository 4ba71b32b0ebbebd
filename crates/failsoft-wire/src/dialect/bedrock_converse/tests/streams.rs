//! Streams that are unlike recorded ones, and what only whole answers show.

use serde_json::{Value, json};

use super::super::blocks::redacted;
use super::super::event_stream::push_event;
use super::super::reply::{decode_reply, encode_reply};
use super::{assembled, pieces, presented, streamed};
use crate::neutral::{
    Choice, Delta, Json, Maker, Media, MediaKind, MediaSource, Part, PartStart, Piece, Reply, Rest,
    Seal, Stop, StopReason, ToolCall,
};
use crate::{Dialect, Flaw, FrameDecoder, StreamReader};

fn stream(events: &[(&str, Value)]) -> Vec<u8> {
    let mut stream = Vec::new();
    for (event, payload) in events {
        push_event(&mut stream, event, |out| out.extend(payload.to_string().into_bytes()));
    }
    stream
}

fn start(index: u32, start: &Value) -> (&'static str, Value) {
    ("contentBlockStart", json!({"contentBlockIndex": index, "start": start}))
}

fn delta(index: u32, delta: &Value) -> (&'static str, Value) {
    ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}))
}

fn stop(index: u32) -> (&'static str, Value) {
    ("contentBlockStop", json!({ "contentBlockIndex": index }))
}

fn finish(reason: &str) -> (&'static str, Value) {
    ("messageStop", json!({ "stopReason": reason }))
}

fn tool_call(id: &str, arguments: &str) -> Part {
    Part::ToolCall(ToolCall {
        id: id.to_owned(),
        name: "look".to_owned(),
        arguments: arguments.to_owned(),
        seal: None,
        is_custom: false,
        rest: Rest::default(),
    })
}

fn reply(parts: Vec<Part>) -> Reply {
    Reply { choices: vec![Choice { parts, ..Choice::default() }], ..Reply::default() }
}

fn plain(reply: &Reply) -> Value {
    serde_json::from_slice(&encode_reply(reply, &presented())).unwrap()
}

fn content(blocks: &Value) -> Vec<Part> {
    let body = json!({"output": {"message": {"content": blocks}}, "stopReason": "end_turn"});
    decode_reply(body.to_string().as_bytes()).unwrap().choices.remove(0).parts
}

#[test]
fn blocks_that_overlap_wait_for_each_other() {
    let used = |id: &str| json!({"toolUse": {"toolUseId": id, "name": "look"}});
    let input = |text: &str| json!({"toolUse": {"input": text}});
    let stream = stream(&[
        start(0, &used("a")),
        start(1, &used("b")),
        delta(1, &input("{\"n\"")),
        delta(0, &input("{")),
        stop(1),
        delta(0, &input("}")),
        stop(0),
        delta(2, &json!({"text": "Hi"})),
        finish("tool_use"),
    ]);
    let pieces = pieces(&stream);
    let mut is_open = false;
    for piece in &pieces {
        match piece {
            Delta::PartBegin { .. } => assert!(!std::mem::replace(&mut is_open, true)),
            Delta::PartEnd { .. } => assert!(std::mem::replace(&mut is_open, false)),
            Delta::Piece { .. } => assert!(is_open),
            Delta::Begin(_) | Delta::Finish { .. } | Delta::Usage(_) | Delta::End => {}
        }
    }
    let arguments = Delta::Piece { choice: 0, piece: Piece::Arguments("{".to_owned()) };
    assert_eq!(pieces.get(2), Some(&arguments), "the first block is told as it comes");
    let expected = [tool_call("a", "{}"), tool_call("b", "{\"n\""), Part::text("Hi")];
    assert_eq!(assembled(&stream).choices[0].parts, expected);
}

#[test]
fn secret_thoughts_in_pieces_are_one_seal() {
    let piece = |base64: &str| delta(0, &json!({"reasoningContent": {"redactedContent": base64}}));
    let stream = stream(&[piece("YQ=="), piece("YmM="), stop(0), finish("end_turn")]);
    let (text, rest) = (String::new(), Rest::default());
    let expected = Part::Thinking { text, seal: Some(redacted("YWJj")), rest };
    let reply = assembled(&stream);
    assert_eq!(reply.choices[0].parts, [expected]);
    let block = json!({"reasoningContent": {"redactedContent": "YWJj"}});
    assert_eq!(plain(&reply)["output"]["message"]["content"], json!([block]));
}

#[test]
fn tools_of_the_service_are_whole_parts_of_this_dialect() {
    let used = json!({"toolUseId": "a", "name": "run", "type": "server_tool_use"});
    let told = json!({"toolUseId": "a", "type": "run_result", "status": "success"});
    let stream = stream(&[
        start(0, &json!({ "toolUse": used })),
        delta(0, &json!({"toolUse": {"input": "{\"n\":"}})),
        delta(0, &json!({"toolUse": {"input": "1}"}})),
        stop(0),
        start(1, &json!({ "toolResult": told })),
        delta(1, &json!({"toolResult": [{"json": {"out": "7"}}]})),
        delta(1, &json!({"toolResult": [{"text": "done"}]})),
        stop(1),
        finish("end_turn"),
    ]);
    let blocks = json!([
        {"toolUse": {"toolUseId": "a", "name": "run", "type": "server_tool_use", "input": {"n": 1}}},
        {"toolResult": {
            "toolUseId": "a", "type": "run_result", "status": "success",
            "content": [{"json": {"out": "7"}}, {"text": "done"}],
        }},
    ]);
    let reply = assembled(&stream);
    assert!(reply.choices[0].parts.iter().all(|part| matches!(part, Part::Foreign(_))));
    assert_eq!(plain(&reply)["output"]["message"]["content"], blocks);
    let again = assembled(&streamed(&reply));
    assert_eq!(plain(&again), plain(&reply));
}

#[test]
fn images_of_the_model_are_whole_parts() {
    let stream = stream(&[
        start(0, &json!({"image": {"format": "png"}})),
        delta(0, &json!({"image": {"source": {"bytes": "YQ=="}}})),
        stop(0),
        finish("end_turn"),
    ]);
    let source = MediaSource::Inline { mime: "image/png".into(), base64: "YQ==".into() };
    let (name, detail, rest) = (None, None, Rest::default());
    let image = Part::Media(Media { kind: MediaKind::Image, source, name, detail, rest });
    let reply = assembled(&stream);
    assert_eq!(reply.choices[0].parts, std::slice::from_ref(&image));
    assert_eq!(assembled(&streamed(&reply)).choices[0].parts, std::slice::from_ref(&image));
    let block = json!({"image": {"format": "png", "source": {"bytes": "YQ=="}}});
    assert_eq!(content(&json!([block])), [image]);
}

#[test]
fn streams_without_a_beginning_or_usage_have_both_ends() {
    let words = json!({"text": "Hi"});
    let read = pieces(&stream(&[delta(0, &words), finish("max_tokens")]));
    let choice = 0;
    let told = |piece| Delta::Piece { choice, piece };
    let word = Some((Dialect::BedrockConverse, "max_tokens".to_owned()));
    let expected = [
        Delta::Begin(crate::neutral::Opening::default()),
        Delta::PartBegin { choice, start: PartStart::Text },
        told(Piece::Text("Hi".to_owned())),
        Delta::PartEnd { choice },
        Delta::Finish { choice, stop: Stop { reason: StopReason::Length, sequence: None, word } },
        Delta::End,
    ];
    assert_eq!(read, expected);
    let failure = json!({"message": "m"});
    let read = pieces(&stream(&[("throttlingException", failure), ("ping", json!({}))]));
    assert_eq!(read, [Delta::Begin(crate::neutral::Opening::default()), Delta::End]);
}

#[test]
fn reasons_map_both_ways() {
    use StopReason::{
        ContextFull, Done, Filtered, Length, Other, Paused, Refused, Sequence, ToolCalls,
    };
    for (word, reason) in [
        ("end_turn", Done),
        ("tool_use", ToolCalls),
        ("max_tokens", Length),
        ("stop_sequence", Sequence),
        ("content_filtered", Filtered),
        ("guardrail_intervened", Filtered),
        ("model_context_window_exceeded", ContextFull),
        ("something_new", Other),
    ] {
        let body = json!({"output": {"message": {"content": []}}, "stopReason": word});
        let reply = decode_reply(body.to_string().as_bytes()).unwrap();
        assert_eq!(reply.choices[0].stop.as_ref().unwrap().reason, reason);
        assert_eq!(plain(&reply)["stopReason"], word, "its own word comes back");
    }
    for (reason, word) in [
        (Filtered, "content_filtered"),
        (Refused, "content_filtered"),
        (Paused, "end_turn"),
        (Other, "end_turn"),
    ] {
        let mut reply = reply(vec![Part::text("a")]);
        reply.choices[0].stop = Some(Stop::of(reason));
        assert_eq!(plain(&reply)["stopReason"], word);
    }
}

#[test]
fn a_stop_sequence_is_named_where_the_model_names_it() {
    let fields = json!({"stop_sequence": "END"});
    let end = json!({"stopReason": "stop_sequence", "additionalModelResponseFields": fields});
    let streamed_reply =
        assembled(&stream(&[delta(0, &json!({"text": "a"})), ("messageStop", end)]));
    let body = json!({
        "output": {"message": {"content": [{"text": "a"}]}},
        "stopReason": "stop_sequence", "additionalModelResponseFields": fields,
    });
    let whole = decode_reply(body.to_string().as_bytes()).unwrap();
    for reply in [streamed_reply, whole] {
        let stop = reply.choices[0].stop.as_ref().unwrap();
        assert_eq!(stop.sequence.as_deref(), Some("END"));
        assert_eq!(plain(&reply)["additionalModelResponseFields"], fields);
        let again = assembled(&streamed(&reply));
        assert_eq!(again.choices[0].stop, reply.choices[0].stop);
    }
}

#[test]
fn answers_of_other_dialects_become_what_this_one_has() {
    let Part::ToolCall(mut custom) = tool_call("c", "free text") else { return };
    custom.is_custom = true;
    let parts = vec![
        Part::Refusal("No.".to_owned()),
        tool_call("a", ""),
        tool_call("b", "[1]"),
        Part::ToolCall(custom),
    ];
    let reply = reply(parts);
    let input = |input: Value, id: &str| json!({"toolUse": {"toolUseId": id, "name": "look", "input": input}});
    let expected = json!([
        {"text": "No."},
        input(json!({}), "a"),
        input(json!({"input": "[1]"}), "b"),
        input(json!({"input": "free text"}), "c"),
    ]);
    assert_eq!(plain(&reply)["output"]["message"]["content"], expected);
    assert_eq!(plain(&reply)["usage"]["totalTokens"], 0);
    assert_eq!(plain(&reply)["metrics"]["latencyMs"], 0);
    let again = assembled(&streamed(&reply));
    assert_eq!(plain(&again)["output"], plain(&reply)["output"]);
}

#[test]
fn seals_carry_their_makers_mark_to_clients() {
    let seal = Seal { value: "s".to_owned(), maker: None };
    let text = "hm".to_owned();
    let reply = reply(vec![Part::Thinking { text, seal: Some(seal), rest: Rest::default() }]);
    let marked = crate::Presented { maker: Some(Maker(7)), ..presented() };
    let body: Value = serde_json::from_slice(&encode_reply(&reply, &marked)).unwrap();
    let block = &body["output"]["message"]["content"][0]["reasoningContent"]["reasoningText"];
    assert_eq!(block["signature"], "fs1.0000000000000007.s");
    let Part::Thinking { seal: Some(read), .. } =
        &content(&body["output"]["message"]["content"])[0]
    else {
        panic!("no seal")
    };
    assert_eq!((read.value.as_str(), read.maker), ("s", Some(Maker(7))));
}

#[test]
fn a_body_that_ends_inside_a_frame_lacks_what_the_frame_said() {
    let words = stream(&[delta(0, &json!({"text": "a"})), stop(0)]);
    let whole = [words.clone(), stream(&[finish("end_turn")])].concat();
    for (end, expected) in [
        (whole.len(), Ok(())),
        (whole.len() - 1, Err(Flaw::NoEnd)),
        (words.len() + 3, Err(Flaw::NoEnd)),
        (words.len(), Err(Flaw::NoEnd)),
    ] {
        let mut decoder = FrameDecoder::new(Dialect::BedrockConverse, 1 << 20);
        let mut reader = StreamReader::new(Dialect::BedrockConverse);
        decoder.push(bytes::Bytes::copy_from_slice(&whole[..end]));
        while let Some(frame) = decoder.next_frame().unwrap() {
            reader.read(&frame);
        }
        assert!(!decoder.close());
        assert_eq!(decoder.next_frame(), Ok(None));
        assert_eq!(reader.end(), expected, "cut at {end}");
    }
}

#[test]
fn json_answers_of_tools_are_text_to_others_and_stay_json_here() {
    let item = json!([{"toolResult": {"toolUseId": "a", "content": [{"json": {"n": [1]}}]}}]);
    let parts = content(&item);
    let [Part::ToolResult(result)] = parts.as_slice() else { panic!("no result") };
    let [Part::Text { text, .. }] = result.content.as_slice() else { panic!("no text") };
    assert!(Json::new(text).is_some());
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), json!({"n": [1]}));
}
