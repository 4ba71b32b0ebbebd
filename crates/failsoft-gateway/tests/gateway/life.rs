//! Start, reload, trouble inside, stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use failsoft::{Observer, Seen};
use failsoft_engine::Event;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::house::{Answer, House, Plan, chat_body, read_to_end, read_until, request, settings};

#[tokio::test]
async fn a_good_file_is_put_in_force_and_a_bad_one_changes_nothing() {
    let house = House::open().await;
    assert_eq!(house.chat("late-comer").await.status, 404);
    let more = Plan {
        rest: "[routes.late-comer]\ntiers = [[\"chat/healthy\"]]\n".into(),
        ..Plan::default()
    };
    let good = settings(&house.fake, &more);
    std::fs::write(house.file(), &good).unwrap();
    assert!(house.gateway.reload());
    assert_eq!(house.chat("late-comer").await.status, 200);
    let models = house
        .raw("GET /v1/models/late-comer HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await;
    assert_eq!(models.status, 200);
    for (bad, fault) in [
        ("", ""),
        ("[server", "line 1"),
        ("[servr]\nlisten = \"127.0.0.1:0\"", "servr"),
        (&good[..good.len() / 2], ""),
    ] {
        std::fs::write(house.file(), bad).unwrap();
        assert!(!house.gateway.reload(), "{bad}");
        let verbose = house.admin("/readyz?verbose").await;
        assert_eq!(verbose.status, 200, "a bad file is no reason to take no calls");
        let problems = verbose.json()["config"]["problems"].clone();
        assert!(problems.as_array().is_some_and(|all| !all.is_empty()), "{problems}");
        assert!(problems.to_string().contains(fault), "{problems}");
        assert_eq!(house.chat("late-comer").await.status, 200);
    }
    std::fs::remove_file(house.file()).unwrap();
    assert!(!house.gateway.reload());
    assert_eq!(house.metric("failsoft_config_reload_failures_total").await, Some(5.0));
    assert_eq!(house.metric("failsoft_config_generation").await, Some(2.0));
    std::fs::write(house.file(), &good).unwrap();
    assert!(house.gateway.reload());
    let verbose = house.admin("/readyz?verbose").await.json();
    assert_eq!(verbose["config"]["problems"], serde_json::json!([]));
}

#[tokio::test]
async fn addresses_change_with_a_restart_only() {
    let house = House::open().await;
    let admin = house.gateway.admin_address();
    let moved = settings(&house.fake, &Plan::default())
        .replace("admin = \"127.0.0.1:0\"", "admin = \"127.0.0.2:4001\"");
    std::fs::write(house.file(), moved).unwrap();
    assert!(house.gateway.reload());
    assert_eq!((house.admin("/livez").await.status, house.gateway.admin_address()), (200, admin));
    assert_eq!(house.gateway.failsoft().settings().server.admin.ip(), admin.ip());
}

#[tokio::test]
async fn a_call_keeps_the_settings_it_came_in_on() {
    let house = House::open().await;
    let mut socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
    let call = request("/v1/chat/completions", "", &chat_body("chat/late-300ms", false));
    socket.write_all(call.as_bytes()).await.unwrap();
    house.fake.wait_for(|attempts| attempts.len() == 1).await;
    let fewer = settings(&house.fake, &Plan::default()).replace("providers.msg", "providers.gone");
    std::fs::write(house.file(), fewer.replace("msg/healthy", "gone/healthy")).unwrap();
    assert!(house.gateway.reload());
    let answer = Answer::read(&read_to_end(&mut socket).await);
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn draining_refuses_newcomers_and_lets_calls_end() {
    let house = House::planned(Plan { journal: Some("calls.db".into()), ..Plan::default() }).await;
    let (clients, admin) = (house.gateway.client_address(), house.gateway.admin_address());
    let idle = TcpStream::connect(clients).await.unwrap();
    let mut plain = TcpStream::connect(clients).await.unwrap();
    let keep = request("/v1/chat/completions", "", &chat_body("chat/late-500ms", false))
        .replace("connection: close\r\n", "");
    plain.write_all(keep.as_bytes()).await.unwrap();
    let mut stream = TcpStream::connect(clients).await.unwrap();
    let streamed = request("/v1/chat/completions", "", &chat_body("chat/slow-tokens-10ms", true))
        .replace("connection: close\r\n", "");
    stream.write_all(streamed.as_bytes()).await.unwrap();
    let begun = read_until(&mut stream, "data:").await;
    house.fake.wait_for(|attempts| attempts.len() == 2).await;
    let House { gateway, folder, fake: _fake } = house;
    let stopped = tokio::spawn(gateway.stop());
    // As soon as nobody new is let in, readiness says so, while the calls go on.
    while TcpStream::connect(clients).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let ready = format!("GET /readyz HTTP/1.1\r\nhost: {admin}\r\nconnection: close\r\n\r\n");
    assert_eq!(crate::house::exchange(admin, ready.as_bytes()).await.status, 503);
    let answer = Answer::read(&read_to_end(&mut plain).await);
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")), "{answer:?}");
    let text = begun + &read_to_end(&mut stream).await;
    assert!(text.contains("[DONE]"), "{text}");
    stopped.await.unwrap();
    drop(idle);
    assert!(std::fs::metadata(folder.path().join("calls.db")).unwrap().len() > 0);
}

#[tokio::test]
async fn what_does_not_end_by_itself_is_ended_when_the_drain_is_over() {
    let house =
        House::planned(Plan { server: "drain = \"300ms\"".into(), ..Plan::default() }).await;
    let mut socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
    let call = request("/v1/chat/completions", "", &chat_body("chat/silent", false));
    socket.write_all(call.as_bytes()).await.unwrap();
    house.fake.wait_for(|attempts| attempts.len() == 1).await;
    let begun = Instant::now();
    let House { gateway, fake, .. } = house;
    gateway.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    read_to_end(&mut socket).await;
    fake.wait_for(|attempts| {
        attempts.iter().all(|attempt| attempt.ending == failsoft_fake::Ending::CancelledByPeer)
    })
    .await;
}

/// Panics when a call of the route `assistant` begins.
struct Clumsy;

impl Observer for Clumsy {
    fn observe(&self, seen: &Seen<'_>, event: &Event) {
        let route = seen.route.and_then(|route| seen.names.routes.get(usize::from(route.0)));
        let begins = matches!(event, Event::CallStarted { .. });
        assert!(!begins || route.is_none_or(|route| route != "claude"), "clumsy on purpose");
    }
}

#[tokio::test]
async fn a_panic_costs_its_own_call_only() {
    let house = House::planned(Plan { observers: vec![Arc::new(Clumsy)], ..Plan::default() }).await;
    let body = crate::house::messages_body("claude", false);
    let keep = request("/v1/messages", "", &body).replace("connection: close\r\n", "");
    let answer = house.raw(keep).await;
    assert_eq!((answer.status, answer.header("connection")), (500, Some("close")), "{answer:?}");
    assert_eq!(answer.json()["type"], "error", "{answer:?}");
    assert_eq!(house.metric("failsoft_panics_total").await, Some(1.0));
    assert_eq!(house.chat("assistant").await.status, 200);
}

#[tokio::test]
async fn a_missing_journal_folder_stops_no_call_and_is_seen() {
    let house =
        House::planned(Plan { journal: Some("no/such/folder/calls.db".into()), ..Plan::default() })
            .await;
    assert_eq!(house.chat("assistant").await.status, 200);
    let verbose = house.admin("/readyz?verbose").await.json();
    assert!(
        verbose["journal_problem"].as_str().is_some_and(|problem| problem.contains("calls.db")),
        "{verbose}"
    );
}
