//! Calls, from client bytes to client bytes.

use failsoft_fake::Ending;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::house::{House, PROVIDER_KEY, Plan, chat_body, messages_body, read_until, request};

#[tokio::test]
async fn answers_and_streams_come_through_in_both_dialects() {
    let house = House::open().await;
    for (path, model, end) in [
        ("/v1/chat/completions", "assistant", "[DONE]"),
        ("/v1/messages?beta=true", "claude", "message_stop"),
    ] {
        let body = |stream| {
            if path.contains("messages") {
                messages_body(model, stream)
            } else {
                chat_body(model, stream)
            }
        };
        let plain = house.post(path, "", &body(false)).await;
        assert_eq!(plain.status, 200, "{plain:?}");
        assert_eq!(plain.header("x-failsoft-outcome"), Some("served"), "{plain:?}");
        for name in [
            "x-failsoft-call",
            "x-request-id",
            "request-id",
            "x-failsoft-target",
            "x-failsoft-attempts",
        ] {
            assert!(plain.header(name).is_some(), "{name} {plain:?}");
        }
        let streamed = house.post(path, "", &body(true)).await;
        assert_eq!(streamed.status, 200, "{streamed:?}");
        assert!(
            streamed.header("content-type").unwrap().starts_with("text/event-stream"),
            "{streamed:?}"
        );
        assert!(streamed.body.contains(end), "{streamed:?}");
    }
}

#[tokio::test]
async fn credentials_of_a_client_end_at_the_door() {
    let house = House::open().await;
    let headers = "authorization: Bearer canary-one\r\nx-api-key: canary-two\r\ncookie: canary-three\r\n\
                   x-forwarded-for: canary-four\r\nproxy-authorization: canary-five\r\nx-secret: canary-six\r\n\
                   connection: x-secret\r\nkeep-alive: canary-seven\r\n";
    house.post("/v1/chat/completions", headers, &chat_body("assistant", false)).await;
    let attempts = house.fake.attempts();
    assert_eq!(attempts.len(), 1);
    for (name, value) in &attempts[0].headers {
        assert!(
            !value.contains("canary-o")
                && !value.contains("canary-t")
                && !value.contains("canary-f")
                && !value.contains("canary-s"),
            "{name}: {value}"
        );
    }
    assert_eq!(attempts[0].credential, Some(failsoft_fake::fingerprint(PROVIDER_KEY)));
}

#[tokio::test]
async fn a_failing_target_is_replaced_without_a_trace() {
    let house = House::open().await;
    let answer = house.chat("pair").await;
    assert_eq!(
        (answer.status, answer.header("x-failsoft-target")),
        (200, Some("chat/healthy")),
        "{answer:?}"
    );
    let models: Vec<_> = house.fake.attempts().into_iter().map(|attempt| attempt.model).collect();
    assert_eq!(models.last().map(String::as_str), Some("healthy"), "{models:?}");
}

#[tokio::test]
async fn a_client_that_leaves_is_missed_at_once() {
    let house = House::open().await;
    for (model, stream, until) in [
        ("chat/silent", false, ""),
        ("chat/silent", true, ""),
        ("chat/slow-tokens-50ms", true, "data:"),
    ] {
        house.fake.reset();
        let mut socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
        // A line too many behind the body does not hide the leaving.
        let call = request("/v1/chat/completions", "", &chat_body(model, stream)) + "\r\n";
        socket.write_all(call.as_bytes()).await.unwrap();
        house.fake.wait_for(|attempts| attempts.len() == 1).await;
        read_until(&mut socket, until).await;
        drop(socket);
        house
            .fake
            .wait_for(|attempts| {
                attempts.iter().all(|attempt| attempt.ending == Ending::CancelledByPeer)
            })
            .await;
    }
    while house.metric("failsoft_calls_in_flight").await != Some(0.0) {}
}

#[tokio::test]
async fn an_unreachable_provider_is_a_clear_error() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let rest = format!(
        "[providers.gone]\ndialect = \"chat_completions\"\nbase_url = \"http://{address}/v1\"\napi_key = \"none\"\n\
         [routes.gone]\ntiers = [[\"gone/any\"]]\n"
    );
    let house = House::planned(Plan { rest, ..Plan::default() }).await;
    let answer = house.chat("gone").await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "network"), "{answer:?}");
    assert_eq!(answer.header("x-should-retry"), Some("false"), "{answer:?}");
    assert!(!answer.body.contains(&address.to_string()), "{answer:?}");
}
