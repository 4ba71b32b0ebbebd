//! Recorded traffic of this dialect comes back as it was.

use serde_json::{Map, Value};

use super::super::{decode_call, decode_reply, encode_call, encode_reply};
use super::{assembled, assert_in_order, destination, events, pieces, presented};
use crate::Dialect::Messages;
use crate::records::{self, Record, Tally};

#[test]
fn recorded_requests_come_back_as_they_were() {
    let Some((records, mut tally)) = answered() else { return };
    for record in records {
        let request = record.request.as_deref().unwrap_or_default();
        let Ok(original) = serde_json::from_slice(request) else {
            tally.leave_out(record, "no request");
            continue;
        };
        let call = decode_call(request);
        let call = call.unwrap_or_else(|problem| panic!("{}: {problem}", record.name));
        let encoded = encode_call(&call, &destination(&call.model)).unwrap();
        let again: Value = serde_json::from_slice(&encoded.body).unwrap();
        let (expected, found) = (levelled_request(&original), levelled_request(&again));
        assert_eq!(expected, found, "{}", record.name);
        assert_eq!(encoded.notes, [], "{}", record.name);
        tally.count(record);
    }
    tally.print("messages: requests that came back");
    assert!(tally.total() > 80, "hardly any requests were found");
}

#[test]
fn recorded_replies_come_back_as_they_were() {
    let Some((records, mut tally)) = answered() else { return };
    for record in records.into_iter().filter(|record| !record.is_stream) {
        let reply = decode_reply(&record.body).unwrap();
        let again: Value = serde_json::from_slice(&encode_reply(&reply, &presented(None))).unwrap();
        let original: Value = serde_json::from_slice(&record.body).unwrap();
        assert_eq!(levelled(original), levelled(again), "{}", record.name);
        tally.count(record);
    }
    tally.print("messages: plain replies that came back");
    assert!(tally.total() > 40, "hardly any replies were found");
}

#[test]
fn recorded_streams_come_back_as_they_were() {
    let Some((records, mut tally)) = answered() else { return };
    let mut parts = 0;
    for record in records.into_iter().filter(|record| record.is_stream) {
        let deltas = pieces(&record.body);
        assert_in_order(&deltas);
        let reply = assembled(&deltas);
        let again = pieces(&events(&deltas, None));
        assert_in_order(&again);
        assert_eq!(assembled(&again), reply, "{}", record.name);
        assert!(reply.id.is_some() && reply.model.is_some() && reply.usage.is_some());
        assert!(reply.choices.iter().all(|choice| choice.stop.is_some()), "{}", record.name);
        parts += reply.choices.iter().map(|choice| choice.parts.len()).sum::<usize>();
        tally.count(record);
    }
    tally.print("messages: streams that came back");
    assert!(tally.total() > 40 && parts > 60, "hardly any streams were found");
}

/// The records that hold an answer, and a tally that names the others.
fn answered() -> Option<(Vec<&'static Record>, Tally)> {
    let mut records = records::of(Messages)?;
    let mut tally = Tally::default();
    records.retain(|record| {
        if record.is_answered() && record.has_inband_error {
            tally.leave_out(record, "an error in band");
        }
        record.is_answered() && !record.has_inband_error
    });
    Some((records, tally))
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
