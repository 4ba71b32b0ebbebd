//! Who may look at the dashboard, who may change something, and what its stream does.

use std::ops::ControlFlow;

use failsoft_gateway::Gateway;
use failsoft_journal::{Reader, Source, Span, StateRow};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::house::{Answer, House, PROVIDER_KEY, Plan, exchange, read_to_end, read_until};

const TOKEN: &str = "operators-canary-token-2f8c";

async fn house() -> House {
    let server = format!("admin_token = \"{TOKEN}\"");
    House::planned(Plan { server, journal: Some("calls.db".into()), ..Plan::default() }).await
}

/// A request to the admin port, with these header lines.
async fn ask(gateway: &Gateway, line: &str, headers: &str, body: &str) -> Answer {
    let address = gateway.admin_address();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\
         {headers}\r\n{body}"
    );
    exchange(address, request.as_bytes()).await
}

fn origin(gateway: &Gateway) -> String {
    format!("origin: http://{}\r\n", gateway.admin_address())
}

/// A session: the cookie's header line, and the proof's.
async fn log_in(gateway: &Gateway, token: &str) -> (String, String) {
    let body = format!("{{\"token\": \"{token}\"}}");
    let opened = ask(gateway, "POST /api/session", &origin(gateway), &body).await;
    assert_eq!(opened.status, 200, "{opened:?}");
    let cookie = opened.header("set-cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let proof = opened.json()["proof"].as_str().unwrap().to_owned();
    let pair = cookie.split(';').next().unwrap();
    (format!("cookie: {pair}\r\n"), format!("x-failsoft-csrf: {proof}\r\n"))
}

#[tokio::test]
async fn without_a_session_only_health_metrics_and_targets_answer() {
    let house = house().await;
    let bearer = format!("authorization: Bearer {TOKEN}\r\n");
    for (line, unknown, known) in [
        ("GET /", 200, 200),
        ("GET /app.js", 200, 200),
        ("GET /livez", 200, 200),
        ("GET /readyz?verbose", 200, 200),
        ("GET /metrics", 200, 200),
        ("GET /api/targets", 200, 200),
        ("GET /api/session", 401, 401),
        ("GET /api/now", 401, 200),
        ("GET /api/incidents", 401, 200),
        ("GET /api/calls", 401, 200),
        ("GET /api/calls/none", 401, 404),
        ("GET /api/routes", 401, 200),
        ("GET /api/settings", 401, 200),
        ("POST /api/targets/0/disable", 401, 200),
        ("POST /api/targets/0/enable", 401, 200),
        ("POST /api/targets/999/enable", 401, 404),
        ("POST /api/targets/0/explode", 404, 404),
        ("POST /api/session/end", 401, 200),
        ("GET /api/drain", 405, 405),
        ("POST /api/now", 405, 405),
        ("DELETE /api/session", 405, 405),
        ("POST /app.js", 405, 405),
        ("POST /api/drain", 401, 200),
    ] {
        for wrong in ["", "authorization: Bearer wrong\r\n", "cookie: failsoft_session_1=x\r\n"] {
            if wrong.contains("Bearer") && line != "GET /api/now" {
                continue; // one wrong token, so that there are tries left
            }
            let answer = ask(&house.gateway, line, wrong, "").await;
            assert_eq!(answer.status, unknown, "{line} with {wrong:?}: {answer:?}");
        }
        let answer = ask(&house.gateway, line, &bearer, "").await;
        assert_eq!(answer.status, known, "{line} with the token: {answer:?}");
    }
}

#[tokio::test]
async fn every_answer_forbids_what_a_browser_should_not_do() {
    let house = house().await;
    for line in ["GET /", "GET /style.css", "GET /api/now", "GET /nowhere", "POST /livez"] {
        let answer = ask(&house.gateway, line, "", "").await;
        let policy = answer.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part) && !policy.contains("unsafe"), "{line}: {policy}");
        }
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{line}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{line}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{line}");
    }
}

#[tokio::test]
async fn a_link_opens_the_dashboard_once() {
    let house = house().await;
    let link = house.gateway.login_link();
    let token = link.rsplit_once("#login=").unwrap().1;
    let (cookie, _) = log_in(&house.gateway, token).await;
    assert_eq!(ask(&house.gateway, "GET /api/now", &cookie, "").await.status, 200);
    let body = format!("{{\"token\": \"{token}\"}}");
    let again = ask(&house.gateway, "POST /api/session", &origin(&house.gateway), &body).await;
    assert_eq!(again.status, 401, "{again:?}");
    assert!(again.header("set-cookie").is_none());
}

#[tokio::test]
async fn a_change_wants_a_session_its_proof_and_our_own_page() {
    let house = house().await;
    let (gateway, line) = (&house.gateway, "POST /api/targets/0/disable");
    let (cookie, proof) = log_in(gateway, TOKEN).await;
    let (_, other) = log_in(gateway, TOKEN).await;
    let here = origin(gateway);
    let elsewhere = "origin: http://127.0.0.1:3000\r\n";
    let enabled =
        async || house.admin("/api/targets").await.json()[0]["enabled"].as_bool().unwrap();
    for (headers, status) in [
        (format!("{here}{proof}"), 401),
        (format!("{cookie}{here}"), 403),
        (format!("{cookie}{proof}"), 403),
        (format!("{cookie}{here}{other}"), 403),
        (format!("{cookie}{elsewhere}{proof}"), 403),
        (format!("{cookie}{here}{proof}sec-fetch-site: same-site\r\n"), 403),
        (format!("{cookie}{here}{proof}sec-fetch-site: cross-site\r\n"), 403),
        (format!("{elsewhere}authorization: Bearer {TOKEN}\r\n"), 403),
    ] {
        let answer = ask(gateway, line, &headers, "").await;
        assert_eq!(answer.status, status, "{headers}: {answer:?}");
        assert!(enabled().await, "{headers}");
    }
    let whole = format!("{cookie}{here}{proof}sec-fetch-site: same-origin\r\n");
    let other = ask(gateway, line, &whole, "{\"name\": \"chat/another\"}").await;
    assert_eq!((other.status, enabled().await), (409, true), "{other:?}");
    let done = ask(gateway, line, &whole, "{\"name\": \"chat/healthy\"}").await;
    assert_eq!((done.status, enabled().await), (200, false), "{done:?}");
    assert_eq!(house.chat("assistant").await.status, 503);
    let done = ask(gateway, "POST /api/targets/0/enable", &whole, "").await;
    assert_eq!((done.status, enabled().await), (200, true), "{done:?}");
    let end = ask(gateway, "POST /api/session/end", &whole, "").await;
    assert!(end.header("set-cookie").unwrap().contains("Max-Age=0"), "{end:?}");
    assert_eq!(ask(gateway, "GET /api/now", &cookie, "").await.status, 401);
}

#[tokio::test]
async fn somebody_who_guesses_must_wait() {
    let house = house().await;
    let wrong = "{\"token\": \"guessed\"}";
    let mut last = 0;
    for _ in 0..11 {
        let headers = origin(&house.gateway);
        last = ask(&house.gateway, "POST /api/session", &headers, wrong).await.status;
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn a_page_under_another_name_can_neither_log_in_nor_look() {
    let house = house().await;
    let address = house.gateway.admin_address();
    let body = format!("{{\"token\": \"{TOKEN}\"}}");
    let length = body.len();
    for (line, headers) in [
        ("POST /api/session", "origin: http://evil.example:4001\r\n".to_owned()),
        ("GET /api/now", format!("authorization: Bearer {TOKEN}\r\n")),
        ("GET /", String::new()),
    ] {
        let request = format!(
            "{line} HTTP/1.1\r\nhost: evil.example:4001\r\nconnection: close\r\n\
             content-length: {length}\r\n{headers}\r\n{body}"
        );
        assert_eq!(exchange(address, request.as_bytes()).await.status, 421, "{line}");
    }
}

#[tokio::test]
async fn no_path_leads_out_of_the_dashboards_files() {
    let house = house().await;
    let ups = ["..", "%2e%2e", "..%2f..", "%2e%2e%2f", "..\\", "%5c..", "....//", ".%00", "%00"];
    let files = ["etc/passwd", "Cargo.toml", "app.js%00.css", "src/lib.rs", "index.html~"];
    for before in ["/", "//", "/views/", "/./", "/style.css/", "/%2f", "/views%2f", "/app.js/"] {
        for up in ups {
            for file in files {
                let path = format!("{before}{up}/{file}");
                let answer = ask(&house.gateway, &format!("GET {path}"), "", "").await;
                assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
            }
        }
    }
    for path in ["/index.html", "/views", "/views/", "/APP.js", "/app.js?", "/views/../app.js"] {
        let answer = ask(&house.gateway, &format!("GET {path}"), "", "").await;
        assert_eq!(answer.status == 200, path == "/app.js?", "{path}");
    }
}

#[tokio::test]
async fn no_admin_path_is_on_the_clients_port() {
    let house = house().await;
    for path in [
        "/",
        "/app.js",
        "/livez",
        "/metrics",
        "/api/now",
        "/api/session",
        "/api/live",
        "/api/drain",
    ] {
        for method in ["GET", "POST"] {
            let raw = format!(
                "{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\
                 authorization: Bearer {TOKEN}\r\n\r\n"
            );
            assert_eq!(house.raw(raw).await.status, 404, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_stream_tells_what_goes_on_and_ends_with_the_gateway() {
    let house = house().await;
    let mut socket = listen(&house).await;
    let first = read_until(&mut socket, "\n\n").await;
    assert!(first.contains("text/event-stream") && first.contains("event: now"), "{first}");
    assert_eq!(house.chat("pair").await.status, 200);
    read_until(&mut socket, "\"rescues\":1").await;
    let end = tokio::spawn(async move { read_to_end(&mut socket).await });
    house.gateway.stop().await;
    end.await.unwrap();
}

#[tokio::test]
async fn a_stream_ends_with_the_session_that_opened_it() {
    let house = house().await;
    let (cookie, proof) = log_in(&house.gateway, TOKEN).await;
    let mut socket = listen_as(&house, &cookie).await;
    read_until(&mut socket, "\n\n").await;
    let whole = format!("{cookie}{proof}{}", origin(&house.gateway));
    assert_eq!(ask(&house.gateway, "POST /api/session/end", &whole, "").await.status, 200);
    read_until(&mut socket, "0\r\n\r\n").await;
}

#[tokio::test]
async fn only_so_many_may_listen_and_who_leaves_makes_room() {
    let house = house().await;
    let mut listeners = Vec::new();
    for _ in 0..16 {
        let mut socket = listen(&house).await;
        read_until(&mut socket, "\n\n").await;
        listeners.push(socket);
    }
    let mut refused = listen(&house).await;
    assert!(read_until(&mut refused, "}").await.contains(" 503 "));
    listeners.pop();
    loop {
        let mut socket = listen(&house).await;
        if read_until(&mut socket, "\r\n").await.contains(" 200 ") {
            break;
        }
    }
}

#[tokio::test]
async fn a_drained_gateway_takes_no_calls_and_still_shows_itself() {
    let house = house().await;
    let bearer = format!("authorization: Bearer {TOKEN}\r\n");
    assert_eq!(ask(&house.gateway, "POST /api/drain", &bearer, "").await.status, 200);
    assert_eq!(house.admin("/readyz").await.status, 503);
    let now = ask(&house.gateway, "GET /api/now", &bearer, "").await.json();
    assert_eq!(now["phase"], "draining");
    assert_eq!(ask(&house.gateway, "POST /api/drain", &bearer, "").await.status, 200);
    house.gateway.stop().await;
}

#[tokio::test]
async fn what_happened_is_told_with_its_figures_and_its_calls() {
    let house = house().await;
    let bearer = format!("authorization: Bearer {TOKEN}\r\n");
    let read = async |path: &str| ask(&house.gateway, &format!("GET {path}"), &bearer, "").await;
    for _ in 0..3 {
        assert_eq!(house.chat("pair").await.status, 200);
    }
    let now = read("/api/now").await.json();
    assert_eq!(
        (now["calls"]["outcomes"]["served"].as_u64(), now["calls"]["rescues"].as_u64()),
        (Some(3), Some(3))
    );
    let failing = now["targets"].as_array().unwrap().iter().find(|t| t["name"] == "chat/fail-503");
    assert_eq!(failing.unwrap()["kinds"]["overloaded"], 3, "{now}");
    let found = loop {
        let found = read("/api/calls?kind=overloaded&target=chat%2Ffail-503").await.json();
        if found["calls"].as_array().unwrap().len() == 3 {
            break found;
        }
    };
    let id = found["calls"][0]["call"].as_str().unwrap();
    let story = read(&format!("/api/calls/{id}")).await.json();
    assert_eq!(
        (&story["call"], story["attempts"].as_array().unwrap().len()),
        (&found["calls"][0]["call"], 2)
    );
    assert_eq!(
        read("/api/calls?verdict=failed").await.json()["calls"].as_array().unwrap().len(),
        0
    );
    assert_eq!(read("/api/calls?colour=blue").await.status, 400);
    let routes = read("/api/routes").await.json();
    assert_eq!(routes["routes"][1]["tiers"][0][0]["name"], "chat/fail-503", "{routes}");
}

#[tokio::test]
async fn no_secret_stands_in_what_the_dashboard_reads() {
    let house = house().await;
    let client = "authorization: Bearer canary-client-88d1\r\nx-failsoft-tag: team=a\r\n";
    let body = crate::house::chat_body("pair", false).replace("hi", "canary-prompt-51c2");
    house.post("/v1/chat/completions", client, &body).await;
    let bearer = format!("authorization: Bearer {TOKEN}\r\n");
    let mut seen = String::new();
    for path in
        ["/api/now", "/api/incidents", "/api/calls", "/api/routes", "/api/settings", "/api/session"]
    {
        let answer = ask(&house.gateway, &format!("GET {path}"), &bearer, "").await;
        seen += &answer.head;
        seen += &answer.body;
    }
    for canary in [PROVIDER_KEY, TOKEN, "canary-client-88d1", "canary-prompt-51c2"] {
        assert!(!seen.contains(canary), "{canary}");
    }
}

async fn listen(house: &House) -> TcpStream {
    listen_as(house, &format!("authorization: Bearer {TOKEN}\r\n")).await
}

async fn listen_as(house: &House, headers: &str) -> TcpStream {
    let address = house.gateway.admin_address();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /api/live HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

#[tokio::test]
async fn what_an_operator_did_stands_in_the_record_with_who_did_it() {
    let house = house().await;
    let (cookie, proof) = log_in(&house.gateway, TOKEN).await;
    let whole = format!("{cookie}{proof}{}", origin(&house.gateway));
    let session = ask(&house.gateway, "GET /api/session", &cookie, "").await.json();
    for deed in ["targets/0/disable", "targets/0/enable", "targets/0/probe", "drain"] {
        let done = ask(&house.gateway, &format!("POST /api/{deed}"), &whole, "").await;
        assert_eq!(done.status, 200, "{deed}: {done:?}");
    }
    let (journal, folder) = (house.folder.path().join("calls.db"), house.folder);
    house.gateway.stop().await;
    let mut rows = Vec::new();
    let span = Span { since_ms: 0, until_ms: i64::MAX };
    let mut reader = Reader::open(journal).unwrap();
    let each = &mut |row: StateRow| {
        rows.push((row.what.to_string(), row.value, row.operator));
        ControlFlow::Continue(())
    };
    reader.states(span, each).unwrap();
    drop(folder);
    let deeds: Vec<&str> = rows.iter().map(|(what, ..)| what.as_str()).collect();
    assert_eq!(deeds, ["switched", "switched", "probed", "drained"]);
    assert_eq!((rows[0].1, rows[1].1), (Some(0), Some(1)));
    for (what, _, operator) in rows {
        assert_eq!(operator.as_deref(), session["operator"].as_str(), "{what}");
    }
}
