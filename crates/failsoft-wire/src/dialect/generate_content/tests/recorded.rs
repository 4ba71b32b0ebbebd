//! Recorded traffic of this dialect comes back as it was.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks at a few kinds only")]

use bytes::Bytes;
use serde_json::{Map, Value};

use super::super::keys::camel;
use super::super::{
    GenerateReader, decode_call, decode_reply, encode_call, encode_reply, read_reply, read_request,
};
use super::{assembled, assert_in_order, destination, events, pieces, presented};
use crate::Dialect::GenerateContent;
use crate::neutral::{Choice, Part, Reply, Rest, deltas};
use crate::records::{self, Record, Tally};
use crate::reply::Flaw;
use crate::stream::{Meaning, ReadStream as _};

/// Answers that are none, although their status is 200.
const BROKEN: [(&str, Flaw); 1] = [("0283.json", Flaw::Empty)];

#[test]
fn recorded_requests_come_back_as_they_were() {
    let Some(records) = records::of(GenerateContent) else { return };
    let mut tally = Tally::default();
    for record in records {
        let body = record.request.as_deref().unwrap_or_default();
        let Ok(original) = serde_json::from_slice::<Value>(body) else {
            tally.leave_out(record, "no request");
            continue;
        };
        let addressed = record.addressed.as_ref().unwrap();
        let head = read_request(body, addressed);
        let head = head.unwrap_or_else(|problem| panic!("{}: {problem}", record.name));
        assert_eq!((head.model, head.stream), (addressed.model.clone(), addressed.stream));
        let call = decode_call(body, addressed);
        let call = call.unwrap_or_else(|problem| panic!("{}: {problem}", record.name));
        assert_eq!(call.max_tokens, head.max_tokens, "{}", record.name);
        let encoded = encode_call(&call, &destination(&call.model)).unwrap();
        let again: Value = serde_json::from_slice(&encoded.body).unwrap();
        assert_eq!(levelled(&original), levelled(&again), "{}", record.name);
        assert_eq!(encoded.notes, [], "{}", record.name);
        tally.count(record);
    }
    tally.print("generate_content: requests that came back");
    assert!(tally.total() > 140, "hardly any requests were found");
}

#[test]
fn recorded_replies_come_back_as_they_were() {
    let Some(records) = records::of(GenerateContent) else { return };
    let mut tally = Tally::default();
    for record in records.into_iter().filter(|record| record.is_answered() && !record.is_stream) {
        let head = read_reply(&record.body);
        if !is_known_broken(record, head.flaw.as_ref()) {
            assert_eq!(head.flaw, None, "{}", record.name);
            assert!(head.usage.output > 0, "{}", record.name);
        }
        let reply = decode_reply(&record.body).unwrap();
        let usage = reply.usage.as_ref().unwrap();
        assert_eq!((usage.input, usage.output), (head.usage.input, head.usage.output));
        let mut again: Value =
            serde_json::from_slice(&encode_reply(&reply, &presented(None))).unwrap();
        let original: Value = serde_json::from_slice(&record.body).unwrap();
        for added in ["/modelVersion", "/responseId", "/usageMetadata/totalTokenCount"] {
            if original.pointer(added).is_none() {
                again.pointer_mut(added).map(Value::take);
            }
        }
        assert_eq!(levelled(&original), levelled(&again), "{}", record.name);
        tally.count(record);
    }
    tally.print("generate_content: plain replies that came back");
    assert!(tally.total() > 70, "hardly any replies were found");
}

#[test]
fn recorded_streams_come_back_as_they_were() {
    let Some(records) = records::of(GenerateContent) else { return };
    let (mut tally, mut parts) = (Tally::default(), 0);
    for record in records.into_iter().filter(|record| record.is_answered() && record.is_stream) {
        let mut reader = GenerateReader::default();
        let meanings: Vec<_> = datas(record).iter().map(|data| reader.read(None, data)).collect();
        assert!(!meanings.contains(&Meaning::Malformed), "{}: {meanings:?}", record.name);
        if let Some(flaw) = reader.end() {
            assert!(is_known_broken(record, Some(&flaw)), "{}: {flaw:?}", record.name);
            tally.leave_out(record, format_args!("no answer: {flaw:?}"));
            continue;
        }
        assert!(reader.is_complete() && reader.model().is_some(), "{}", record.name);
        let read = pieces(&record.body);
        assert_in_order(&read);
        let mut reply = assembled(&read);
        without_quotes(&mut reply);
        let again = pieces(&events(&read, None));
        assert_in_order(&again);
        assert_eq!(assembled(&again), reply, "{}", record.name);
        let mut plain = decode_reply(&encode_reply(&reply, &presented(None))).unwrap();
        plain.choices.iter_mut().for_each(|choice| choice.rest = Rest::default());
        assert_eq!(plain, reply, "{}: as a plain answer", record.name);
        let usage = reply.usage.as_ref().unwrap();
        assert_eq!((usage.input, usage.output), (reader.usage().input, reader.usage().output));
        assert_eq!(said(&reply.choices), said_in(record), "{}", record.name);
        parts += reply.choices.iter().map(|choice| choice.parts.len()).sum::<usize>();
        tally.count(record);
    }
    tally.print("generate_content: streams that came back");
    assert!(tally.total() > 40 && parts > 60, "hardly any streams were found");
}

#[test]
fn recorded_replies_make_the_same_streams() {
    let Some(records) = records::of(GenerateContent) else { return };
    let mut tally = Tally::default();
    for record in records.into_iter().filter(|record| record.is_answered() && !record.is_stream) {
        let mut reply = decode_reply(&record.body).unwrap();
        let again = assembled(&pieces(&events(&deltas(&reply), None)));
        for choice in &mut reply.choices {
            choice.rest = Rest::default(); // it has no place there
            joined(&mut choice.parts);
            choice.parts.iter_mut().for_each(on_one_line);
        }
        assert_eq!(again.choices, reply.choices, "{}", record.name);
        let (tokens, usage) = (again.usage.unwrap(), reply.usage.unwrap());
        assert_eq!((tokens.input, tokens.output), (usage.input, usage.output), "{}", record.name);
        tally.count(record);
    }
    tally.print("generate_content: plain replies that made streams");
}

#[test]
fn recorded_errors_are_errors() {
    let Some(records) = records::of(GenerateContent) else { return };
    let mut tally = Tally::default();
    for record in records.into_iter().filter(|record| record.status >= 400) {
        let flaw = read_reply(&record.body).flaw;
        assert!(matches!(flaw, Some(Flaw::Error(_))), "{}: {flaw:?}", record.name);
        tally.count(record);
    }
    tally.print("generate_content: errors that were seen as such");
}

/// This dialect's answers have no place for the words of a source that another one's quote.
fn without_quotes(reply: &mut Reply) {
    for part in reply.choices.iter_mut().flat_map(|choice| &mut choice.parts) {
        if let Part::Text { citations, .. } = part {
            citations.iter_mut().for_each(|citation| citation.quote = None);
        }
    }
}

fn on_one_line(part: &mut Part) {
    if let Part::ToolCall(call) = part {
        call.arguments = call.arguments.replace('\n', " ");
    }
}

/// Texts that follow one another are one in a stream.
fn joined(parts: &mut Vec<Part>) {
    parts.dedup_by(|next, part| match (part, next) {
        (Part::Text { text, citations, .. }, Part::Text { text: more, citations: other, .. }) => {
            text.push_str(more);
            citations.append(other);
            true
        }
        _ => false,
    });
}

fn is_known_broken(record: &Record, flaw: Option<&Flaw>) -> bool {
    let known = BROKEN.iter().find(|(name, _)| record.name.ends_with(name));
    let body = String::from_utf8_lossy(&record.body);
    let is_broken_off =
        matches!(flaw, Some(Flaw::BrokenOff(reason)) if body.contains(reason.as_str()));
    flaw.is_some() && (is_broken_off || known.map(|(_, flaw)| flaw) == flaw)
}

fn datas(record: &Record) -> Vec<Bytes> {
    let stream = String::from_utf8_lossy(&record.body);
    let lines = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.map(|data| Bytes::copy_from_slice(data.as_bytes())).collect()
}

/// All texts and all calls, without the codec's help.
fn said_in(record: &Record) -> (String, Vec<(String, Value)>) {
    let (mut text, mut calls) = (String::new(), Vec::new());
    for data in datas(record) {
        let chunk: Value = serde_json::from_slice(&data).unwrap();
        for part in chunk["candidates"][0]["content"]["parts"].as_array().into_iter().flatten() {
            if part["thought"] != true {
                text.push_str(part["text"].as_str().unwrap_or_default());
            }
            if let Some(name) = part["functionCall"]["name"].as_str() {
                calls.push((name.to_owned(), part["functionCall"]["args"].clone()));
            }
        }
    }
    (text, calls)
}

fn said(choices: &[Choice]) -> (String, Vec<(String, Value)>) {
    let (mut text, mut calls) = (String::new(), Vec::new());
    for part in choices.iter().flat_map(|choice| &choice.parts) {
        match part {
            Part::Text { text: more, .. } => text.push_str(more),
            Part::ToolCall(call) => {
                calls.push((call.name.clone(), serde_json::from_str(&call.arguments).unwrap()));
            }
            _ => {}
        }
    }
    (text, calls)
}

/// Equivalent spellings are made the same: camel case, no nulls, no defaults (`thought: false`,
/// index 0, no tokens, the role of instructions and of turns without one), roles and levels in
/// capitals, base64 in the standard alphabet, names for numbers, whole floats, entries of
/// `tools` with one member each.
fn levelled(value: &Value) -> Value {
    let mut value = level(value);
    let Value::Object(top) = &mut value else { return value };
    top.remove("model");
    if let Some(Value::Object(system)) = top.get_mut("systemInstruction") {
        system.remove("role");
    }
    if let Some(Value::Array(tools)) = top.get_mut("tools") {
        let single = |tool: &Value| -> Vec<Value> {
            let members = tool.as_object().unwrap().clone().into_iter();
            members.map(|member| Value::Object(Map::from_iter([member]))).collect()
        };
        *tools = tools.iter().flat_map(single).collect();
    }
    top.retain(|_, value| {
        *value != Value::Array(Vec::new()) && *value != Value::Object(Map::new())
    });
    value
}

fn level(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(key, value)| !is_default(key, value));
            let kept = kept.map(|(key, value)| {
                let key = String::from_utf8(camel(key.as_bytes()).into_owned()).unwrap();
                let value = match key.as_str() {
                    // Names chosen by people.
                    "args" | "response" | "properties" | "labels" => bare(value),
                    "thinkingLevel" | "mode" => value.as_str().unwrap().to_uppercase().into(),
                    "thoughtSignature" | "data" => {
                        value.as_str().unwrap().replace('-', "+").replace('_', "/").into()
                    }
                    "finishReason" if *value == 1 => "STOP".into(),
                    _ => level(value),
                };
                (key, value)
            });
            Value::Object(kept.collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(level).collect()),
        value => bare(value),
    }
}

fn bare(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(list) => Value::Array(list.iter().map(bare).collect()),
        Value::Object(object) => {
            object.iter().map(|(key, value)| (key.clone(), bare(value))).collect()
        }
        value => value.clone(),
    }
}

fn is_default(key: &str, value: &Value) -> bool {
    let is_count = key.ends_with("TokenCount") || key == "index";
    value.is_null()
        || (key == "thought" && *value == false)
        || (is_count && *value == 0)
        || (key == "parts" && *value == Value::Array(Vec::new()))
        || (key == "role" && *value == "user")
}
