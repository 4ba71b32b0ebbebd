//! The settings in force, each with where it came from.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use crate::load::read_layers;
use crate::report::{Report, join};
use crate::schema::schema;
use crate::structure::Shape;
use crate::tree::{Node, Place, Table, Value};
use crate::{Problems, Settings, load};

/// What stands where a secret would.
const HIDDEN: &str = "(hidden)";

/// A value in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveValue {
    /// Its key, e.g. `routes.assistant.retry.max_attempts`.
    pub path: String,
    /// As TOML; secrets are hidden.
    pub value: String,
    /// Where it came from.
    pub origin: ValueOrigin,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueOrigin {
    /// Nobody wrote it.
    BuiltIn,
    /// This line of the text.
    Text {
        /// From 1.
        line: usize,
    },
    /// This line of the text, in a policy table for all routes.
    Policy {
        /// From 1.
        line: usize,
    },
    /// This environment variable.
    Variable(String),
}

/// Every value in force.
///
/// # Errors
/// Every problem at once, as [`load`].
pub fn effective(
    text: &str,
    folder: &Path,
    env: &BTreeMap<String, String>,
) -> Result<Vec<EffectiveValue>, Problems> {
    let settings = load(text, folder, env)?;
    let report = Report::new(text);
    let Some(root) = read_layers(text, env, &report) else { return Err(report.into_problems()) };
    let policy = root.table().and_then(|root| root.entry("policy")).map(|entry| &entry.node);
    let mut policy_places = Vec::new();
    policy.into_iter().for_each(|node| places(node, &mut policy_places));
    let schema = schema();
    let mut walk = Walk { report: &report, policy_places, values: Vec::new() };
    walk.value(Shape::new(&schema), Some(&root), None, "");
    walk.brought_by_providers(&settings);
    walk.values.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(walk.values)
}

struct Walk<'a> {
    report: &'a Report<'a>,
    /// Where values of policy tables stand.
    policy_places: Vec<&'a Place>,
    values: Vec<EffectiveValue>,
}

impl Walk<'_> {
    fn value(&mut self, shape: Shape<'_>, node: Option<&Node>, default: Option<&Json>, path: &str) {
        let is_table =
            node.map_or_else(|| default.is_none_or(Json::is_object), |node| node.table().is_some());
        if !shape.takes("object") || !is_table {
            return self.leaf(node, default, path);
        }
        let table = node.and_then(Node::table);
        for (key, schema) in shape.properties() {
            let below = shape.follow(schema);
            let default = default
                .and_then(|default| default.get(key))
                .or_else(|| if default.is_some() { None } else { schema.get("default") });
            let node = table.and_then(|table| table.node(key));
            self.value(below, node, default, &join(path, key));
        }
        if let (Some(entries), Some(table)) = (shape.entries(), table) {
            for entry in &table.0 {
                self.value(entries, Some(&entry.node), None, &join(path, &entry.key));
            }
        }
    }

    fn leaf(&mut self, node: Option<&Node>, default: Option<&Json>, path: &str) {
        let (value, origin) = match (node, default) {
            (Some(node), _) => (show(node, path), self.origin(node, path)),
            (None, Some(default)) if !default.is_object() => {
                (show_default(default), ValueOrigin::BuiltIn)
            }
            (None, _) => return,
        };
        self.values.push(EffectiveValue { path: path.to_owned(), value, origin });
    }

    fn origin(&self, node: &Node, path: &str) -> ValueOrigin {
        match &node.place {
            Place::Variable(name) => ValueOrigin::Variable(name.clone()),
            Place::Text(span) => {
                let (line, _) = self.report.position(span.start);
                if path.starts_with("routes.") && self.policy_places.contains(&&node.place) {
                    ValueOrigin::Policy { line }
                } else {
                    ValueOrigin::Text { line }
                }
            }
        }
    }

    /// What known providers bring stands in no text.
    fn brought_by_providers(&mut self, settings: &Settings) {
        for provider in &settings.providers {
            let path = join("providers", &provider.name);
            let url = &provider.base_url;
            let scheme = if url.tls { "https" } else { "http" };
            let host =
                if url.host.contains(':') { format!("[{}]", url.host) } else { url.host.clone() };
            let usual = if url.tls { 443 } else { 80 };
            let port = if url.port == usual { String::new() } else { format!(":{}", url.port) };
            let key = provider.known.key_env.filter(|_| !provider.keys.is_empty());
            let brought = [
                ("dialect", Some(format!("\"{}\"", provider.dialect))),
                ("base_url", Some(format!("\"{scheme}://{host}{port}{}\"", url.path))),
                ("api_key", key.map(|name| format!("{{ env = \"{name}\" }}"))),
            ];
            for (key, value) in brought {
                let path = join(&path, key);
                // `api_keys` says what `api_key` would.
                let said = self.values.iter().any(|value| value.path.starts_with(&path));
                if let (Some(value), false) = (value, said) {
                    self.values.push(EffectiveValue { path, value, origin: ValueOrigin::BuiltIn });
                }
            }
        }
    }
}

fn places<'n>(node: &'n Node, found: &mut Vec<&'n Place>) {
    found.push(&node.place);
    if let Some(Table(entries)) = node.table() {
        entries.iter().for_each(|entry| places(&entry.node, found));
    }
}

fn show(node: &Node, path: &str) -> String {
    let within = |section: &str, parts: &[&str]| {
        path.starts_with(section) && parts.iter().any(|part| path.contains(part))
    };
    let secret = within("providers.", &[".api_key", ".api_keys", ".headers."])
        || within("alerts.webhooks.", &[".secret", ".url"])
        || ["server.admin_token", "journal.url", "telemetry.headers"]
            .iter()
            .any(|key| path.starts_with(key));
    match &node.value {
        Value::Text(text)
            if secret && text != "none" && !path.ends_with(".env") && !path.ends_with(".file") =>
        {
            HIDDEN.to_owned()
        }
        Value::Text(text) => quoted(text),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Date => String::new(),
        Value::List(nodes) => {
            let shown: Vec<String> = nodes.iter().map(|node| show(node, path)).collect();
            format!("[{}]", shown.join(", "))
        }
        Value::Table(Table(entries)) => {
            let shown: Vec<String> = entries
                .iter()
                .map(|entry| {
                    let path = join(path, &entry.key);
                    format!("{} = {}", join("", &entry.key), show(&entry.node, &path))
                })
                .collect();
            format!("{{ {} }}", shown.join(", "))
        }
    }
}

pub(crate) fn show_default(default: &Json) -> String {
    match default {
        Json::String(text) => quoted(text),
        Json::Array(items) => {
            let shown: Vec<String> = items.iter().map(show_default).collect();
            format!("[{}]", shown.join(", "))
        }
        Json::Object(object) => {
            let shown: Vec<String> = object
                .iter()
                .map(|(key, value)| format!("{key} = {}", show_default(value)))
                .collect();
            format!("{{ {} }}", shown.join(", "))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => default.to_string(),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
