//! How well failures are read, measured over every fact and every recorded error at hand.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must stop")]
#![allow(missing_docs, clippy::wildcard_enum_match_arm, reason = "a test is no interface")]

mod evidence;
mod row;
mod score;
mod special;
mod watches;

use std::collections::BTreeMap;

use failsoft_engine::{Elsewhere, Failure, FailureKind, Phase, QuotaTold, Repeat};
use failsoft_provider::{Answer, Place, Provider, generic, known, read_transport};
use failsoft_wire::Dialect;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use self::row::Row;
use self::score::Score;
use self::special::{
    BY_THE_INNER, ELSEWHERE_DECIDED, OTHER_KINDS, OTHER_PLACES, OTHER_REPEATS, fault_of, flaws_of,
    silence_of,
};

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
        // The repair is ours: a call goes to another maker without its seals.
        "only-after-stripping-thinking-blocks"
        | "only-after-stripping-reasoning-items"
        | "only-after-repair" => Elsewhere::OtherModel,
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
    if let Some(silence) = silence_of(id) {
        return vec![watches::failure_of(silence)];
    }
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
    let readings = row.read(provider, &flaws_of(id));
    readings.into_iter().map(|reading| reading.failure).collect()
}

/// The three questions a failure answers, each with its score.
#[derive(Default)]
struct Scores {
    kinds: Score,
    places: Score,
    repeats: Score,
}

impl Scores {
    fn count(&mut self, row: &Row<'_>, provider: &Provider) {
        let failures = failures_of(row, provider);
        self.count_kind(row, &failures);
        let failure = failures.first().unwrap();
        self.count_place(row, failure);
        self.count_repeat(row, failure);
    }

    fn count_kind(&mut self, row: &Row<'_>, failures: &[Failure]) {
        let id = row.text("id");
        let expected = expected_kind(row);
        // What the wire finds has a kind of its own, which facts class by the likely cause.
        let ours = !flaws_of(id).is_empty()
            && matches!(expected, FailureKind::Network | FailureKind::ServerError);
        let wrong = failures
            .iter()
            .find(|it| it.kind != expected && !(ours && it.kind == FailureKind::BadResponse));
        let got = wrong.or(failures.first()).unwrap().kind;
        let miss =
            wrong.map(|_| format!("{id}: {expected}, got {got} | {}", row.text("example_body")));
        self.kinds.count((row.text("provider"), id), expected.as_str(), got.as_str(), miss);
    }

    fn count_place(&mut self, row: &Row<'_>, failure: &Failure) {
        let id = row.text("id");
        let wanted = if BY_THE_INNER.contains(&id) {
            Elsewhere::LargerContext
        } else {
            elsewhere(row.text("fall_back_to_other_target"))
        };
        let got = failure.elsewhere;
        let miss =
            (got != wanted).then(|| format!("{id} {}: {wanted:?}, got {got:?}", failure.kind));
        let group = (row.text("provider"), id);
        self.places.count(group, &format!("{wanted:?}"), &format!("{got:?}"), miss);
    }

    fn count_repeat(&mut self, row: &Row<'_>, failure: &Failure) {
        let id = row.text("id");
        let wanted = row.text("retry_same_target");
        let got = repeats(failure);
        let miss = ((wanted != "no") != got)
            .then(|| format!("{id} {}: {wanted}, got {:?}", failure.kind, failure.repeat));
        let got = if got { "again" } else { "no" };
        self.repeats.count((row.text("provider"), id), wanted, got, miss);
    }
}

fn expected_kind(row: &Row<'_>) -> FailureKind {
    if BY_THE_INNER.contains(&row.text("id")) {
        return FailureKind::ContextLengthExceeded;
    }
    kind(row.text("class"))
}

#[test]
fn facts_are_read_as_they_are_known() {
    let Some(folder) = evidence::folder() else { return };
    let rows = evidence::rows(&folder, "failures.json");
    let mut scores = Scores::default();
    for row in rows.iter().map(Row) {
        let id = row.text("id");
        let provider = row.provider().unwrap_or_else(|| panic!("{id}: nobody reads it"));
        if let Some((_, who)) = ELSEWHERE_DECIDED.iter().find(|(it, _)| *it == id) {
            println!("not here {id} ({}): {who}", row.text("class"));
            continue;
        }
        if BY_THE_INNER.contains(&id) {
            println!("{id} is {} outside and a context inside", row.text("class"));
        }
        scores.count(&row, provider);
    }
    scores.kinds.print("kinds of failures.json");
    scores.kinds.explain(OTHER_KINDS);
    scores.places.print("where a call may go instead");
    scores.places.explain(OTHER_PLACES);
    scores.repeats.print("whether the same target is tried again");
    scores.repeats.explain(OTHER_REPEATS);
    let (right, read) = scores.kinds.total();
    println!("{right} of {} rows right, {} decided elsewhere", rows.len(), rows.len() - read);
    assert_eq!(rows.len() - read, ELSEWHERE_DECIDED.len());
    assert!(scores.kinds.percent() >= 99.0);
    assert!(scores.places.percent() >= 97.0);
    assert!(scores.repeats.percent() >= 97.0);
}

#[test]
fn recorded_errors_are_read_as_a_person_reads_them() {
    let Some(folder) = evidence::folder() else { return };
    let truth: BTreeMap<&str, &str> = include_str!("truth.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect();
    let mut score = Score::default();
    let records = evidence::records(&folder);
    for record in &records {
        let id = record["id"].as_str().unwrap();
        let Some(truth) = truth.get(id) else {
            assert!(!is_error(record), "{id} is an error nobody has looked at");
            continue;
        };
        if *truth == "none" {
            continue;
        }
        let name = record["provider"].as_str().unwrap();
        let (body, reading) = read_record(record);
        let got = reading.failure.kind.as_str();
        let miss = (got != *truth).then(|| format!("{id}: {truth}, got {got} | {body}"));
        score.count((name, id), truth, got, miss);
        let has_message = body.contains("message") || body.contains("detail");
        assert!(!has_message || reading.words.is_some(), "no words in {body}");
    }
    score.print("recorded errors");
    score.explain(&[]);
    println!("{} records looked through", records.len());
    assert!(score.percent() >= 99.0);
}

#[test]
fn what_only_looks_like_a_failure_holds_no_error() {
    let Some(folder) = evidence::folder() else { return };
    let rows = evidence::rows(&folder, "not_failures.json");
    for row in rows.iter().map(Row).filter(|row| row.text("provider") != "any") {
        let Some(provider) = row.provider() else { continue };
        for reading in row.read(provider, &[]) {
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
    let provider = reader_of(record["provider"].as_str().unwrap());
    let response = &record["response"];
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    let text = response["body_text"].as_str().unwrap_or_default();
    let (place, body) = match (status, error_event(text)) {
        (400.., _) => (Place::Http, text),
        (_, Some(data)) => (Place::Stream, data),
        (_, None) => (Place::Body, text),
    };
    let headers = headers_of(record);
    let answer =
        Answer { place, status, headers: &headers, body: body.as_bytes(), now: row::now() };
    (body.to_owned(), provider.read_failure(&answer))
}

fn reader_of(provider: &str) -> &'static Provider {
    match provider {
        "llamacpp" => known("llama.cpp").unwrap(),
        name => known(name).unwrap_or(generic(Dialect::ChatCompletions)),
    }
}

/// The data of the first event that holds an error.
fn error_event(text: &str) -> Option<&str> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.into_iter().find(|data| {
        let value: Option<Value> = serde_json::from_str(data).ok();
        value.is_some_and(|it| it["error"].is_object() || it["response"]["error"].is_object())
    })
}

fn headers_of(record: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for header in record["response"]["headers"].as_array().unwrap() {
        let name = header[0].as_str().unwrap().parse::<HeaderName>();
        let value = HeaderValue::from_str(header[1].as_str().unwrap());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

#[derive(Default)]
struct Quotas {
    answers: usize,
    shown: usize,
    told: usize,
    requests: usize,
    tokens: usize,
}

#[test]
fn recorded_quotas_are_read() {
    let Some(folder) = evidence::folder() else { return };
    let mut counts: BTreeMap<String, Quotas> = BTreeMap::new();
    for record in &evidence::records(&folder) {
        let headers = headers_of(record);
        let name = record["provider"].as_str().unwrap();
        let told = reader_of(name).read_quota(&headers, row::now());
        let count = counts.entry(name.to_owned()).or_default();
        count.answers += 1;
        count.shown += usize::from(shows_a_quota(&headers));
        count.told += usize::from(told != QuotaTold::default());
        count.requests += usize::from(told.requests.is_some());
        count.tokens += usize::from(told.tokens.is_some());
        for left in [told.requests, told.tokens].into_iter().flatten() {
            assert!(left.limit.is_none_or(|limit| left.remaining <= limit), "{name} {told:?}");
            assert!(left.resets_in.is_none_or(|it| it.as_secs() < 600), "{name} {told:?}");
        }
    }
    println!("   provider        answers with a quota      told  requests  tokens");
    for (name, Quotas { answers, shown, told, requests, tokens }) in &counts {
        println!("   {name:<14} {answers:>8} {shown:>12} {told:>9} {requests:>9} {tokens:>7}");
        assert_eq!(told, shown, "{name}");
    }
    assert_eq!(counts.get("groq").unwrap().requests, 0, "a day's requests are no pace to keep");
}

/// Some records have the figures taken out; parts and pictures are not read.
fn shows_a_quota(headers: &HeaderMap) -> bool {
    headers.iter().any(|(name, value)| {
        let is_number = value.to_str().is_ok_and(|it| it.parse::<f64>().is_ok());
        let is_part = ["input-", "output-"].iter().any(|part| name.as_str().contains(part));
        name.as_str().contains("remaining") && is_number && !is_part
    })
}
