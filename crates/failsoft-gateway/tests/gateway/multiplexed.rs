//! Clients that speak HTTP/2: many calls on one connection.

use std::convert::Infallible;
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use failsoft_fake::{AttemptSeen, Ending};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{House, Plan, chat_body};

/// A connection's calls, and its socket.
async fn connect(house: &House) -> (SendRequest<Full<Bytes>>, std::net::TcpStream) {
    let socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
    let socket = socket.into_std().unwrap();
    let io = TokioIo::new(TcpStream::from_std(socket.try_clone().unwrap()).unwrap());
    let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    (sender, socket)
}

fn post(path: &str, body: String) -> Request<Full<Bytes>> {
    let uri = format!("http://gateway{path}");
    let request = Request::post(uri).header("content-type", "application/json");
    request.body(Full::from(body)).unwrap()
}

fn chat(model: &str, stream: bool) -> Request<Full<Bytes>> {
    post("/v1/chat/completions", chat_body(model, stream))
}

async fn text(response: Response<Incoming>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8_lossy(&body).into_owned()
}

fn all_cancelled(attempts: &[AttemptSeen], count: usize) -> bool {
    attempts.len() == count
        && attempts.iter().all(|attempt| attempt.ending == Ending::CancelledByPeer)
}

#[tokio::test]
async fn many_calls_are_answered_at_once_on_one_connection() {
    let house = House::open().await;
    let (sender, _socket) = connect(&house).await;
    let mut calls = Vec::new();
    for nth in 0..60 {
        let mut sender = sender.clone();
        calls.push(tokio::spawn(async move {
            let streamed = nth % 2 == 0;
            let response = sender.send_request(chat("assistant", streamed)).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert!(response.headers().contains_key("x-failsoft-call"));
            let text = text(response).await;
            assert_eq!(text.contains("[DONE]"), streamed, "{text}");
        }));
    }
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(house.metric("failsoft_connections ").await, Some(1.0));
}

#[tokio::test]
async fn what_is_no_good_is_refused_in_words_and_the_connection_goes_on() {
    let house = House::planned(Plan { server: "max_body = \"1KiB\"".into(), ..Plan::default() });
    let house = house.await;
    let (mut sender, _socket) = connect(&house).await;
    let long = post("/v1/chat/completions", "x".repeat(2000));
    let mut odd = chat("assistant", false);
    odd.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    for (request, status) in [
        (post("/nowhere", String::new()), 404),
        (long, 413),
        (odd, 415),
        (chat("nobody", true), 404),
    ] {
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), status);
        assert!(text(response).await.contains("\"error\""));
    }
    let response = sender.send_request(chat("assistant", false)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_stream_that_is_given_up_cancels_its_attempt_and_no_other() {
    let house = House::open().await;
    let (mut sender, socket) = connect(&house).await;
    let given_up = sender.send_request(chat("chat/slow-tokens-50ms", true)).await.unwrap();
    let kept = sender.send_request(chat("chat/slow-tokens-20ms", true)).await.unwrap();
    drop(given_up);
    house.fake.wait_for(|attempts| all_cancelled(&attempts[..1], 1)).await;
    assert!(text(kept).await.contains("[DONE]"));
    // One that has no answer yet is given up as well.
    let waiting = tokio::spawn(sender.clone().send_request(chat("chat/silent", true)));
    house.fake.wait_for(|attempts| attempts.len() == 3).await;
    waiting.abort();
    house.fake.wait_for(|attempts| attempts[2].ending == Ending::CancelledByPeer).await;
    // And all of them, when the connection breaks.
    house.fake.reset();
    let _streams = (
        sender.send_request(chat("chat/slow-tokens-50ms", true)).await.unwrap(),
        sender.send_request(chat("chat/stall-after-3", true)).await.unwrap(),
    );
    socket.shutdown(Shutdown::Both).unwrap();
    house.fake.wait_for(|attempts| all_cancelled(attempts, 2)).await;
    while house.gateway.failsoft().calls_in_flight() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let plan = Plan { server: "read_timeout = \"300ms\"".into(), ..Plan::default() };
    let house = House::planned(plan).await;
    let socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
    let io = TokioIo::new(socket);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let half = Half(Some(Bytes::from_static(b"{\"model\":")));
    let request = Request::post("http://gateway/v1/chat/completions").body(half).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
}

/// Says its first half and then nothing.
struct Half(Option<Bytes>);

impl Body for Half {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None => Poll::Pending,
        }
    }
}

#[tokio::test]
async fn draining_lets_streams_end_and_takes_no_more() {
    let house = House::open().await;
    let (mut sender, _socket) = connect(&house).await;
    let begun = sender.send_request(chat("chat/slow-tokens-10ms", true)).await.unwrap();
    let House { gateway, fake: _fake, folder: _folder } = house;
    let stopped = tokio::spawn(gateway.stop());
    assert!(text(begun).await.contains("[DONE]"));
    stopped.await.unwrap();
    assert!(sender.send_request(chat("assistant", false)).await.is_err());
}

#[tokio::test]
async fn only_the_whole_preface_opens_it() {
    let house = House::open().await;
    let mut socket = TcpStream::connect(house.gateway.client_address()).await.unwrap();
    // In pieces it is the same.
    for piece in [&b"PRI * HT"[..], b"TP/2.0\r\n\r\nSM\r", b"\n\r\n\0\0\0\x04\0\0\0\0\0"] {
        socket.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut frame = [0; 9];
    socket.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "settings come first: {frame:?}");
    assert_eq!(house.chat("assistant").await.status, 200);
}
