//! Google's own schemas, an older cousin of JSON schema.

use crate::neutral::Json;
use crate::scan::{Broken, Scanner, meaning_of_key};
use crate::write::Writer;

use super::keys::camel;

/// A schema as JSON schema: types in lower case, `nullable` as a type, keys in one spelling.
pub(super) fn json_schema(raw: &[u8]) -> Json {
    let mut out = Vec::with_capacity(raw.len());
    let converted = schema(&mut Scanner::new(raw), &mut Writer::new(&mut out));
    Json::checked(if converted.is_ok() { &out } else { raw })
}

fn schema<'a>(scanner: &mut Scanner<'a>, out: &mut Writer<'_>) -> Result<(), Broken> {
    let whole = scanner.value()?;
    if !whole.is_object() {
        out.raw(&String::from_utf8_lossy(whole.raw));
        return Ok(());
    }
    let mut is_nullable = false;
    Scanner::new(whole.raw).members(|scanner, key| {
        let value = scanner.value()?;
        is_nullable |= key == b"nullable" && value.boolean() == Some(true);
        Ok(())
    })?;
    let mut result = Ok(());
    out.object(|object| {
        let members = Scanner::new(whole.raw)
            .members(|scanner, key| member(scanner, key, is_nullable, object));
        result = members.map(|_| ());
    });
    result
}

fn member<'a>(
    scanner: &mut Scanner<'a>,
    key: &[u8],
    is_nullable: bool,
    out: &mut Writer<'_>,
) -> Result<(), Broken> {
    let key = camel(key);
    let name = String::from_utf8_lossy(&key).into_owned();
    match key.as_ref() {
        b"nullable" => _ = scanner.value()?,
        b"type" => {
            let value = scanner.value()?;
            out.key("type");
            match value.string() {
                Some(word) if is_nullable => out.array(|list| {
                    list.string(&word.to_lowercase());
                    list.string("null");
                }),
                Some(word) => out.string(&word.to_lowercase()),
                None => out.raw(&String::from_utf8_lossy(value.raw)),
            }
        }
        b"properties" | b"$defs" | b"defs" => {
            out.key(&name);
            named(scanner, out)?;
        }
        b"items" | b"additionalProperties" => {
            out.key(&name);
            schema(scanner, out)?;
        }
        b"anyOf" | b"oneOf" | b"allOf" | b"prefixItems" => {
            out.key(&name);
            list(scanner, out)?;
        }
        _ => {
            let value = scanner.value()?;
            // These are 64-bit integers, which proto JSON puts in quotes.
            let is_bound = matches!(
                key.as_ref(),
                b"minItems"
                    | b"maxItems"
                    | b"minLength"
                    | b"maxLength"
                    | b"minProperties"
                    | b"maxProperties"
            );
            let bare = value.text().filter(|_| is_bound).unwrap_or(value.raw);
            out.key(&name).raw(&String::from_utf8_lossy(bare));
        }
    }
    Ok(())
}

fn named<'a>(scanner: &mut Scanner<'a>, out: &mut Writer<'_>) -> Result<(), Broken> {
    let whole = scanner.value()?;
    if !whole.is_object() {
        out.raw(&String::from_utf8_lossy(whole.raw));
        return Ok(());
    }
    let mut result = Ok(());
    out.object(|object| {
        let members = Scanner::new(whole.raw).members(|scanner, key| {
            object.key(&meaning_of_key(key).unwrap_or_default());
            schema(scanner, object)
        });
        result = members.map(|_| ());
    });
    result
}

fn list<'a>(scanner: &mut Scanner<'a>, out: &mut Writer<'_>) -> Result<(), Broken> {
    let whole = scanner.value()?;
    if !whole.is_array() {
        out.raw(&String::from_utf8_lossy(whole.raw));
        return Ok(());
    }
    let mut result = Ok(());
    out.array(|array| {
        result = Scanner::new(whole.raw).items(|scanner| schema(scanner, array)).map(|_| ());
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn googles_schemas_become_json_schemas() {
        for (google, expected) in [
            (r#"{"type":"STRING"}"#, r#"{"type":"string"}"#),
            (
                r#"{"type":"OBJECT","properties":{"any_of":{"type":"INTEGER","nullable":true}},"property_ordering":["any_of"]}"#,
                r#"{"type":"object","properties":{"any_of":{"type":["integer","null"]}},"propertyOrdering":["any_of"]}"#,
            ),
            (
                r#"{"type":"ARRAY","items":{"any_of":[{"type":"NUMBER"},{"enum":["A"]}]},"minItems":"2"}"#,
                r#"{"type":"array","items":{"anyOf":[{"type":"number"},{"enum":["A"]}]},"minItems":2}"#,
            ),
            (r#"{"properties":7}"#, r#"{"properties":7}"#),
            ("true", "true"),
        ] {
            assert_eq!(json_schema(google.as_bytes()).as_str(), expected);
        }
    }
}
