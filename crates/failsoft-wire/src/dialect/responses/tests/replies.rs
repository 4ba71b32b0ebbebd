//! Answers, plain and streamed.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::arbitrary;
use super::{OWN, assembled, frames, presented, said, streamed};
use crate::neutral::{
    Choice, Delta, Json, Maker, Media, MediaKind, MediaSource, Part, PartStart, Piece, Reply, Rest,
    Seal, Stop, StopReason, ToolCall, Usage,
};
use crate::{Meaning, StreamReader};

fn reply(parts: Vec<Part>, reason: StopReason) -> Reply {
    let choice = Choice { parts, stop: Some(Stop::of(reason)), ..Choice::default() };
    Reply { choices: vec![choice], ..Reply::default() }
}

fn value(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn reasons_to_stop_have_their_words() {
    let text = || vec![Part::text("a")];
    let refusal = || vec![Part::Refusal("no".into())];
    for (parts, reason, status, why, back) in [
        (text(), StopReason::Done, "completed", json!(null), StopReason::Done),
        (text(), StopReason::Length, "incomplete", json!("max_output_tokens"), StopReason::Length),
        (
            text(),
            StopReason::ContextFull,
            "incomplete",
            json!("max_output_tokens"),
            StopReason::Length,
        ),
        (text(), StopReason::Sequence, "completed", json!(null), StopReason::Done),
        (text(), StopReason::Paused, "completed", json!(null), StopReason::Done),
        (text(), StopReason::Filtered, "incomplete", json!("content_filter"), StopReason::Filtered),
        (text(), StopReason::Refused, "incomplete", json!("content_filter"), StopReason::Filtered),
        (refusal(), StopReason::Refused, "completed", json!(null), StopReason::Refused),
    ] {
        let reply = reply(parts, reason);
        let body = OWN.encode_reply(&reply, &presented(None));
        let plain = value(&body);
        assert_eq!(plain["status"], status, "{reason:?}");
        assert_eq!(plain["incomplete_details"].get("reason").cloned().unwrap_or_default(), why);
        let read = OWN.decode_reply(&body).unwrap();
        assert_eq!(read.choices[0].stop.as_ref().map(|stop| stop.reason), Some(back));
        assert_eq!(OWN.read_reply(&body).flaw, None);
    }
}

#[test]
fn tokens_mean_the_same() {
    let usage = Usage {
        input: 10,
        cached: 4,
        cache_written: 3,
        output: 7,
        reasoning: 5,
        rest: Rest::default(),
    };
    let reply = Reply { usage: Some(usage), ..reply(vec![Part::text("a")], StopReason::Done) };
    let body = OWN.encode_reply(&reply, &presented(None));
    let expected = json!({"input_tokens": 10, "output_tokens": 7, "total_tokens": 17,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
        "output_tokens_details": {"reasoning_tokens": 5}});
    assert_eq!(value(&body)["usage"], expected);
    assert_eq!(said(OWN.decode_reply(&body).unwrap()).usage, reply.usage);
}

#[test]
fn ids_are_kept_if_they_are_of_this_dialect() {
    for (id, expected) in [(None, "resp_x"), (Some("msg_1"), "resp_x"), (Some("resp_1"), "resp_1")]
    {
        let reply = reply(vec![Part::text("a")], StopReason::Done);
        let reply = Reply { id: id.map(str::to_owned), ..reply };
        let plain = value(&OWN.encode_reply(&reply, &presented(None)));
        assert_eq!(plain["id"], expected);
        assert_eq!(plain["output"][0]["id"], "msg_x_0");
    }
}

/// Everything an answer can hold.
fn rich() -> Reply {
    let logprobs =
        Json::new(r#"{"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[]}]}"#);
    let tool_call = |id: &str, arguments: &str, is_custom, seal| {
        let (id, name, arguments) = (id.to_owned(), "f".to_owned(), arguments.to_owned());
        Part::ToolCall(ToolCall { id, name, arguments, seal, is_custom, rest: Rest::default() })
    };
    let seal = |value: &str| Seal { value: value.to_owned(), maker: None };
    let image = Media {
        kind: MediaKind::Image,
        source: MediaSource::Inline { mime: "image/webp".into(), base64: "AAAA".into() },
        name: None,
        detail: None,
        rest: Rest::default(),
    };
    let parts = vec![
        Part::Thinking { text: "hm\n\nso".into(), seal: Some(seal("s")), rest: Rest::default() },
        Part::text("a"),
        Part::text("b"),
        Part::Media(image),
        Part::Refusal("no".into()),
        tool_call("c1", "{\"a\":1}", false, Some(seal("t"))),
        tool_call("c2", "free", true, None),
        tool_call("c3", "{}", false, None),
    ];
    let mut reply = reply(parts, StopReason::ToolCalls);
    reply.choices[0].logprobs = logprobs;
    reply.usage = Some(Usage { input: 3, output: 4, ..Usage::default() });
    reply
}

#[test]
fn a_stream_ends_in_the_plain_answer() {
    for maker in [None, Some(Maker(7))] {
        let plain = value(&OWN.encode_reply(&rich(), &presented(maker)));
        let stream = streamed(&rich(), maker);
        let frames = frames(&stream);
        let events: Vec<_> = frames.iter().map(|frame| value(frame.data().unwrap())).collect();
        assert_eq!(events.last().unwrap()["response"], plain);
        for (number, (event, frame)) in events.iter().zip(&frames).enumerate() {
            assert_eq!(event["sequence_number"], number);
            assert_eq!(event["type"].as_str().unwrap().as_bytes(), frame.event().unwrap());
        }
        let done = events.iter().filter(|event| event["type"] == "response.output_item.done");
        let done: Vec<_> = done.map(|event| event["item"].clone()).collect();
        assert_eq!(json!(done), plain["output"]);
        let mut reader = StreamReader::new(OWN);
        let meanings: Vec<_> = frames.iter().map(|frame| reader.read(frame)).collect();
        assert!(!meanings.contains(&Meaning::Malformed) && !meanings.contains(&Meaning::Error));
        assert_eq!((reader.end(), reader.is_complete()), (Ok(()), true));
        assert_eq!(reader.usage(), crate::TokenCount { input: 3, output: 4 });
        let body = serde_json::to_vec(&plain).unwrap();
        assert_eq!(said(assembled(&stream)), said(OWN.decode_reply(&body).unwrap()));
    }
}

#[test]
fn the_events_of_a_stream_come_in_their_order() {
    let stream = String::from_utf8(streamed(&rich(), None)).unwrap();
    let names: Vec<_> =
        stream.lines().filter_map(|line| line.strip_prefix("event: response.")).collect();
    let expected = [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "output_item.done",
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ];
    assert_eq!(names, expected);
}

fn read(events: &[Value]) -> Vec<Delta> {
    let stream: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let (mut reader, mut deltas) = (OWN.deltas(), Vec::new());
    frames(stream.as_bytes()).iter().for_each(|frame| reader.read(frame, &mut deltas));
    reader.end(&mut deltas);
    deltas
}

#[test]
fn pieces_of_parallel_calls_wait_for_their_turn() {
    let added = |index: u32| {
        json!({"type": "response.output_item.added", "output_index": index, "item": {
            "type": "function_call", "call_id": format!("c{index}"), "name": "f", "arguments": ""}})
    };
    let piece = |index: u32, delta: &str| {
        json!({"type": "response.function_call_arguments.delta", "output_index": index,
            "delta": delta})
    };
    let done = |index: u32| {
        json!({"type": "response.output_item.done", "output_index": index, "item": {
            "type": "function_call", "call_id": "c", "name": "f", "arguments": "whole"}})
    };
    let deltas = read(&[
        added(0),
        added(1),
        piece(1, "x"),
        piece(0, "a"),
        piece(1, "y"),
        done(1),
        piece(0, "b"),
        done(0),
        added(2),
        done(2),
        json!({"type": "response.completed", "response": {"status": "completed", "output": []}}),
    ]);
    let told: Vec<_> = deltas
        .iter()
        .map(|delta| match delta {
            Delta::Begin(_) => "begin".to_owned(),
            Delta::PartBegin { start: PartStart::ToolCall { id, .. }, .. } => id.clone(),
            Delta::Piece { piece: Piece::Arguments(text), .. } => text.clone(),
            Delta::PartEnd { .. } => ".".to_owned(),
            Delta::Finish { stop, .. } => format!("{:?}", stop.reason),
            Delta::End => "end".to_owned(),
            other => format!("{other:?}"),
        })
        .collect();
    let expected =
        ["begin", "c0", "a", "b", ".", "c1", "x", "y", ".", "c2", "whole", ".", "ToolCalls", "end"];
    assert_eq!(told, expected);
}

#[test]
fn what_comes_at_the_end_only_is_told_once() {
    let item = json!({"type": "message", "role": "assistant", "content": [
        {"type": "output_text", "text": "hi", "annotations": []}]});
    let answer = json!({"id": "r", "status": "completed", "output": [item]});
    let text = |events: &[Value]| -> Vec<String> {
        let texts = read(events).into_iter().filter_map(|delta| match delta {
            Delta::Piece { piece: Piece::Text(text), .. } => Some(text),
            _ => None,
        });
        texts.collect()
    };
    let completed = json!({"type": "response.completed", "response": answer});
    let done = json!({"type": "response.output_item.done", "output_index": 0, "item": item});
    let text_done = json!({"type": "response.output_text.done", "output_index": 0,
        "content_index": 0, "text": "hi"});
    let part = json!({"type": "response.content_part.added", "output_index": 0,
        "content_index": 0, "part": {"type": "output_text", "text": ""}});
    let delta = json!({"type": "response.output_text.delta", "output_index": 0,
        "content_index": 0, "delta": "hi"});
    for events in [
        vec![completed.clone()],
        vec![done.clone(), completed.clone()],
        vec![part.clone(), text_done.clone(), done.clone(), completed.clone()],
        vec![delta.clone(), completed.clone()],
        vec![part, delta, text_done, done, completed],
    ] {
        assert_eq!(text(&events), ["hi"], "{events:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_replies_come_back(reply in arbitrary::reply()) {
        let body = OWN.encode_reply(&reply, &presented(None));
        let read = OWN.decode_reply(&body).unwrap();
        prop_assert_eq!(OWN.read_reply(&body).flaw, None);
        let stream = streamed(&reply, None);
        prop_assert_eq!(said(assembled(&stream)), said(read.clone()));
        let mut expected = reply;
        expected.id = Some("resp_x".to_owned());
        for (index, part) in expected.choices[0].parts.iter_mut().enumerate() {
            if let Part::Thinking { seal: Some(seal), .. } = part {
                // Its item's id goes with it.
                seal.value = format!("#rs_x_{index}#{}", seal.value);
            }
        }
        let mut read = said(read);
        let stop = read.choices[0].stop.as_mut().unwrap();
        prop_assert!(stop.word.take().is_some());
        prop_assert_eq!(read, expected);
    }
}
