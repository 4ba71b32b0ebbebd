//! Which crate may use which.

use serde_json::Value;

use super::{Finding, House};
use crate::{Done, command};

/// A dependency of one of our crates.
pub(super) struct Arrow {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// In the product, or in its build.
    Product,
    /// In tests and benchmarks only.
    Tests,
}

/// A crate, the crates of ours it may use, and whether it may open connections.
struct Room {
    name: &'static str,
    uses: &'static [&'static str],
    network: Network,
}

#[derive(PartialEq, Eq)]
enum Network {
    Allowed,
    Never,
}

const ENGINE: &str = "failsoft-engine";
const WIRE: &str = "failsoft-wire";
const PROVIDER: &str = "failsoft-provider";
const CONFIG: &str = "failsoft-config";
const JOURNAL: &str = "failsoft-journal";
const REPORT: &str = "failsoft-report";
const LIBRARY: &str = "failsoft";
const TELEMETRY: &str = "failsoft-telemetry";
const GATEWAY: &str = "failsoft-gateway";
const FAKE: &str = "failsoft-fake";

/// Arrows that tests may use besides: what a report proposes must pass the check of settings.
const IN_TESTS: &[(&str, &str)] = &[(REPORT, CONFIG)];

/// The arrows of ARCHITECTURE.md. Tests may also use the fake provider.
const PLAN: &[Room] = &[
    Room { name: ENGINE, uses: &[], network: Network::Never },
    Room { name: WIRE, uses: &[], network: Network::Never },
    Room { name: PROVIDER, uses: &[ENGINE, WIRE], network: Network::Never },
    Room { name: CONFIG, uses: &[ENGINE, PROVIDER, WIRE], network: Network::Never },
    Room { name: JOURNAL, uses: &[ENGINE], network: Network::Never },
    Room { name: REPORT, uses: &[ENGINE, JOURNAL], network: Network::Never },
    Room {
        name: LIBRARY,
        uses: &[ENGINE, WIRE, PROVIDER, CONFIG, JOURNAL],
        network: Network::Allowed,
    },
    Room { name: TELEMETRY, uses: &[ENGINE, CONFIG, JOURNAL, LIBRARY], network: Network::Allowed },
    Room {
        name: GATEWAY,
        uses: &[ENGINE, WIRE, PROVIDER, CONFIG, JOURNAL, REPORT, LIBRARY, TELEMETRY],
        network: Network::Allowed,
    },
    Room { name: "failsoft-sim", uses: &[ENGINE, CONFIG, JOURNAL], network: Network::Never },
    Room { name: FAKE, uses: &[WIRE], network: Network::Allowed },
    Room {
        name: "failsoft-cli",
        uses: &[
            ENGINE,
            WIRE,
            PROVIDER,
            CONFIG,
            JOURNAL,
            REPORT,
            LIBRARY,
            TELEMETRY,
            GATEWAY,
            FAKE,
            "failsoft-sim",
        ],
        network: Network::Allowed,
    },
    Room { name: "xtask", uses: &[], network: Network::Allowed },
];

/// Crates that open connections or run tasks.
const NETWORK_CRATES: &[&str] =
    &["hyper", "hyper-util", "reqwest", "rustls", "tokio", "tokio-rustls"];

/// What the engine never says outside its tests, and why.
const IMPURE: &[(&str, &str)] = &[
    ("Instant::now", "time is an argument"),
    ("SystemTime", "time is an argument"),
    ("std::time::Instant", "time is a `Moment`"),
    ("HashMap", "its order differs from run to run"),
    ("HashSet", "its order differs from run to run"),
    ("Mutex", "the driver holds the lock"),
    ("RwLock", "the driver holds the lock"),
    ("Atomic", "a step has one writer"),
    ("async ", "the engine never waits"),
    ("std::thread", "the engine runs on its caller's thread"),
    ("std::net", "no I/O"),
    ("std::fs", "no I/O"),
    ("std::env", "no I/O"),
    ("println!", "events tell what came to be"),
    ("thread_local!", "state belongs to the engine's value"),
];

/// Reads the dependencies as cargo sees them.
pub(super) fn read() -> Done<Vec<Arrow>> {
    let output = command::cargo(&["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .output()
        .map_err(|error| format!("cannot run cargo metadata: {error}"))?;
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| {
        format!("cargo metadata: {error}: {}", String::from_utf8_lossy(&output.stderr).trim())
    })?;
    let mut arrows = Vec::new();
    for package in list(&metadata["packages"]) {
        for dependency in list(&package["dependencies"]) {
            arrows.push(Arrow {
                from: text(&package["name"]),
                to: text(&dependency["name"]),
                kind: if dependency["kind"] == "dev" { Kind::Tests } else { Kind::Product },
            });
        }
    }
    Ok(arrows)
}

/// Arrows that are not in the plan.
pub(super) fn forbidden(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for arrow in &house.arrows {
        let Some(room) = PLAN.iter().find(|room| room.name == arrow.from) else {
            findings.push(format!("{} is not in the plan of the house", arrow.from));
            continue;
        };
        if let Some(why) = refusal(room, arrow) {
            findings.push(format!("{} must not use {}: {why}", arrow.from, arrow.to));
        }
    }
    findings.dedup();
    findings
}

fn refusal(room: &Room, arrow: &Arrow) -> Option<&'static str> {
    if arrow.to.starts_with("failsoft") {
        let extra = IN_TESTS.contains(&(room.name, arrow.to.as_str()));
        let in_tests = arrow.kind == Kind::Tests && (arrow.to == FAKE || extra);
        let allowed = in_tests || room.uses.contains(&arrow.to.as_str());
        return (!allowed).then_some("no such arrow in ARCHITECTURE.md");
    }
    if arrow.kind == Kind::Tests {
        return None;
    }
    if room.name == ENGINE {
        return Some("the engine uses std alone");
    }
    let opens = NETWORK_CRATES.contains(&arrow.to.as_str());
    (opens && room.network == Network::Never).then_some("this crate opens no connections")
}

/// Lines of the engine that ask the time, draw randomness, lock or do I/O.
pub(super) fn engine_impure(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in house.rust().filter(|s| s.path.starts_with("crates/failsoft-engine/src/")) {
        for (line, text) in source.production() {
            let code = super::names::code_of(text);
            for (word, why) in IMPURE.iter().filter(|(word, _)| code.contains(word)) {
                findings.push(format!("{}:{line}: `{}`: {why}", source.path, word.trim()));
            }
        }
    }
    findings
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
