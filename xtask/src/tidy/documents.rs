//! Documents that people rely on.

use super::{Finding, House};

/// Whether the changelog's first section is the one for what is not released yet.
pub(super) fn changelog(house: &House) -> Vec<Finding> {
    let Some(source) = house.source("CHANGELOG.md") else {
        return vec!["CHANGELOG.md is missing".to_owned()];
    };
    let first = source.text.lines().find(|line| line.starts_with("## "));
    if first.is_some_and(|line| line.contains("Unreleased")) {
        return Vec::new();
    }
    vec!["CHANGELOG.md: the first section must be `## Unreleased`".to_owned()]
}
