//! What the fake sees and tells of its attempts, and how it is steered.

mod raw;

use std::io::Write;
use std::time::Duration;

use failsoft_fake::{Dialect, Ending, Fake, FakeOptions, fingerprint};
use raw::{End, ask, read_all, read_until, request, send, start};

const CHAT: Dialect = Dialect::ChatCompletions;
const STREAM: &str = ",\"stream\":true";
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn a_peer_that_leaves_is_seen_at_once_whatever_is_being_done() {
    let fake = start("ping_every = \"1ms\"\n[models.slow]\ntoken_delay = \"1m\"");
    let cases = [("silent", ""), ("slow", "Good"), ("stall-after-2", "systems"), ("late-1m", "")];
    for (model, first) in cases {
        let mut stream = send(&fake, &request(CHAT, model, STREAM));
        let running =
            fake.wait_for_blocking(PATIENCE, |seen| seen.last().is_some_and(|a| a.model == model));
        assert!(running.is_some(), "{model}");
        read_until(&mut stream, first);
        drop(stream);
        let seen = fake
            .wait_for_blocking(PATIENCE, |seen| {
                seen.last().unwrap().ending == Ending::CancelledByPeer
            })
            .expect(model);
        let attempt = seen.last().unwrap();
        assert_eq!(attempt.bytes_sent > 0, !first.is_empty(), "{model}");
        assert!(attempt.ended.is_some_and(|ended| ended >= attempt.at), "{model}");
    }
}

#[test]
fn attempts_tell_what_came_without_keys_or_prompts() {
    let fake = start("");
    ask(&fake, CHAT, "gpt-5.6", STREAM);
    let seen = fake.wait_for_blocking(PATIENCE, |seen| seen.iter().any(|a| a.is_over())).unwrap();
    let attempt = &seen[0];
    assert_eq!(
        (attempt.model.as_str(), attempt.stream, attempt.fault.as_str()),
        ("gpt-5.6", true, "healthy")
    );
    assert_eq!(attempt.credential, Some(fingerprint("sk-test")));
    assert_eq!((attempt.status, attempt.ending), (Some(200), Ending::Finished));
    assert_eq!(attempt.header("host"), Some("fake"));
    assert!(attempt.body.0.starts_with(b"{\"model\":\"gpt-5.6\""));
    let told = format!("{attempt:?}");
    assert!(!told.contains("sk-test") && !told.contains("how are you"), "{told}");
}

#[test]
fn one_connection_carries_request_after_request_in_lengths_and_chunks() {
    let fake = start("");
    let body = r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;
    let mut stream = send(&fake, b"");
    for _ in 0..2 {
        let head =
            "POST /any/prefix/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        let (first, rest) = body.split_at(5);
        let chunks = format!("5\r\n{first}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n", rest.len());
        stream.write_all((head.to_owned() + &chunks).as_bytes()).unwrap();
        read_until(&mut stream, "system_fingerprint\":\"fp_fake\"}\n");
    }
    stream.write_all(&request(CHAT, "m", "")).unwrap();
    let last = read_all(stream);
    assert_eq!((last.status(), last.end), (200, End::Eof));
    let connections: Vec<_> = fake.attempts().iter().map(|attempt| attempt.connection).collect();
    assert_eq!(connections, [0, 0, 0]);
}

#[test]
fn names_headers_keys_and_scenarios_choose_the_fault() {
    let fake = start("[default]\nfault = \"once:fail-503\"");
    assert_eq!(ask(&fake, CHAT, "m", "").status(), 503);
    assert_eq!(ask(&fake, CHAT, "m", "").status(), 200);
    fake.play("".parse().unwrap());
    assert_eq!(ask(&fake, CHAT, "once:fail-500+fail-429", "").status(), 500);
    assert_eq!(ask(&fake, CHAT, "once:fail-500+fail-429", "").status(), 429);
    let keyed = String::from_utf8(request(CHAT, "m", "")).unwrap();
    let with_key = keyed.replace("sk-test", "fake:bad-key");
    assert_eq!(read_all(send(&fake, with_key.as_bytes())).status(), 401);
    let with_header =
        keyed.replace("host: fake", "x-fake-fault: fail-502\r\nx-fake-provider: groq");
    assert_eq!(read_all(send(&fake, with_header.as_bytes())).status(), 502);
    assert_eq!(ask(&fake, CHAT, "once:nonsense", "").status(), 400);
    fake.reset();
    assert!(fake.attempts().is_empty());
    assert_eq!(ask(&fake, CHAT, "once:fail-500+fail-429", "").status(), 500);
}

#[test]
fn requests_it_cannot_read_are_told_what_is_wrong() {
    let fake = start("");
    let post = |body: &str| {
        format!(
            "POST /v1/messages HTTP/1.1\r\nx-api-key: k\r\nanthropic-version: 2023-06-01\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    for (request, status, words) in [
        (post("{"), 400, "not a JSON object"),
        (post("{}"), 400, "model"),
        (post(r#"{"model":"m"}"#), 400, "messages"),
        ("nonsense\r\n\r\n".to_owned(), 400, "not HTTP"),
        ("GET /v2 HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned(), 404, "this fake knows"),
        (
            "POST /v1/messages HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n".to_owned(),
            413,
            "too large",
        ),
        ("POST /v1/messages HTTP/1.1\r\ncontent-length: x\r\n\r\n".to_owned(), 400, "no number"),
    ] {
        let answer = read_all(send(&fake, request.as_bytes()));
        assert_eq!(answer.status(), status, "{request}");
        assert!(
            answer.json()["error"]["message"].as_str().unwrap().contains(words),
            "{}",
            answer.body
        );
    }
}

#[test]
fn other_languages_steer_it_over_http() {
    let fake = start("");
    let http = |method: &str, path: &str, body: &str| {
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}");
        read_all(send(&fake, format!("{head}\r\n\r\n{body}").as_bytes()))
    };
    let good = "[models.m]\nfault = \"fail-503\"";
    assert_eq!(http("POST", "/__fake/scenario", good).status(), 200);
    assert_eq!(ask(&fake, CHAT, "m", "").status(), 503);
    let bad = http("POST", "/__fake/scenario", "colour = 1\n[models.m]\nfault = \"x\"");
    assert_eq!(bad.status(), 400);
    assert_eq!(bad.json()["problems"].as_array().unwrap().len(), 2);
    let seen = http("GET", "/__fake/attempts?at_least=1&over=all&wait=5s", "").json();
    assert_eq!(seen["met"], true);
    assert_eq!(seen["attempts"][0]["status"], 503);
    assert!(seen["attempts"][0]["ended_ms"].as_u64() <= seen["now_ms"].as_u64());
    assert!(seen["attempts"][0]["body"].is_null());
    let with_bodies = http("GET", "/__fake/attempts?bodies=1", "").json();
    assert_eq!(with_bodies["attempts"][0]["body"]["model"], "m");
    assert_eq!(http("GET", "/__fake/attempts?at_least=9&wait=1ms", "").json()["met"], false);
    assert_eq!(http("POST", "/__fake/reset", "").status(), 200);
    assert!(fake.attempts().is_empty());
    assert_eq!(http("GET", "/v1/models", "").json()["data"][0]["id"], "m");
    assert_eq!(http("GET", "/v1beta/models", "").json()["models"][0]["name"], "models/m");
    assert!(http("GET", "/__fake/faults", "").json()["faults"].as_array().unwrap().len() > 40);
}

#[tokio::test]
async fn a_fake_on_a_runtime_stops_when_told_and_drops_its_connections() {
    let fake = Fake::start(FakeOptions::default()).unwrap();
    let address = fake.address();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let silent = request(CHAT, "silent", "");
    tokio::io::AsyncWriteExt::write_all(&mut stream, &silent).await.unwrap();
    fake.wait_for(|seen| seen.len() == 1).await;
    fake.stop().await;
    let mut rest = Vec::new();
    let end = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await;
    assert!(end.is_err() || rest.is_empty());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[test]
fn what_cannot_be_started_says_why() {
    let taken = start("");
    let options = FakeOptions { listen: taken.address(), ..FakeOptions::default() };
    let error = Fake::start_in_thread(options).unwrap_err().to_string();
    assert!(error.contains("choose another address"), "{error}");
    let error = Fake::start(FakeOptions::default()).unwrap_err().to_string();
    assert!(error.contains("start_in_thread"), "{error}");
}

#[test]
fn who_waits_at_the_gate_goes_on_when_it_is_opened() {
    let fake = start("gate = \"closed\"");
    let mut first = send(&fake, &request(CHAT, "m", STREAM));
    read_until(&mut first, "Good");
    assert_eq!(fake.attempts()[0].ending, Ending::Running);
    let opened = send(&fake, "POST /__fake/open HTTP/1.1\r\ncontent-length: 0\r\n\r\n".as_bytes());
    drop(opened);
    let over = fake.wait_for_blocking(PATIENCE, |seen| seen.iter().all(|one| one.is_over()));
    assert_eq!(over.unwrap()[0].ending, Ending::Finished);
    // Who comes later finds it open, until all is forgotten.
    ask(&fake, CHAT, "m", STREAM);
    assert_eq!(fake.attempts()[1].ending, Ending::Finished);
}
