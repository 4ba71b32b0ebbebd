//! JSON schemas as this dialect takes them.

use super::super::members::Members;
use crate::dialect::schemas::NO_ARGUMENTS;
use crate::neutral::Json;
use crate::scan::{Scanner, Value, meaning_of_key};
use crate::write::Writer;

/// Keywords that tell the model nothing.
const SILENT: [&str; 8] = [
    "$schema",
    "$id",
    "$comment",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "additionalProperties",
];

/// Keywords whose meaning would be lost if they were left out.
const HARD: [&str; 12] = [
    "prefixItems",
    "patternProperties",
    "not",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "dependentRequired",
    "unevaluatedProperties",
    "unevaluatedItems",
    "propertyNames",
    "contains",
];

/// Formats of strings the dialect can keep a model to.
const FORMATS: [&[u8]; 10] = [
    b"date-time",
    b"time",
    b"date",
    b"duration",
    b"email",
    b"hostname",
    b"uri",
    b"ipv4",
    b"ipv6",
    b"uuid",
];

/// A tool's schema: it must be of an object, and without alternatives at its top.
pub(super) fn of_tool(schema: &Json) -> std::borrow::Cow<'_, str> {
    let value = Value { raw: schema.as_str().as_bytes(), start: 0 };
    let Some(members) = Members::of(value) else { return NO_ARGUMENTS.into() };
    let alternatives = ["anyOf", "oneOf", "allOf"];
    let is_fit = members.kind() == Some(b"object")
        && alternatives.iter().all(|key| members.find(key).is_none());
    if is_fit {
        return schema.as_str().into();
    }
    let mut out = Vec::with_capacity(value.raw.len() + 16);
    Writer::new(&mut out).object(|writer| {
        writer.text("type", "object");
        let rest = members.rest(&["type", "anyOf", "oneOf", "allOf"]);
        writer.rest(&rest, super::super::HERE);
    });
    String::from_utf8_lossy(&out).into_owned().into()
}

/// A schema the dialect can keep a model to: every object closed, and the bounds it cannot check
/// told in the description, as the official SDKs do. `None` if it can say something that such a
/// schema cannot.
pub(super) fn strict(schema: &Json) -> Option<String> {
    let mut out = Vec::with_capacity(schema.as_str().len() + 64);
    let value = Value { raw: schema.as_str().as_bytes(), start: 0 };
    write(&mut Writer::new(&mut out), value)?;
    String::from_utf8(out).ok()
}

fn write(writer: &mut Writer<'_>, schema: Value<'_>) -> Option<()> {
    let members = Members::of(schema)?;
    if members.find("additionalProperties").is_some_and(|value| value.raw != b"false")
        || members.find("$ref").is_some_and(|value| value.raw == b"\"#\"")
    {
        return None;
    }
    let mut is_whole = Some(());
    writer.object(|writer| is_whole = write_members(writer, &members));
    is_whole
}

fn write_members(writer: &mut Writer<'_>, members: &Members<'_>) -> Option<()> {
    let mut told = String::new();
    for (key, value) in members.iter() {
        let key = meaning_of_key(key)?;
        match key.as_str() {
            "type" | "$ref" | "title" | "enum" | "const" | "required" | "default" => {
                writer.key(&key).raw(std::str::from_utf8(value.raw).ok()?);
            }
            "properties" | "$defs" | "definitions" => {
                let mut is_whole = Some(());
                writer.key(&key).object(|writer| is_whole = write_map(writer, value));
                is_whole?;
            }
            "items" => write(writer.key("items"), value)?,
            "anyOf" | "allOf" => write_list(writer.key(&key), value)?,
            "oneOf" => write_list(writer.key("anyOf"), value)?,
            "format" if value.text().is_some_and(|format| FORMATS.contains(&format)) => {
                writer.key("format").raw(std::str::from_utf8(value.raw).ok()?);
            }
            "minItems" if matches!(value.count(), Some(0 | 1)) => {
                writer.value("minItems", value.count());
            }
            "description" => {}
            key if HARD.contains(&key) => return None,
            key if SILENT.contains(&key) => {}
            key => {
                let separator = if told.is_empty() { "" } else { ", " };
                let value = std::str::from_utf8(value.raw).ok()?;
                told = format!("{told}{separator}{key}: {value}");
            }
        }
    }
    write_description(writer, members.text("description"), &told);
    if is_object(members) {
        writer.value("additionalProperties", false);
    }
    Some(())
}

fn write_description(writer: &mut Writer<'_>, description: Option<String>, told: &str) {
    match (description, told.is_empty()) {
        (Some(description), true) => writer.text("description", &description),
        (Some(description), false) => {
            writer.text("description", &format!("{description}\n\n{{{told}}}"));
        }
        (None, false) => writer.text("description", &format!("{{{told}}}")),
        (None, true) => {}
    }
}

fn write_map(writer: &mut Writer<'_>, value: Value<'_>) -> Option<()> {
    for (key, schema) in Members::of(value)?.iter() {
        let key = meaning_of_key(key)?;
        write(writer.key(&key), schema)?;
    }
    Some(())
}

fn write_list(writer: &mut Writer<'_>, value: Value<'_>) -> Option<()> {
    let mut are_whole = value.is_array().then_some(());
    writer.array(|writer| {
        let scanned = Scanner::new(value.raw).items(|scanner| {
            let schema = scanner.value()?;
            are_whole = are_whole.and_then(|()| write(writer, schema));
            Ok(())
        });
        are_whole = are_whole.filter(|()| scanned.is_ok());
    });
    are_whole
}

fn is_object(members: &Members<'_>) -> bool {
    let says_object = members
        .find("type")
        .is_some_and(|value| memchr::memmem::find(value.raw, b"\"object\"").is_some());
    says_object || members.find("properties").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_closed_and_bounds_are_told() {
        for (schema, expected) in [
            (
                r#"{"$schema":"x","type":"object","properties":{"n":{"type":"integer","minimum":1}}}"#,
                Some(
                    r#"{"type":"object","properties":{"n":{"type":"integer","description":"{minimum: 1}"}},"additionalProperties":false}"#,
                ),
            ),
            (
                r#"{"type":"array","items":{"oneOf":[{"type":"string","format":"uri"},{"type":"null"}]},"minItems":1}"#,
                Some(
                    r#"{"type":"array","items":{"anyOf":[{"type":"string","format":"uri"},{"type":"null"}]},"minItems":1}"#,
                ),
            ),
            (
                r##"{"$defs":{"\u00e4":{"type":["object","null"],"description":"d","maxProperties":2}},"$ref":"#/$defs/ä"}"##,
                Some(
                    "{\"$defs\":{\"ä\":{\"type\":[\"object\",\"null\"],\"description\":\"d\\n\\n{maxProperties: 2}\",\"additionalProperties\":false}},\"$ref\":\"#/$defs/ä\"}",
                ),
            ),
            (r#"{"type":"object","additionalProperties":{"type":"string"}}"#, None),
            (r#"{"type":"array","items":{"not":{"type":"string"}}}"#, None),
            (r##"{"type":"array","items":{"$ref":"#"}}"##, None),
            ("true", None),
        ] {
            let strict = strict(&Json::new(schema).unwrap());
            assert_eq!(strict.as_deref(), expected, "{schema}");
        }
    }

    #[test]
    fn schemas_of_tools_are_of_objects() {
        for (schema, expected) in [
            (r#"{"type":"object"}"#, r#"{"type":"object"}"#),
            (r#"{"properties":{"a":{}}}"#, r#"{"type":"object","properties":{"a":{}}}"#),
            (r#"{"type":"object","anyOf":[{}],"x":1}"#, r#"{"type":"object","x":1}"#),
            ("true", NO_ARGUMENTS),
        ] {
            assert_eq!(of_tool(&Json::new(schema).unwrap()), expected);
        }
    }
}
