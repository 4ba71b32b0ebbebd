//! Recorded traffic of the service: nothing of it is lost on its way through.

use std::io::Read;
use std::path::PathBuf;

use serde_json::Value;

use super::super::base64;
use super::super::call::{decode_call, encode_call};
use super::super::reply::{decode_reply, encode_reply};
use super::{assembled, frames, presented, streamed, to};
use crate::Dialect;
use crate::stream::{Meaning, StreamReader};

struct Record {
    name: String,
    model: String,
    request: Option<String>,
    status: u64,
    body: Vec<u8>,
    is_stream: bool,
}

#[test]
fn recorded_requests_come_back_whole() {
    let Some(records) = records() else { return };
    let mut count = 0;
    for record in &records {
        let Some(request) = &record.request else { continue };
        let call = decode_call(request.as_bytes()).unwrap();
        let encoded = encode_call(&call, &to(&record.model)).unwrap();
        let [before, after] = [request.as_bytes(), &encoded.body].map(|body| {
            let mut value = serde_json::from_slice(body).unwrap();
            drop_empty(&mut value);
            value
        });
        assert_eq!(after, before, "{}", record.name);
        assert_eq!(encoded.notes, [], "{}", record.name);
        count += 1;
    }
    println!("{count} requests");
    assert!(count > 50);
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
    let Some(records) = records() else { return };
    let (mut count, mut failures) = (0, 0);
    for record in records.iter().filter(|record| !record.is_stream) {
        let head = Dialect::BedrockConverse.read_reply(&record.body);
        if record.status != 200 {
            assert!(matches!(head.flaw, Some(crate::Flaw::Error(_))), "{}", record.name);
            failures += 1;
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
        count += 1;
    }
    println!("{count} replies, {failures} failures");
    assert!(count > 30);
}

#[test]
fn recorded_streams_come_back_whole() {
    let Some(records) = records() else { return };
    let mut count = 0;
    for record in records.iter().filter(|record| record.is_stream && record.status == 200) {
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
        count += 1;
    }
    println!("{count} streams");
    assert!(count > 15);
}

#[test]
fn recorded_streams_cut_short_are_never_whole() {
    let Some(records) = records() else { return };
    let (mut streams, mut cuts) = (0, 0);
    for record in records.iter().filter(|record| record.is_stream && record.status == 200) {
        let frames = frames(&record.body);
        let stop = frames.iter().position(|frame| frame.event() == Some(b"messageStop")).unwrap();
        for end in 0..frames.len() {
            let mut reader = StreamReader::new(Dialect::BedrockConverse);
            frames.iter().take(end).for_each(|frame| _ = reader.read(frame));
            assert!(!reader.is_complete(), "{}", record.name);
            assert_eq!(reader.end().is_ok(), end > stop, "{} cut at frame {end}", record.name);
            cuts += 1;
        }
        streams += 1;
    }
    println!("{streams} streams cut at {cuts} places");
}

/// The records of this dialect, or `None` where there are none.
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
        let is_ours = ["/bedrock/converse/", "/bedrock/converse_stream/"];
        if !name.ends_with(".json") || !is_ours.iter().any(|folder| name.contains(folder)) {
            continue;
        }
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        records.push(Record::read(name, &text));
    }
    Some(records)
}

fn shared() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("FAILSOFT_SHARED") {
        return Some(path.into());
    }
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|folder| folder.join("shared")).find(|path| path.is_dir())
}

impl Record {
    fn read(name: String, text: &str) -> Self {
        let record: Value = serde_json::from_str(text).unwrap();
        let (request, response) = (&record["request"], &record["response"]);
        let path = request["path"].as_str().unwrap_or_default();
        let body = match response["body_base64"].as_str() {
            Some(body) => base64::decode(body).unwrap(),
            None => response["body_text"].as_str().unwrap_or_default().into(),
        };
        Self {
            model: path.split('/').nth(2).unwrap_or_default().replace("%3A", ":"),
            request: request["body"].as_str().map(str::to_owned),
            status: response["status"].as_u64().unwrap(),
            body,
            is_stream: record["meta"]["stream"] == true,
            name,
        }
    }
}
