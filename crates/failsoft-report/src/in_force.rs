//! The settings in force, so that nothing is proposed that is so already.

use std::collections::BTreeMap;

use crate::finding::{Finding, Setting, Towards};

/// Values in force by their paths, each as TOML; empty if nobody knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InForce(pub BTreeMap<String, String>);

impl InForce {
    /// Takes out proposals all of whose settings go as far already.
    pub(crate) fn prune(&self, findings: &mut [Finding]) {
        for finding in findings {
            finding.proposals.retain(|proposal| !proposal.sets.iter().all(|set| self.holds(set)));
        }
    }

    fn holds(&self, set: &Setting) -> bool {
        let Some(have) = self.value(&set.path) else { return false };
        if have == set.value {
            return true;
        }
        match (set.towards, magnitude(have), magnitude(&set.value)) {
            (Towards::More, Some(have), Some(wanted)) => have >= wanted,
            (Towards::Less, Some(have), Some(wanted)) => have <= wanted,
            (Towards::More | Towards::Less | Towards::This, _, _) => false,
        }
    }

    /// A route's value, else the one for all routes.
    fn value(&self, path: &str) -> Option<&str> {
        let own = self.0.get(path);
        let shared = || {
            let named = path.strip_prefix("routes.")?;
            // A name with a point in it stands in quotes.
            let (_, key) = match named.strip_prefix('"') {
                Some(quoted) => quoted.split_once("\".")?,
                None => named.split_once('.')?,
            };
            self.0.get(&format!("policy.{key}"))
        };
        own.or_else(shared).map(String::as_str)
    }
}

/// A number, or a duration in milliseconds.
fn magnitude(toml: &str) -> Option<f64> {
    let text = toml.trim_matches('"');
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let unit = match &text[end..] {
        "" | "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    };
    Some(number * unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Proposal;

    #[test]
    fn what_goes_as_far_already_is_in_force() {
        let values = [
            ("routes.assistant.hedge.enabled", "true"),
            ("policy.timeouts.first_token.timeout", "\"1m\""),
            ("policy.breaker.consecutive", "3"),
            ("routes.\"gpt-4.1\".hedge.enabled", "true"),
            ("policy.resume.max", "2"),
        ];
        let own = |(path, value): &(&str, &str)| ((*path).to_owned(), (*value).to_owned());
        let in_force = InForce(values.iter().map(own).collect());
        for (path, value, towards, holds) in [
            ("routes.assistant.hedge.enabled", "true", Towards::This, true),
            ("routes.assistant.hedge.enabled", "false", Towards::This, false),
            ("routes.any.timeouts.first_token.timeout", "\"45s\"", Towards::More, true),
            ("routes.any.timeouts.first_token.timeout", "\"90s\"", Towards::More, false),
            ("policy.breaker.consecutive", "5", Towards::Less, true),
            ("policy.breaker.consecutive", "2", Towards::Less, false),
            ("policy.nobody.knows", "2", Towards::Less, false),
        ] {
            let set = Setting { path: path.to_owned(), value: value.to_owned(), towards };
            assert_eq!(in_force.holds(&set), holds, "{path} = {value}");
        }
        for (path, value) in [(["hedge", "enabled"], "true"), (["resume", "max"], "2")] {
            let path = ["routes", "gpt-4.1", path[0], path[1]];
            let set = (&path[..], value.to_owned(), Towards::This);
            let proposal = Proposal::new(String::new(), &[set]);
            assert!(in_force.holds(&proposal.sets[0]), "{:?}", proposal.sets);
        }
    }
}
