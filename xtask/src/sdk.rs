//! The official SDKs against the real binary: sets up a Python environment and a Node project,
//! and runs the suites of `tests-sdk/`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::suite::{self, Report};
use crate::tally::Tally;
use crate::{Done, command, house};

/// Runs the Python suite.
pub(crate) fn python() -> Done<Report> {
    if !command::is_there("python3", &["--version"]) {
        return suite::left_out(
            "python3 is not installed: the Python SDKs are untested".to_owned(),
        );
    }
    let environment = house::workshop()?.join("venv");
    let program = environment.join("bin").join("python");
    if let Err(reason) = set_up_python(&environment, &program) {
        return suite::left_out(format!("no Python environment: {reason}"));
    }
    let mut command = Command::new(&program);
    command
        .args(["-m", "pytest", "-ra", "--color=no", "-p", "no:cacheprovider", "tests-sdk/python"])
        .current_dir(house::root())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("FAILSOFT_BINARY", house::binary());
    let ran = command::run("python sdks", &mut command)?;
    let tally = Tally::of_pytest(&ran.lines).and_ended(ran.well);
    show(&ran, |line| line.starts_with("SKIPPED"));
    Ok(Report { tally, skipped: Vec::new() })
}

/// Runs the Node suite.
pub(crate) fn node() -> Done<Report> {
    for program in ["node", "npm"] {
        if !command::is_there(program, &["--version"]) {
            return suite::left_out(format!(
                "{program} is not installed: the Node SDKs are untested"
            ));
        }
    }
    let folder = house::root().join("tests-sdk").join("node");
    if let Err(reason) = set_up_node(&folder) {
        return suite::left_out(format!("no Node packages: {reason}"));
    }
    let mut command = Command::new("node");
    command
        .args(["--test", "--test-reporter=tap"])
        .args(node_tests(&folder)?)
        .current_dir(&folder)
        .env("FAILSOFT_BINARY", house::binary());
    report_tap("node sdks", &mut command)
}

/// Runs a suite that counts its tests in TAP.
pub(crate) fn report_tap(label: &str, command: &mut Command) -> Done<Report> {
    let ran = command::run(label, command)?;
    let tally = Tally::of_tap(&ran.lines).and_ended(ran.well);
    show(&ran, |line| line.contains("# SKIP"));
    Ok(Report { tally, skipped: Vec::new() })
}

/// The tables of the Failover Bench and of the dialects, and whatever was left out; after a failure all of its words.
fn show(ran: &command::Ran, skipped: fn(&str) -> bool) {
    let table = |line: &String| line.starts_with("bench ") || line.starts_with("matrix ");
    for line in ran.lines.iter().filter(|line| table(line) || skipped(line)) {
        println!("    {line}");
    }
    if !ran.well {
        for line in ran.tail(120) {
            println!("    | {line}");
        }
        println!("    see {}", ran.log.display());
    }
}

fn set_up_python(environment: &Path, program: &Path) -> Done {
    let wanted = read(&house::root().join("tests-sdk").join("requirements.txt"))?;
    let stamp = environment.join("requirements.installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("    installing the Python SDKs");
    if !program.exists() {
        let mut create = Command::new("python3");
        create.arg("-m").arg("venv").arg(environment);
        installed("python environment", &mut create)?;
    }
    let mut install = Command::new(program);
    install
        .args(["-m", "pip", "install", "--quiet", "-r", "tests-sdk/requirements.txt"])
        .current_dir(house::root());
    installed("python packages", &mut install)?;
    write(&stamp, &wanted)
}

/// Installs what a Node project names, if that is not what is there.
pub(crate) fn set_up_node(folder: &Path) -> Done {
    let wanted = read(&folder.join("package-lock.json"))?;
    let stamp = folder.join("node_modules").join(".installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("    installing Node packages");
    let mut install = Command::new("npm");
    install.args(["ci", "--no-audit", "--no-fund"]).current_dir(folder);
    installed("node packages", &mut install)?;
    write(&stamp, &wanted)
}

fn installed(label: &str, command: &mut Command) -> Done {
    let ran = command::run(label, command)?;
    if ran.well { Ok(()) } else { Err(ran.tail(3).join(" / ")) }
}

/// The test files, since not every Node takes a folder or a pattern.
fn node_tests(folder: &Path) -> Done<Vec<String>> {
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut tests: Vec<String> = names.filter(|name| name.ends_with(".test.mjs")).collect();
    tests.sort();
    Ok(tests)
}

fn read(path: &Path) -> Done<String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Done {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
