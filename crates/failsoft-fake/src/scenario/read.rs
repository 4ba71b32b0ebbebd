//! TOML to a scenario, or to every problem at once.

use std::fmt::Display;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::{Latency, Manner, Part, Problem, Scenario, ScenarioError};
use crate::fault::{Fault, UnknownFault};
use crate::onward::{ONWARD, Onward};
use crate::plan::{self, Plan, Span, Step};
use crate::provider::Imitated;
use crate::span;

const MANNER: [&str; 7] =
    ["provider", "first_token", "token_delay", "ping_every", "gate", "text", "onward"];

pub(super) fn scenario(text: &str) -> Result<Scenario, ScenarioError> {
    let mut reader = Reader { text, problems: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let start = error.span().map_or(0, |span| span.start);
        reader.problem(start, "", error.message());
    }
    let scenario = reader.scenario(table.get_ref());
    if reader.problems.is_empty() {
        return Ok(scenario);
    }
    reader.problems.sort_by_key(|problem| problem.line);
    Err(ScenarioError(reader.problems))
}

struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

type Value<'a, 'i> = &'a Spanned<DeValue<'i>>;

impl Reader<'_> {
    fn scenario(&mut self, table: &DeTable<'_>) -> Scenario {
        self.known_keys(table, "", &["models", "default"]);
        let mut scenario = Scenario { manner: self.manner(table, ""), ..Scenario::default() };
        if let Some(models) = table.get("models").and_then(|models| self.table(models, "models")) {
            for (name, entry) in models {
                let path = format!("models.{}", name.get_ref());
                if let Some(entry) = self.table(entry, &path) {
                    let part = self.part(entry, &path);
                    scenario.models.insert(name.get_ref().to_string(), part);
                }
            }
        }
        let default = table.get("default").and_then(|entry| self.table(entry, "default"));
        scenario.default = default.map(|entry| self.part(entry, "default"));
        scenario
    }

    fn part(&mut self, table: &DeTable<'_>, path: &str) -> Part {
        self.known_keys(table, path, &["fault", "steps"]);
        let manner = self.manner(table, path);
        let fault = table.get("fault");
        let steps = table.get("steps");
        let plan = match (fault, steps) {
            (Some(fault), Some(_)) => {
                let message = "`fault` and `steps` exclude each other, keep one";
                self.problem(fault.span().start, &join(path, "fault"), message);
                Plan::default()
            }
            (Some(fault), None) => self.fault_plan(fault, &join(path, "fault")),
            (None, Some(steps)) => self.steps(steps, &join(path, "steps")),
            (None, None) => Plan::default(),
        };
        Part { manner, plan }
    }

    fn fault_plan(&mut self, value: Value<'_, '_>, path: &str) -> Plan {
        self.parsed(value, path, |text| text.parse::<Plan>().map_err(|error| error.to_string()))
            .unwrap_or_default()
    }

    fn steps(&mut self, value: Value<'_, '_>, path: &str) -> Plan {
        let DeValue::Array(steps) = value.get_ref() else {
            self.wrong_type(value, path, "a list of tables like { fault = \"reset\", times = 1 }");
            return Plan::default();
        };
        let steps: &DeArray<'_> = steps;
        let mut plan = Vec::new();
        for (n, value) in steps.iter().enumerate() {
            let path = format!("{path}[{n}]");
            if let Some(table) = self.table(value, &path) {
                plan.push(self.step(table, value.span().start, &path));
            }
        }
        Plan(plan)
    }

    fn step(&mut self, table: &DeTable<'_>, start: usize, path: &str) -> Step {
        self.known_keys(table, path, &["fault", "times", "for", "until"]);
        let mut manner = self.manner(table, path);
        let fault = match table.get("fault") {
            Some(value) => {
                let played = self.parsed(value, &join(path, "fault"), played).unwrap_or_default();
                manner.onward = manner.onward.or(played.1);
                played.0
            }
            None => {
                self.problem(start, path, "a step needs a `fault`; `healthy` is one too");
                None
            }
        };
        let lasts = ["times", "for", "until"].into_iter().filter(|key| table.contains_key(*key));
        if lasts.count() > 1 {
            self.problem(start, path, "`times`, `for` and `until` exclude each other, keep one");
        }
        Step { fault, span: self.lasting(table, path), manner }
    }

    fn lasting(&mut self, table: &DeTable<'_>, path: &str) -> Span {
        if let Some(times) = table.get("times") {
            return self.times(times, &join(path, "times"));
        }
        if let Some(span) = self.duration(table, path, "for") {
            return Span::For(span);
        }
        self.duration(table, path, "until").map_or(Span::Always, Span::Until)
    }

    fn times(&mut self, value: Value<'_, '_>, path: &str) -> Span {
        let times = value.get_ref().as_integer().and_then(|n| n.as_str().parse().ok());
        match times {
            Some(times) if times > 0 => Span::Times(times),
            _ => {
                self.wrong_type(value, path, "a number of attempts, 1 or more");
                Span::Always
            }
        }
    }

    fn manner(&mut self, table: &DeTable<'_>, path: &str) -> Manner {
        let key = |key| (table.get(key), join(path, key));
        let (provider, provider_path) = key("provider");
        let (first_token, first_token_path) = key("first_token");
        let (gate, gate_path) = key("gate");
        let (text, text_path) = key("text");
        let (onward, onward_path) = key("onward");
        Manner {
            provider: provider.and_then(|value| self.parsed(value, &provider_path, imitated)),
            first_token: first_token
                .and_then(|value| self.parsed(value, &first_token_path, latency)),
            token_delay: self.duration(table, path, "token_delay"),
            ping_every: self.duration(table, path, "ping_every"),
            gated: gate.and_then(|value| self.parsed(value, &gate_path, gate_of)),
            text: text.and_then(|value| self.parsed(value, &text_path, |text| Ok(text.to_owned()))),
            onward: onward.and_then(|value| self.parsed(value, &onward_path, onward_of)),
        }
    }

    fn duration(&mut self, table: &DeTable<'_>, path: &str, key: &str) -> Option<Duration> {
        let value = table.get(key)?;
        self.parsed(value, &join(path, key), |text| {
            span::parse(text).ok_or_else(|| not_a_span(text))
        })
    }

    fn parsed<T>(
        &mut self,
        value: Value<'_, '_>,
        path: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(value, path, "a text in quotes");
            return None;
        };
        parse(text).map_err(|message| self.problem(value.span().start, path, message)).ok()
    }

    fn table<'a, 'i>(&mut self, value: Value<'a, 'i>, path: &str) -> Option<&'a DeTable<'i>> {
        if value.get_ref().as_table().is_none() {
            self.wrong_type(value, path, "a table");
        }
        value.get_ref().as_table()
    }

    fn known_keys(&mut self, table: &DeTable<'_>, path: &str, own: &[&str]) {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if MANNER.contains(&name) || own.contains(&name) {
                continue;
            }
            let known = [own, &MANNER].concat().join(", ");
            let message = format!("unknown key, known here are: {known}");
            self.problem(key.span().start, &join(path, name), message);
        }
    }

    fn wrong_type(&mut self, value: Value<'_, '_>, path: &str, wanted: &str) {
        let message = format!("expected {wanted}, found {}", value.get_ref().type_str());
        self.problem(value.span().start, path, message);
    }

    fn problem(&mut self, at: usize, path: &str, message: impl Display) {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        self.problems.push(Problem { line, path: path.to_owned(), message: message.to_string() });
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn imitated(name: &str) -> Result<Imitated, String> {
    Imitated::named(name).ok_or_else(|| {
        let names: Vec<_> = Imitated::names().collect();
        format!("`{name}` is not imitated, choose one of: {}", names.join(", "))
    })
}

fn gate_of(text: &str) -> Result<bool, String> {
    match text {
        "closed" => Ok(true),
        "open" => Ok(false),
        _ => Err(format!("`{text}` is neither `open` nor `closed`")),
    }
}

fn onward_of(text: &str) -> Result<Onward, String> {
    text.parse().map_err(|_| {
        let names: Vec<_> = ONWARD.iter().map(|row| row.name).collect();
        format!("`{text}` is no manner of going on, known are: {}", names.join(", "))
    })
}

fn played(text: &str) -> Result<(Option<Fault>, Option<Onward>), String> {
    plan::played(text).ok_or_else(|| UnknownFault(text.to_owned()).to_string())
}

fn latency(text: &str) -> Result<Latency, String> {
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    match (span::parse(min), span::parse(max)) {
        (Some(min), Some(max)) if min <= max => Ok(Latency { min, max }),
        (Some(_), Some(_)) => Err(format!("`{text}` ends before it begins")),
        _ => Err(format!("{}, or a range like \"80ms..200ms\"", not_a_span(text))),
    }
}

fn not_a_span(text: &str) -> String {
    format!("`{text}` is no duration, write it like \"15ms\", \"2s\" or \"1m\"")
}
