//! What the API wants of schemas.

use serde_json::Value;

use crate::neutral::Json;
use crate::scan::Scanner;

/// The schema with what is wanted of arguments: an object, whose properties are named.
pub(super) fn of_object(schema: &Json) -> String {
    let (mut has_type, mut has_properties, mut is_empty) = (false, false, true);
    // It was checked before.
    let _ = Scanner::new(schema.as_str().as_bytes()).members(|scanner, key| {
        is_empty = false;
        has_type |= key == b"type";
        has_properties |= key == b"properties";
        scanner.value().map(|_| ())
    });
    let inside = schema.as_str().trim().strip_prefix('{').filter(|_| !(has_type && has_properties));
    let Some(inside) = inside else { return schema.as_str().to_owned() };
    let kind = if has_type { "" } else { r#""type":"object","# };
    let properties = if has_properties { "" } else { r#""properties":{},"# };
    let added = format!("{{{kind}{properties}");
    let added = if is_empty { added.trim_end_matches(',') } else { &added };
    format!("{added}{inside}")
}

/// Whether it can be followed to the letter here: its objects are closed, and want all of their
/// properties. Others are refused, so they are followed as well as the model can.
pub(super) fn can_be_strict(schema: &Json) -> bool {
    serde_json::from_str(schema.as_str()).is_ok_and(|schema: Value| is_closed(&schema))
}

fn is_closed(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            let is_object = members.contains_key("properties")
                || members.get("type").and_then(Value::as_str) == Some("object");
            let properties = members.get("properties").and_then(Value::as_object);
            let required = members.get("required").and_then(Value::as_array);
            let is_wanted = |name: &String| {
                required.is_some_and(|names| names.iter().any(|known| known == name))
            };
            let wants_all = properties.is_none_or(|known| known.keys().all(is_wanted));
            let is_open = members.get("additionalProperties") != Some(&Value::Bool(false));
            !(is_object && (is_open || !wants_all)) && members.values().all(is_closed)
        }
        Value::Array(items) => items.iter().all(is_closed),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_closed_schemas_are_followed_to_the_letter() {
        for (schema, strict) in [
            (r#"{"type":"object","properties":{},"additionalProperties":false}"#, true),
            (r#"{"type":"object","properties":{}}"#, false),
            (r#"{"type":"object","properties":{"a":{}},"additionalProperties":false}"#, false),
            (
                r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}"#,
                true,
            ),
            (
                r#"{"type":"object","properties":{"a":{"anyOf":[{"type":"object"}]}},"required":["a"],"additionalProperties":false}"#,
                false,
            ),
            (r#"{"type":"string"}"#, true),
        ] {
            assert_eq!(can_be_strict(&Json::new(schema).unwrap()), strict, "{schema}");
        }
    }
}
