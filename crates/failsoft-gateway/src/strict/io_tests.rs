//! The socket's deadlines and turns, without a parser behind it.

use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, Write};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::{Flaw, Patience, StrictIo, Turn};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(60);
const PATIENCE: Patience = Patience { head: LONG, body: LONG, idle: LONG, write: LONG };

struct Pair {
    io: StrictIo,
    client: TcpStream,
    turn: Arc<Turn>,
}

async fn pair(patience: Patience) -> Pair {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (socket, _) = listener.accept().await.unwrap();
    let turn = Arc::new(Turn::default());
    let opened = (socket, Instant::now(), Vec::new());
    Pair { io: StrictIo::new(opened, patience, Arc::clone(&turn)), client, turn }
}

impl Pair {
    /// What the parser would get next, with room for so many bytes.
    async fn read(&mut self, room: usize) -> std::io::Result<String> {
        let mut bytes = vec![MaybeUninit::uninit(); room];
        let mut buf = ReadBuf::uninit(&mut bytes);
        std::future::poll_fn(|cx| Pin::new(&mut self.io).poll_read(cx, buf.unfilled())).await?;
        Ok(String::from_utf8_lossy(buf.filled()).into_owned())
    }

    async fn is_waiting(&mut self) -> bool {
        std::future::poll_fn(|cx| {
            let mut bytes = [0; 64];
            let mut buf = ReadBuf::new(&mut bytes);
            Poll::Ready(Pin::new(&mut self.io).poll_read(cx, buf.unfilled()).is_pending())
        })
        .await
    }
}

const ONE: &str = "GET /1 HTTP/1.1\r\nhost: a\r\n\r\n";
const TWO: &str = "GET /2 HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn the_next_request_waits_until_the_last_was_answered() {
    let mut pair = pair(PATIENCE).await;
    pair.client.write_all(format!("{ONE}{TWO}").as_bytes()).await.unwrap();
    assert_eq!(pair.read(8192).await.unwrap(), ONE);
    assert!(pair.is_waiting().await);
    pair.turn.end();
    assert_eq!(pair.read(8192).await.unwrap(), TWO);
}

#[tokio::test]
async fn the_end_of_an_answer_wakes_whoever_waits_for_the_next_request() {
    let mut pair = pair(PATIENCE).await;
    pair.client.write_all(format!("{ONE}{TWO}").as_bytes()).await.unwrap();
    assert_eq!(pair.read(8192).await.unwrap(), ONE);
    let turn = Arc::clone(&pair.turn);
    let (next, ()) = tokio::join!(pair.read(8192), async {
        tokio::task::yield_now().await;
        turn.end();
    });
    assert_eq!(next.unwrap(), TWO);
}

#[tokio::test]
async fn a_client_that_leaves_is_seen_behind_requests_it_sent_ahead() {
    let mut pair = pair(PATIENCE).await;
    pair.client.write_all(format!("{ONE}{TWO}{TWO}").as_bytes()).await.unwrap();
    assert_eq!(pair.read(8192).await.unwrap(), ONE);
    drop(pair.client.shutdown().await);
    assert_eq!(pair.read(8192).await.unwrap(), "", "the end, though two requests wait");
}

#[tokio::test]
async fn a_small_room_gets_everything_in_order() {
    let mut pair = pair(PATIENCE).await;
    let sent =
        format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 50\r\n\r\n{}", "b".repeat(50));
    pair.client.write_all(sent.as_bytes()).await.unwrap();
    let mut got = String::new();
    while got.len() < sent.len() {
        let piece = pair.read(7).await.unwrap();
        assert!(!piece.is_empty(), "an end too early");
        got += &piece;
    }
    assert_eq!(got, sent);
}

#[tokio::test]
async fn each_wait_has_its_own_deadline() {
    let body = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n";
    for (patience, sent, flaw) in [
        (Patience { head: SHORT, ..PATIENCE }, "", None),
        (Patience { head: SHORT, ..PATIENCE }, "GET", Some(Flaw::TooSlow)),
        (Patience { body: SHORT, ..PATIENCE }, body, None),
    ] {
        let mut pair = pair(patience).await;
        pair.client.write_all(sent.as_bytes()).await.unwrap();
        let mut last = pair.read(8192).await;
        if sent == body {
            assert_eq!(last.unwrap(), body);
            last = pair.read(8192).await;
        }
        assert_eq!(last.is_err(), !sent.is_empty(), "{sent:?}");
        assert_eq!(pair.io.unanswered_flaw(), flaw, "{sent:?}");
    }
    let mut pair = pair(Patience { idle: SHORT, ..PATIENCE }).await;
    pair.client.write_all(ONE.as_bytes()).await.unwrap();
    assert_eq!(pair.read(8192).await.unwrap(), ONE);
    pair.turn.end();
    assert_eq!(pair.read(8192).await.unwrap(), "", "a quiet end between requests");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let mut pair = pair(Patience { write: SHORT, ..PATIENCE }).await;
    let piece = vec![b'a'; 256 * 1024];
    let error = loop {
        let io = &mut pair.io;
        let wrote = std::future::poll_fn(|cx| Pin::new(&mut *io).poll_write(cx, &piece)).await;
        if let Err(error) = wrote {
            break error;
        }
    };
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}
