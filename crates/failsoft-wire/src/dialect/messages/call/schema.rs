//! JSON schemas as this dialect takes them.

use super::super::HERE;
use crate::dialect::members::Members;
use crate::dialect::schemas::NO_ARGUMENTS;
use crate::neutral::Json;
use crate::scan::Value;
use crate::write::Writer;

/// A tool's schema: it must be of an object, and without alternatives at its top.
pub(super) fn of_tool(schema: &Json) -> std::borrow::Cow<'_, str> {
    let value = Value { raw: schema.as_str().as_bytes(), start: 0 };
    let Some(members) = Members::of_object(value) else { return NO_ARGUMENTS.into() };
    let alternatives = ["anyOf", "oneOf", "allOf"];
    let is_fit = members.kind() == Some(b"object")
        && alternatives.iter().all(|key| members.find(key).is_none());
    if is_fit {
        return schema.as_str().into();
    }
    let mut out = Vec::with_capacity(value.raw.len() + 16);
    Writer::new(&mut out).object(|writer| {
        writer.text("type", "object");
        writer.rest(&members.others(HERE, &["type", "anyOf", "oneOf", "allOf"]), HERE);
    });
    String::from_utf8_lossy(&out).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

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
