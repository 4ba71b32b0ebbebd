//! Fuzz targets live in workspaces of their own (`fuzz/`); here they are only compiled,
//! so that they do not rot between campaigns.

use std::path::PathBuf;

use crate::suite::{self, Report};
use crate::tally::Tally;
use crate::{Done, command, house};

/// `cargo xtask fuzz-check`
pub(crate) fn check() -> Done {
    let report = compile()?;
    println!("{}", report.tally);
    Ok(())
}

/// Compiles every fuzz workspace, each one test.
pub(crate) fn compile() -> Done<Report> {
    if !command::is_there("c++", &["--version"]) {
        return suite::left_out("no C++ compiler: the fuzz targets are not compiled".to_owned());
    }
    let mut tally = Tally::default();
    for manifest in manifests()? {
        let path = manifest.to_string_lossy();
        let mut command = command::cargo(&["check", "--quiet", "--manifest-path", &path]);
        command.env("CARGO_TARGET_DIR", house::target());
        let ran = command::run("fuzz targets", &mut command)?;
        tally += suite::well(&ran)?.tally;
    }
    Ok(tally.into())
}

/// `fuzz/` for the whole house, and `crates/*/fuzz` for those of one crate.
fn manifests() -> Done<Vec<PathBuf>> {
    let crates = house::root().join("crates");
    let entries = std::fs::read_dir(&crates)
        .map_err(|error| format!("cannot read {}: {error}", crates.display()))?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.push(house::root().to_owned());
    let mut found: Vec<PathBuf> =
        folders.into_iter().map(|folder| folder.join("fuzz").join("Cargo.toml")).collect();
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found)
}
