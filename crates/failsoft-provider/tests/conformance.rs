//! What every provider promises: its own fixtures, and rules that hold for all.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must stop")]
#![allow(missing_docs, clippy::wildcard_enum_match_arm, reason = "a test is no interface")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use failsoft_engine::{Elsewhere, FailureKind, Repeat};
use failsoft_provider::{ALL, Answer, Auth, Place, Provider, Reading, generic, known};
use failsoft_wire::{Dialect, Flaw};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

const NO_HEADERS: &[(&str, &str)] = &[];

#[test]
fn every_fixture_is_read_as_it_says() {
    let mut count = 0;
    for (provider, path) in folders() {
        let fixtures: Vec<Value> = serde_json::from_str(&read(&path)).unwrap();
        assert!(fixtures.len() >= 5, "{}: too few fixtures", provider.id);
        for fixture in &fixtures {
            check(provider, fixture);
        }
        count += fixtures.len();
    }
    println!("{count} fixtures");
}

fn check(provider: &Provider, fixture: &Value) {
    let place = match fixture["place"].as_str() {
        None => Place::Http,
        Some("body") => Place::Body,
        Some("stream") => Place::Stream,
        Some(other) => panic!("no place is called {other}"),
    };
    let body = match &fixture["body"] {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let headers: Vec<(&str, &str)> = fixture["headers"].as_object().map_or_else(Vec::new, |it| {
        it.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
    });
    let status = u16::try_from(fixture["status"].as_u64().unwrap()).unwrap();
    let reading = ask(provider, place, status, &headers, &body);
    let expect = &fixture["expect"];
    let name = format!("{}: {}: {reading:?}", provider.id, fixture["name"]);
    let failure = reading.failure;
    assert_eq!(failure.kind.as_str(), expect["kind"], "{name}");
    assert_eq!(format!("{:?}", failure.elsewhere), expect["elsewhere"].as_str().unwrap(), "{name}");
    let repeat = expect["repeat"].as_str().unwrap_or("Allowed");
    assert_eq!(format!("{:?}", failure.repeat), repeat, "{name}");
    let wait = failure.retry_after.map(|it| u64::try_from(it.as_millis()).unwrap());
    assert_eq!(wait, expect["wait_ms"].as_u64(), "{name}");
    assert_eq!(reading.seal_refused, expect["seal_refused"] == true, "{name}");
    assert_eq!(reading.prefill_refused, expect["prefill_refused"] == true, "{name}");
    for (said, key) in [
        (&reading.code, "code"),
        (&reading.param, "param"),
        (&reading.request_id, "request_id"),
        (&reading.words, "words"),
    ] {
        if let Some(expected) = expect[key].as_str() {
            assert_eq!(said.as_deref(), Some(expected), "{name}");
        }
    }
    if !body.is_empty() && !body.starts_with('<') {
        assert!(reading.words.as_ref().is_some_and(|it| !it.trim().is_empty()), "{name}");
    }
}

#[test]
fn every_row_is_well_formed() {
    let ids: BTreeSet<&str> = ALL.iter().map(|it| it.id).collect();
    assert_eq!(ids.len(), ALL.len(), "two providers share a name");
    for provider in ALL {
        assert_eq!(known(provider.id).map(|it| it.id), Some(provider.id));
        let tame = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || ".-_".contains(it);
        assert!(provider.id.chars().all(tame), "{}", provider.id);
        if let Some(url) = provider.base_url {
            let url: http::Uri = url.parse().unwrap();
            let local = url.host() == Some("127.0.0.1");
            assert_eq!(url.scheme_str(), Some(if local { "http" } else { "https" }), "{url}");
            assert!(local || provider.key_env.is_some(), "{url}");
            let version = url.path().rsplit('/').next().unwrap().starts_with('v');
            let wanted = matches!(
                provider.dialect,
                Dialect::ChatCompletions | Dialect::Responses | Dialect::GenerateContent
            );
            assert_eq!(version, wanted, "{url}");
            assert!(!format!("{url}").ends_with("v1/"), "{url}");
        }
        assert_eq!(provider.dialects().first(), Some(&provider.dialect), "{}", provider.id);
        let spoken: BTreeSet<Dialect> = provider.dialects().iter().copied().collect();
        assert_eq!(spoken.len(), provider.dialects().len(), "{}", provider.id);
        let native = [Dialect::Messages, Dialect::GenerateContent, Dialect::BedrockConverse];
        let alone = native.iter().any(|it| spoken.contains(it));
        assert!(!alone || spoken.len() == 1, "{}: one base URL, two forms of paths", provider.id);
        match provider.auth {
            Auth::Header(name) => assert!(HeaderName::from_lowercase(name.as_bytes()).is_ok()),
            Auth::SigV4 { service } => assert!(service.chars().all(tame), "{service}"),
            Auth::Bearer | Auth::None => {}
        }
        for (name, value) in provider.default_headers {
            assert!(HeaderName::from_lowercase(name.as_bytes()).is_ok(), "{name}");
            assert!(HeaderValue::from_str(value).is_ok(), "{value}");
        }
    }
    assert!(known("nobody").is_none());
}

#[test]
fn a_page_is_never_a_verdict_on_key_or_model() {
    let page = "<!DOCTYPE html><html><title>model not found, invalid api key</title></html>";
    for provider in everyone() {
        for (status, kind) in [
            (403, FailureKind::Network),
            (404, FailureKind::NotFound),
            (429, FailureKind::RateLimited),
            (502, FailureKind::Network),
            (503, FailureKind::Overloaded),
            (504, FailureKind::Timeout),
            (520, FailureKind::Network),
            (524, FailureKind::Timeout),
        ] {
            let reading = ask(provider, Place::Http, status, NO_HEADERS, page);
            assert_eq!(reading.failure.kind, kind, "{} {status}", provider.id);
        }
    }
}

#[test]
fn a_status_means_the_same_in_every_shape() {
    for provider in everyone() {
        for body in shapes("something is not right") {
            for (status, kind, elsewhere) in [
                (401, FailureKind::Authentication, Elsewhere::OtherCredential),
                (402, FailureKind::QuotaExhausted, Elsewhere::OtherCredential),
                (408, FailureKind::Timeout, Elsewhere::Any),
                (413, FailureKind::PayloadTooLarge, Elsewhere::Any),
                (500, FailureKind::ServerError, Elsewhere::Any),
                (503, FailureKind::Overloaded, Elsewhere::Any),
                (529, FailureKind::Overloaded, Elsewhere::Any),
            ] {
                let reading = ask(provider, Place::Http, status, NO_HEADERS, &body);
                let name = format!("{} {status} {body}", provider.id);
                assert_eq!(reading.failure.kind, kind, "{name}");
                assert_eq!(reading.failure.elsewhere, elsewhere, "{name}");
                assert_eq!(reading.words.as_deref(), Some("something is not right"), "{name}");
            }
        }
    }
}

#[test]
fn a_context_that_is_too_long_is_known_in_every_shape() {
    for provider in everyone() {
        for body in shapes("This model's maximum context length is 10 tokens, you sent 20.") {
            let reading = ask(provider, Place::Http, 400, NO_HEADERS, &body);
            assert_eq!(reading.failure.kind, FailureKind::ContextLengthExceeded, "{body}");
            assert_eq!(reading.failure.elsewhere, Elsewhere::LargerContext, "{body}");
        }
    }
}

#[test]
fn a_wish_to_be_left_alone_is_granted_and_no_other() {
    for provider in everyone() {
        for body in shapes("busy") {
            let left = ask(provider, Place::Http, 500, &[("x-should-retry", "false")], &body);
            assert_eq!(left.failure.repeat, Repeat::Forbidden, "{}", provider.id);
            let again = ask(provider, Place::Http, 401, &[("x-should-retry", "true")], &body);
            assert_eq!(again.failure.kind, FailureKind::Authentication, "{}", provider.id);
        }
    }
}

#[test]
fn a_wait_counts_on_error_statuses_only() {
    let headers = [("retry-after", "7"), ("retry-after-ms", "7000")];
    for provider in everyone() {
        for body in shapes("rate limit") {
            let refused = ask(provider, Place::Http, 429, &headers, &body);
            assert_eq!(refused.failure.kind, FailureKind::RateLimited, "{}", provider.id);
            assert_eq!(refused.failure.retry_after, Some(Duration::from_secs(7)));
            for place in [Place::Body, Place::Stream] {
                let inside = ask(provider, place, 200, &headers, &body);
                assert_eq!(inside.failure.retry_after, None, "{}", provider.id);
            }
        }
    }
}

#[test]
fn every_flaw_has_a_stable_code() {
    let broken_off = |reason: &str| Flaw::BrokenOff(reason.to_owned());
    for provider in everyone() {
        for (flaw, body, code, kind) in [
            (Flaw::Empty, "{}", "empty_answer", FailureKind::BadResponse),
            (Flaw::NotJson, " \n", "empty_answer", FailureKind::BadResponse),
            (Flaw::NotJson, "<html>log in</html>", "html", FailureKind::BadResponse),
            (Flaw::NotJson, "hello", "not_json", FailureKind::BadResponse),
            (Flaw::Truncated, "{\"a\":", "truncated", FailureKind::BadResponse),
            (Flaw::WrongShape, "[]", "wrong_shape", FailureKind::BadResponse),
            (Flaw::NoEnd, "", "no_end", FailureKind::BadResponse),
            (Flaw::InvalidToolArguments, "{}", "invalid_tool_arguments", FailureKind::BadResponse),
            (Flaw::DoesNotFit, "{}", "does_not_fit", FailureKind::BadResponse),
            (Flaw::Repeats, "{}", "repeats", FailureKind::BadResponse),
            (broken_off("abort"), "{}", "broken_off", FailureKind::BadResponse),
            (broken_off("content_filter"), "{}", "broken_off", FailureKind::ContentFiltered),
            (broken_off("SAFETY"), "{}", "broken_off", FailureKind::ContentFiltered),
            (broken_off("guardrail_intervened"), "{}", "broken_off", FailureKind::ContentFiltered),
            (broken_off("MALFORMED_FUNCTION_CALL"), "{}", "broken_off", FailureKind::BadResponse),
            (
                broken_off("insufficient_system_resource"),
                "{}",
                "broken_off",
                FailureKind::Overloaded,
            ),
        ] {
            let headers = headers(&[("x-request-id", "r"), ("retry-after", "9")]);
            let reading = provider.read_flaw(&flaw, &answer(Place::Body, 200, &headers, body));
            assert_eq!(reading.code.as_deref(), Some(code), "{} {flaw:?}", provider.id);
            assert_eq!(reading.failure.kind, kind, "{} {flaw:?}", provider.id);
            let lasts = code == "html";
            assert_eq!(reading.failure.repeat == Repeat::Forbidden, lasts, "{code}");
            assert_eq!(reading.failure.retry_after, None, "{} {flaw:?}", provider.id);
            assert_eq!(reading.request_id.as_deref(), Some("r"), "{} {flaw:?}", provider.id);
        }
    }
}

#[test]
fn a_seal_that_is_refused_is_known_and_worth_one_more_try() {
    let headers = HeaderMap::new();
    for provider in everyone() {
        for body in shapes("messages.1: Invalid `signature` in `thinking` block") {
            let reading = ask(provider, Place::Http, 400, NO_HEADERS, &body);
            assert!(reading.seal_refused, "{} {body}", provider.id);
            assert_eq!(reading.failure.repeat, Repeat::Once, "{} {body}", provider.id);
            assert_eq!(reading.failure.elsewhere, Elsewhere::OtherModel, "{body}");
        }
        let page = "<html>Invalid `signature` in `thinking` block</html>";
        assert!(!ask(provider, Place::Http, 400, NO_HEADERS, page).seal_refused);
        let flaw = Flaw::BrokenOff("MISSING_THOUGHT_SIGNATURE".to_owned());
        let reading = provider.read_flaw(&flaw, &answer(Place::Body, 200, &headers, "{}"));
        assert!(reading.seal_refused);
        assert_eq!(reading.failure.kind, FailureKind::BadRequest);
        assert_eq!(reading.failure.repeat, Repeat::Once);
    }
}

#[test]
fn a_prefill_that_is_refused_is_known_and_worth_one_more_try() {
    for provider in everyone() {
        for words in [
            "This model does not support assistant message prefill. The conversation must end with \
             a user message.",
            "Prefilling assistant messages is not supported for this model.",
            "Requests ending with a model turn are not supported.",
            "Expected last role User or Tool (or Assistant with prefix True) for serving but got \
             assistant",
            "Assistant response prefill is incompatible with enable_thinking.",
            "The last message must be from the user.",
        ] {
            for (status, body) in [400, 422].into_iter().zip(shapes(words)) {
                let headers = [("x-should-retry", "false")];
                let reading = ask(provider, Place::Http, status, &headers, &body);
                let name = format!("{} {status} {body}", provider.id);
                assert!(reading.prefill_refused && !reading.seal_refused, "{name}");
                assert_eq!(reading.failure.kind, FailureKind::Unsupported, "{name}");
                assert_eq!(reading.failure.repeat, Repeat::Once, "{name}");
                assert_eq!(reading.failure.elsewhere, Elsewhere::OtherModel, "{name}");
            }
            for (status, body) in [401, 403, 404, 429, 503].into_iter().zip(shapes(words)) {
                let reading = ask(provider, Place::Http, status, NO_HEADERS, &body);
                assert!(!reading.prefill_refused, "{} {status}", provider.id);
            }
            let page = format!("<html>{words}</html>");
            assert!(!ask(provider, Place::Http, 400, NO_HEADERS, &page).prefill_refused);
            let both = format!("Invalid `signature` in `thinking` block. {words}");
            for body in shapes(&both) {
                let reading = ask(provider, Place::Http, 400, NO_HEADERS, &body);
                assert!(reading.seal_refused && !reading.prefill_refused, "{body}");
            }
        }
        for words in ["bad request", "messages: the last message is empty", "prefix is required"] {
            for body in shapes(words) {
                assert!(!ask(provider, Place::Http, 400, NO_HEADERS, &body).prefill_refused);
            }
        }
    }
}

#[test]
fn a_flaw_that_is_an_error_object_is_read_as_one() {
    let headers = HeaderMap::new();
    let body = "xx{\"error\":{\"code\":429,\"message\":\"slow\"}}xx";
    let flaw = Flaw::Error(2..body.len() - 2);
    let provider = generic(Dialect::ChatCompletions);
    let reading = provider.read_flaw(&flaw, &answer(Place::Body, 200, &headers, body));
    assert_eq!(reading.failure.kind, FailureKind::RateLimited);
    let beyond = Flaw::Error(7..9000);
    let reading = provider.read_flaw(&beyond, &answer(Place::Body, 200, &headers, "{}"));
    assert_eq!(reading.failure.kind, FailureKind::ServerError);
}

#[test]
fn what_a_provider_said_is_never_printed() {
    let headers = HeaderMap::new();
    for body in shapes("the secret words") {
        let answer = answer(Place::Http, 400, &headers, &body);
        let reading = generic(Dialect::ChatCompletions).read_failure(&answer);
        assert_eq!(reading.words.as_deref(), Some("the secret words"));
        assert!(!format!("{answer:?} {reading:?}").contains("secret"), "{body}");
    }
}

#[test]
fn a_providers_name_stands_in_its_folder_and_the_list_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let list = source.join("providers.rs");
    for file in files(&source).into_iter().filter(|it| *it != list) {
        let text = read(&file);
        let own = file.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        for name in ALL.iter().map(|it| folder(it)).filter(|it| *it != own) {
            let quoted = format!("\"{name}\"");
            let path = format!("{name}::");
            assert!(!text.contains(&quoted) && !text.contains(&path), "{name} in {file:?}");
        }
    }
}

/// The shapes errors come in, each with these words.
fn shapes(words: &str) -> Vec<String> {
    vec![
        json!({"error": {"message": words, "type": null, "param": null, "code": null}}).to_string(),
        json!({"type": "error", "error": {"type": "error", "message": words}}).to_string(),
        json!({"object": "error", "message": words, "type": "error", "code": null}).to_string(),
        json!({"error": words}).to_string(),
        json!({"detail": words}).to_string(),
        json!({"detail": [{"loc": ["body"], "msg": words}]}).to_string(),
        json!([{"error": {"message": words}}]).to_string(),
        json!({"error": {"message": "-", "metadata": {"raw": json!({"error": words}).to_string()}}})
            .to_string(),
    ]
}

fn ask(
    provider: &Provider,
    place: Place,
    status: u16,
    pairs: &[(&str, &str)],
    body: &str,
) -> Reading {
    let headers = headers(pairs);
    provider.read_failure(&answer(place, status, &headers, body))
}

fn answer<'a>(place: Place, status: u16, headers: &'a HeaderMap, body: &'a str) -> Answer<'a> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    Answer { place, status, headers, body: body.as_bytes(), now }
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

fn everyone() -> impl Iterator<Item = &'static Provider> {
    ALL.iter().copied().chain(Dialect::TARGETS.map(generic))
}

/// Each provider with its fixtures; the last are read by the one nothing is known of.
fn folders() -> Vec<(&'static Provider, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/providers");
    let path = |name: &str| root.join(name).join("fixtures.json");
    let mut all: Vec<_> = ALL.iter().map(|it| (*it, path(&folder(it)))).collect();
    all.push((generic(Dialect::ChatCompletions), path("generic")));
    all
}

/// A folder's name is the id, with what Rust does not allow in a module's name written otherwise;
/// one provider shares its id with a dialect.
fn folder(provider: &Provider) -> String {
    match provider.id {
        "lmstudio" => "lm_studio".to_owned(),
        "bedrock" => "aws_bedrock".to_owned(),
        id => id.replace('.', "_"),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|problem| panic!("{path:?}: {problem}"))
}
