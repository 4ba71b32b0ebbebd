//! As much of PromQL as says which figures an expression reads.

use std::collections::{BTreeMap, BTreeSet};

/// Metrics, each with the labels that are asked of it.
pub(crate) type Asked = BTreeMap<String, BTreeSet<String>>;

/// Words that stand where a metric could.
const WORDS: [&str; 8] = ["by", "without", "and", "or", "unless", "ignoring", "on", "group_left"];

/// What an expression reads. Labels it groups by are asked of each of its metrics, but for those
/// beside `or` and other operators between metrics: there the one side may lack them.
pub(crate) fn asked(expression: &str) -> Asked {
    let mut asked = Asked::new();
    let mut grouped = BTreeSet::new();
    let mut rest = expression;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '"') {
        rest = &rest[start..];
        if let Some(text) = rest.strip_prefix('"') {
            rest = text.split_once('"').map_or("", |(_, rest)| rest);
            continue;
        }
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_:".contains(c)));
        let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
        rest = behind.trim_start();
        if WORDS.contains(&word) {
            if let Some(list) = rest.strip_prefix('(') {
                let (list, behind) = list.split_once(')').unwrap_or((list, ""));
                if word == "by" {
                    grouped.extend(list.split(',').map(|label| label.trim().to_owned()));
                }
                rest = behind;
            }
        } else if word.starts_with("failsoft") || word == "up" {
            let labels = asked.entry(word.to_owned()).or_default();
            if let Some(matchers) = rest.strip_prefix('{') {
                let (matchers, behind) = split_at_brace(matchers);
                labels.extend(names(matchers));
                rest = behind;
            }
        }
        // A range, `[5m]` or `[$__rate_interval]`, is no metric.
        if let Some(range) = rest.strip_prefix('[') {
            rest = range.split_once(']').map_or("", |(_, rest)| rest);
        }
    }
    for labels in asked.values_mut() {
        labels.extend(grouped.iter().cloned());
    }
    asked
}

/// At the brace that closes; braces in quotes do not.
fn split_at_brace(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '}' if !quoted => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

/// The labels of `a="x",b=~"y"`.
pub(crate) fn names(matchers: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = matchers;
    while let Some(equals) = rest.find(['=', '!']) {
        names.push(rest[..equals].trim_matches([',', ' ']).to_owned());
        let value = rest[equals..].split_once('"').map_or("", |(_, value)| value);
        rest = value.split_once('"').map_or("", |(_, rest)| rest);
    }
    names
}

#[test]
fn metrics_and_their_labels_are_found() {
    let all = asked(
        r#"sum by (route, le) (rate(failsoft_a_bucket{x=~"{y}",z!="1"}[5m])) / failsoft:b > 2"#,
    );
    let labels = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(
        all,
        Asked::from([
            ("failsoft_a_bucket".to_owned(), labels(&["route", "le", "x", "z"])),
            ("failsoft:b".to_owned(), labels(&["route", "le"])),
        ])
    );
}
