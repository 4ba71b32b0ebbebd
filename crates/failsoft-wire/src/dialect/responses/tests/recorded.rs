//! Recorded exchanges of `responses`: read, turned into the neutral form and back, nothing is lost.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{OWN, assembled, encoded, frames, presented, said};
use crate::neutral::{Part, Reply};
use crate::records::{self, Tally};
use crate::sse::Frame;
use crate::{Flaw, Meaning, StreamReader, StreamTranslator};

/// The same meaning in one spelling: null is absent, numbers are numbers, a string is one piece of
/// text, what goes without saying is not said, and what is included has no order.
fn levelled(value: Value) -> Value {
    match value {
        Value::Object(members) => object(members),
        Value::Array(items) => items.into_iter().map(levelled).collect(),
        Value::Number(number) => json!(number.as_f64()),
        other => other,
    }
}

fn object(members: Map<String, Value>) -> Value {
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    let mut members: Map<String, Value> =
        members.map(|(key, value)| (key, levelled(value))).collect();
    if members.contains_key("role") {
        members.retain(|key, value| key != "type" || value != "message");
    }
    // Words nobody says, and tokens nobody counts.
    members.retain(|key, value| key != "instructions" || *value != json!(""));
    members.retain(|key, value| key != "cache_write_tokens" || *value != json!(0.0));
    for empty in ["annotations", "logprobs", "include", "tools"] {
        members.retain(|key, value| key != empty || *value != json!([]));
    }
    members.retain(|key, value| key != "stream" || *value != json!(false));
    let is_call = members.get("type") == Some(&json!("function_call"));
    if is_call && members.get("arguments") == Some(&json!("")) {
        members.insert("arguments".to_owned(), json!("{}"));
    }
    if let Some(Value::Array(parts)) = members.get("content")
        && let [Value::Object(part)] = parts.as_slice()
        && let (2, Some(text)) = (part.len(), part.get("text").filter(|_| is_words(part)))
    {
        let text = text.clone();
        members.insert("content".to_owned(), text);
    }
    if let Some(text @ Value::String(_)) = members.get("input").filter(|_| is_request(&members)) {
        let input = json!([{"role": "user", "content": text}]);
        members.insert("input".to_owned(), input);
    }
    if let Some(Value::Array(names)) = members.get_mut("include") {
        names.sort_by_key(Value::to_string);
    }
    Value::Object(members)
}

fn is_words(part: &Map<String, Value>) -> bool {
    matches!(part["type"].as_str(), Some("input_text" | "output_text"))
}

fn is_request(members: &Map<String, Value>) -> bool {
    members.contains_key("model") && !members.contains_key("call_id")
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| {
        panic!("no JSON: {error}: {}", String::from_utf8_lossy(bytes));
    })
}

/// The first place where two values differ.
fn difference(one: &Value, other: &Value, path: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
            keys.into_iter().find_map(|key| {
                let (one, other) = (one.get(key), other.get(key));
                let path = format!("{path}.{key}");
                difference(one.unwrap_or(&Value::Null), other.unwrap_or(&Value::Null), &path)
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let pairs = one.iter().zip(other).enumerate();
            pairs
                .into_iter()
                .find_map(|(at, (one, other))| difference(one, other, &format!("{path}[{at}]")))
        }
        (one, other) if one == other => None,
        (one, other) => Some(format!("{path}: {one} became {other}")),
    }
}

#[test]
fn recorded_requests_come_back_as_they_were() {
    let Some(records) = records::of(OWN) else { return };
    let mut tally = Tally::default();
    for record in records.into_iter().filter(|record| record.is_answered()) {
        let Some(request) = record.request.as_deref().filter(|request| !request.is_empty()) else {
            tally.leave_out(record, "no request");
            continue;
        };
        let call = OWN.decode_call(request, None);
        let call = call.unwrap_or_else(|problem| panic!("{}: {problem}", record.name));
        let encoded = encoded(&call).unwrap();
        assert!(encoded.notes.is_empty(), "{}: {:?}", record.name, encoded.notes);
        let mut before = parsed(request);
        before["model"] = json!("target");
        let (before, after) = (levelled(before), levelled(parsed(&encoded.body)));
        assert_eq!(difference(&before, &after, ""), None, "{}", record.name);
        tally.count(record);
    }
    tally.print("responses: requests that came back");
    assert!(tally.total() > 80);
}

#[test]
fn recorded_replies_come_back_as_they_were() {
    let Some(records) = records::of(OWN) else { return };
    let mut tally = Tally::default();
    for record in records.into_iter().filter(|record| record.is_answered() && !record.is_stream) {
        let reply = OWN.decode_reply(&record.body).unwrap();
        let encoded = OWN.encode_reply(&reply, &presented(None));
        let (before, after) = (levelled(parsed(&record.body)), levelled(parsed(&encoded)));
        assert_eq!(difference(&before, &after, ""), None, "{}", record.name);
        tally.count(record);
    }
    tally.print("responses: plain replies that came back");
    assert!(tally.total() > 40);
}

#[test]
fn recorded_streams_say_the_same_after_being_written_anew() {
    let Some(records) = records::of(OWN) else { return };
    let mut tally = Tally::default();
    for record in records.into_iter().filter(|record| record.is_answered() && record.is_stream) {
        let frames = frames(&record.body);
        let Some(whole) = terminal(&frames) else {
            tally.leave_out(record, "the answer failed");
            continue;
        };
        let first = assembled(&record.body);
        let mut stream = Vec::new();
        let mut translator = StreamTranslator::new(OWN, OWN, presented(None));
        for frame in &frames {
            translator.frame(frame, &mut stream);
        }
        translator.end(&mut stream);
        let written = super::frames(&stream);
        let mut reader = StreamReader::new(OWN);
        for frame in &written {
            assert_ne!(reader.read(frame), Meaning::Malformed, "{}", record.name);
        }
        assert_eq!(reader.end(), Ok(()), "{}", record.name);
        assert_eq!(said(assembled(&stream)), said(first.clone()), "{}", record.name);
        // The terminal event tells the whole answer once more, and may seal it anew.
        let told = OWN.decode_reply(whole.as_bytes()).unwrap();
        assert_eq!(unsealed(said(told)), unsealed(said(first)), "{}", record.name);
        tally.count(record);
    }
    tally.print("responses: streams that came back");
    assert!(tally.total() > 30);
}

#[test]
fn recorded_answers_are_whole_unless_they_carry_an_error() {
    let Some(records) = records::of(OWN) else { return };
    let (mut tally, mut failed) = (Tally::default(), Vec::new());
    for record in records.into_iter().filter(|record| record.is_answered()) {
        let flaw = if record.is_stream {
            let mut reader = StreamReader::new(OWN);
            let read: Vec<_> = frames(&record.body).iter().map(|f| reader.read(f)).collect();
            assert!(!read.contains(&Meaning::Malformed), "{}: {read:?}", record.name);
            reader.end().err()
        } else {
            OWN.read_reply(&record.body).flaw
        };
        match flaw {
            None => tally.count(record),
            Some(flaw) => {
                tally.leave_out(record, format_args!("{flaw:?}"));
                failed.push((&record.name, flaw));
            }
        }
    }
    tally.print("responses: whole answers");
    let names: Vec<_> = failed.iter().map(|(name, _)| name.as_str()).collect();
    assert!(matches!(failed.as_slice(), [(_, Flaw::Error(_))]), "{failed:?}");
    assert!(names[0].ends_with("openai/responses/1029.json"));
}

fn unsealed(mut reply: Reply) -> Reply {
    for part in reply.choices.iter_mut().flat_map(|choice| &mut choice.parts) {
        if let Part::Thinking { seal: Some(seal), .. } = part {
            seal.value.clear();
        }
    }
    reply
}

/// The `response` of the terminal event, as it is written.
fn terminal(frames: &[Frame]) -> Option<String> {
    let last = frames.iter().filter_map(Frame::data).find(|data| {
        let kind = parsed(data)["type"].as_str().map(str::to_owned);
        matches!(kind.as_deref(), Some("response.completed" | "response.incomplete"))
    });
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(last?).unwrap();
    members.get("response").map(|response| response.get().to_owned())
}
