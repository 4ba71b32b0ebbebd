//! Whether what is written has the shape of the schema: known keys, right kinds, right ranges.
//!
//! The schema is made from the types that are filled afterwards, so there is one list of keys.
//! What does not fit is reported and taken out, so that the rest can still be checked.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::nearest::suggest;
use crate::policy::RateSpec;
use crate::report::{Report, Words, join, say};
use crate::tree::{Node, Table, Value};
use crate::units::{Dollars, Length, Share, Size};
use crate::{Severity, base_url};

/// A schema with the definitions its references lead to.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'s> {
    pub(crate) schema: &'s Json,
    root: &'s Json,
}

impl<'s> Shape<'s> {
    pub(crate) const fn new(root: &'s Json) -> Self {
        Self { schema: root, root }
    }

    /// The same place of the schema with references followed.
    pub(crate) fn follow(self, schema: &'s Json) -> Self {
        let Some(Json::String(pointer)) = schema.get("$ref") else {
            return Self { schema, root: self.root };
        };
        let target = pointer.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
        Self { schema: target.unwrap_or(schema), root: self.root }
    }

    /// Below a key: a property, or any entry of a map.
    pub(crate) fn key(self, key: &str) -> Option<Self> {
        if let Some(property) = self.schema.get("properties").and_then(|all| all.get(key)) {
            return Some(self.follow(property));
        }
        self.entries()
    }

    /// The entries of a map with free keys.
    pub(crate) fn entries(self) -> Option<Self> {
        let entries = self.schema.get("additionalProperties")?;
        entries.is_object().then(|| self.follow(entries))
    }

    pub(crate) fn properties(self) -> impl Iterator<Item = (&'s str, &'s Json)> + Clone {
        let properties = self.schema.get("properties").and_then(Json::as_object);
        properties.into_iter().flatten().map(|(key, schema)| (key.as_str(), schema))
    }

    /// Whether values of this JSON type are taken.
    pub(crate) fn takes(self, kind: &str) -> bool {
        match self.schema.get("type") {
            Some(Json::String(only)) => only == kind || (only == "number" && kind == "integer"),
            Some(Json::Array(kinds)) => kinds.iter().any(|one| one == kind),
            _ => kind == "string" && self.choices().next().is_some(),
        }
    }

    /// The texts of an enumeration.
    pub(crate) fn choices(self) -> impl Iterator<Item = &'s str> + Clone {
        let plain = self.schema.get("enum").and_then(Json::as_array).into_iter().flatten();
        let told = self.schema.get("oneOf").and_then(Json::as_array).into_iter().flatten();
        let told = told.flat_map(|one| {
            let several = one.get("enum").and_then(Json::as_array).into_iter().flatten();
            one.get("const").into_iter().chain(several)
        });
        plain.chain(told).filter_map(Json::as_str)
    }

    fn format(self) -> &'s str {
        self.schema.get("format").and_then(Json::as_str).unwrap_or_default()
    }
}

/// Reports and removes what does not fit.
pub(crate) fn prune(root: &mut Table, shape: Shape<'_>, report: &Report<'_>) {
    prune_table(root, shape, "", report);
}

fn prune_table(table: &mut Table, shape: Shape<'_>, path: &str, report: &Report<'_>) {
    let mut seen = BTreeSet::new();
    table.0.retain_mut(|entry| {
        let path_here = join(path, &entry.key);
        let Some(below) = shape.key(&entry.key) else {
            let words = unknown_key(&entry.key, path, shape);
            report.add(Severity::Error, Some(&entry.place), &path_here, words);
            return false;
        };
        seen.insert(entry.key.clone()) && fits(&mut entry.node, below, &path_here, report)
    });
}

fn unknown_key(key: &str, path: &str, shape: Shape<'_>) -> Words {
    let at = if path.is_empty() { "the settings".to_owned() } else { format!("`{path}`") };
    say(format!("`{}` is no key of {at}", key.escape_debug())).hint_if(suggest(
        key,
        shape.properties().map(|(name, _)| name),
        "keys here",
    ))
}

/// Whether a value may stay.
fn fits(node: &mut Node, shape: Shape<'_>, path: &str, report: &Report<'_>) -> bool {
    let fault = match &mut node.value {
        Value::Table(table) if shape.takes("object") => {
            prune_table(table, shape, path, report);
            return true;
        }
        Value::List(nodes) if shape.takes("array") => {
            return list_fits(nodes, shape, path, report);
        }
        Value::Text(text) if shape.takes("string") => text_fault(text, shape),
        Value::Integer(number) if shape.takes("integer") => number_fault(*number, shape),
        Value::Float(number) if shape.takes("number") => match shape.format() {
            "dollars" => Dollars::new(*number).err().map(say),
            _ => Share::new(*number).err().map(say),
        },
        Value::Boolean(_) if shape.takes("boolean") => None,
        value @ (Value::Text(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Date
        | Value::List(_)
        | Value::Table(_)) => Some(wrong_kind(value, shape, path)),
    };
    let Some(words) = fault else { return true };
    report.add(Severity::Error, Some(&node.place), path, words);
    false
}

/// A list with one wrong element goes as a whole: the places of the others would shift.
fn list_fits(nodes: &mut [Node], shape: Shape<'_>, path: &str, report: &Report<'_>) -> bool {
    let Some(items) = shape.schema.get("items").map(|items| shape.follow(items)) else {
        return true;
    };
    let mut all = true;
    for (index, node) in nodes.iter_mut().enumerate() {
        all &= fits(node, items, &format!("{path}[{index}]"), report);
    }
    all
}

fn text_fault(text: &str, shape: Shape<'_>) -> Option<Words> {
    let mut choices = shape.choices().peekable();
    if choices.peek().is_some() {
        let known = choices.any(|choice| choice == text);
        let words = say(format!("`{}` is none of the choices", text.escape_debug()));
        return (!known).then(|| words.hint_if(suggest(text, shape.choices(), "choices")));
    }
    match shape.format() {
        "duration" => Length::parse(text).err().map(say),
        "size" => Size::parse(text).err().map(say),
        "rate" => RateSpec::parse(text).err().map(say),
        "base-url" => base_url::parse(text).err(),
        "socket-address" => crate::check::address(text).err(),
        _ => None,
    }
}

fn number_fault(number: i128, shape: Shape<'_>) -> Option<Words> {
    let bound = |key: &str| shape.schema.get(key).and_then(Json::as_f64);
    let most = match shape.format() {
        "uint8" => f64::from(u8::MAX),
        "uint32" => f64::from(u32::MAX),
        _ => bound("maximum").unwrap_or(f64::from(u32::MAX)),
    };
    let most = bound("maximum").map_or(most, |maximum| maximum.min(most));
    let least = bound("minimum").unwrap_or(0.0);
    #[expect(clippy::cast_precision_loss, reason = "bounds are small, and only compared")]
    let inside = (least..=most).contains(&(number as f64));
    (!inside).then(|| say(format!("{number} is not between {least} and {most}")))
}

fn wrong_kind(value: &Value, shape: Shape<'_>, path: &str) -> Words {
    let key = path.rsplit('.').next().unwrap_or(path);
    let words = say(format!("`{key}` takes {}, not {}", wanted(shape), value.kind()));
    let hint = match value {
        Value::Integer(number) if shape.format() == "duration" => {
            Some(format!("write \"{number}s\" for seconds or \"{number}ms\" for milliseconds"))
        }
        Value::Text(text) if shape.takes("integer") && text.parse::<u32>().is_ok() => {
            Some(format!("write {text} without quotes"))
        }
        Value::Text(text)
            if shape.takes("boolean") && matches!(text.as_str(), "true" | "false") =>
        {
            Some(format!("write {text} without quotes"))
        }
        Value::Text(_) if shape.takes("array") => Some("write it in [brackets]".to_owned()),
        Value::Text(_) if shape.takes("object") => {
            let key = shape.properties().map(|(key, _)| key).next();
            key.map(|key| format!("write it as {{ {key} = … }}"))
        }
        Value::Integer(port) if shape.format() == "socket-address" => {
            Some(format!("write \"127.0.0.1:{port}\""))
        }
        Value::Integer(bytes) if shape.format() == "size" => Some(format!("write \"{bytes}B\"")),
        Value::Text(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Date
        | Value::List(_)
        | Value::Table(_) => None,
    };
    words.hint_if(hint)
}

/// What a place of the schema takes, for people.
pub(crate) fn wanted(shape: Shape<'_>) -> String {
    let mut kinds = Vec::new();
    if shape.takes("string") {
        let kind = match shape.format() {
            "duration" => "a duration such as \"8s\"",
            "size" => "a size such as \"32MiB\"",
            "rate" => "a rate such as \"500/min\"",
            "socket-address" => "an address such as \"127.0.0.1:4000\"",
            _ => "a text",
        };
        kinds.push(kind.to_owned());
    }
    if shape.takes("number") {
        let dollars = shape.format() == "dollars";
        let number = if dollars { "a price in US dollars" } else { "a number between 0 and 1" };
        kinds.push(number.to_owned());
    } else if shape.takes("integer") {
        kinds.push("a whole number".to_owned());
    }
    if shape.takes("boolean") {
        kinds.push("true or false".to_owned());
    }
    if shape.takes("array") {
        let items = shape.schema.get("items").map(|items| shape.follow(items));
        let lists = items.is_some_and(|items| items.takes("array"));
        kinds.push(if lists { "a list of lists" } else { "a list" }.to_owned());
    }
    if shape.takes("object") {
        let keys: Vec<&str> = shape.properties().map(|(key, _)| key).collect();
        kinds.push(match keys.as_slice() {
            [] => "a table".to_owned(),
            keys => format!("a table with {}", keys.join(", ")),
        });
    }
    kinds.join(" or ")
}
