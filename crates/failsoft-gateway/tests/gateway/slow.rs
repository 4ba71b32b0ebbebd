//! Clients that take their time.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::house::{Answer, House, Plan, chat_body, read_to_end};

fn hasty() -> Plan {
    Plan { server: "read_timeout = \"300ms\"".into(), ..Plan::default() }
}

#[tokio::test]
async fn whoever_does_not_finish_a_request_is_put_out() {
    let house = House::planned(hasty()).await;
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n";
    let half_body = format!("{head}content-length: 100\r\n\r\nhalf");
    let half_chunk = format!("{head}transfer-encoding: chunked\r\n\r\n64\r\nhalf");
    for (status, sent) in [
        (0, ""),
        (408, "P"),
        (408, head),
        (408, "PRI"),
        (408, "PRI * HTTP/2.0"),
        (400, "\x16\x03\x01"),
        (408, half_body.as_str()),
        (408, half_chunk.as_str()),
    ] {
        let begun = Instant::now();
        let mut socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
        socket.write_all(sent.as_bytes()).await.unwrap();
        let answer = Answer::read(&read_to_end(&mut socket).await);
        assert_eq!(answer.status, status, "{sent:?} {answer:?}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{sent:?}");
    }
    assert!(house.fake.attempts().is_empty());
}

#[tokio::test]
async fn dripping_bytes_does_not_prolong_the_deadline() {
    let house = House::planned(hasty()).await;
    let begun = Instant::now();
    let mut socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
    let (mut reader, mut writer) = socket.split();
    let drip = async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        writer.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        loop {
            tick.tick().await;
            if writer.write_all(b"x-a: b\r\n").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let read = async {
        let mut bytes = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut bytes).await;
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let text = tokio::select! { text = read => text, () = drip => unreachable!() };
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn idle_sockets_disturb_nobody() {
    let house = House::open().await;
    let mut idle = Vec::new();
    for _ in 0..300 {
        let mut socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
        socket.write_all(b"POST /v1/mess").await.unwrap();
        idle.push(socket);
    }
    assert_eq!(house.chat("assistant").await.status, 200);
    assert!(house.metric("failsoft_connections ").await.is_some_and(|open| open >= 300.0));
}

#[tokio::test]
async fn a_full_house_lets_newcomers_wait_outside() {
    let house =
        House::planned(Plan { server: "max_connections = 2".into(), ..Plan::default() }).await;
    let address = house.gateway.client_address();
    let first = TcpStream::connect(address).await.unwrap();
    let second = TcpStream::connect(address).await.unwrap();
    let body = chat_body("assistant", false);
    let mut third = TcpStream::connect(address).await.unwrap();
    third
        .write_all(crate::house::request("/v1/chat/completions", "", &body).as_bytes())
        .await
        .unwrap();
    while house.metric("failsoft_connections ").await != Some(2.0) {}
    assert!(house.fake.attempts().is_empty());
    drop(first);
    let answer = Answer::read(&read_to_end(&mut third).await);
    assert_eq!(answer.status, 200);
    drop(second);
}
