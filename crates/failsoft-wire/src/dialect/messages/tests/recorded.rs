//! Recorded traffic of this dialect comes back as it was.

use std::io::Read as _;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::super::{decode_call, decode_reply, encode_call, encode_reply};
use super::{assembled, assert_in_order, destination, events, pieces, presented};

struct Record {
    name: String,
    request: Option<Value>,
    body: String,
    is_stream: bool,
}

#[test]
fn recorded_requests_come_back_as_they_were() {
    let Some(records) = records() else { return };
    let mut count = 0;
    for record in &records {
        let Some(request) = &record.request else { continue };
        let call = decode_call(request.to_string().as_bytes());
        let call = call.unwrap_or_else(|problem| panic!("{}: {problem}", record.name));
        let encoded = encode_call(&call, &destination(&call.model)).unwrap();
        let again: Value = serde_json::from_slice(&encoded.body).unwrap();
        let (expected, found) = (levelled_request(request), levelled_request(&again));
        assert_eq!(expected, found, "{}", record.name);
        assert_eq!(encoded.notes, [], "{}", record.name);
        count += 1;
    }
    println!("{count} requests came back");
    assert!(count > 80, "hardly any requests were found");
}

#[test]
fn recorded_replies_come_back_as_they_were() {
    let Some(records) = records() else { return };
    let mut count = 0;
    for record in records.iter().filter(|record| !record.is_stream) {
        let reply = decode_reply(record.body.as_bytes()).unwrap();
        let again: Value = serde_json::from_slice(&encode_reply(&reply, &presented(None))).unwrap();
        let original: Value = serde_json::from_str(&record.body).unwrap();
        assert_eq!(levelled(original), levelled(again), "{}", record.name);
        count += 1;
    }
    println!("{count} plain replies came back");
    assert!(count > 40, "hardly any replies were found");
}

#[test]
fn recorded_streams_come_back_as_they_were() {
    let Some(records) = records() else { return };
    let (mut count, mut parts) = (0, 0);
    for record in records.iter().filter(|record| record.is_stream) {
        let deltas = pieces(record.body.as_bytes());
        assert_in_order(&deltas);
        let reply = assembled(&deltas);
        let again = pieces(&events(&deltas, None));
        assert_in_order(&again);
        assert_eq!(assembled(&again), reply, "{}", record.name);
        assert!(reply.id.is_some() && reply.model.is_some() && reply.usage.is_some());
        assert!(reply.choices.iter().all(|choice| choice.stop.is_some()), "{}", record.name);
        parts += reply.choices.iter().map(|choice| choice.parts.len()).sum::<usize>();
        count += 1;
    }
    println!("{count} streams with {parts} parts came back");
    assert!(count > 40, "hardly any streams were found");
}

/// Equivalent spellings are made the same: words as a string or as one text block, `output_format`
/// for `output_config.format`, tools of the provider behind the caller's, no `stream: false`.
fn levelled_request(request: &Value) -> Value {
    let mut request = request.clone();
    let object = request.as_object_mut().unwrap();
    if let Some(format) = object.remove("output_format").filter(|format| !format.is_null()) {
        let config = object.entry("output_config").or_insert_with(|| Map::new().into());
        config["format"] = format;
    }
    if object.get("stream") == Some(&Value::Bool(false)) {
        object.remove("stream");
    }
    object.entry("model").or_insert_with(|| "".into());
    if let Some(Value::Array(tools)) = object.get_mut("tools") {
        tools.sort_by_key(|tool| tool.get("type").is_some_and(|kind| kind != "custom"));
        if tools.is_empty() {
            object.remove("tools");
        }
    }
    if object.get("stop_sequences").is_some_and(|stop| stop == &Value::Array(Vec::new())) {
        object.remove("stop_sequences");
    }
    levelled(request)
}

/// Also: null and absent, no cached tokens and none said, `is_error: false` and none said,
/// whole numbers with and without a fraction.
fn levelled(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let is_said = |(key, value): &(String, Value)| {
                let is_nothing = value.is_null()
                    || key.starts_with("cache_") && value == 0
                    || key == "output_tokens_details" && value["thinking_tokens"] == 0
                    || key == "is_error" && value == false;
                !is_nothing
            };
            let kept = members.into_iter().filter(is_said);
            let mut members: Map<_, _> = kept.map(|(key, value)| (key, levelled(value))).collect();
            for key in ["content", "system"] {
                if let Some(text) = members.get(key).and_then(one_text) {
                    members.insert(key.to_owned(), text);
                }
            }
            Value::Object(members)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(levelled).collect()),
        Value::Number(number) => match number.as_f64().filter(|number| number.fract() == 0.0) {
            Some(whole) => Value::from(whole as i64),
            None => Value::Number(number),
        },
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

fn one_text(content: &Value) -> Option<Value> {
    let [block] = content.as_array()?.as_slice() else { return None };
    let block = block.as_object().filter(|block| block.len() == 2 && block["type"] == "text")?;
    block.get("text").cloned()
}

/// The records of this dialect that were answered, or `None` where there are none.
fn records() -> Option<Vec<Record>> {
    let Some(file) = shared()
        .and_then(|path| std::fs::File::open(path.join("recorded").join("dev_core.tar.gz")).ok())
    else {
        println!("skipped: no recorded traffic here (FAILSOFT_SHARED names its folder)");
        return None;
    };
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut records = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let api = name.rsplit('/').nth(1).unwrap_or_default();
        if api != "messages" && !api.ends_with("_messages") {
            continue;
        }
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let record: Value = serde_json::from_str(&text).unwrap();
        if record["response"]["status"] == 200 && record["meta"]["inband_error"] != true {
            records.push(Record::read(name, &record));
        }
    }
    Some(records)
}

impl Record {
    fn read(name: String, record: &Value) -> Self {
        let request = record["request"]["body"].as_str();
        Self {
            name,
            request: request.and_then(|body| serde_json::from_str(body).ok()),
            body: record["response"]["body_text"].as_str().unwrap_or_default().to_owned(),
            is_stream: record["meta"]["stream"] == true,
        }
    }
}

fn shared() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("FAILSOFT_SHARED") {
        return Some(path.into());
    }
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|folder| folder.join("shared")).find(|path| path.is_dir())
}
