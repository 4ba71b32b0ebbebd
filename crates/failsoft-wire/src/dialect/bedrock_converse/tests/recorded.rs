//! Recorded traffic of the service: nothing of it is lost on its way through.

use serde_json::Value;

use super::super::call::{decode_call, encode_call};
use super::super::reply::{decode_reply, encode_reply};
use super::{assembled, frames, presented, streamed, to};
use crate::Dialect;
use crate::records::{self, Tally};
use crate::stream::{Meaning, StreamReader};

#[test]
fn recorded_requests_come_back_whole() {
    let Some(records) = records::of(Dialect::BedrockConverse) else { return };
    let mut tally = Tally::default();
    for record in records {
        let Some(request) = &record.request else {
            tally.leave_out(record, "no request");
            continue;
        };
        let call = decode_call(request).unwrap();
        let encoded = encode_call(&call, &to(record.model.as_deref().unwrap())).unwrap();
        let [before, after] = [request, &encoded.body].map(|body| {
            let mut value = serde_json::from_slice(body).unwrap();
            drop_empty(&mut value);
            value
        });
        assert_eq!(after, before, "{}", record.name);
        assert_eq!(encoded.notes, [], "{}", record.name);
        tally.count(record);
    }
    tally.print("bedrock_converse: requests that came back");
    assert!(tally.total() > 50);
}

/// Equivalent spellings: an empty list, an empty object and nothing.
fn drop_empty(request: &mut Value) {
    let config = request["inferenceConfig"].as_object_mut();
    if let Some(config) = config {
        config.retain(|_, value| *value != serde_json::json!([]));
    }
    let members = request.as_object_mut().unwrap();
    members.retain(|key, value| {
        let is_empty = value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_none_or(serde_json::Map::is_empty) && !value.is_array();
        !(is_empty && matches!(key.as_str(), "system" | "inferenceConfig"))
    });
}

#[test]
fn recorded_replies_come_back_whole() {
    let Some(records) = records::of(Dialect::BedrockConverse) else { return };
    let mut tally = Tally::default();
    for record in records.into_iter().filter(|record| !record.is_stream) {
        let head = Dialect::BedrockConverse.read_reply(&record.body);
        if !record.is_answered() {
            assert!(matches!(head.flaw, Some(crate::Flaw::Error(_))), "{}", record.name);
            tally.leave_out(record, format_args!("an error: {}", record.status));
            continue;
        }
        assert_eq!(head.flaw, None, "{}", record.name);
        assert!(head.usage.input > 0 && head.usage.output > 0, "{}", record.name);
        let reply = decode_reply(&record.body).unwrap();
        let usage = reply.usage.as_ref().unwrap();
        assert_eq!((usage.input, usage.output), (head.usage.input, head.usage.output));
        let encoded = encode_reply(&reply, &presented());
        let [before, after] = [record.body.as_slice(), &encoded].map(|body| {
            let mut value: Value = serde_json::from_slice(body).unwrap();
            // Equivalent spellings: no tokens of a cache, and nothing said of them.
            value["usage"].as_object_mut().unwrap().retain(|key, value| {
                *value != 0
                    || !matches!(key.as_str(), "cacheReadInputTokens" | "cacheWriteInputTokens")
            });
            value
        });
        assert_eq!(after, before, "{}", record.name);
        assert_eq!(assembled(&streamed(&reply)), reply, "{}: streamed", record.name);
        tally.count(record);
    }
    tally.print("bedrock_converse: plain replies that came back");
    assert!(tally.total() > 30);
}

#[test]
fn recorded_streams_come_back_whole() {
    let Some(records) = records::of(Dialect::BedrockConverse) else { return };
    let mut tally = Tally::default();
    for record in records.into_iter().filter(|record| record.is_stream && record.is_answered()) {
        let mut reader = StreamReader::new(Dialect::BedrockConverse);
        let frames = frames(&record.body);
        let meanings: Vec<_> = frames.iter().map(|frame| reader.read(frame)).collect();
        assert!(!meanings.contains(&Meaning::Malformed), "{}: {meanings:?}", record.name);
        assert!(!meanings.contains(&Meaning::Error), "{}: {meanings:?}", record.name);
        assert_eq!(meanings.first(), Some(&Meaning::Opening), "{}", record.name);
        assert!(meanings.contains(&Meaning::Content), "{}", record.name);
        assert!(reader.is_complete(), "{}", record.name);
        assert_eq!(reader.end(), Ok(()), "{}", record.name);
        let reply = assembled(&record.body);
        let usage = reply.usage.as_ref().unwrap();
        assert_eq!((usage.input, usage.output), (reader.usage().input, reader.usage().output));
        let again = decode_reply(&encode_reply(&reply, &presented())).unwrap();
        assert_eq!(again, reply, "{}: as a plain reply", record.name);
        assert_eq!(assembled(&streamed(&reply)), reply, "{}: streamed again", record.name);
        tally.count(record);
    }
    tally.print("bedrock_converse: streams that came back");
    assert!(tally.total() > 15);
}

#[test]
fn recorded_streams_cut_short_are_never_whole() {
    let Some(records) = records::of(Dialect::BedrockConverse) else { return };
    let (mut tally, mut cuts) = (Tally::default(), 0);
    for record in records.into_iter().filter(|record| record.is_stream && record.is_answered()) {
        let frames = frames(&record.body);
        let stop = frames.iter().position(|frame| frame.event() == Some(b"messageStop")).unwrap();
        for end in 0..frames.len() {
            let mut reader = StreamReader::new(Dialect::BedrockConverse);
            frames.iter().take(end).for_each(|frame| _ = reader.read(frame));
            assert!(!reader.is_complete(), "{}", record.name);
            assert_eq!(reader.end().is_ok(), end > stop, "{} cut at frame {end}", record.name);
            cuts += 1;
        }
        tally.count(record);
    }
    tally.print(&format!("bedrock_converse: streams, cut at {cuts} places"));
}
