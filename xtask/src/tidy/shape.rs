//! How a file looks: its first line, its length, nothing left half done.

use super::{Finding, House};

/// A file of more production lines holds two things.
const LONGEST: usize = 400;

/// Files that do not open with a `//!` line.
pub(super) fn without_opening(house: &House) -> Vec<Finding> {
    house
        .rust()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| format!("{}:1: say in a first `//!` line what the file is for", source.path))
        .collect()
}

/// Files with too many lines before their tests.
pub(super) fn too_long(house: &House) -> Vec<Finding> {
    house
        .rust()
        .map(|source| (source, source.production().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(source, lines)| format!("{}: {lines} lines: split it", source.path))
        .collect()
}

/// Code that is promised only.
pub(super) fn stubs(house: &House) -> Vec<Finding> {
    // In pieces, so that this file does not find itself.
    let stubs = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("#[ig", "nore")];
    let mut findings = Vec::new();
    for source in house.rust() {
        for (at, line) in source.text.lines().enumerate() {
            let code = super::names::code_of(line);
            // The body of a child process is no test by itself; the test that runs it counts.
            if code.contains("= \"run by `") {
                continue;
            }
            for stub in stubs.iter().filter(|stub| code.contains(**stub)) {
                findings.push(format!("{}:{}: `{stub}`", source.path, at + 1));
            }
        }
    }
    findings
}
