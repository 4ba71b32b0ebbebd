//! `cargo xtask bench`: failsoft beside plain nginx and straight, in one run. This part builds
//! what is measured and hands over to a release build of itself, pinned to a core of its own.

#[cfg(feature = "load")]
mod client;
#[cfg(feature = "load")]
mod figures;
#[cfg(feature = "load")]
mod paced;
#[cfg(feature = "load")]
mod pairs;
#[cfg(feature = "load")]
mod proxy;
#[cfg(feature = "load")]
mod rounds;
#[cfg(feature = "load")]
mod table;
#[cfg(feature = "load")]
mod upstream;

use std::process::Command;

use crate::{Done, command, house};

/// Builds failsoft and the load generator in release, and runs the load generator on core 1.
pub(crate) fn bench(arguments: &[String]) -> Done {
    for (program, why) in [("taskset", "pins each side to a core"), ("sh", "raises the file limit")]
    {
        if !command::is_there("which", &[program]) {
            return Err(format!("{program} is not installed; it {why}"));
        }
    }
    let nginx = nginx_is_there();
    released("failsoft", &["build", "--release", "-p", "failsoft-cli"])?;
    released("load generator", &["build", "--release", "-p", "xtask", "--features", "load"])?;
    if arguments.iter().any(|argument| argument == "--no-step") {
        eprintln!("    the engine's step is left out");
    } else {
        released("step cost", &["bench", "-p", "failsoft-engine"])?;
    }
    let program = house::target().join("release").join("xtask");
    let mut load = Command::new("sh");
    load.args(["-c", "ulimit -n \"$(ulimit -Hn)\"; exec taskset -c 1 \"$0\" bench-load \"$@\""])
        .arg(program)
        .args(arguments)
        .args((!nginx).then_some("--no-nginx"));
    let status =
        load.status().map_err(|error| format!("cannot run the load generator: {error}"))?;
    if status.success() { Ok(()) } else { Err("the benchmark did not finish".to_owned()) }
}

/// The part of the release build: load, upstream, and the table.
#[cfg(feature = "load")]
pub(crate) fn load(arguments: &[String]) -> Done {
    rounds::run(arguments)
}

/// Without the load generator built in there is nothing to run.
#[cfg(not(feature = "load"))]
pub(crate) fn load(_arguments: &[String]) -> Done {
    Err("run `cargo xtask bench`; it builds the load generator".to_owned())
}

fn released(label: &str, arguments: &[&str]) -> Done {
    eprintln!("    {label}");
    let ran = command::run(&format!("bench {label}"), &mut command::cargo(arguments))?;
    if ran.well {
        return Ok(());
    }
    Err(format!("{}\nsee {}", ran.tail(20).join("\n"), ran.log.display()))
}

/// Debian's nginx, installed when it is missing and we may.
fn nginx_is_there() -> bool {
    if command::is_there("nginx", &["-v"]) {
        return true;
    }
    eprintln!("    installing nginx");
    let mut install = Command::new("apt-get");
    install
        .args(["install", "-y", "-qq", "--no-install-recommends", "nginx-light"])
        .env("DEBIAN_FRONTEND", "noninteractive");
    let installed = command::run("bench nginx", &mut install).is_ok_and(|ran| ran.well);
    if !installed {
        eprintln!("    SKIPPED nginx: it is not installed and could not be (apt-get as root)");
    }
    installed
}
