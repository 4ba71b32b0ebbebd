//! What a report claims, and what it proposes.

use serde::Serialize;

/// What kind of thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// All targets of a provider entry failed at once.
    ProviderOutage,
    /// A target failed for a while.
    Outage,
    /// A key fails wherever it is used.
    Key,
    /// Failures gather in some prompts, at some time, on a route or with a dialect.
    Gathering,
    /// First content came late for a while.
    SlowSpell,
    /// First content often comes late.
    SlowTail,
    /// A kind of failure makes up much of what a target answers all the time.
    OftenFails,
    /// A breaker opened again and again.
    BreakerFlaps,
    /// Extra attempts were refused because their budget was empty.
    BudgetDry,
    /// A key is close to what its provider grants.
    NearQuota,
}

/// Something an operator should know. Shares and chances lie between 0 and 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub what: What,
    /// The target, or the provider entry, or the targets with commas; empty if none is concerned.
    pub target: String,
    /// The kind of failure; `slow` for late first content.
    pub kind: String,
    /// Which part of the target's calls; empty if all.
    pub place: String,
    /// From when on, in milliseconds since 1970; `null` if all the time.
    pub since_unix_ms: Option<i64>,
    /// Until when.
    pub until_unix_ms: Option<i64>,
    /// All of it as a sentence.
    pub says: String,
    /// The figures it was decided by.
    pub figures: Figures,
    /// Settings that would help, the best first.
    pub proposals: Vec<Proposal>,
}

/// The figures a finding was decided by; `null` where none applies.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// How often it was seen.
    pub observed: u64,
    /// Among so many.
    pub among: u64,
    /// The share of one in the other.
    pub share: Option<f64>,
    /// The share that was to be expected.
    pub baseline: Option<f64>,
    /// The chance of seeing this much or more if nothing but the baseline were at work.
    pub p: Option<f64>,
    /// The chance below which it counts.
    pub threshold: Option<f64>,
    /// The test, and what it was corrected for.
    pub test: Option<String>,
    /// Calls that got no real answer because of it.
    pub lost: u64,
}

/// A change of the settings, with its reason in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// What it would do and why.
    pub reason: String,
    /// The lines for the settings file.
    pub toml: String,
    /// The settings it sets.
    pub sets: Vec<Setting>,
}

/// A setting and its value as TOML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its path, e.g. `routes.assistant.hedge.enabled`.
    pub path: String,
    /// Its value.
    pub value: String,
    /// Which values go as far or farther.
    #[serde(skip)]
    pub(crate) towards: Towards,
}

/// Which way a proposal moves a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Towards {
    /// What is larger does as well.
    More,
    /// What is smaller does as well.
    Less,
    /// Nothing else will do.
    This,
}

/// A setting to be set: its path as parts, its value as TOML, and what would do as well.
pub(crate) type Set<'a> = (&'a [&'a str], String, Towards);

impl Proposal {
    /// A proposal that sets these, each a path as its parts and a value as TOML.
    pub(crate) fn new(reason: String, sets: &[Set<'_>]) -> Self {
        let mut toml = String::new();
        let mut table: &[&str] = &[];
        for (path, value, _) in sets {
            let Some((key, parents)) = path.split_last() else { continue };
            if parents != table || toml.is_empty() {
                let blank = if toml.is_empty() { "" } else { "\n" };
                toml.push_str(&format!("{blank}[{}]\n", dotted(parents)));
                table = parents;
            }
            toml.push_str(&format!("{} = {value}\n", bare_or_quoted(key)));
        }
        let setting = |(path, value, towards): &Set<'_>| Setting {
            path: dotted(path),
            value: value.clone(),
            towards: *towards,
        };
        Self { reason, toml, sets: sets.iter().map(setting).collect() }
    }
}

/// A text as a TOML string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control.is_control() => {
                out.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A path as TOML writes it.
fn dotted(path: &[&str]) -> String {
    path.iter().map(|key| bare_or_quoted(key)).collect::<Vec<_>>().join(".")
}

fn bare_or_quoted(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { quoted(key) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_is_toml_whatever_the_names() {
        let proposal = Proposal::new(
            String::new(),
            &[
                (&["routes", "my \"route\"", "hedge", "enabled"], "true".to_owned(), Towards::This),
                (&["routes", "my \"route\"", "hedge", "budget"], "0.1".to_owned(), Towards::More),
                (&["policy", "retry", "max_attempts"], "4".to_owned(), Towards::More),
            ],
        );
        let expected = "[routes.\"my \\\"route\\\"\".hedge]\nenabled = true\nbudget = 0.1\n\n\
                        [policy.retry]\nmax_attempts = 4\n";
        assert_eq!(proposal.toml, expected);
    }
}
