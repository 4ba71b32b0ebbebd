//! `GET /v1/models`: the names clients can ask for.

use failsoft_config::{ModelName, Settings};
use failsoft_wire::{Dialect, ModelEntry};

/// Routes people wrote, the plain names that lead to them, and each configured model under its
/// full name; in that order, each once.
pub(crate) fn names_for_clients(settings: &Settings) -> Vec<String> {
    let routes = settings.routes.iter().filter(|route| !route.name.contains('*'));
    let aliases = settings.routes.iter().flat_map(|route| &route.models);
    let targets = settings.targets.iter().filter_map(|target| match target.model {
        ModelName::Fixed(_) => Some(&target.name),
        ModelName::AsAsked => None,
    });
    let mut names: Vec<String> = Vec::new();
    let plain = aliases.filter(|alias| !alias.contains('*'));
    for name in routes.map(|route| &route.name).chain(plain).chain(targets) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// The list, as the dialect's SDKs want it.
pub(crate) fn list(names: &[String], dialect: Dialect, created: u64) -> Vec<u8> {
    let entries: Vec<_> = names.iter().map(|name| entry(name, created)).collect();
    dialect.models(&entries)
}

/// One of them; `None` if there is none of that name.
pub(crate) fn one(
    names: &[String],
    asked: &str,
    dialect: Dialect,
    created: u64,
) -> Option<Vec<u8>> {
    let name = names.iter().find(|name| *name == asked)?;
    let list = dialect.models(&[entry(name, created)]);
    let list: serde_json::Value = serde_json::from_slice(&list).ok()?;
    let rows = list.get("data").or_else(|| list.get("models"))?;
    serde_json::to_vec(rows.get(0)?).ok()
}

fn entry(name: &str, created: u64) -> ModelEntry<'_> {
    let owner = name.split_once('/').map_or("failsoft", |(provider, _)| provider);
    ModelEntry { id: name, owner, created }
}
