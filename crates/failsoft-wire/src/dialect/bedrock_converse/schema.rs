//! JSON schemas for answers: only what the service's grammars can follow.

use serde_json::{Map, Value};

use crate::neutral::Json;

/// Bounds on numbers; they are told in the description instead.
const BOUNDS: [&str; 5] =
    ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];

/// Where schemas stand inside a schema: as the values of an object, …
const MAPS: [&str; 3] = ["properties", "$defs", "definitions"];

/// … as the items of an array …
const LISTS: [&str; 4] = ["anyOf", "allOf", "oneOf", "prefixItems"];

/// … or alone.
const ALONE: [&str; 2] = ["items", "not"];

/// The schema as the service takes it: every object says that it has no other properties, and
/// bounds on numbers become words.
pub(super) fn followed(schema: &Json) -> String {
    let Ok(mut parsed) = serde_json::from_str::<Value>(schema.as_str()) else {
        return schema.as_str().to_owned();
    };
    restrict(&mut parsed);
    parsed.to_string()
}

fn restrict(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    if members.get("type").is_some_and(|kind| kind == "object")
        || members.contains_key("properties")
    {
        members.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    describe_bounds(members);
    for (key, value) in members {
        let key = key.as_str();
        match value {
            Value::Object(inside) if MAPS.contains(&key) => {
                inside.values_mut().for_each(restrict);
            }
            Value::Array(inside) if LISTS.contains(&key) => inside.iter_mut().for_each(restrict),
            value if ALONE.contains(&key) => restrict(value),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {}
        }
    }
}

fn describe_bounds(members: &mut Map<String, Value>) {
    let bounds: Vec<String> = BOUNDS
        .iter()
        .filter_map(|bound| members.remove(*bound).map(|value| format!("{bound}: {value}")))
        .collect();
    if bounds.is_empty() {
        return;
    }
    let said = members.get("description").and_then(Value::as_str).unwrap_or_default();
    let said = format!("{said} ({})", bounds.join(", "));
    members.insert("description".to_owned(), Value::String(said.trim_start().to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_closed_and_bounds_become_words() {
        let schema = r#"{"type":"object","properties":{"a":{"type":"array","items":{"type":"object","properties":{"minimum":{"type":"number","minimum":0,"maximum":1}}}}},"required":["a"]}"#;
        let followed = followed(&Json::new(schema).unwrap());
        let expected = serde_json::json!({
            "type": "object", "required": ["a"], "additionalProperties": false,
            "properties": {"a": {"type": "array", "items": {
                "type": "object", "additionalProperties": false,
                "properties": {"minimum": {
                    "type": "number", "description": "(minimum: 0, maximum: 1)",
                }},
            }}},
        });
        assert_eq!(serde_json::from_str::<Value>(&followed).unwrap(), expected);
    }
}
