//! How well failures are read, measured over every fact and every recorded error at hand.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must stop")]
#![allow(missing_docs, clippy::wildcard_enum_match_arm, reason = "a test is no interface")]

mod evidence;
mod row;
mod score;

use std::collections::BTreeMap;

use failsoft_engine::{Elsewhere, Failure, FailureKind, Phase, Repeat};
use failsoft_provider::{Answer, Place, Provider, TransportFault, generic, known, read_transport};
use failsoft_wire::{Dialect, Flaw};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use self::row::Row;
use self::score::Score;

/// Rows that no reader of answers can decide, with the one that does.
const ELSEWHERE_DECIDED: &[(&str, &str)] = &[
    ("any-003", "the connect watch ends it"),
    ("any-006", "the first-token watch ends it"),
    ("any-007", "the stall watch ends it"),
    ("any-008", "the deadline ends it"),
    ("any-012", "the caller left; the driver knows"),
    ("any-047", "a whole answer by its form; content is not guessed at"),
    ("azure-openai-022", "a whole answer; the operator's policy on unfiltered output decides"),
    ("deepseek-011", "nothing but keep-alives: the first-token watch ends it"),
    ("deepseek-012", "the stall watch ends it"),
    ("lmstudio-008", "a whole answer of another model; only the caller knows which was asked"),
    ("openai-065", "a refusal is an answer by its form, and the client gets it"),
    ("openai-066", "a reply of a dialect that is not read yet"),
];

/// Rows whose answer holds no error: what the wire finds.
fn flaw_of(id: &str) -> Option<Flaw> {
    let broken_off = |reason: &str| Flaw::BrokenOff(reason.to_owned());
    Some(match id {
        "anthropic-054" | "openai-071" | "mistral-016" | "ollama-015" | "ollama-016"
        | "any-045" => Flaw::NoEnd,
        "any-046" => Flaw::Truncated,
        "anthropic-055" => broken_off("refusal"),
        "anthropic-056" => broken_off("model_context_window_exceeded"),
        "openai-064" | "azure-openai-021" => broken_off("content_filter"),
        "mistral-015" => broken_off("error"),
        "deepseek-013" => broken_off("insufficient_system_resource"),
        "vllm-011" => broken_off("abort"),
        "anthropic-057" | "openai-072" | "openrouter-035" | "lmstudio-007" => Flaw::Empty,
        "any-042" | "any-044" => Flaw::NotJson,
        _others => return None,
    })
}

fn fault_of(id: &str) -> Option<TransportFault> {
    Some(match id {
        "any-001" => TransportFault::NameLookup,
        "any-002" => TransportFault::ConnectionRefused,
        "any-004" => TransportFault::Tls,
        "any-005" => TransportFault::Reset,
        "any-009" | "any-010" => TransportFault::CutShort,
        "any-011" => TransportFault::NotHttp,
        _others => return None,
    })
}

fn kind(class: &str) -> FailureKind {
    match class {
        "auth" => FailureKind::Authentication,
        "canceled" => FailureKind::Cancelled,
        name => name.parse().unwrap_or_else(|()| panic!("no kind is called {name}")),
    }
}

fn elsewhere(word: &str) -> Elsewhere {
    match word {
        "yes" | "only-larger-limit" => Elsewhere::Any,
        "only-larger-context" => Elsewhere::LargerContext,
        "other-account-or-provider" | "other-credential" => Elsewhere::OtherCredential,
        "other-model-or-target" | "only-capable-target" => Elsewhere::OtherModel,
        _others => Elsewhere::Nowhere,
    }
}

/// Whether the same target would be tried again, as the engine's retry reads a failure.
fn repeats(failure: &Failure) -> bool {
    let transient = matches!(
        failure.kind,
        FailureKind::RateLimited
            | FailureKind::Overloaded
            | FailureKind::ServerError
            | FailureKind::Timeout
            | FailureKind::Network
            | FailureKind::BadResponse
            | FailureKind::Conflict
    );
    match failure.repeat {
        Repeat::Forbidden => false,
        Repeat::Once => true,
        Repeat::Allowed => transient,
    }
}

/// All failures a row's answers are read as; empty where nothing here reads it.
fn failures_of(row: &Row<'_>, provider: &Provider) -> Vec<Failure> {
    let id = row.text("id");
    if row.text("where") == "transport" {
        if let Some(fault) = fault_of(id) {
            return vec![read_transport(fault, Phase::FirstContent)];
        }
        // The one that is an answer: a proxy's 407.
        assert_eq!(id, "any-013", "a new transport row needs its fault");
        let answer = Answer {
            place: Place::Http,
            status: 407,
            headers: &HeaderMap::new(),
            body: b"",
            now: row::now(),
        };
        return vec![provider.read_failure(&answer).failure];
    }
    let readings = row.read(provider, flaw_of(id).as_ref());
    readings.into_iter().map(|reading| reading.failure).collect()
}

#[test]
fn facts_are_read_as_they_are_known() {
    let Some(folder) = evidence::folder() else { return };
    let rows = evidence::rows(&folder, "failures.json");
    let (mut kinds, mut places, mut retries) =
        (Score::default(), Score::default(), Score::default());
    let mut left_out = 0;
    for row in rows.iter().map(Row) {
        let Some(provider) = row.provider() else { continue };
        let id = row.text("id");
        if let Some((_, who)) = ELSEWHERE_DECIDED.iter().find(|(it, _)| *it == id) {
            println!("left out {id}: {who}");
            left_out += 1;
            continue;
        }
        let expected = kind(row.text("class"));
        for failure in failures_of(&row, provider).iter().take(1) {
            let wanted = elsewhere(row.text("fall_back_to_other_target"));
            let miss = (failure.elsewhere != wanted)
                .then(|| format!("{id} {}: {wanted:?}, got {:?}", failure.kind, failure.elsewhere));
            places.count(
                row.text("provider"),
                &format!("{wanted:?}"),
                &format!("{:?}", failure.elsewhere),
                miss,
            );
            let wanted = row.text("retry_same_target");
            let got = repeats(failure);
            let miss = ((wanted != "no") != got)
                .then(|| format!("{id} {}: {wanted}, got {:?}", failure.kind, failure.repeat));
            retries.count(row.text("provider"), wanted, &got.to_string(), miss);
        }
        let failures = failures_of(&row, provider);
        let ours = flaw_of(id).is_some()
            && matches!(expected, FailureKind::Network | FailureKind::ServerError);
        let wrong = failures
            .iter()
            .find(|it| it.kind != expected && !(ours && it.kind == FailureKind::BadResponse));
        let got = wrong.or(failures.first()).unwrap().kind;
        let miss =
            wrong.map(|_| format!("{id}: {expected}, got {got} | {}", row.text("example_body")));
        kinds.count(row.text("provider"), expected.as_str(), got.as_str(), miss);
    }
    kinds.print("kinds of failures.json");
    places.print("where a call may go instead");
    retries.print("whether the same target is tried again");
    println!("{left_out} rows are decided elsewhere");
    assert!(kinds.percent() >= 98.0);
    assert!(places.percent() >= 95.0);
    assert!(retries.percent() >= 95.0);
}

#[test]
fn recorded_errors_are_read_as_a_person_reads_them() {
    let Some(folder) = evidence::folder() else { return };
    let truth: BTreeMap<&str, &str> = include_str!("truth.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect();
    let (mut score, mut unlabelled) = (Score::default(), 0);
    let records = evidence::records(&folder);
    for record in &records {
        let Some(truth) = truth.get(record["id"].as_str().unwrap()) else {
            unlabelled += usize::from(is_error(record));
            continue;
        };
        if *truth == "none" {
            continue;
        }
        let name = record["provider"].as_str().unwrap();
        let (body, reading) = read_record(record);
        let got = reading.failure.kind.as_str();
        let miss =
            (got != *truth).then(|| format!("{}: {truth}, got {got} | {body}", record["id"]));
        score.count(name, truth, got, miss);
        let has_message = body.contains("message") || body.contains("detail");
        assert!(!has_message || reading.words.is_some(), "no words in {body}");
    }
    score.print("recorded errors");
    println!("{} records read; {unlabelled} errors speak dialects not read yet", records.len());
    assert!(score.percent() >= 98.0);
}

#[test]
fn what_only_looks_like_a_failure_holds_no_error() {
    let Some(folder) = evidence::folder() else { return };
    let rows = evidence::rows(&folder, "not_failures.json");
    for row in rows.iter().map(Row).filter(|row| row.text("provider") != "any") {
        let Some(provider) = row.provider() else { continue };
        for reading in row.read(provider, None) {
            let id = row.text("id");
            assert_eq!((reading.code, reading.param), (None, None), "{id}");
            assert!(reading.words.is_none_or(|it| it.starts_with(": ")), "{id}");
        }
    }
}

fn is_error(record: &Value) -> bool {
    record["response"]["status"].as_u64().unwrap() >= 400 || record["meta"]["inband_error"] == true
}

fn read_record(record: &Value) -> (String, failsoft_provider::Reading) {
    let name = record["provider"].as_str().unwrap();
    let provider = match name {
        "llamacpp" => known("llama.cpp").unwrap(),
        name => known(name).unwrap_or(generic(Dialect::ChatCompletions)),
    };
    let response = &record["response"];
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    let text = response["body_text"].as_str().unwrap_or_default();
    let (place, body) = match (status, error_event(text)) {
        (400.., _) => (Place::Http, text),
        (_, Some(data)) => (Place::Stream, data),
        (_, None) => (Place::Body, text),
    };
    let mut headers = HeaderMap::new();
    for header in response["headers"].as_array().unwrap() {
        let name = header[0].as_str().unwrap().parse::<HeaderName>();
        let value = HeaderValue::from_str(header[1].as_str().unwrap());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let answer =
        Answer { place, status, headers: &headers, body: body.as_bytes(), now: row::now() };
    (body.to_owned(), provider.read_failure(&answer))
}

/// The data of the first event that holds an error.
fn error_event(text: &str) -> Option<&str> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.into_iter().find(|data| {
        let value: Option<Value> = serde_json::from_str(data).ok();
        value.is_some_and(|it| it["error"].is_object() || it["response"]["error"].is_object())
    })
}
