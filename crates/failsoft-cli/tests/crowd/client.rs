//! A lean client: many streams on few connections, each kept as bytes until it is judged.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;

pub(crate) type Sender = http2::SendRequest<Full<Bytes>>;

/// What a stream said in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// A whole answer, with its end marker.
    Whole(String),
    /// The beginning of one, and an error frame as its last.
    Error(String),
    /// Neither: an answer that seems to be whole and is not, or nothing to read at all.
    Broken(String),
}

/// A connection for many streams. It is closed when the last sender is gone.
pub(crate) async fn connect(address: SocketAddr) -> Sender {
    connect_with(address, 64 * 1024).await
}

/// The same for streams of which no more is taken unread.
pub(crate) async fn connect_with(address: SocketAddr, window: u32) -> Sender {
    let socket = TcpStream::connect(address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let mut client = http2::Builder::new(TokioExecutor::new());
    client.initial_stream_window_size(window).initial_connection_window_size(window * 128);
    let (sender, connection) = client.handshake(TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Asks for a stream; the head of its answer comes with its first content.
pub(crate) async fn begin(sender: &mut Sender, model: &str) -> hyper::Result<Response<Incoming>> {
    let request = Request::post("http://gateway/v1/chat/completions")
        .header("content-type", "application/json")
        .body(Full::from(body(model)))
        .unwrap();
    sender.send_request(request).await
}

/// The same as a request of HTTP/1.1.
pub(crate) fn asking_for(model: &str) -> String {
    let body = body(model);
    let length = body.len();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn body(model: &str) -> String {
    format!(
        "{{\"model\":\"{model}\",\"stream\":true,\
         \"messages\":[{{\"role\":\"user\",\"content\":\"How do good systems fail?\"}}]}}"
    )
}

/// Reads a stream to its end.
pub(crate) async fn read(response: Response<Incoming>) -> Said {
    let status = response.status();
    match response.into_body().collect().await {
        Ok(body) if status == 200 => judge(&String::from_utf8_lossy(&body.to_bytes())),
        Ok(body) => Said::Broken(format!("{status} {:?}", body.to_bytes())),
        Err(error) => Said::Broken(format!("cut off: {error}")),
    }
}

/// What the events of a stream say, read as strictly as an SDK would.
fn judge(stream: &str) -> Said {
    let (mut text, mut ids) = (String::new(), Vec::new());
    let (mut finish, mut ended) = (None, None);
    for data in stream.lines().filter_map(|line| line.strip_prefix("data: ")) {
        if let Some(end) = ended {
            return Said::Broken(format!("{data} after {end}"));
        }
        if data == "[DONE]" {
            ended = Some("[DONE]");
            continue;
        }
        let Ok(event) = serde_json::from_str::<Value>(data) else {
            return Said::Broken(format!("no JSON: {data}"));
        };
        if event.get("error").is_some() {
            ended = Some("an error");
            continue;
        }
        ids.push(event["id"].clone());
        let choice = &event["choices"][0];
        text += choice["delta"]["content"].as_str().unwrap_or_default();
        finish = choice["finish_reason"].as_str().map(str::to_owned).or(finish);
    }
    ids.dedup();
    match (ended, finish.as_deref()) {
        _ if ids.len() > 1 => Said::Broken(format!("several answers in one: {ids:?}")),
        (Some("[DONE]"), Some("stop")) => Said::Whole(text),
        (Some("an error"), None) => Said::Error(text),
        (ended, finish) => Said::Broken(format!("{finish:?} and {ended:?} after {text}")),
    }
}
