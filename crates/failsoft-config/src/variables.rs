//! `FAILSOFT_SECTION__KEY` variables stand above the text.
//!
//! They change values: they never add providers, routes or other named entries.

use std::collections::BTreeMap;

use crate::Severity;
use crate::nearest::suggest;
use crate::report::{Report, Words, say};
use crate::structure::Shape;
use crate::tree::{Node, Place, Table, Value, read_value};

const PREFIX: &str = "FAILSOFT_";

/// Lays the variables over the text.
pub(crate) fn overlay(
    root: &mut Table,
    shape: Shape<'_>,
    env: &BTreeMap<String, String>,
    report: &Report<'_>,
) {
    for (name, value) in env {
        let Some(path) = name.strip_prefix(PREFIX) else { continue };
        let place = Place::Variable(name.clone());
        if path.contains("__") {
            let segments: Vec<&str> = path.split("__").collect();
            if let Err(words) = set(root, shape, &segments, (value, &place)) {
                report.add(Severity::Error, Some(&place), name, words);
            }
        } else if let Some(words) = looks_meant(path, shape) {
            report.add(Severity::Warning, Some(&place), name, words);
        }
    }
}

/// `FAILSOFT_SERVER_LISTEN` has one underscore too few, and would be ignored in silence.
fn looks_meant(path: &str, shape: Shape<'_>) -> Option<Words> {
    let (section, rest) = path.split_once('_')?;
    let (_, schema) = shape.properties().find(|(key, _)| upper(key) == section)?;
    shape.follow(schema).properties().find(|(key, _)| upper(key) == rest)?;
    Some(
        say("it has no effect: sections and keys are separated by two underscores")
            .hint(format!("did you mean `{PREFIX}{section}__{rest}`?")),
    )
}

fn set(
    table: &mut Table,
    shape: Shape<'_>,
    segments: &[&str],
    value: (&str, &Place),
) -> Result<(), Words> {
    let Some((first, rest)) = segments.split_first() else {
        return Err(say("it names a table, not a value")
            .hint_if(keys_below(shape).map(|keys| format!("go on with `__` and one of {keys}"))));
    };
    let (key, below) = find(table, shape, first)?;
    let (text, place) = value;
    let only_a_table = below.takes("object") && !below.takes("string");
    if rest.is_empty() && !only_a_table {
        *table.node_or_new(&key, place) = leaf(text, below, place)?;
        return Ok(());
    }
    if !below.takes("object") {
        return Err(say(format!("`{key}` is a value and has no keys below it")));
    }
    let mut node = table
        .node(&key)
        .cloned()
        .unwrap_or(Node { place: place.clone(), value: Value::Table(Table::default()) });
    set(node.make_table(), below, rest, value)?;
    *table.node_or_new(&key, place) = node;
    Ok(())
}

fn find<'s>(table: &Table, shape: Shape<'s>, segment: &str) -> Result<(String, Shape<'s>), Words> {
    if let Some((key, schema)) = shape.properties().find(|(key, _)| upper(key) == segment) {
        return Ok((key.to_owned(), shape.follow(schema)));
    }
    if let Some(entries) = shape.entries() {
        let names: Vec<&str> = table.0.iter().map(|entry| entry.key.as_str()).collect();
        let hits: Vec<&&str> = names.iter().filter(|name| upper(name) == segment).collect();
        return match hits.as_slice() {
            [name] => Ok(((**name).to_owned(), entries)),
            [] => Err(say(format!("there is no `{}` in the settings", segment.to_lowercase()))
                .hint("a variable changes an entry of the settings file, it cannot add one")),
            _ => Err(say(format!("several entries are called `{segment}` in capitals"))
                .hint("set the value in the file")),
        };
    }
    let known: Vec<String> = shape.properties().map(|(key, _)| upper(key)).collect();
    Err(say(format!("`{}` is no key here", segment.escape_debug())).hint_if(suggest(
        segment,
        known.iter().map(String::as_str),
        "keys here",
    )))
}

fn leaf(text: &str, shape: Shape<'_>, place: &Place) -> Result<Node, Words> {
    if shape.takes("string") {
        return Ok(Node { place: place.clone(), value: Value::Text(text.to_owned()) });
    }
    read_value(text.trim(), place).ok_or_else(|| {
        say(format!("its value cannot be read; it takes {}", crate::structure::wanted(shape)))
    })
}

fn keys_below(shape: Shape<'_>) -> Option<String> {
    let keys: Vec<String> = shape.properties().map(|(key, _)| upper(key)).collect();
    (!keys.is_empty()).then(|| keys.join(", "))
}

/// A key as it stands in a variable's name.
fn upper(key: &str) -> String {
    key.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect()
}
