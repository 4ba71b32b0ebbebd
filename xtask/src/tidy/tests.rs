//! Each rule with a planted violation, and with what it must leave alone.

use super::arrows::{Arrow, Kind};
use super::*;

fn house(files: &[(&str, &str)]) -> House {
    let sources = files
        .iter()
        .map(|(path, text)| Source { path: (*path).to_owned(), text: (*text).to_owned() })
        .collect();
    House { sources, arrows: Vec::new() }
}

fn arrow(from: &str, to: &str, kind: Kind) -> House {
    let arrow = Arrow { from: from.to_owned(), to: to.to_owned(), kind };
    House { sources: Vec::new(), arrows: vec![arrow] }
}

fn found(rule: fn(&House) -> Vec<Finding>, files: &[(&str, &str)]) -> usize {
    rule(&house(files)).len()
}

#[test]
fn an_arrow_outside_the_plan_is_found() {
    let broken = |from, to, kind| !arrows::forbidden(&arrow(from, to, kind)).is_empty();
    assert!(broken("failsoft-engine", "failsoft-wire", Kind::Product));
    assert!(broken("failsoft-engine", "serde", Kind::Product));
    assert!(broken("failsoft-journal", "failsoft-gateway", Kind::Product));
    assert!(broken("failsoft-config", "tokio", Kind::Product));
    assert!(broken("failsoft-gateway", "failsoft-cli", Kind::Tests));
    assert!(broken("failsoft-surprise", "serde", Kind::Product));
    assert!(!broken("failsoft-engine", "proptest", Kind::Tests));
    assert!(!broken("failsoft-gateway", "failsoft-fake", Kind::Tests));
    assert!(broken("failsoft-gateway", "failsoft-fake", Kind::Product));
    assert!(!broken("failsoft", "tokio", Kind::Product));
    assert!(!broken("failsoft-journal", "tokio", Kind::Optional));
    assert!(broken("failsoft-journal", "tokio", Kind::Product));
    assert!(broken("failsoft-config", "tokio", Kind::Optional));
    assert!(!broken("failsoft-config", "failsoft-wire", Kind::Product));
}

#[test]
fn an_engine_that_asks_the_time_is_found() {
    let path = "crates/failsoft-engine/src/a.rs";
    assert_eq!(found(arrows::engine_impure, &[(path, "let now = Instant::now();")]), 1);
    assert_eq!(found(arrows::engine_impure, &[(path, "use std::collections::HashMap;")]), 1);
    assert_eq!(found(arrows::engine_impure, &[(path, "/// Never a HashMap.")]), 0);
    let tests = "let a = 1;\n#[cfg(test)]\nmod tests { use std::fs; }";
    assert_eq!(found(arrows::engine_impure, &[(path, tests)]), 0);
    let elsewhere = "crates/failsoft/src/a.rs";
    assert_eq!(found(arrows::engine_impure, &[(elsewhere, "Instant::now()")]), 0);
}

#[test]
fn a_file_without_its_opening_line_is_found() {
    assert_eq!(found(shape::without_opening, &[("a.rs", "use std::fmt;\n")]), 1);
    assert_eq!(found(shape::without_opening, &[("a.rs", "//! What it is for.\n")]), 0);
    assert_eq!(found(shape::without_opening, &[("a.py", "import os\n")]), 0);
}

#[test]
fn only_lines_before_the_tests_count() {
    let long = "a\n".repeat(401);
    let fits = format!("{}#[cfg(test)]\n{long}", "a\n".repeat(400));
    assert_eq!(found(shape::too_long, &[("src/a.rs", &long)]), 1);
    assert_eq!(found(shape::too_long, &[("src/a.rs", &fits)]), 0);
    assert_eq!(found(shape::too_long, &[("tests/a.rs", &long), ("src/a/tests.rs", &long)]), 0);
}

#[test]
fn stubs_are_found() {
    let stub = format!("{}!()", "unimplemented");
    assert_eq!(found(shape::stubs, &[("a.rs", &stub)]), 1);
    assert_eq!(found(shape::stubs, &[("a.rs", &format!("// no {stub} here"))]), 0);
    let ignored = |reason: &str| format!("#[{} = \"{reason}\"]", "ignore");
    assert_eq!(found(shape::stubs, &[("a.rs", &ignored("flaky"))]), 1);
    assert_eq!(found(shape::stubs, &[("a.rs", &ignored("run by `the_parent`"))]), 0);
}

#[test]
fn names_that_say_nothing_are_found() {
    assert_eq!(found(names::vague, &[("crates/a/src/utils.rs", "")]), 1);
    assert_eq!(found(names::vague, &[("tests/helpers/mod.rs", "")]), 1);
    assert_eq!(found(names::vague, &[("a.rs", "pub(crate) mod common;")]), 1);
    assert_eq!(found(names::vague, &[("a.rs", "    pub fn get_name(&self) -> &str {")]), 1);
    assert_eq!(found(names::vague, &[("a.rs", "struct CallManager;")]), 1);
    let fine =
        "fn budget() {}\nlet x = map.get(1);\n// a fn get_x would be wrong\nfn forget_it() {}";
    assert_eq!(found(names::vague, &[("a.rs", fine)]), 0);
}

#[test]
fn a_provider_outside_its_folder_is_found() {
    let rows = ["groq", "openai", "together", "llama_cpp", "anthropic"]
        .map(|name| format!("crates/failsoft-provider/src/providers/{name}/mod.rs"));
    let named = |path: &str, text: &str| {
        let mut files: Vec<(&str, &str)> = rows.iter().map(|row| (row.as_str(), "")).collect();
        files.push((path, text));
        found(names::providers_elsewhere, &files) > 0
    };
    let gateway = "crates/failsoft-gateway/src/a.rs";
    assert!(named(gateway, "if provider.id == \"groq\" {"));
    assert!(named(gateway, "Dialect::OpenAi => openai::read(body),"));
    assert!(named(gateway, "struct GroqReader;"));
    assert!(named(gateway, "\"together\" => 1,"));
    assert!(named(gateway, "let name = \"llama-cpp\";"));
    assert!(named(gateway, "https://api.groq.com"));
    assert!(named("crates/failsoft-provider/src/providers/groq/mod.rs", "openai::quirks(answer)"));
    assert!(!named("crates/failsoft-provider/src/providers/groq/mod.rs", "id: \"groq\","));
    let address = "base_url: Some(\"https://api.groq.com/openai/v1\"),";
    assert!(!named("crates/failsoft-provider/src/providers/groq/mod.rs", address));
    let service = "trace_name: Some(\"cloud.ai.openai\"),";
    assert!(!named("crates/failsoft-provider/src/providers/groq/mod.rs", service));
    assert!(!named("crates/failsoft-provider/src/providers.rs", "list! { groq }"));
    assert!(!named(gateway, "// groq says so"));
    assert!(!named(gateway, "let text = \"put together again\";"));
    assert!(!named(gateway, "headers.get(\"anthropic-version\")"));
    assert!(!named(gateway, "(\"ANTHROPIC_BASE_URL\", url)"));
    assert!(!named(gateway, "b\"x_groq\" => read(),"));
    assert!(!named(gateway, "\"groq-\","));
    assert!(!named(gateway, "#[cfg(test)]\nmod tests { const A: &str = \"groq\"; }"));
    assert!(!named("crates/failsoft/tests/a.rs", "let a = \"groq\";"));
}

#[test]
fn a_policy_without_its_twin_is_found() {
    let engine = "crates/failsoft-engine/src/policy";
    let config = "crates/failsoft-config/src/policy";
    let paths = [
        format!("{engine}/mod.rs"),
        format!("{engine}/hedge.rs"),
        format!("{config}/mod.rs"),
        format!("{config}/hedge.rs"),
    ];
    let [engine_list, engine_file, config_list, config_file] = &paths;
    let check = |files: &[(&str, &str)]| found(policies::without_twin, files);
    let list = "mod hedge;\n\npub use hedge::Hedge;";
    let engine_side = [(engine_list.as_str(), list), (engine_file.as_str(), "")];
    assert_eq!(check(&engine_side), 1);
    let [list, file] = engine_side;
    let unlisted = [list, file, (config_list, "//! Twins."), (config_file, "")];
    assert_eq!(check(&unlisted), 1);
    let whole = [list, file, (config_list, "pub(crate) mod hedge;"), (config_file, "")];
    assert_eq!(check(&whole), 0);
    let part = [(engine_list.as_str(), "mod hedge;"), file];
    assert_eq!(check(&part), 0);
    let forgotten = [(engine_list.as_str(), ""), file, whole[2], whole[3]];
    assert_eq!(check(&forgotten), 1);
}

#[test]
fn words_of_the_workplace_are_found() {
    let path = format!("see {}k/main", "/wor");
    assert_eq!(found(workplace::words, &[("README.md", &path)]), 1);
    assert_eq!(found(workplace::words, &[("Cargo.lock", &path)]), 0);
    assert_eq!(found(workplace::words, &[("README.md", "network/work is fine")]), 0);
}

#[test]
fn a_lock_file_that_names_a_host_is_found() {
    let line = "\"resolved\": \"https://example.org/a.tgz\"";
    assert_eq!(found(workplace::registry_hosts, &[("a/package-lock.json", line)]), 1);
    assert_eq!(found(workplace::registry_hosts, &[("a/package.json", line)]), 0);
}

#[test]
fn a_changelog_that_starts_with_a_release_is_found() {
    assert_eq!(found(documents::changelog, &[("CHANGELOG.md", "# Changes\n\n## 0.1.0\n")]), 1);
    assert_eq!(found(documents::changelog, &[]), 1);
    assert_eq!(found(documents::changelog, &[("CHANGELOG.md", "# Changes\n\n## Unreleased\n")]), 0);
}
