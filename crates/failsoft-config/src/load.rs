//! From files and the environment to settings.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::check::Surroundings;
use crate::policy::{ProfileSpec, spread};
use crate::report::{At, Report, say};
use crate::schema::schema;
use crate::spec::Spec;
use crate::structure::{Shape, prune};
use crate::tree::{Node, Place, Table, Value, read};
use crate::{Journal, Problems, Settings, Severity, check, variables};

/// Where a text came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// Built from the keys found in the environment.
    Environment,
}

/// A text larger than this is no settings file.
const LONGEST_TEXT: usize = 1 << 20;

/// Reads settings from a text.
///
/// `env` is the environment: keys are taken from it, and `FAILSOFT_SECTION__KEY` variables stand
/// above the text. Relative paths are relative to `folder`. What may surprise, but works, is in
/// [`Settings::warnings`].
///
/// # Errors
/// Every problem at once.
pub fn load(
    text: &str,
    folder: &Path,
    env: &BTreeMap<String, String>,
) -> Result<Settings, Problems> {
    let report = Report::new(text);
    let Some((root, spec)) = read_spec(text, env, &report) else {
        return Err(report.into_problems());
    };
    let mut settings = check::check(spec, &At::root(&report, &root), Surroundings { folder, env });
    if report.has_errors() {
        return Err(report.into_problems());
    }
    settings.warnings = report.into_problems();
    Ok(settings)
}

/// See [`Source::journal`](crate::Source::journal).
pub(crate) fn load_journal(
    text: &str,
    folder: &Path,
    env: &BTreeMap<String, String>,
) -> Option<Journal> {
    let report = Report::new(text);
    let (root, spec) = read_spec(text, env, &report)?;
    let at = At::root(&report, &root);
    Some(check::check_journal(&spec.journal, &at.key("journal"), Surroundings { folder, env }))
}

/// Settings for the keys found in the environment, without a file.
///
/// # Errors
/// When no key of a known provider is there, or a variable is wrong.
pub fn load_default(env: &BTreeMap<String, String>) -> Result<Settings, Problems> {
    load(&default_text(env)?, Path::new(""), env)
}

/// The text that stands for a missing file: an entry for each provider whose key is there.
pub(crate) fn default_text(env: &BTreeMap<String, String>) -> Result<String, Problems> {
    let mut text = String::new();
    for (known, variable) in keyed_providers() {
        if env.get(variable).is_some_and(|key| !key.trim().is_empty()) {
            let _ = writeln!(text, "[providers.{known}]\napi_key = {{ env = \"{variable}\" }}\n");
        }
    }
    if text.is_empty() {
        let variables: Vec<&str> = keyed_providers().map(|(_, variable)| variable).collect();
        let report = Report::new("");
        let words =
            say("there is no settings file, and no key of a known provider in the environment")
                .hint(format!(
                    "set one of {}, or write a file with `failsoft init`",
                    variables.join(", ")
                ));
        report.add(Severity::Error, None, "environment", words);
        return Err(report.into_problems());
    }
    Ok(text)
}

/// Known providers that need nothing but a key, and the variable it is looked for in.
pub fn keyed_providers() -> impl Iterator<Item = (&'static str, &'static str)> {
    failsoft_provider::ALL
        .iter()
        .filter(|known| known.base_url.is_some())
        .filter_map(|known| Some((known.id, known.key_env?)))
}

/// What was written, in its own shape.
fn read_spec(
    text: &str,
    env: &BTreeMap<String, String>,
    report: &Report<'_>,
) -> Option<(Node, Spec)> {
    let root = read_layers(text, env, report)?;
    match serde_json::from_value::<Spec>(root.to_json()) {
        Ok(spec) => Some((root, spec)),
        Err(error) => {
            report.add(Severity::Error, None, "", say(format!("this cannot be read: {error}")));
            None
        }
    }
}

/// The text with variables and policy tables laid over and under it, reduced to what has the right
/// shape. `None` when it is no TOML.
pub(crate) fn read_layers(
    text: &str,
    env: &BTreeMap<String, String>,
    report: &Report<'_>,
) -> Option<Node> {
    if text.len() > LONGEST_TEXT {
        report.syntax(None, &format!("{} bytes are too many", text.len()));
        return None;
    }
    let mut root = read(text, report);
    if report.has_errors() {
        return None;
    }
    let schema = schema();
    let shape = Shape::new(&schema);
    variables::overlay(&mut root, shape, env, report);
    prune(&mut root, shape, report);
    inherit(&mut root);
    Some(Node { place: Place::Text(0..text.len()), value: Value::Table(root) })
}

/// Lays the policy tables under each route's own.
fn inherit(root: &mut Table) {
    let policy = root.node("policy").and_then(Node::table).cloned().unwrap_or_default();
    let Some(routes) = root.node_mut("routes").and_then(Node::table_mut) else { return };
    for entry in &mut routes.0 {
        let Some(route) = entry.node.table_mut() else { continue };
        let profile = route
            .node("profile")
            .and_then(|node| serde_json::from_value::<ProfileSpec>(node.to_json()).ok())
            .unwrap_or_default();
        let mut below = policy.clone();
        spread(&mut below, profile.into());
        spread(route, profile.into());
        route.lay_over(&below);
    }
}
