//! The reference of all settings, made from the schema.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::effective::show_default;
use crate::schema::schema;
use crate::structure::Shape;

const HEAD: &str = "\
# Settings

<!-- Made from the types that read the settings by `cargo xtask generate`. Do not edit. -->

Settings are a TOML file: `--config FILE`, else the variable `FAILSOFT_CONFIG`, else
`./failsoft.toml`. Without a file, providers come from the keys found in the environment.
`failsoft check` shows every problem at once; `failsoft config show` shows each value in force and
where it came from.

Durations are texts such as `\"250ms\"`, `\"1.5s\"`, `\"2m\"`, `\"24h\"`, `\"30d\"`; sizes such as
`\"32MiB\"`; shares are numbers from 0 to 1. Unknown keys are refused.

Every value can also come from an environment variable: `FAILSOFT_` and the path in capitals, joined
by two underscores, as in `FAILSOFT_SERVER__LISTEN` or `FAILSOFT_ROUTES__ASSISTANT__RETRY__MAX_ATTEMPTS`
(what is no letter or digit in a name becomes `_`). Variables stand above the file. They change
values and add keys of fixed tables; they never add a provider or a route.
";

/// The reference as Markdown.
#[must_use]
pub fn reference() -> String {
    let schema = schema();
    let root = Shape::new(&schema);
    let mut out = HEAD.to_owned();
    for section in ["server", "journal", "alerts"] {
        table(&mut out, root, section, &format!("[{section}]"));
    }
    for section in ["providers", "routes"] {
        table(&mut out, root, section, &format!("[{section}.NAME]"));
    }
    let Some(policy) = root.key("policy") else { return out };
    let _ = writeln!(
        out,
        "\n## Policies\n\nEach policy is a table of a route, `[routes.NAME.retry]`, and a table for all routes, \
         `[policy.retry]`.\nA route's table stands above the policy table, key by key, and that above the \
         built-in values."
    );
    let (tables, keys): (Vec<&str>, Vec<&str>) =
        policy.properties().map(|(name, _)| name).partition(|name| POLICIES.contains(name));
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    let _ = writeln!(
        out,
        "\nThese keys of a route stand in `[policy]` too, for all routes: {}.",
        keys.join(", ")
    );
    for name in tables {
        table(&mut out, policy, name, &format!("[policy.{name}]"));
    }
    out
}

fn table(out: &mut String, parent: Shape<'_>, section: &str, title: &str) {
    let Some(mut shape) = parent.key(section) else { return };
    let level = if title.starts_with("[policy") { "###" } else { "##" };
    let meaning = parent
        .properties()
        .find(|(key, _)| *key == section)
        .and_then(|(_, schema)| schema.get("description"))
        .and_then(Json::as_str)
        .unwrap_or_default();
    let _ = write!(out, "\n{level} `{title}`\n\n{}\n\n", one_line(meaning));
    if let Some(entries) = shape.entries() {
        shape = entries;
    }
    out.push_str("| key | takes | default | meaning |\n|---|---|---|---|\n");
    rows(out, shape, "", None);
    if section == "routes" {
        out.push_str(
            "\nA route's policies are tables of it: `[routes.NAME.retry]` and so on, as below.\n",
        );
    }
}

/// Keys that are tables in a route, and told once, as policies.
const POLICIES: [&str; 9] =
    ["retry", "timeouts", "breaker", "budget", "limit", "throttle", "hedge", "resume", "degrade"];

fn rows(out: &mut String, shape: Shape<'_>, prefix: &str, defaults: Option<&Json>) {
    let is_route = shape.key("tiers").is_some() && prefix.is_empty();
    for (key, schema) in shape.properties() {
        if is_route && POLICIES.contains(&key) {
            continue;
        }
        let below = shape.follow(schema);
        let default = defaults.and_then(|all| all.get(key)).or_else(|| schema.get("default"));
        let path = format!("{prefix}{key}");
        let plain_table = below.takes("object") && !below.takes("string");
        if plain_table && below.properties().next().is_some() {
            rows(out, below, &format!("{path}."), default);
        } else if let Some(entries) = below.entries().filter(|entries| entries.takes("object")) {
            rows(out, entries, &format!("{path}.NAME."), None);
        } else {
            row(out, &path, below, (schema, default));
        }
    }
}

fn row(out: &mut String, path: &str, shape: Shape<'_>, (schema, default): (&Json, Option<&Json>)) {
    let meaning = schema.get("description").or_else(|| shape.schema.get("description"));
    let mut meaning = one_line(meaning.and_then(Json::as_str).unwrap_or_default());
    let items = shape.schema.get("items").map(|items| shape.follow(items));
    let chosen = items.unwrap_or(shape).schema;
    for choice in chosen.get("oneOf").and_then(Json::as_array).into_iter().flatten() {
        let name = choice.get("const").and_then(Json::as_str);
        let words = choice.get("description").and_then(Json::as_str);
        if let (Some(name), Some(words)) = (name, words) {
            let _ = write!(meaning, " `{name}`: {}", one_line(words));
        }
    }
    let default = match default {
        Some(Json::Object(object)) if object.is_empty() => String::new(),
        Some(Json::Array(items)) if items.is_empty() => String::new(),
        Some(default) => format!("`{}`", show_default(default)),
        None => String::new(),
    };
    let _ = writeln!(
        out,
        "| `{path}` | {} | {} | {} |",
        takes(shape).replace('|', "\\|"),
        default.replace('|', "\\|"),
        meaning.replace('|', "\\|")
    );
}

fn takes(shape: Shape<'_>) -> String {
    let choices: Vec<String> = shape.choices().map(|choice| format!("`\"{choice}\"`")).collect();
    if !choices.is_empty() {
        return choices.join(", ");
    }
    let format = shape.schema.get("format").and_then(Json::as_str);
    let mut kinds = Vec::new();
    if shape.takes("string") {
        kinds.push(match format {
            Some("duration") => "duration".to_owned(),
            Some("size") => "size".to_owned(),
            Some("socket-address") => "address and port".to_owned(),
            Some("base-url") => "URL".to_owned(),
            _ => "text".to_owned(),
        });
    }
    if shape.takes("number") {
        kinds.push("share".to_owned());
    } else if shape.takes("integer") {
        kinds.push("whole number".to_owned());
    }
    if shape.takes("boolean") {
        kinds.push("`true`, `false`".to_owned());
    }
    if shape.takes("array") {
        let items = shape.schema.get("items").map(|items| takes(shape.follow(items)));
        kinds.push(format!("list of: {}", items.unwrap_or_default()));
    }
    if shape.takes("object") {
        let keys: Vec<String> = shape.properties().map(|(key, _)| format!("`{key}`")).collect();
        kinds.push(match (keys.as_slice(), shape.entries()) {
            ([], Some(entries)) => format!("table: any key, {}", takes(entries)),
            (keys, _) => format!("table of {}", keys.join(", ")),
        });
    }
    kinds.join("; or ")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
