//! The measured facts and the recorded traffic, where they are at hand.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;

/// The folder, or a line that says why a test is skipped.
pub(crate) fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("FAILSOFT_SHARED") {
        return Some(PathBuf::from(folder));
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here.ancestors().map(|it| it.join("shared")).find(|it| it.join("facts").is_dir());
    if found.is_none() {
        println!("skipped: no folder `shared` beside the checkout, and FAILSOFT_SHARED is unset");
    }
    found
}

/// A JSON file of rows.
pub(crate) fn rows(folder: &Path, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("facts").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Every recorded exchange.
pub(crate) fn records(folder: &Path) -> Vec<Value> {
    let file = File::open(folder.join("recorded/dev_core.tar.gz")).unwrap();
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    let mut records = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path().unwrap().extension().is_some_and(|it| it == "json") {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            records.push(serde_json::from_str(&text).unwrap());
        }
    }
    records
}
