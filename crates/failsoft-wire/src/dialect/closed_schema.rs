//! Schemas that a model can be kept to, for services that write answers by grammar.

use std::collections::HashSet;

use serde_json::Value as Tree;

use crate::dialect::members::Members;
use crate::dialect::notes::Notes;
use crate::neutral::{Call, Feature, Json, Tool};
use crate::scan::{Value, meaning_of_key};
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

/// The schema as such a service takes it: every object closed, and the bounds it cannot check
/// told in the description, as the official SDKs do. `None` if it says something that a closed
/// schema cannot say.
pub(super) fn closed(schema: &Json) -> Option<String> {
    if leads_astray(&serde_json::from_str(schema.as_str()).ok()?) {
        return None;
    }
    let mut out = Vec::with_capacity(schema.as_str().len() + 64);
    let value = Value { raw: schema.as_str().as_bytes(), start: 0 };
    write(&mut Writer::new(&mut out), value)?;
    String::from_utf8(out).ok()
}

/// Whether `chat_completions` and `responses` keep a model to it as it stands: its objects are
/// closed, and want all of their properties. Others are refused, so they are followed as well as
/// the model can.
pub(super) fn can_be_strict(schema: &Json) -> bool {
    serde_json::from_str(schema.as_str()).is_ok_and(|schema: Tree| is_closed(&schema))
}

fn is_closed(schema: &Tree) -> bool {
    match schema {
        Tree::Object(members) => {
            let is_object = members.contains_key("properties")
                || members.get("type").and_then(Tree::as_str) == Some("object");
            let properties = members.get("properties").and_then(Tree::as_object);
            let required = members.get("required").and_then(Tree::as_array);
            let is_wanted = |name: &String| {
                required.is_some_and(|names| names.iter().any(|known| known == name))
            };
            let wants_all = properties.is_none_or(|known| known.keys().all(is_wanted));
            let is_open = members.get("additionalProperties") != Some(&Tree::Bool(false));
            !(is_object && (is_open || !wants_all)) && members.values().all(is_closed)
        }
        Tree::Array(items) => items.iter().all(is_closed),
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::String(_) => true,
    }
}

/// Whether a tool wants to be kept to a schema that is none of these.
pub(super) fn is_loose(tool: &Tool) -> bool {
    tool.strict == Some(true) && !tool.schema.as_ref().is_some_and(can_be_strict)
}

/// For each tool of a call, the schema it is kept to, if that is wanted and the model can.
pub(super) fn of_tools(
    call: &Call,
    follows_schemas: bool,
    notes: &mut Notes,
) -> Vec<Option<String>> {
    let of_tool = |tool: &Tool| {
        let is_strict = follows_schemas && tool.strict == Some(true);
        tool.schema.as_ref().filter(|_| is_strict).and_then(closed)
    };
    let all: Vec<_> = call.tools.iter().map(of_tool).collect();
    let is_loose =
        |(tool, closed): (&Tool, &Option<String>)| tool.strict == Some(true) && closed.is_none();
    notes.dropped_if(Feature::StrictTools, call.tools.iter().zip(&all).any(is_loose));
    all
}

/// Whether a reference leads back to where it stands, or out of the schema.
fn leads_astray(schema: &Tree) -> bool {
    let (mut entered, mut left) = (HashSet::from(["#"]), HashSet::new());
    let mut path = vec![("#", references(schema))];
    while let Some((_, ahead)) = path.last_mut() {
        let Some(next) = ahead.pop() else {
            left.extend(path.pop().map(|(at, _)| at));
            continue;
        };
        let target = next.strip_prefix('#').and_then(|pointer| schema.pointer(pointer));
        let Some(target) = target else { return true };
        if entered.insert(next) {
            path.push((next, references(target)));
        } else if !left.contains(next) {
            return true;
        }
    }
    false
}

/// Every reference in a schema.
fn references(schema: &Tree) -> Vec<&str> {
    let (mut found, mut ahead) = (Vec::new(), vec![schema]);
    while let Some(tree) = ahead.pop() {
        match tree {
            Tree::Object(members) => {
                found.extend(members.get("$ref").and_then(Tree::as_str));
                ahead.extend(members.values());
            }
            Tree::Array(items) => ahead.extend(items),
            Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::String(_) => {}
        }
    }
    found
}

fn write(writer: &mut Writer<'_>, schema: Value<'_>) -> Option<()> {
    let members = Members::of_object(schema)?;
    if is_open(&members) {
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
            "anyOf" => write_list(writer.key("anyOf"), value)?,
            // Of several that are closed each would refuse what the others ask for.
            "allOf" if count(value) <= 1 => write_list(writer.key("allOf"), value)?,
            "allOf" => return None,
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
    for (key, schema) in Members::of_object(value)?.iter() {
        let key = meaning_of_key(key)?;
        write(writer.key(&key), schema)?;
    }
    Some(())
}

fn write_list(writer: &mut Writer<'_>, value: Value<'_>) -> Option<()> {
    let mut are_whole = value.is_array().then_some(());
    writer.array(|writer| {
        value.items(|schema| are_whole = are_whole.and_then(|()| write(writer, schema)));
    });
    are_whole
}

fn count(list: Value<'_>) -> usize {
    let mut count = 0;
    list.items(|_| count += 1);
    count
}

/// Whether it is of objects whose properties are not all named: closed it would forbid them.
fn is_open(members: &Members<'_>) -> bool {
    match members.find("additionalProperties") {
        Some(value) => value.raw != b"false",
        None => is_object(members) && members.find("properties").is_none(),
    }
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
                r##"{"$defs":{"\u00e4":{"type":["object","null"],"properties":{},"description":"d","maxProperties":2}},"$ref":"#/$defs/ä"}"##,
                Some(
                    "{\"$defs\":{\"ä\":{\"type\":[\"object\",\"null\"],\"properties\":{},\"description\":\"d\\n\\n{maxProperties: 2}\",\"additionalProperties\":false}},\"$ref\":\"#/$defs/ä\"}",
                ),
            ),
            (r#"{"allOf":[{"type":"string"}]}"#, Some(r#"{"allOf":[{"type":"string"}]}"#)),
            (r#"{"allOf":[{"properties":{"a":{}}},{"properties":{"b":{}}}]}"#, None),
            (r#"{"type":"object"}"#, None),
            (
                r#"{"type":"object","additionalProperties":false}"#,
                Some(r#"{"type":"object","additionalProperties":false}"#),
            ),
            (r#"{"type":"object","additionalProperties":{"type":"string"}}"#, None),
            (r#"{"type":"array","items":{"not":{"type":"string"}}}"#, None),
            (r##"{"type":"array","items":{"$ref":"#"}}"##, None),
            (
                r##"{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"items":{"$ref":"#/$defs/a"}}},"$ref":"#/$defs/a"}"##,
                None,
            ),
            (
                r##"{"$defs":{"a":{"const":1},"b":{"$ref":"#/$defs/a"}},"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/b"}]}"##,
                Some(
                    r##"{"$defs":{"a":{"const":1},"b":{"$ref":"#/$defs/a"}},"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/b"}]}"##,
                ),
            ),
            ("true", None),
        ] {
            let closed = closed(&Json::new(schema).unwrap());
            assert_eq!(closed.as_deref(), expected, "{schema}");
        }
    }

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
