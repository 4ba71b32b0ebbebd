//! A policy is one engine file, its line in the list there, and its twin in the settings.

use std::collections::BTreeSet;

use super::{Finding, House};

const ENGINE: &str = "crates/failsoft-engine/src/policy/";
const CONFIG: &str = "crates/failsoft-config/src/policy/";

/// Policies that lack a twin or a line in a list, and twins of nothing.
pub(super) fn without_twin(house: &House) -> Vec<Finding> {
    let twins = modules(house, CONFIG);
    let mut findings = Vec::new();
    for name in modules(house, ENGINE) {
        findings.extend(unlisted(house, ENGINE, name));
        if !has_settings(house, name) {
            continue;
        }
        if twins.contains(name) {
            findings.extend(unlisted(house, CONFIG, name));
        } else {
            findings.push(format!("{ENGINE}{name}.rs: its settings belong in {CONFIG}{name}.rs"));
        }
    }
    findings
}

/// The files and folders beside `mod.rs`, without tests.
fn modules<'a>(house: &'a House, folder: &str) -> BTreeSet<&'a str> {
    let inner = house.rust().filter_map(|source| source.path.strip_prefix(folder));
    let names = inner.map(|path| path.split(['/', '.']).next().unwrap_or(path));
    names.filter(|name| !matches!(*name, "mod" | "tests")).collect()
}

/// A module whose names leave the engine is a policy; others are parts of one.
fn has_settings(house: &House, name: &str) -> bool {
    let list = house.source(&format!("{ENGINE}mod.rs"));
    list.is_some_and(|source| source.text.contains(&format!("\npub use {name}::")))
}

fn unlisted(house: &House, folder: &str, name: &str) -> Option<Finding> {
    let list = format!("{folder}mod.rs");
    let listed = house.source(&list).is_some_and(|source| {
        source.text.lines().any(|line| line.trim_end().ends_with(&format!("mod {name};")))
    });
    (!listed).then(|| format!("{list}: `mod {name};` is missing"))
}
