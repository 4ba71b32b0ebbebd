//! Every recorded exchange that went well loses nothing on its way through the neutral form.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use serde_json::Value;

use super::{TO, assembled, check_order, plain, presented, read, write};
use crate::Dialect::ChatCompletions;
use crate::neutral::{Part, Reply};
use crate::reply::Flaw;
use crate::sse::Decoder;
use crate::stream::StreamReader;
use crate::translate::Destination;

struct Record {
    name: String,
    request: String,
    body: String,
    is_stream: bool,
}

#[test]
fn recorded_requests_come_back_as_they_were() {
    let Some(records) = records() else { return };
    let mut counts = BTreeMap::new();
    for record in &records {
        let Ok(original) = serde_json::from_str::<Value>(&record.request) else { continue };
        let Some(model) = original["model"].as_str() else { continue };
        let call = ChatCompletions.decode_call(record.request.as_bytes(), None).unwrap();
        let encoded = ChatCompletions.encode_call(&call, &Destination { model, ..TO }).unwrap();
        let again: Value = serde_json::from_slice(&encoded.body).unwrap();
        assert_same(&record.name, &original, &again);
        assert_eq!(encoded.notes, [], "{}", record.name);
        *counts.entry(provider(&record.name)).or_insert(0) += 1;
    }
    println!("requests: {counts:?}");
}

#[test]
fn recorded_replies_come_back_as_they_were() {
    let Some(records) = records() else { return };
    let mut counts = BTreeMap::new();
    for record in records.iter().filter(|record| !record.is_stream) {
        if ChatCompletions.read_reply(record.body.as_bytes()).flaw.is_some() {
            println!("  {}: no answer", record.name);
            continue;
        }
        let original: Value = serde_json::from_str(&record.body).unwrap();
        let reply = ChatCompletions.decode_reply(record.body.as_bytes()).unwrap();
        check_reply(&record.name, &reply);
        let again = ChatCompletions.encode_reply(&reply, &presented());
        assert_same(&record.name, &original, &serde_json::from_slice(&again).unwrap());
        *counts.entry(provider(&record.name)).or_insert(0) += 1;
    }
    println!("replies: {counts:?}");
}

#[test]
fn recorded_streams_say_the_same_when_written_anew() {
    let Some(records) = records() else { return };
    let mut counts = BTreeMap::new();
    for record in records.iter().filter(|record| record.is_stream) {
        let (frames, flaw) = judged(&record.body);
        if let Some(flaw) = flaw {
            println!("  {}: no answer: {flaw:?}", record.name);
            continue;
        }
        let deltas = read(record.body.as_bytes());
        check_order(&deltas);
        let reply = assembled(&deltas);
        check_reply(&record.name, &reply);
        assert!(reply.choices.iter().all(|choice| choice.stop.is_some()), "{}", record.name);
        assert_eq!(said(&reply), said_by(&frames), "{}", record.name);
        let tells = record.body.contains("prompt_tokens");
        assert_eq!(reply.usage.is_some(), tells, "{}", record.name);
        let again = write(&deltas, presented());
        check_order(&read(&again));
        assert!(assembled(&read(&again)) == reply, "{}", record.name);
        *counts.entry(provider(&record.name)).or_insert(0) += 1;
    }
    println!("streams: {counts:?}");
}

/// The data of a stream's frames, and what is wrong with it.
fn judged(body: &str) -> (Vec<Value>, Option<Flaw>) {
    let mut decoder = Decoder::new(1 << 22);
    decoder.push(body.to_owned().into());
    let mut reader = StreamReader::new(ChatCompletions);
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next_frame().unwrap() {
        _ = reader.read(&frame);
        frames.extend(frame.data().and_then(|data| serde_json::from_slice(data).ok()));
    }
    (frames, reader.end().err())
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

fn provider(name: &str) -> String {
    name.rsplit('/').nth(2).unwrap_or_default().to_owned()
}

/// The records of answers with status 200, or `None` where there are none.
fn records() -> Option<Vec<Record>> {
    let file = shared().map(|path| path.join("recorded").join("dev_core.tar.gz"));
    let Some(file) = file.and_then(|path| std::fs::File::open(path).ok()) else {
        println!("skipped: no recorded traffic here (FAILSOFT_SHARED names its folder)");
        return None;
    };
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut records = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        if !name.contains("/chat/") || !name.ends_with(".json") {
            continue;
        }
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let record: Value = serde_json::from_str(&text).unwrap();
        if record["response"]["status"] == 200 {
            records.push(Record {
                name,
                request: record["request"]["body"].as_str().unwrap_or_default().to_owned(),
                body: record["response"]["body_text"].as_str().unwrap_or_default().to_owned(),
                is_stream: record["meta"]["stream"] == true,
            });
        }
    }
    assert!(records.len() > 100, "hardly any records were found");
    Some(records)
}

fn shared() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("FAILSOFT_SHARED") {
        return Some(path.into());
    }
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|folder| folder.join("shared")).find(|path| path.is_dir())
}
