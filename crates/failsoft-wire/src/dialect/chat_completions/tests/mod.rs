//! Calls, answers and streams, there and back.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks at what it asks for")]

mod properties;
mod recorded;
mod rules;
mod variants;

use serde_json::Value;

use super::kept::OWN;
use crate::arbitrary;
use crate::dialect::trial::{self, MAKER, assembled, assert_in_order};
use crate::neutral::Delta;
use crate::translate::{Destination, Presented};

const TO: Destination<'static> = Destination {
    model: "m",
    maker: MAKER,
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
    trial::pieces(OWN, stream)
}

fn write(deltas: &[Delta], presented: Presented) -> Vec<u8> {
    trial::events(OWN, deltas, presented)
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
