//! Calls, answers and streams, there and back.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks at what it asks for")]

mod properties;
mod recorded;
mod rules;
mod variants;

use bytes::Bytes;
use serde_json::Value;

use super::{DeltaReader, DeltaWriter};
use crate::arbitrary;
use crate::neutral::{Assembler, Delta, Maker, Reply};
use crate::sse::Decoder;
use crate::translate::{Destination, Presented, ReadDeltas, WriteDeltas};

const TO: Destination<'static> = Destination {
    model: "m",
    maker: Maker(7),
    max_output: None,
    follows_schemas: true,
    marks_prefill: crate::PrefillMark::None,
};

fn presented() -> Presented {
    Presented {
        id: "1".to_owned(),
        model: "route".to_owned(),
        created: 5,
        include_usage: true,
        maker: None,
    }
}

/// What a stream brings.
fn read(stream: &[u8]) -> Vec<Delta> {
    let mut decoder = Decoder::new(1 << 22);
    decoder.push(Bytes::copy_from_slice(stream));
    let mut reader = DeltaReader::default();
    let mut deltas = Vec::new();
    while let Some(frame) = decoder.next_frame().unwrap() {
        reader.read(&frame, &mut deltas);
    }
    reader.end(&mut deltas);
    deltas
}

fn write(deltas: &[Delta], presented: Presented) -> Vec<u8> {
    let mut writer = DeltaWriter::new(presented);
    let mut stream = Vec::new();
    deltas.iter().for_each(|delta| writer.write(delta, &mut stream));
    stream
}

fn assembled(deltas: &[Delta]) -> Reply {
    let mut assembler = Assembler::default();
    deltas.iter().for_each(|delta| assembler.push(delta));
    assert!(assembler.is_whole(), "no end came");
    assembler.reply()
}

/// Parts never overlap, everything ends once.
fn check_order(deltas: &[Delta]) {
    assert!(matches!(deltas.first(), Some(Delta::Begin(_))), "begins otherwise");
    assert_eq!(deltas.last(), Some(&Delta::End));
    let mut open = std::collections::BTreeSet::new();
    let mut finished = std::collections::BTreeSet::new();
    for (at, delta) in deltas.iter().enumerate() {
        match delta {
            Delta::Begin(_) => assert_eq!(at, 0),
            Delta::PartBegin { choice, .. } => {
                assert!(!finished.contains(choice) && open.insert(*choice), "parts overlap");
            }
            Delta::Piece { choice, .. } => assert!(open.contains(choice), "a piece of nothing"),
            Delta::PartEnd { choice } => assert!(open.remove(choice), "ends without a begin"),
            Delta::Finish { choice, .. } => {
                assert!(!open.contains(choice) && finished.insert(*choice));
            }
            Delta::Usage(_) => {}
            Delta::End => assert!(at + 1 == deltas.len() && open.is_empty()),
        }
    }
}

/// Spellings that mean the same: null, an empty list and `false` for nothing; an empty string
/// where words might stand; one text for a list of it; 1 for 1.0; the type of a
/// function or of its call left out.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(key, value)| !says_nothing(key, value));
            let mut kept: serde_json::Map<String, Value> =
                kept.map(|(key, value)| (key.clone(), plain(value))).collect();
            if let Some(stop @ Value::String(_)) = kept.get("stop").cloned() {
                kept.insert("stop".to_owned(), Value::Array(vec![stop]));
            }
            if kept.get("function").is_some_and(Value::is_object) {
                kept.entry("type").or_insert_with(|| "function".into());
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Number(number) => number.as_f64().map_or(Value::Null, Value::from),
        other => other.clone(),
    }
}

fn says_nothing(key: &str, value: &Value) -> bool {
    let empty = match key {
        "annotations" | "tool_calls" => value == &Value::Array(Vec::new()),
        "reasoning" | "reasoning_content" | "refusal" => value == "",
        "stream" | "logprobs" => value == false,
        "top_logprobs" => value == 0,
        _ => false,
    };
    value.is_null() || empty
}
