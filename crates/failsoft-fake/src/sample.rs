//! The simplest value that satisfies a JSON schema.

use serde_json::{Map, Value};

/// Schemas may refer to themselves; deeper than this nothing required can still be finite.
const DEEPEST: usize = 16;

/// A value of this schema: every required property, each filled by its type.
pub(crate) fn of(schema: &Value) -> Value {
    Sampler { root: schema }.value(schema, "", 0)
}

/// A text in the pieces a model streams where there are no words to split at.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(8).map(|piece| piece.iter().collect()).collect()
}

struct Sampler<'s> {
    root: &'s Value,
}

impl Sampler<'_> {
    fn value(&self, schema: &Value, name: &str, depth: usize) -> Value {
        if depth > DEEPEST {
            return Value::Null;
        }
        if let Some(target) = schema["$ref"].as_str() {
            let target = self.root.pointer(target.trim_start_matches('#')).unwrap_or(&Value::Null);
            return self.value(target, name, depth + 1);
        }
        if let Some(fixed) = schema.get("const").or_else(|| schema["enum"].get(0)) {
            return fixed.clone();
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            let any = schema[key].as_array();
            let first = any.and_then(|any| any.iter().find(|one| kind(one) != "null"));
            if let Some(first) = first {
                return self.value(first, name, depth + 1);
            }
        }
        match kind(schema).as_str() {
            "string" => string(schema, name).into(),
            "integer" | "number" => number(schema),
            "boolean" => true.into(),
            "array" => self.array(schema, name, depth),
            "object" => self.object(schema, depth),
            _ if schema["properties"].is_object() => self.object(schema, depth),
            _ => Value::Null,
        }
    }

    fn array(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let count = limit(schema, "minItems").map_or(1.0, |least| least.clamp(1.0, 16.0)) as usize;
        let item = self.value(&schema["items"], name, depth + 1);
        Value::Array(vec![item; count])
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let filled = required.iter().filter_map(Value::as_str).map(|name| {
            (name.to_owned(), self.value(&schema["properties"][name], name, depth + 1))
        });
        Value::Object(filled.collect::<Map<_, _>>())
    }
}

/// The type in lower case; of several the first that is not null.
fn kind(schema: &Value) -> String {
    let kind = &schema["type"];
    let of_several =
        || kind.as_array()?.iter().filter_map(Value::as_str).find(|kind| *kind != "null");
    let kind = kind.as_str().or_else(of_several);
    kind.unwrap_or_default().to_ascii_lowercase()
}

fn string(schema: &Value, name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let text = if name.contains("city") || name.contains("location") { "Paris" } else { "text" };
    let least = limit(schema, "minLength").map_or(0, |least| least as usize);
    text.chars().cycle().take(text.len().max(least.min(1000))).collect()
}

fn number(schema: &Value) -> Value {
    let seven = limit(schema, "minimum").map_or(7.0, |least| least.max(7.0));
    let number = limit(schema, "maximum").map_or(seven, |most| most.min(seven));
    if number.fract() == 0.0 { (number as i64).into() } else { number.into() }
}

/// Google writes whole numbers as strings.
fn limit(schema: &Value, key: &str) -> Option<f64> {
    let limit = &schema[key];
    limit.as_f64().or_else(|| limit.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_required_property_is_filled_by_its_type() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": {"type": "string"}, "note": {"type": ["null", "string"]},
                "days": {"type": "integer", "maximum": 5}, "share": {"type": "number"},
                "sure": {"type": "BOOLEAN"}, "unit": {"enum": ["C", "F"]},
                "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
                "inner": {"$ref": "#/$defs/inner"}, "maybe": {"anyOf": [{"type": "null"}, {"const": 3}]},
                "unasked": {"type": "string"},
            },
            "required": ["city", "note", "days", "share", "sure", "unit", "tags", "inner", "maybe"],
            "$defs": {"inner": {"type": "object", "properties": {"x": {"type": "integer"}},
                "required": ["x"]}},
        });
        let expected = json!({
            "city": "Paris", "note": "text", "days": 5, "share": 7, "sure": true, "unit": "C",
            "tags": ["text", "text"], "inner": {"x": 7}, "maybe": 3,
        });
        assert_eq!(of(&schema), expected);
    }

    #[test]
    fn schemas_without_an_end_end() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}},
            "required": ["next"]});
        assert!(of(&schema)["next"]["next"].is_object());
    }

    #[test]
    fn pieces_join_to_the_whole() {
        assert_eq!(pieces("{\"city\":\"温かい coffee\"}").concat(), "{\"city\":\"温かい coffee\"}");
    }
}
