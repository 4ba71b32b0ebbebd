//! The dashboard and the rules for operators: every figure they name is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::house::{House, Plan, chat_body};
use crate::promql::{Asked, asked, names};
use crate::stand_in::StandIn;

fn deployed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(deployed(path)).unwrap()
}

/// A page after calls that were served, rescued, refused and lost, with everything switched on.
async fn page() -> String {
    let collector = StandIn::start().await;
    let rest = format!(
        "[telemetry]\nendpoint = \"http://{}\"\n[routes.lost]\ntiers = [[\"chat/fail-503\"]]\n",
        collector.address
    );
    let plan = Plan { rest, journal: Some("calls.db".into()), ..Plan::default() };
    let house = House::planned(plan).await;
    for model in ["assistant", "pair", "lost", "pair", "lost", "nothing"] {
        house.chat(model).await;
    }
    house.post("/v1/chat/completions", "", &chat_body("pair", true)).await;
    house.admin("/metrics").await.body
}

/// Each row's metric, with the labels any of its rows has.
fn known(page: &str) -> Asked {
    let mut known = Asked::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let row = line.split(" # ").next().unwrap_or(line);
        let (row, _) = row.rsplit_once(' ').unwrap_or((row, ""));
        let (name, labels) = row.split_once('{').unwrap_or((row, ""));
        let labels = names(labels.trim_end_matches('}'));
        known.entry(name.to_owned()).or_default().extend(labels);
    }
    known
}

/// Everything written under a key, wherever it stands.
fn texts<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name == key {
                    found.extend(member.as_str());
                }
                texts(member, key, found);
            }
        }
        Value::Array(members) => members.iter().for_each(|member| texts(member, key, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Names of metrics or labels that are nowhere.
fn missing(expressions: &[&str], known: &Asked) -> Vec<String> {
    // Prometheus itself adds these.
    let added: BTreeSet<String> = ["instance", "job"].map(str::to_owned).into();
    let mut missing = Vec::new();
    for expression in expressions {
        for (metric, labels) in asked(expression) {
            match known.get(&metric) {
                None => missing.push(format!("{metric} in {expression}")),
                Some(there) => missing.extend(
                    labels
                        .iter()
                        .filter(|label| !there.contains(*label) && !added.contains(*label))
                        .map(|label| format!("{label} of {metric} in {expression}")),
                ),
            }
        }
    }
    missing
}

#[tokio::test]
async fn the_dashboard_and_the_rules_name_nothing_that_is_not_there() {
    let page = page().await;
    let mut known = known(&page);
    let dashboard: Value = serde_json::from_str(&read("grafana/failsoft.json")).unwrap();
    let mut expressions = Vec::new();
    texts(&dashboard, "expr", &mut expressions);
    assert!(expressions.len() > 40, "{}", expressions.len());
    assert_eq!(missing(&expressions, &known), [""; 0]);
    let mut variables = Vec::new();
    texts(&dashboard, "definition", &mut variables);
    for variable in variables {
        let inside = variable.trim_start_matches("label_values(").trim_end_matches(')');
        let (metric, label) = inside.split_once(", ").unwrap();
        assert!(known[metric].contains(label), "{variable}");
    }
    for (expr, legend) in legends(&dashboard) {
        let asked: BTreeSet<String> = asked(&expr).into_values().flatten().collect();
        for label in legend.split("{{").skip(1) {
            let label = label.split("}}").next().unwrap_or(label);
            assert!(asked.contains(label), "{label} in the legend of {expr}");
        }
    }
    let rules: Value = serde_saphyr::from_str(&read("prometheus/alerts.yml")).unwrap();
    let rules: Vec<&Value> = rules["groups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|it| it["rules"].as_array().unwrap())
        .collect();
    assert!(rules.len() > 15);
    known.insert("up".to_owned(), BTreeSet::new());
    for rule in rules.iter().filter(|rule| rule["record"].is_string()) {
        let labels = asked(rule["expr"].as_str().unwrap()).into_values().flatten();
        known.insert(rule["record"].as_str().unwrap().to_owned(), labels.collect());
    }
    let expressions: Vec<&str> = rules.iter().map(|rule| rule["expr"].as_str().unwrap()).collect();
    assert_eq!(missing(&expressions, &known), [""; 0]);
    promtool_agrees(&page);
}

#[tokio::test]
async fn every_metric_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/observability.md");
    let document = std::fs::read_to_string(path).unwrap();
    let page = page().await;
    let typed = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let untold: Vec<String> = typed
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, kind)| format!("`{name}{}`", if kind == "counter" { "_total" } else { "" }))
        .filter(|name| !document.contains(name))
        .collect();
    assert_eq!(untold, [""; 0]);
}

fn legends(dashboard: &Value) -> BTreeMap<String, String> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    targets.map(|target| (text(&target["expr"]), text(&target["legendFormat"]))).collect()
}

/// Prometheus' own tool reads rules, planted series and the page, where it is installed.
fn promtool_agrees(page: &str) {
    let runs = Command::new("promtool").arg("--version").stderr(Stdio::null()).output();
    if !runs.is_ok_and(|ran| ran.status.success()) {
        println!(
            "skipped: promtool is not installed: rules and metrics are read by our tests alone"
        );
        return;
    }
    let rules = deployed("prometheus/alerts.yml").display().to_string();
    let tests = deployed("prometheus/alerts-test.yml").display().to_string();
    for arguments in [["check", "rules", &rules], ["test", "rules", &tests]] {
        let ran = Command::new("promtool").args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{arguments:?}: {said}");
    }
    let mut checking = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = checking.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, as_plain_text(page).as_bytes()).unwrap();
    drop(input);
    let ran = checking.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
}

/// The tool reads the older format only: counters are named whole there, and have no examples.
fn as_plain_text(page: &str) -> String {
    let mut counters = BTreeSet::new();
    let typed = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    counters.extend(typed.filter_map(|line| line.strip_suffix(" counter")));
    let mut plain = String::new();
    for line in page.lines().filter(|line| *line != "# EOF") {
        let mut words = line.splitn(4, ' ');
        let (hash, what, name) = (words.next(), words.next(), words.next());
        if let (Some("#"), Some(what), Some(name)) = (hash, what, name) {
            let total = if counters.contains(name) { "_total" } else { "" };
            let rest = words.next().unwrap_or_default();
            plain += &format!("# {what} {name}{total} {rest}\n");
        } else {
            plain += line.split(" # ").next().unwrap_or(line);
            plain.push('\n');
        }
    }
    plain
}
