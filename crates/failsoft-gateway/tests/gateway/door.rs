//! What is refused at the door, and how.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::house::{
    Answer, House, Plan, chat_body, messages_body, read_to_end, read_until, request,
};

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn ambiguous_requests_get_a_clean_refusal_and_no_second_chance() {
    let house = House::open().await;
    let body = chat_body("assistant", false);
    let good = request("/v1/chat/completions", "", &body);
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n";
    let length = body.len();
    for (status, raw) in [
        (
            400,
            format!(
                "{head}content-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
        ),
        (400, format!("{head}content-length: {length}\r\ncontent-length: {length}\r\n\r\n{body}")),
        (400, format!("{head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n")),
        (400, format!("{head}x-a: b\r\n c\r\ncontent-length: {length}\r\n\r\n{body}")),
        (400, good.replace("\r\n", "\n")),
        (400, good.replace("host: a\r\n", "")),
        (400, good.replace("host: a\r\n", "host: a\r\nhost: a\r\n")),
        (400, good.replace("host: a\r\n", "host: a?x=/livez#\r\n")),
        (400, good.replace("POST /", "POST http://b/")),
        (400, format!("{head}x_api_key: k\r\ncontent-length: {length}\r\n\r\n{body}")),
        (400, "CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n".to_owned()),
        (414, format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "a".repeat(9000))),
        (431, format!("{head}x-a: {}\r\n\r\n", "a".repeat(65 * 1024))),
        (431, format!("{head}{}\r\n", "x-a: b\r\n".repeat(100))),
        (505, good.replace("HTTP/1.1", "HTTP/1.0")),
        (505, "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".to_owned()),
    ] {
        // Whatever follows the refused request is not read as another one.
        let answer = house.raw(format!("{raw}{good}")).await;
        assert_eq!(answer.status, status, "{raw:.200} {answer:?}");
        assert_eq!(answer.header("connection"), Some("close"), "{answer:?}");
        assert!(answer.header("x-failsoft-call").is_some(), "{answer:?}");
        let json = answer.json();
        assert!(json.pointer("/error/message").is_some_and(serde_json::Value::is_string), "{json}");
    }
    assert!(house.fake.attempts().is_empty());
    assert_eq!(house.metric("failsoft_refused_at_door_total{reason=\"host\"}").await, Some(3.0));
    assert_eq!(house.chat("assistant").await.status, 200);
}

#[tokio::test]
async fn heads_of_64_kib_and_a_hundred_lines_pass() {
    let house = House::open().await;
    let body = chat_body("assistant", false);
    let large = format!("x-large: {}\r\n", "a".repeat(64 * 1024 - 200));
    assert_eq!(house.post("/v1/chat/completions", &large, &body).await.status, 200);
    let many: String = (0..96).map(|n| format!("x-{n}: {n}\r\n")).collect();
    assert_eq!(house.post("/v1/chat/completions", &many, &body).await.status, 200);
}

#[tokio::test]
async fn broken_bodies_are_refused_and_reach_no_provider() {
    let house = House::open().await;
    let head = "POST /v1/messages HTTP/1.1\r\nhost: a\r\n";
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n");
    for raw in [
        format!("{chunked}5;a=b\r\nhello\r\n0\r\n\r\n"),
        format!("{chunked}ffffffffffffffff\r\nhello"),
        format!("{chunked}5\r\nhello!\r\n0\r\n\r\n"),
        format!("{chunked}g\r\n"),
        format!("{chunked}0\r\ntrailer: a\r\n\r\n"),
    ] {
        let answer = house.raw(&raw).await;
        assert_eq!(
            (answer.status, answer.header("connection")),
            (400, Some("close")),
            "{raw:?} {answer:?}"
        );
        assert_eq!(answer.json()["type"], "error", "{answer:?}");
    }
    // Cut short: the client has gone, and nothing was sent on.
    for raw in [format!("{head}content-length: 50\r\n\r\nhello"), format!("{chunked}5\r\nhel")] {
        let mut socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
        socket.write_all(raw.as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
        let text = read_to_end(&mut socket).await;
        assert!(text.is_empty() || text.contains(" 400 "), "{text}");
    }
    assert!(house.fake.attempts().is_empty());
}

#[tokio::test]
async fn chunked_and_awaited_bodies_are_taken() {
    let house = House::open().await;
    let body = chat_body("assistant", false);
    let (left, right) = body.split_at(10);
    let raw = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
         {:x}\r\n{left}\r\n{:x}\r\n{right}\r\n0\r\n\r\n",
        left.len(),
        right.len()
    );
    assert_eq!(house.raw(raw).await.status, 200);
    let mut socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\nexpect: 100-continue\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let interim = read_until(&mut socket, "\r\n\r\n").await;
    assert!(interim.starts_with("HTTP/1.1 100 "), "{interim}");
    socket.write_all(body.as_bytes()).await.unwrap();
    let answer = Answer::read(&read_to_end(&mut socket).await);
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn large_bodies_are_refused_by_their_real_bytes() {
    let house =
        House::planned(Plan { server: "max_body = \"64KiB\"".into(), ..Plan::default() }).await;
    let large = format!("{{\"model\":\"assistant\",\"x\":\"{}\"}}", "a".repeat(70_000));
    // Announced: refused before it was sent, and no `100 Continue` asks for it.
    let early = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\n{JSON}content-length: 99999999\r\n\r\n"
    );
    let answer = house.raw(early).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "payload_too_large"), "{answer:?}");
    // Sent all the same: the refusal arrives although nobody read the rest.
    assert_eq!(house.post("/v1/chat/completions", "", &large).await.status, 413);
    // Chunks without end.
    let mut socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
    let head =
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
    for _ in 0..200 {
        if socket.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let text = read_to_end(&mut socket).await;
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
    assert!(house.fake.attempts().is_empty());
    assert_eq!(house.chat("assistant").await.status, 200);
}

#[tokio::test]
async fn bodies_that_are_no_plain_json_are_refused() {
    let house = House::open().await;
    let body = chat_body("assistant", false);
    let length = body.len();
    for (status, headers) in [
        (200, ""),
        (200, "content-type: application/json; charset=utf-8\r\n"),
        (200, "content-encoding: identity\r\n"),
        (415, "content-type: text/plain\r\n"),
        (415, "content-type: application/x-www-form-urlencoded\r\n"),
        (415, "content-type: multipart/form-data; boundary=json\r\n"),
        (415, "content-encoding: gzip\r\n"),
        (415, "content-encoding: br\r\n"),
        (415, "content-encoding: zstd\r\n"),
        (415, "content-encoding: gzip, identity\r\n"),
        (415, "content-encoding: identity\r\ncontent-encoding: gzip\r\n"),
        (415, "content-type: application/json\r\ncontent-type: text/plain\r\n"),
    ] {
        let raw = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        let answer = house.raw(raw).await;
        assert_eq!(answer.status, status, "{headers}");
        // A refusal says what to do.
        let told = answer.body.contains("`content-");
        assert_eq!(told, status == 415, "{headers}: {}", answer.body);
    }
}

#[tokio::test]
async fn wrong_json_is_refused_in_the_dialect_before_anything_is_sent() {
    let house = House::open().await;
    let deep = format!("{{\"model\":\"assistant\",\"messages\":{}", "[".repeat(100_000));
    let long =
        format!("{{\"{}\":1,\"model\":\"assistant\",\"messages\":[]}}", "k".repeat(1_000_000));
    for body in [
        "",
        "{",
        "[]",
        "\"text\"",
        "nul",
        "{\"messages\":[]}",
        "{\"model\":1,\"messages\":[]}",
        "{\"model\":\"assistant\",\"model\":\"pair\",\"messages\":[]}",
        "{\"model\":\"assistant\",\"Model\":\"pair\",\"messages\":[]}",
        "{\"model\":\"assistant\",\"mod\\u0065l\":\"pair\",\"messages\":[]}",
        &deep,
        &long,
    ] {
        let answer = house.post("/v1/chat/completions", "", body).await;
        assert_eq!(answer.status, 400, "{body:.100} {answer:?}");
        assert_eq!(answer.json().pointer("/error/code").unwrap(), "bad_request", "{body:.100}");
    }
    let answer = house.post("/v1/messages", "", "{").await;
    assert_eq!((answer.status, answer.json()["type"].as_str()), (400, Some("error")), "{answer:?}");
    assert!(house.fake.attempts().is_empty());
}

#[tokio::test]
async fn nothing_but_the_parsed_path_decides_the_route() {
    let house = House::open().await;
    let body = chat_body("assistant", false);
    let tricks = "x-original-url: /livez\r\nx-rewrite-url: /metrics\r\nx-forwarded-host: admin\r\nforwarded: host=admin\r\nx-http-method-override: GET\r\n";
    assert_eq!(house.post("/v1/chat/completions?path=/livez", tricks, &body).await.status, 200);
    for path in [
        "/livez",
        "/readyz",
        "/metrics",
        "/api/targets",
        "/",
        "/v1/chat/completions/",
        "//v1/chat/completions",
        "/v1/chat%2Fcompletions",
        "/v1/./chat/completions",
        "/v1/chat/completions%00",
        "/V1/chat/completions",
    ] {
        let answer = house.post(path, tricks, &body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{path} {answer:?}"
        );
    }
    let answer = house.post("/v1/messages/batches", "", "{}").await;
    assert_eq!(answer.json()["type"], "error", "the path tells the dialect");
    assert_eq!(house.fake.attempts().len(), 1);
}

#[tokio::test]
async fn other_methods_and_upgrades_are_refused() {
    let house = House::open().await;
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD", "BREW"] {
        let raw = format!("{method} /v1/messages HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = house.raw(raw).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("POST")),
            "{method} {answer:?}"
        );
    }
    let raw = "POST /v1/models HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    assert_eq!(house.raw(raw).await.header("allow"), Some("GET, HEAD"));
    let raw = "GET /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\
               sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert_eq!(house.raw(raw).await.status, 405);
    // Java's client offers an upgrade with every first request; it is not taken up.
    let offer = "upgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAAB\r\n";
    let answer = house.post("/v1/chat/completions", offer, &chat_body("assistant", false)).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn requests_on_one_connection_are_answered_one_by_one() {
    let house = House::open().await;
    let mut socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
    let keep =
        |body: &str, path: &str| request(path, "", body).replace("connection: close\r\n", "");
    let chat = keep(&chat_body("assistant", false), "/v1/chat/completions");
    let message = keep(&messages_body("claude", false), "/v1/messages");
    let last = request("/v1/chat/completions", "", &chat_body("assistant", true));
    socket.write_all(format!("{chat}{message}{chat}\r\n{last}").as_bytes()).await.unwrap();
    let text = read_to_end(&mut socket).await;
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 4, "{text}");
    assert!(text.contains("[DONE]"), "{text}");
    // A bad one after good ones: they are answered, it is refused, and nothing follows.
    let mut socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
    socket.write_all(format!("{chat}{chat}GET / HTTP/1.1\r\n\r\n{chat}").as_bytes()).await.unwrap();
    let text = read_to_end(&mut socket).await;
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2, "{text}");
    assert_eq!(text.matches("HTTP/1.1 400 ").count(), 1, "{text}");
}

#[tokio::test]
async fn models_are_listed_in_both_shapes() {
    let house = House::open().await;
    let get = |path: &str, headers: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n")
    };
    let list = house.raw(get("/v1/models", "")).await.json();
    assert_eq!(
        (list["object"].as_str(), list["data"][0]["id"].as_str()),
        (Some("list"), Some("assistant")),
        "{list}"
    );
    let list =
        house.raw(get("/v1/models?limit=1000", "anthropic-version: 2023-06-01\r\n")).await.json();
    assert_eq!(list["data"][0]["type"], "model", "{list}");
    let one = house.raw(get("/v1/models/chat%2Fhealthy", "")).await.json();
    assert_eq!(
        (one["id"].as_str(), one["object"].as_str()),
        (Some("chat/healthy"), Some("model")),
        "{one}"
    );
    let none = house.raw(get("/v1/models/none", "")).await;
    assert_eq!((none.status, none.code().as_str()), (404, "model_not_found"), "{none:?}");
}

#[tokio::test]
async fn refusals_speak_the_callers_language_and_dialect() {
    let house = House::open().await;
    let english = house.post("/v1/nowhere", "", "{}").await.json();
    let german =
        house.post("/v1/nowhere", "accept-language: de-DE,de;q=0.9\r\n", "{}").await.json();
    assert_ne!(english["error"]["message"], german["error"]["message"]);
    let messages =
        house.post("/v1/nowhere", "anthropic-version: 2023-06-01\r\n", "{}").await.json();
    assert_eq!(messages["type"], "error");
}
