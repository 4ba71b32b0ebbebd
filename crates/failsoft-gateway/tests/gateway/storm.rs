//! What is counted of calls that fail, by the thousands.

use crate::house::{House, Plan, chat_body};

/// Label sets must not grow with what clients send: model names and tags are theirs to choose.
#[tokio::test]
async fn thousands_of_made_up_names_make_no_new_series() {
    let house =
        House::planned(Plan { server: "max_connections = 64".into(), ..Plan::default() }).await;
    house.chat("assistant").await;
    house.chat("pair").await;
    let first = burst(&house, 0, 200).await;
    let rows = async || house.admin("/metrics").await.body.lines().count();
    let before = rows().await;
    let answered = first + burst(&house, 200, 4_000).await;
    assert_eq!(answered, 4_000);
    assert_eq!(rows().await, before);
    let page = house.admin("/metrics").await.body;
    assert!(!page.contains("made-up"), "{page}");
}

/// Asks for models nobody has, over one connection; how often the answer was that there is none.
async fn burst(house: &House, from: usize, to: usize) -> usize {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut socket = tokio::net::TcpStream::connect(house.gateway.client_address()).await.unwrap();
    let (mut reader, mut writer) = socket.split();
    let ask = async {
        for n in from..to {
            let body = chat_body(&format!("made-up-{n}"), false);
            let close = if n + 1 == to { "connection: close\r\n" } else { "" };
            let request = format!(
                "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n{close}x-failsoft-tag: t={n}\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            writer.write_all(request.as_bytes()).await.unwrap();
        }
    };
    let count = async {
        let (mut answers, mut piece, mut rest) = (0, vec![0; 65_536], Vec::new());
        while let Ok(read @ 1..) = reader.read(&mut piece).await {
            rest.extend_from_slice(&piece[..read]);
            let text = String::from_utf8_lossy(&rest);
            answers += text.matches("HTTP/1.1 404").count();
            // The beginning of an answer may be cut.
            let keep = rest.len().min("HTTP/1.1 404".len() - 1);
            rest.drain(..rest.len() - keep);
        }
        answers
    };
    tokio::join!(ask, count).1
}

#[tokio::test]
async fn rescues_waste_and_the_calls_behind_them_are_counted() {
    let house = House::open().await;
    let rescued = house.chat("pair").await;
    let id = rescued.header("x-failsoft-call").unwrap();
    assert_eq!(house.chat("assistant").await.status, 200);
    let page = house.admin("/metrics").await.body;
    for row in [
        "failsoft_call_attempts_total{route=\"pair\",attempts=\"2\"} 1",
        "failsoft_call_attempts_total{route=\"assistant\",attempts=\"1\"} 1",
        "failsoft_rescued_total{route=\"pair\",how=\"before_content\"} 1",
        "failsoft_rescued_total{route=\"pair\",how=\"resumed\"} 0",
        "failsoft_wasted_tokens_total{target=\"chat/fail-503\",direction=\"input\"} 0",
        "failsoft_log_left_out_total 0",
    ] {
        assert!(page.lines().any(|line| line == row), "{row}\n{page}");
    }
    let example = format!("# {{call_id=\"{id}\"}} ");
    for name in [
        "failsoft_call_duration_seconds_bucket{le=\"",
        "failsoft_attempts_total{target=\"chat/fail-503\",why=\"first\",outcome=\"overloaded\"} 1 ",
    ] {
        let behind = page.lines().any(|line| line.starts_with(name) && line.contains(&example));
        assert!(behind, "{name}\n{page}");
    }
}

#[tokio::test]
async fn counting_can_be_switched_off() {
    let plan = Plan { server: "metrics = false".into(), ..Plan::default() };
    let house = House::planned(plan).await;
    house.chat("assistant").await;
    let row = "failsoft_calls_total{route=\"assistant\",outcome=\"served\"} 0";
    let page = house.admin("/metrics").await.body;
    assert!(page.lines().any(|line| line == row), "{page}");
}
