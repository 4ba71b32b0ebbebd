//! A Postgres server for the tests of the journal, which start one of their own with it.

use std::path::Path;
use std::process::Command;

use crate::command;

/// Installs the server where there is none and it can be done; else says why tests are left out.
pub(crate) fn provide() -> Option<String> {
    if is_there() {
        return None;
    }
    if !command::is_there("apt-get", &["--version"]) || !is_root() {
        return Some(left_out("apt-get install postgresql"));
    }
    println!("    installing a Postgres server");
    for arguments in
        [&["update"][..], &["install", "--yes", "--no-install-recommends", "postgresql"]]
    {
        let mut install = Command::new("apt-get");
        install.arg("--quiet").args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        match command::run("postgres server", &mut install) {
            Ok(ran) if ran.well => {}
            Ok(ran) => return Some(left_out(&ran.tail(2).join(" / "))),
            Err(reason) => return Some(left_out(&reason)),
        }
    }
    None
}

fn left_out(reason: &str) -> String {
    format!("no Postgres server is installed: the journal of fleets is untested ({reason})")
}

/// Where Debian puts it, or on the path.
fn is_there() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin")).any(|folder| serves(&folder));
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian || std::env::split_paths(&path).any(|folder| serves(&folder))
}

fn serves(folder: &Path) -> bool {
    folder.join("postgres").is_file() && folder.join("initdb").is_file()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
