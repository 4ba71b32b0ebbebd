//! What operators see.

use crate::house::{House, PROVIDER_KEY, Plan, chat_body, exchange, messages_body};

#[tokio::test]
async fn health_metrics_and_targets_are_there_and_nothing_can_be_changed() {
    let house = House::open().await;
    assert_eq!(house.admin("/livez").await.status, 200);
    assert_eq!(house.admin("/readyz").await.status, 200);
    let verbose = house.admin("/readyz?verbose").await.json();
    assert_eq!(
        (verbose["ready"].as_bool(), verbose["config"]["generation"].as_u64()),
        (Some(true), Some(1)),
        "{verbose}"
    );
    let targets = house.admin("/api/targets").await.json();
    assert_eq!(
        (targets[0]["breaker"].as_str(), targets[0]["usable"].as_bool()),
        (Some("closed"), Some(true)),
        "{targets}"
    );
    assert!(house.admin("/").await.body.contains("/metrics"));
    assert_eq!(house.admin("/nowhere").await.status, 404);
    let address = house.gateway.admin_address();
    for method in ["POST", "PUT", "DELETE"] {
        let raw =
            format!("{method} /livez HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        assert_eq!(exchange(address, raw.as_bytes()).await.status, 405, "{method}");
    }
}

#[tokio::test]
async fn a_page_from_elsewhere_cannot_read_the_admin_port() {
    let house = House::open().await;
    let address = house.gateway.admin_address();
    for (status, host) in [
        (200, "localhost"),
        (200, "LOCALHOST:4001"),
        (200, "127.0.0.1"),
        (200, "[::1]:4001"),
        (421, "evil.example"),
        (421, "localhost.evil.example"),
        (421, "127.0.0.1.evil.example"),
        (421, "192.168.1.1"),
        (421, "2130706433"),
    ] {
        let raw = format!("GET /metrics HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        assert_eq!(exchange(address, raw.as_bytes()).await.status, status, "{host}");
    }
}

#[tokio::test]
async fn metrics_tell_what_happened_under_configured_names() {
    let house = House::open().await;
    assert_eq!(house.chat("pair").await.status, 200);
    assert_eq!(house.chat("assistant").await.status, 200);
    let page = house.admin("/metrics").await;
    assert!(page.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    for row in [
        "failsoft_calls_total{route=\"pair\",outcome=\"served\"} 1",
        "failsoft_calls_total{route=\"assistant\",outcome=\"served\"} 1",
        "failsoft_attempts_total{target=\"chat/healthy\",why=\"first\",outcome=\"succeeded\"} 1",
        "failsoft_attempts_total{target=\"chat/healthy\",why=\"failover\",outcome=\"succeeded\"} 1",
        "failsoft_call_duration_seconds_count{route=\"assistant\"} 1",
        "failsoft_breaker_state{target=\"chat/healthy\",state=\"closed\"} 1",
        "failsoft_in_flight{target=\"chat/healthy\"} 0",
        "failsoft_config_generation 1",
        "failsoft_config_reload_failures_total 0",
        "failsoft_panics_total 0",
        "failsoft_calls_in_flight 0",
        "# EOF",
    ] {
        assert!(page.body.lines().any(|line| line == row), "{row}\n{}", page.body);
    }
    let overloaded = page.body.lines().any(|line| {
        line.starts_with(
            "failsoft_attempts_total{target=\"chat/fail-503\",why=\"first\",outcome=\"",
        )
    });
    assert!(overloaded, "{}", page.body);
}

#[tokio::test]
async fn made_up_names_make_no_new_series() {
    let house = House::open().await;
    house.chat("assistant").await;
    let rows = async || house.admin("/metrics").await.body.lines().count();
    let nothing = house.chat("nothing-0").await;
    assert_eq!((nothing.status, nothing.code().as_str()), (404, "model_not_found"), "{nothing:?}");
    let before = rows().await;
    for n in 0..500 {
        house.chat(&format!("nothing-{n}")).await;
        house.post(&format!("/nowhere/{n}"), &format!("x-failsoft-tag: t={n}\r\n"), "{}").await;
    }
    house.post("/v1/chat/completions", "", &chat_body("chat/made-up", false)).await;
    let after = rows().await;
    let names = house.admin("/metrics").await.body;
    assert!(!names.contains("nothing-") && !names.contains("made-up"), "{names}");
    assert!(after <= before + 20, "{before} rows grew to {after}");
}

#[tokio::test]
async fn no_secret_and_no_prompt_stands_on_any_page() {
    let house = House::planned(Plan { journal: Some("calls.db".into()), ..Plan::default() }).await;
    let prompt = "canary-prompt-51c2";
    let body = chat_body("pair", false).replace("hi", prompt);
    let client = "authorization: Bearer canary-client-88d1\r\n";
    let mut seen = house.post("/v1/chat/completions", client, &body).await.head;
    seen += &house.post("/v1/messages", client, &messages_body("claude", true)).await.body;
    for path in
        ["/", "/livez", "/readyz", "/readyz?verbose", "/metrics", "/api/targets", "/api/none"]
    {
        let answer = house.admin(path).await;
        seen += &answer.head;
        seen += &answer.body;
    }
    for canary in [PROVIDER_KEY, prompt, "canary-client-88d1"] {
        assert!(!seen.contains(canary), "{canary}");
    }
}
