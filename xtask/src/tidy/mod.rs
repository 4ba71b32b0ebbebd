//! The house rules that clippy cannot check. Each rule reads the whole checkout and says where it
//! is broken and what to do.

mod arrows;
mod documents;
mod names;
mod policies;
mod shape;
#[cfg(test)]
mod tests;
mod workplace;

use crate::house::{self, Source};
use crate::tally::Tally;
use crate::{Done, generate};

/// What the rules read.
pub(crate) struct House {
    /// Every text file.
    sources: Vec<Source>,
    /// Every dependency of every crate.
    arrows: Vec<arrows::Arrow>,
}

impl House {
    /// The Rust files under `crates/` and `xtask/`.
    fn rust(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| source.path.ends_with(".rs"))
    }

    fn source(&self, path: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.path == path)
    }
}

/// Where a rule is broken, and what to do: `path:line: words`.
type Finding = String;

struct Rule {
    name: &'static str,
    broken: fn(&House) -> Vec<Finding>,
}

const RULES: &[Rule] = &[
    Rule { name: "crates use only what the plan allows", broken: arrows::forbidden },
    Rule { name: "the engine is pure", broken: arrows::engine_impure },
    Rule { name: "each file opens with what it is for", broken: shape::without_opening },
    Rule { name: "files stay under 400 lines before their tests", broken: shape::too_long },
    Rule { name: "no stubs", broken: shape::stubs },
    Rule { name: "names say what they mean", broken: names::vague },
    Rule { name: "a provider is named in its folder alone", broken: names::providers_elsewhere },
    Rule { name: "each policy has its twin in the settings", broken: policies::without_twin },
    Rule { name: "the project speaks of itself alone", broken: workplace::words },
    Rule { name: "the changelog begins with what is unreleased", broken: documents::changelog },
    Rule { name: "lock files name no registry host", broken: workplace::registry_hosts },
];

/// Checks the rules and the generated references, and fails if one is broken.
pub(crate) fn tidy() -> Done {
    let mut tally = check()?;
    crate::suite::build()?;
    tally += references()?;
    println!("{tally}");
    if tally.failed == 0 { Ok(()) } else { Err("the house is untidy".to_owned()) }
}

/// Checks the rules that need nothing built, one test each.
pub(crate) fn check() -> Done<Tally> {
    let house = House { sources: house::sources()?, arrows: arrows::read()? };
    let mut tally = Tally::default();
    for rule in RULES {
        tally += verdict(rule.name, &(rule.broken)(&house));
    }
    Ok(tally)
}

/// Checks that the generated references are those of the binary as built.
pub(crate) fn references() -> Done<Tally> {
    let mut tally = Tally::default();
    for (name, stale) in generate::stale()? {
        let findings =
            if stale { vec![format!("{name}: run `cargo xtask generate`")] } else { vec![] };
        tally += verdict(&format!("{name} is up to date"), &findings);
    }
    Ok(tally)
}

fn verdict(name: &str, findings: &[Finding]) -> Tally {
    if findings.is_empty() {
        println!("  ok       {name}");
        return Tally::PASSED;
    }
    println!("  BROKEN   {name}");
    for finding in findings {
        println!("           {finding}");
    }
    Tally::FAILED
}
