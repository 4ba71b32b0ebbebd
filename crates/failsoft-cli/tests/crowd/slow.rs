//! Clients that do not read, before a provider that sends as fast as it can.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

use crate::alone;
use crate::client::{asking_for, begin, connect, connect_with, read};
use crate::house::{House, Plan, until};

/// Clients, each on a connection or a stream of its own.
const CLIENTS: usize = 8;
/// What each is to be sent: far more than lies between it and the provider.
const TOKENS: usize = 60_000;
/// What a client takes before it reads.
const WINDOW: u32 = 32 * 1024;
/// What the gateway may grow by for each: what waits in it, the text it passed on and keeps to go
/// on with, and what the allocator keeps of both.
const MOST_EACH: u64 = 1536 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);
/// A counter that stands still for so many looks, 20 ms apart, has stopped.
const LOOKS: u32 = 25;

fn house() -> House {
    // No two words are the same: what repeats itself is taken for a fault.
    let words: Vec<String> = (0..TOKENS).map(|nth| nth.to_string()).collect();
    let scenario = format!("[models.flood]\ntext = \"{}\"\n", words.join(" "));
    let settings = "[routes.flood]\ntiers = [[\"first/flood\"]]\n";
    House::open(&Plan { scenario: &scenario, settings })
}

/// Bytes the fake sent each client, once it has sent no more for a while.
async fn pushed_back(house: &House) -> Vec<u64> {
    let (mut last, mut same) = (Vec::new(), 0);
    until(PATIENCE, async || {
        let attempts = house.attempts().await;
        let floods = attempts.iter().filter(|attempt| attempt["model"] == "flood");
        let floods = floods.map(|attempt| (attempt["bytes_sent"].as_u64(), &attempt["ending"]));
        let seen: Vec<_> = floods.map(|(sent, ending)| (sent.unwrap(), ending.clone())).collect();
        same = if seen == last && seen.len() == CLIENTS { same + 1 } else { 0 };
        last.clone_from(&seen);
        if same < LOOKS {
            return Err(format!("{seen:?}"));
        }
        let running = seen.iter().all(|(_, ending)| ending == "running");
        assert!(running, "all of it was sent to a client that read nothing: {seen:?}");
        Ok(seen.into_iter().map(|(sent, _)| sent).collect())
    })
    .await
}

/// Nothing went on being sent, and the gateway holds little of what was.
async fn is_bounded(house: &House, before: u64, label: &str) {
    let sent = pushed_back(house).await;
    let each = house.memory("VmRSS").saturating_sub(before) / CLIENTS as u64;
    println!(
        "crowd {label}: the gateway grew by {} KB for each client that does not read; the provider \
         was pushed back after {} KB at most",
        each / 1024,
        sent.iter().max().unwrap() / 1024
    );
    assert!(each <= MOST_EACH, "{each} bytes for each");
}

#[tokio::test]
async fn a_client_that_does_not_read_costs_little_and_holds_up_its_provider() {
    let _alone = alone().await;
    let house = house();
    let before = warm(&house).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(WINDOW).unwrap();
        let mut socket = socket.connect(house.clients).await.unwrap();
        socket.write_all(asking_for("flood").as_bytes()).await.unwrap();
        clients.push(socket);
    }
    is_bounded(&house, before, "http/1.1").await;
}

#[tokio::test]
async fn a_stream_that_is_not_read_costs_little_beside_others_on_its_connection() {
    let _alone = alone().await;
    let house = house();
    let before = warm(&house).await;
    let mut clients = Vec::new();
    let mut sender = connect_with(house.clients, WINDOW).await;
    for _ in 0..CLIENTS {
        clients.push(begin(&mut sender, "flood").await.unwrap());
    }
    is_bounded(&house, before, "http/2").await;
}

/// The first call brings in what belongs to no stream.
async fn warm(house: &House) -> u64 {
    let mut sender = connect(house.clients).await;
    let answer = begin(&mut sender, "first/healthy").await.unwrap();
    read(answer).await;
    house.memory("VmRSS")
}
