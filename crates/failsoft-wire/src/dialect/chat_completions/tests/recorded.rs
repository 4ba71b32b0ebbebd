//! Every recorded exchange that went well loses nothing on its way through the neutral form.

use serde_json::Value;

use super::{TO, assembled, assert_in_order, plain, presented, read, write};
use crate::Dialect::ChatCompletions;
use crate::neutral::{Part, Reply};
use crate::records::{self, Tally};
use crate::translate::Destination;

#[test]
fn recorded_requests_come_back_as_they_were() {
    let Some(records) = records::of(ChatCompletions) else { return };
    let mut tally = Tally::default();
    for record in records.into_iter().filter(|record| record.is_answered()) {
        let Some(request) = record.request_with_model() else {
            tally.leave_out(record, "no request");
            continue;
        };
        let original: Value = serde_json::from_slice(&request).unwrap();
        let model = original["model"].as_str().unwrap();
        let call = ChatCompletions.decode_call(&request, None).unwrap();
        let encoded = ChatCompletions.encode_call(&call, &Destination { model, ..TO }).unwrap();
        let again: Value = serde_json::from_slice(&encoded.body).unwrap();
        assert_same(&record.name, &original, &again);
        assert_eq!(encoded.notes, [], "{}", record.name);
        tally.count(record);
    }
    tally.print("chat_completions: requests that came back");
    assert!(tally.total() > 300);
}

#[test]
fn recorded_replies_come_back_as_they_were() {
    let Some(records) = records::of(ChatCompletions) else { return };
    let mut tally = Tally::default();
    for record in records.into_iter().filter(|record| record.is_answered() && !record.is_stream) {
        if let Some(flaw) = record.flaw() {
            tally.leave_out(record, format_args!("no answer: {flaw:?}"));
            continue;
        }
        let original: Value = serde_json::from_slice(&record.body).unwrap();
        let reply = ChatCompletions.decode_reply(&record.body).unwrap();
        check_reply(&record.name, &reply);
        let again = ChatCompletions.encode_reply(&reply, &presented());
        assert_same(&record.name, &original, &serde_json::from_slice(&again).unwrap());
        tally.count(record);
    }
    tally.print("chat_completions: plain replies that came back");
    assert!(tally.total() > 180);
}

#[test]
fn recorded_streams_say_the_same_when_written_anew() {
    let Some(records) = records::of(ChatCompletions) else { return };
    let mut tally = Tally::default();
    for record in records.into_iter().filter(|record| record.is_answered() && record.is_stream) {
        if let Some(flaw) = record.flaw() {
            tally.leave_out(record, format_args!("no answer: {flaw:?}"));
            continue;
        }
        let deltas = read(&record.body);
        assert_in_order(&deltas);
        let reply = assembled(&deltas);
        check_reply(&record.name, &reply);
        assert!(reply.choices.iter().all(|choice| choice.stop.is_some()), "{}", record.name);
        assert_eq!(said(&reply), said_by(&datas(&record.body)), "{}", record.name);
        let body = String::from_utf8_lossy(&record.body);
        assert_eq!(reply.usage.is_some(), body.contains("prompt_tokens"), "{}", record.name);
        let again = write(&deltas, presented());
        assert_in_order(&read(&again));
        assert!(assembled(&read(&again)) == reply, "{}", record.name);
        tally.count(record);
    }
    tally.print("chat_completions: streams that came back");
    assert!(tally.total() > 120);
}

/// The data of a stream's frames.
fn datas(stream: &[u8]) -> Vec<Value> {
    let frames = records::frames(ChatCompletions, stream);
    let datas = frames.iter().filter_map(|frame| serde_json::from_slice(frame.data()?).ok());
    datas.collect()
}

/// Everything an answer says: thoughts, words, arguments.
fn said(reply: &Reply) -> [String; 3] {
    let mut said = [const { String::new() }; 3];
    for part in reply.choices.iter().flat_map(|choice| &choice.parts) {
        match part {
            Part::Thinking { text, .. } => said[0].push_str(text),
            Part::Text { text, .. } | Part::Refusal(text) => said[1].push_str(text),
            Part::ToolCall(call) => said[2].push_str(&call.arguments),
            Part::Media(_) | Part::ToolResult(_) | Part::Foreign(_) => {}
        }
    }
    said
}

/// The same, taken from the frames in the simplest way.
fn said_by(frames: &[Value]) -> [String; 3] {
    let mut said = [const { String::new() }; 3];
    let choices = frames.iter().filter_map(|frame| frame["choices"].as_array());
    for delta in choices.flatten().map(|choice| &choice["delta"]) {
        let thought = delta["reasoning_content"].as_str().or(delta["reasoning"].as_str());
        said[0].push_str(thought.unwrap_or_default());
        for item in delta["content"].as_array().into_iter().flatten() {
            said[0].push_str(item["thinking"][0]["text"].as_str().unwrap_or_default());
            said[1].push_str(item["text"].as_str().unwrap_or_default());
        }
        for key in ["content", "refusal"] {
            said[1].push_str(delta[key].as_str().unwrap_or_default());
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            said[2].push_str(call["function"]["arguments"].as_str().unwrap_or_default());
        }
    }
    said
}

fn check_reply(name: &str, reply: &Reply) {
    assert!(reply.model.is_some(), "{name}");
    if let Some(usage) = &reply.usage {
        assert!(usage.cached <= usage.input, "{name}: {usage:?}");
        assert!(usage.reasoning <= usage.output, "{name}: {usage:?}");
    }
}

fn assert_same(name: &str, original: &Value, again: &Value) {
    let (original, again) = (plain(original), plain(again));
    if original != again {
        difference(name, "", &original, &again);
        panic!("{name}: something changed");
    }
}

fn difference(name: &str, path: &str, one: &Value, other: &Value) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for key in one.keys().chain(other.keys()) {
                let (a, b) = (one.get(key), other.get(key));
                if a != b {
                    let (a, b) = (a.unwrap_or(&Value::Null), b.unwrap_or(&Value::Null));
                    difference(name, &format!("{path}.{key}"), a, b);
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (at, (one, other)) in one.iter().zip(other).enumerate() {
                if one != other {
                    difference(name, &format!("{path}[{at}]"), one, other);
                }
            }
        }
        _ => println!("{name}{path}: {one} became {other}"),
    }
}
