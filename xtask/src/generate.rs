//! References written by the binary itself.

use std::process::Command;

use crate::{Done, house, suite};

/// A document and the arguments that print it.
const DOCUMENTS: &[(&str, &[&str])] = &[
    ("docs/configuration.md", &["config", "reference"]),
    ("docs/failsoft.schema.json", &["config", "schema"]),
    ("docs/translation.md", &["config", "translation"]),
];

/// Builds the binary and writes every document.
pub(crate) fn generate() -> Done {
    suite::build()?;
    for (path, arguments) in DOCUMENTS {
        let file = house::root().join(path);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        }
        std::fs::write(&file, printed(arguments)?)
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        println!("wrote {path}");
    }
    Ok(())
}

/// Each document, and whether it differs from what the binary prints.
pub(crate) fn stale() -> Done<Vec<(&'static str, bool)>> {
    let mut found = Vec::new();
    for (path, arguments) in DOCUMENTS {
        let stands = std::fs::read_to_string(house::root().join(path)).unwrap_or_default();
        found.push((*path, stands != printed(arguments)?));
    }
    Ok(found)
}

fn printed(arguments: &[&str]) -> Done<String> {
    let binary = house::binary();
    let output = Command::new(&binary)
        .args(arguments)
        .output()
        .map_err(|error| format!("cannot run {}: {error}", binary.display()))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("failsoft {}: {}", arguments.join(" "), words.trim()));
    }
    String::from_utf8(output.stdout).map_err(|_| "failsoft printed no UTF-8".to_owned())
}
