//! Calls while the provider behind them fails, in both dialects, plain and streamed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end so")]

mod house;

use failsoft_engine::Event;
use failsoft_fake::Ending;
use failsoft_wire::Dialect;
use house::{Cases, House, PATIENT, call, error_of, everywhere, said, speaking, words};
use http::StatusCode;

/// fault of the primary | attempts it sees | who answers
const ANSWERED: &[(&str, usize, &str)] = &[
    ("healthy", 1, "primary"),
    ("once:fail-500", 2, "primary"),
    ("once:fail-502", 2, "primary"),
    ("once:reset", 2, "primary"),
    ("once:close", 2, "primary"),
    ("once:garbage", 2, "primary"),
    ("once:fail-429-ra1", 2, "primary"),
    ("once:empty", 2, "primary"),
    ("once:truncated-json", 2, "primary"),
    ("once:error-200", 1, "fallback"),
    ("fail-429", 2, "fallback"),
    ("fail-429-ra60", 1, "fallback"),
    ("fail-500", 2, "fallback"),
    ("fail-503", 1, "fallback"),
    ("overloaded", 1, "fallback"),
    ("context-length", 1, "fallback"),
    ("quota", 1, "fallback"),
    ("bad-key", 1, "fallback"),
    ("no-permission", 1, "fallback"),
    ("no-such-model", 1, "fallback"),
    ("redirect", 1, "fallback"),
    // A page where an API should be stays one: nobody asks it twice.
    ("html", 1, "fallback"),
];

/// The same for one that is late.
const OVERTAKEN: &[(&str, usize, &str)] = &[("silent", 1, "fallback"), ("late-5s", 1, "fallback")];

#[tokio::test]
async fn a_failing_primary_is_retried_or_left_without_a_trace() {
    let mut cases = Cases::new();
    for (dialect, stream) in everywhere() {
        for row in ANSWERED {
            cases.play(is_answered(dialect, stream, row, PATIENT));
        }
        for row in OVERTAKEN {
            cases.play(is_answered(dialect, stream, row, ""));
        }
    }
    cases.pass().await;
}

async fn is_answered(
    dialect: Dialect,
    stream: bool,
    &(fault, attempts, by): &(&str, usize, &str),
    more: &str,
) {
    let case = format!("{dialect} stream={stream} {fault}");
    let house = House::new(dialect, fault, more);
    let answer = house.ask(dialect, stream).await;
    assert_eq!(answer.status, StatusCode::OK, "{case}: {}", answer.text());
    assert_eq!(said(dialect, stream, &answer), words(), "{case}");
    assert_eq!(house.primary.attempts().len(), attempts, "{case}");
    assert!(answer.header("x-failsoft-target").starts_with(by), "{case}");
    assert_eq!(answer.header("x-failsoft-outcome"), "served", "{case}");
    let made = house.primary.attempts().len() + house.fallback.attempts().len();
    assert_eq!(answer.header("x-failsoft-attempts"), made.to_string(), "{case}");
}

/// Faults that only a stream can have.
const STREAMED: &[(&str, usize, &str)] = &[
    ("slow-5s", 1, "fallback"),
    ("pings-only", 1, "fallback"),
    ("role-only", 1, "fallback"),
    ("once:inband-error", 2, "primary"),
    ("no-done", 1, "primary"),
    ("drip-20", 1, "primary"),
    ("wrong-type", 1, "primary"),
    ("once:ignores-stream", 2, "primary"),
];

#[tokio::test]
async fn a_stream_that_does_not_begin_is_replaced() {
    let dialect = Dialect::ChatCompletions;
    let mut cases = Cases::new();
    for &(fault, attempts, by) in STREAMED {
        cases.play(async move {
            let house = House::new(dialect, fault, "");
            let answer = house.ask(dialect, true).await;
            assert_eq!(answer.status, StatusCode::OK, "{fault}: {}", answer.text());
            assert!(answer.header("x-failsoft-target").starts_with(by), "{fault}");
            assert_eq!(house.primary.attempts().len(), attempts, "{fault}");
            assert_eq!(said(dialect, true, &answer), words(), "{fault}");
        });
    }
    cases.pass().await;
}

#[tokio::test]
async fn a_whole_stream_without_its_end_marker_gets_it() {
    for dialect in [Dialect::ChatCompletions, Dialect::Messages] {
        let house = House::new(dialect, "no-done", "");
        let answer = house.ask(dialect, true).await;
        assert_eq!(said(dialect, true, &answer), words(), "{dialect}");
        let marker = if dialect == Dialect::Messages {
            "{\"type\":\"message_stop\"}\n\n"
        } else {
            "data: [DONE]\n\n"
        };
        assert!(answer.text().ends_with(marker), "{dialect}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_tool_call_that_is_broken_never_looks_finished() {
    let mut cases = Cases::new();
    // In Google's dialect a call comes whole, held or not.
    for dialect in speaking().filter(|dialect| *dialect != Dialect::GenerateContent) {
        for fault in ["bad-tool", "cut-tool"] {
            cases.play(ends_with_an_error(dialect, fault));
        }
    }
    cases.pass().await;
}

async fn ends_with_an_error(dialect: Dialect, fault: &str) {
    let case = format!("{dialect} {fault}");
    let live = "[policy]\nhold = []\n";
    let text = House::new(dialect, fault, live).ask(dialect, true).await.text();
    assert!(text.trim_end().lines().last().unwrap().contains("\"error\""), "{case}: {text}");
    let ends = [
        "[DONE]",
        "message_stop",
        "finish_reason\":\"tool",
        "stop_reason\":\"tool",
        "response.completed",
    ];
    for end in ends {
        assert!(!text.contains(end), "{case}: {text}");
    }
}

/// fault | what the client's error frame says
const BROKEN_OFF: &[(&str, &str)] = &[
    ("cut-after-40", "network"),
    ("reset-after-40", "network"),
    ("stall-after-20", "timeout"),
    ("inband-error-after-20", "server_error|overloaded"),
    ("end-after-20", "bad_response"),
];

#[tokio::test]
async fn a_stream_that_is_not_continued_ends_with_an_error_and_never_as_if_whole() {
    let mut cases = Cases::new();
    for dialect in speaking() {
        for &(fault, code) in BROKEN_OFF {
            cases.play(breaks_off(dialect, fault, code));
        }
    }
    cases.pass().await;
}

async fn breaks_off(dialect: Dialect, fault: &str, code: &str) {
    let case = format!("{dialect} {fault}");
    let house = House::new(dialect, fault, "[routes.assistant.resume]\nenabled = false\n");
    let answer = house.ask(dialect, true).await;
    assert_eq!(answer.status, StatusCode::OK, "{case}");
    let text = answer.text();
    let said = said(dialect, true, &answer);
    assert!(!said.is_empty() && words().starts_with(&said), "{case}: {said}");
    assert!(text.trim_end().lines().last().unwrap().contains("\"error\""), "{case}");
    let key = if dialect == Dialect::GenerateContent { "reason" } else { "code" };
    let told = code.split('|').any(|code| text.contains(&format!("\"{key}\":\"{code}\"")));
    assert!(told, "{case}: {text}");
    let ends = ["[DONE]", "message_stop", "response.completed", "\"STOP\""];
    assert!(ends.iter().all(|end| !text.contains(end)), "{case}: {text}");
    assert_eq!(house.fallback.attempts().len(), 0, "{case}");
}

/// fault on both targets | status | code | attempts in all
const FAILED: &[(&str, u16, &str, usize)] = &[
    ("fail-500", 503, "server_error", 3),
    ("fail-429-ra9", 429, "rate_limited", 2),
    ("content-policy", 400, "content_filtered", 1),
    ("fail-400", 400, "bad_request", 1),
    ("too-large", 413, "payload_too_large", 2),
    ("bad-key", 503, "authentication", 2),
    ("context-length", 400, "context_length_exceeded", 2),
    ("silent", 504, "timeout", 2),
];

#[tokio::test]
async fn what_cannot_be_served_is_an_error_in_words_for_people() {
    let mut cases = Cases::new();
    for (dialect, stream) in everywhere() {
        for &(fault, status, code, attempts) in FAILED {
            let brief = "[routes.assistant.timeouts]\ndeadline = \"3s\"\n";
            let more = if code == "timeout" { brief } else { PATIENT };
            cases.play(async move {
                let case = format!("{dialect} stream={stream} {fault}");
                let tiers = format!(r#"[["primary/{fault}"], ["fallback/{fault}"]]"#);
                let house = House::with_tiers(dialect, &tiers, more);
                let answer = house
                    .ask_with(dialect, stream, &[("accept-language", "de-AT, en;q=0.5")])
                    .await;
                let text = answer.text();
                assert_eq!(answer.status.as_u16(), status, "{case}: {text}");
                let json: serde_json::Value = serde_json::from_str(&text).unwrap();
                let (said, call_id) = error_of(dialect, &json);
                assert_eq!(said, code, "{case}");
                assert_eq!(call_id, answer.header("x-failsoft-call"), "{case}");
                let message = json.pointer("/error/message").unwrap().as_str().unwrap();
                assert!(message.contains("Bitte") || code == "unsupported", "{case}: {message}");
                assert_eq!(answer.header("x-should-retry"), "false", "{case}");
                assert_eq!(answer.header("x-failsoft-outcome"), "failed", "{case}");
                let made = house.primary.attempts().len() + house.fallback.attempts().len();
                assert_eq!(made, attempts, "{case}");
                let wait = answer.header("retry-after");
                assert!(
                    wait.is_empty() || (1..=60).contains(&wait.parse().unwrap()),
                    "{case} {wait}"
                );
            });
        }
    }
    cases.pass().await;
}

#[tokio::test]
async fn the_operators_answer_stands_in_when_nothing_else_can() {
    let more =
        "[routes.assistant.degrade]\nreply = { en = \"Back soon.\", de = \"Gleich zurück.\" }";
    for (dialect, stream) in everywhere() {
        let tiers = r#"[["primary/fail-503"], ["fallback/fail-500"]]"#;
        let house = House::with_tiers(dialect, tiers, more);
        let answer = house.ask_with(dialect, stream, &[("accept-language", "de")]).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(said(dialect, stream, &answer), "Gleich zurück.");
        assert_eq!(answer.header("x-failsoft-outcome"), "degraded");
        let ends = ["\"stop\"", "end_turn", "completed", "STOP"];
        assert!(ends.iter().any(|end| answer.text().contains(end)), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_caller_that_leaves_cancels_at_the_target() {
    let mut cases = Cases::new();
    for (dialect, stream) in everywhere() {
        for fault in ["silent", "slow-5s", "stall-after-20"] {
            cases.play(async move {
                let slow = "[routes.assistant.timeouts]\nfirst_token = { patience = \"4s\", timeout = \"5s\" }\nreply = { patience = \"4s\", timeout = \"5s\" }\nstall = \"5s\"";
                let house = House::new(dialect, fault, slow);
                let asked = house.failsoft.send(call(dialect, stream, &[]));
                // With content on its way there is a body to drop; else the call itself is dropped.
                let response = tokio::select! {
                    response = asked => Some(response),
                    _ = house.primary.wait_for(|seen| !seen.is_empty()) => None,
                };
                drop(response);
                let seen = house.primary.wait_for(|seen| seen.iter().all(|one| one.is_over())).await;
                assert_eq!(seen[0].ending, Ending::CancelledByPeer, "{dialect} {stream} {fault}");
                assert_eq!(house.failsoft.calls_in_flight(), 0, "{dialect} {stream} {fault}");
                let ended =
                    house.events.all().iter().filter(|e| matches!(e, Event::CallEnded { .. })).count();
                assert_eq!(ended, 1, "{dialect} {stream} {fault}");
            });
        }
    }
    cases.pass().await;
}

#[tokio::test]
async fn a_key_goes_to_its_own_origin_and_the_clients_key_nowhere() {
    for dialect in speaking() {
        let house = House::new(dialect, "redirect", "");
        let sent = [("authorization", "Bearer client-secret"), ("x-api-key", "client-secret")];
        let answer = house.ask_with(dialect, false, &sent).await;
        assert_eq!(answer.status, StatusCode::OK);
        let keys = |fake: &failsoft_fake::Fake| {
            fake.attempts().iter().map(|seen| seen.credential.clone()).collect::<Vec<_>>()
        };
        assert_eq!(keys(&house.primary), [Some(failsoft_fake::fingerprint("primary-key"))]);
        assert_eq!(keys(&house.fallback), [Some(failsoft_fake::fingerprint("fallback-key"))]);
    }
}

#[tokio::test]
async fn the_callers_headers_narrow_and_bad_ones_are_refused() {
    let dialect = Dialect::ChatCompletions;
    let house = House::new(dialect, "fail-500", "");
    let answer = house.ask_with(dialect, false, &[("x-failsoft-max-attempts", "1")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-failsoft-attempts")), (503, "1"));
    let answer = house.ask_with(dialect, false, &[("x-failsoft-deadline", "soon")]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text().contains("x-failsoft-deadline"), "{}", answer.text());

    let house = House::with_tiers(dialect, r#"[["primary/silent"]]"#, "");
    let answer = house.ask_with(dialect, true, &[("x-failsoft-deadline", "60ms")]).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
}

#[tokio::test]
async fn an_sdk_that_is_already_retrying_gets_one_attempt_a_target() {
    let dialect = Dialect::ChatCompletions;
    let house = House::with_tiers(dialect, r#"[["primary/fail-500"], ["fallback/fail-500"]]"#, "");
    house.ask_with(dialect, false, &[("x-stainless-retry-count", "1")]).await;
    assert_eq!((house.primary.attempts().len(), house.fallback.attempts().len()), (1, 1));
}

#[tokio::test]
async fn a_client_may_come_back_where_its_tries_are_not_more_than_ours() {
    let dialect = Dialect::ChatCompletions;
    // (tiers, may come back)
    for (tiers, back) in [
        (r#"[["primary/fail-429-ra9"]]"#, true),
        (r#"[["primary/fail-500"]]"#, false),
        (r#"[["primary/fail-429-ra9"], ["fallback/fail-429-ra9"]]"#, false),
    ] {
        let house = House::with_tiers(dialect, tiers, "");
        let answer = house.ask(dialect, false).await;
        assert_eq!(answer.header("x-should-retry") != "false", back, "{tiers}");
        if back {
            let wait: u64 = answer.header("retry-after").parse().unwrap();
            assert!((8..=9).contains(&wait), "{wait}");
            // Before the time nothing is sent, and the client hears the rest of the wait.
            let answer = house.ask_with(dialect, false, &[("x-stainless-retry-count", "1")]).await;
            assert_eq!((answer.status.as_u16(), house.primary.attempts().len()), (429, 1));
        }
    }
}

#[tokio::test]
async fn what_is_not_a_call_is_refused_at_the_door() {
    let dialect = Dialect::ChatCompletions;
    let house = House::new(dialect, "healthy", "");
    for (body, status, says) in [
        (r#"{"model":"nobody","messages":[{"role":"user","content":"x"}]}"#, 404, "`assistant`"),
        (r#"{"model":"assistant","Model":"other","messages":[]}"#, 400, "odel"),
        (r#"{"model":"assistant","messages":["#, 400, "line 1"),
        (r#"{"model":7,"messages":[]}"#, 400, "`model`"),
        (r#"{"messages":[]}"#, 400, "`model`"),
        ("", 400, ""),
    ] {
        let mut call = call(dialect, false, &[]);
        call.body = body.into();
        let answer = house::read(house.failsoft.send(call).await).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text());
        assert!(answer.text().contains(says), "{body}: {}", answer.text());
        assert!(answer.header("x-failsoft-call").starts_with("call_"), "{body}");
    }
    assert_eq!(house.primary.attempts().len(), 0);
}

/// A refusal is an answer, unless the operator wants somebody else asked.
#[tokio::test]
async fn a_refusal_is_routed_around_only_where_the_operator_says_so() {
    for (dialect, stream) in everywhere() {
        for (more, by) in [
            ("", "primary"),
            ("[routes.assistant.retry]\ncontent_filter = \"failover\"\n", "fallback"),
        ] {
            let case = format!("{dialect} stream={stream} {more}");
            let house = House::new(dialect, "refusal", more);
            let answer = house.ask(dialect, stream).await;
            // Google has no refusals, only filters, and those are errors.
            if dialect == Dialect::GenerateContent && by == "primary" {
                continue;
            }
            assert_eq!(answer.status, StatusCode::OK, "{case}: {}", answer.text());
            assert!(
                answer.header("x-failsoft-target").starts_with(by),
                "{case}: {}",
                answer.text()
            );
            assert_eq!(said(dialect, stream, &answer) == words(), by == "fallback", "{case}");
        }
    }
}
