//! Names: none that say nothing, and a provider's only where that provider lives.

use super::{Finding, House};
use crate::house::Source;

/// Files, folders and modules of these names collect whatever has no home.
const VAGUE: &[&str] =
    &["util", "utils", "common", "helper", "helpers", "manager", "misc", "shared"];

const PROVIDERS: &str = "crates/failsoft-provider/src/providers/";

/// Where a provider's name may stand besides its own folder: the list, and the fake's imitations
/// of real answers.
const MAY_NAME_PROVIDERS: &[&str] =
    &["crates/failsoft-provider/src/providers.rs", "crates/failsoft-fake/src/provider/"];

/// Names of files, modules and functions that say nothing.
pub(super) fn vague(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    let code = |path: &str| [".rs", ".py", ".mjs"].iter().any(|ending| path.ends_with(ending));
    for source in house.sources.iter().filter(|source| code(&source.path)) {
        let parts = source.path.split(['/', '.']);
        for part in parts.filter(|part| VAGUE.contains(part)) {
            findings.push(format!("{}: `{part}` says nothing of what is in it", source.path));
        }
    }
    for source in house.rust() {
        for (at, line) in source.text.lines().enumerate() {
            if let Some(word) = vague_item(code_of(line)) {
                findings.push(format!("{}:{}: `{word}` says nothing", source.path, at + 1));
            }
        }
    }
    findings
}

fn vague_item(code: &str) -> Option<&str> {
    let name = |keyword: &str| {
        let (head, tail) = code.split_once(keyword)?;
        let whole = !head.contains('"') && (head.is_empty() || head.ends_with([' ', '(']));
        let end = tail.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(tail.len());
        whole.then_some(&tail[..end])
    };
    if let Some(function) = name("fn ") {
        return function.starts_with("get_").then_some(function);
    }
    if let Some(module) = name("mod ") {
        return VAGUE.contains(&module).then_some(module);
    }
    let item = name("struct ").or_else(|| name("enum ")).or_else(|| name("trait "))?;
    ["Manager", "Helper", "Util", "Utils"].iter().any(|end| item.ends_with(end)).then_some(item)
}

/// Lines of production code that name a provider outside its folder.
pub(super) fn providers_elsewhere(house: &House) -> Vec<Finding> {
    let names = provider_names(house);
    let mut findings = Vec::new();
    for source in house.rust().filter(|source| source.path.starts_with("crates/")) {
        if MAY_NAME_PROVIDERS.iter().any(|path| source.path.starts_with(path)) {
            continue;
        }
        let own = own_name(&source.path);
        for name in names.iter().filter(|name| Some(name.as_str()) != own) {
            findings.extend(lines_that_name(source, name));
        }
    }
    findings
}

/// The folders of the provider crate; each is named as its provider.
fn provider_names(house: &House) -> Vec<String> {
    let mut names: Vec<String> =
        house.rust().filter_map(|source| own_name(&source.path)).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

fn own_name(path: &str) -> Option<&str> {
    let (folder, _) = path.strip_prefix(PROVIDERS)?.split_once('/')?;
    // The generic endpoints name nobody.
    (folder != "generic").then_some(folder)
}

fn lines_that_name(source: &Source, name: &str) -> Vec<Finding> {
    source
        .production()
        .filter(|(_, line)| names_provider(code_of(line), name))
        .map(|(at, _)| format!("{}:{at}: names the provider `{name}`", source.path))
        .collect()
}

/// Whether code names this provider: as a whole string, a path segment or the begin of a type's
/// name. Names of headers and of environment variables belong to wire formats and SDKs.
fn names_provider(code: &str, name: &str) -> bool {
    // Words of the language as well: only where they cannot be one.
    let is_word = matches!(name, "together" | "fireworks");
    let spelled = [name.to_owned(), name.replace('_', "-"), name.replace('_', ".")];
    let strings = spelled
        .iter()
        .any(|name| code.contains(&format!("\"{name}\"")) || code.contains(&format!("\"{name}/")));
    let kind: String = name.split('_').map(capitalised).collect();
    let path = code.contains(&format!("{name}::"));
    let types = !is_word && code.contains(&kind) && !code.contains(&format!("\"{kind}"));
    strings || path || types || (!is_word && inside_word(code, name))
}

fn capitalised(part: &str) -> String {
    let mut letters = part.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

/// Whether the name stands in code or a string, and not in the name of a header (`name-…`), the
/// begin of a key (`"name-"`), a field on the wire (`"x_name"`), the path of an address or what
/// somebody's service is called everywhere (`"other.ai.name"`).
fn inside_word(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let part = before.ends_with(|c: char| c.is_alphanumeric() || c == '-');
        let on_the_wire = after.starts_with('-') || before.ends_with("\"x_");
        let path = before.contains("https://") && before.ends_with('/') && after.starts_with('/');
        let service = before.ends_with(".ai.");
        !(part || on_the_wire || path || service)
    })
}

/// A line without its comment.
pub(super) fn code_of(line: &str) -> &str {
    let trimmed = line.trim_start();
    if trimmed.starts_with("//") {
        return "";
    }
    // A `//` inside a string is part of an address and follows a colon.
    let mut from = 0;
    while let Some(at) = line[from..].find("//") {
        let at = from + at;
        if !line[..at].ends_with(':') {
            return &line[..at];
        }
        from = at + 2;
    }
    line
}
