//! A receiver of alerts that fails by a script.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use failsoft_config::{AlertKind, BaseUrl, Webhook};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

pub(super) const SECRET: &str = "canary-secret-of-a-webhook";
pub(super) const PATH: &str = "/hooks/canary-path?key=canary-query";

/// What it does with one request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// Answers this status, with these headers.
    Says(u16, &'static str),
    /// Answers 500 with these words.
    Shouts(&'static str),
    /// Takes the request and says nothing.
    Hangs,
    /// Begins to answer and does not go on.
    Stalls,
    /// Closes without reading.
    Resets,
    /// Answers 200 and never stops.
    Floods,
    /// Speaks something else.
    Babbles,
}

/// A request it read.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) at: Instant,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

/// A receiver; what its script does not say is answered with 200.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    arrived: Arc<Notify>,
}

impl Receiver {
    pub(super) async fn start(script: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, arrived) = (Arc::<Mutex<Vec<Heard>>>::default(), Arc::<Notify>::default());
        let script = script.to_vec();
        let (book, bell) = (Arc::clone(&heard), Arc::clone(&arrived));
        tokio::spawn(async move {
            let mut script = script.into_iter();
            while let Ok((socket, _)) = listener.accept().await {
                let act = script.next().unwrap_or(Act::Says(200, ""));
                tokio::spawn(serve(socket, act, Arc::clone(&book), Arc::clone(&bell)));
            }
        });
        Self { address, heard, arrived }
    }

    /// Everything it heard so far.
    pub(super) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until it heard so many.
    pub(super) async fn hears(&self, count: usize) -> Vec<Heard> {
        loop {
            let arrived = self.arrived.notified();
            let heard = self.heard();
            if heard.len() >= count {
                return heard;
            }
            arrived.await;
        }
    }

    /// Settings that tell it of everything at once.
    pub(super) fn webhook(&self) -> Webhook {
        Webhook {
            name: "ops".to_owned(),
            url: BaseUrl {
                tls: false,
                host: self.address.ip().to_string(),
                port: self.address.port(),
                path: PATH.to_owned(),
            },
            secret: SecretString::from(SECRET),
            on: AlertKind::ALL.to_vec(),
            min_failures: 1,
            min_lost: 1,
            cooldown: Duration::from_secs(60),
            keep_trying: Duration::from_secs(600),
            ca_file: None,
            allow_private: false,
        }
    }
}

async fn serve(mut socket: TcpStream, act: Act, book: Arc<Mutex<Vec<Heard>>>, bell: Arc<Notify>) {
    if let Act::Resets = act {
        return; // what it did not read makes the system reset the connection
    }
    let Some(heard) = read(&mut socket).await else { return };
    book.lock().unwrap().push(heard);
    bell.notify_waiters();
    let answer = match act {
        Act::Says(status, headers) => {
            format!("HTTP/1.1 {status} Said\r\ncontent-length: 2\r\n{headers}\r\nok")
        }
        Act::Shouts(words) => {
            format!("HTTP/1.1 500 Said\r\ncontent-length: {}\r\n\r\n{words}", words.len())
        }
        Act::Hangs => String::new(),
        Act::Stalls => "HTTP/1.1 200 OK\r\ncontent-".to_owned(),
        Act::Floods => "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_owned(),
        Act::Babbles => "EHLO receiver\r\n\r\n".to_owned(),
        Act::Resets => return,
    };
    let _ = socket.write_all(answer.as_bytes()).await;
    match act {
        Act::Hangs | Act::Stalls => std::future::pending().await,
        Act::Floods => while socket.write_all(&[b'x'; 64 * 1024]).await.is_ok() {},
        Act::Says(..) | Act::Shouts(_) | Act::Babbles | Act::Resets => {}
    }
}

async fn read(socket: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let path = lines.next()?.split(' ').nth(1)?.to_owned();
            let headers: BTreeMap<String, String> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let length: usize = headers.get("content-length")?.parse().ok()?;
            if body.len() >= length {
                let body = body.to_owned();
                return Some(Heard { at: Instant::now(), path, headers, body });
            }
        }
        let mut piece = [0; 4096];
        match socket.read(&mut piece).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            Ok(0) | Err(_) => return None,
        }
    }
}
