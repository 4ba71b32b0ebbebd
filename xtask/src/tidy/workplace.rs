//! The project speaks of itself alone: no traces of the place it is made in.

use super::{Finding, House};

/// Pieces of words that name a workplace; in pieces, so that this file does not find itself.
const WORDS: &[(&str, &str)] = &[
    ("/wor", "k/"),
    ("/far", "m/"),
    ("/tmp", "/plan"),
    ("shared", "/design"),
    ("shared", "/facts"),
    ("before", "-stop"),
    ("issues", " show"),
];

/// Lock files that say from which host a package came tie every reader to that host.
const LOCKS: &[&str] = &["package-lock.json", "npm-shrinkwrap.json", "requirements.txt"];

/// Lines that name the workplace.
pub(super) fn words(house: &House) -> Vec<Finding> {
    let words: Vec<String> = WORDS.iter().map(|(head, tail)| format!("{head}{tail}")).collect();
    let mut findings = Vec::new();
    for source in house.sources.iter().filter(|source| !source.path.ends_with(".lock")) {
        for (at, line) in source.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(word.as_str())) {
                findings.push(format!("{}:{}: `{word}`", source.path, at + 1));
            }
        }
    }
    findings
}

/// Lock files with addresses in them.
pub(super) fn registry_hosts(house: &House) -> Vec<Finding> {
    let is_lock = |path: &str| LOCKS.iter().any(|name| path.rsplit('/').next() == Some(*name));
    let mut findings = Vec::new();
    for source in house.sources.iter().filter(|source| is_lock(&source.path)) {
        for (at, line) in source.text.lines().enumerate() {
            if line.contains("\"resolved\"") || line.contains("index-url") {
                findings.push(format!("{}:{}: {}", source.path, at + 1, line.trim()));
            }
        }
    }
    findings
}
