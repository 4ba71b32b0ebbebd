//! Where things are in the checkout.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Done;

/// Folders that hold nothing of ours.
const NOT_OURS: &[&str] =
    &[".failsoft-test", ".git", ".pytest_cache", ".venv", "__pycache__", "node_modules", "target"];

/// A file of the checkout, read as text.
pub(crate) struct Source {
    /// From the root, with `/` between parts.
    pub(crate) path: String,
    /// What it holds.
    pub(crate) text: String,
}

impl Source {
    /// Whether the whole file is there for tests.
    pub(crate) fn is_test(&self) -> bool {
        let mut parts = self.path.split('/');
        let folder = parts.clone().any(|part| matches!(part, "tests" | "benches" | "fuzz"));
        folder
            || parts
                .next_back()
                .is_some_and(|name| name == "tests.rs" || name.ends_with("_tests.rs"))
    }

    /// The lines before the file's own tests, numbered from 1.
    pub(crate) fn production(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        let test = self.is_test();
        lines.take_while(move |(_, line)| !test && line.trim_end() != "#[cfg(test)]")
    }
}

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The development binary, as `suite` builds it.
pub(crate) fn binary() -> PathBuf {
    target().join("debug").join("failsoft")
}

/// A folder for what the tests set up themselves: the Python environment and the logs.
pub(crate) fn workshop() -> Done<PathBuf> {
    let folder = root().join(".failsoft-test");
    fs::create_dir_all(folder.join("logs"))
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}

/// Every text file of the checkout, in order of path.
pub(crate) fn sources() -> Done<Vec<Source>> {
    let mut found = Vec::new();
    collect(root(), &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<Source>) -> Done {
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            if !NOT_OURS.iter().any(|name| entry.file_name() == *name) {
                collect(&path, found)?;
            }
            continue;
        }
        // What is no text holds nothing the rules speak of.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let Ok(inner) = path.strip_prefix(root()) else { continue };
        found.push(Source { path: inner.to_string_lossy().replace('\\', "/"), text });
    }
    Ok(())
}
