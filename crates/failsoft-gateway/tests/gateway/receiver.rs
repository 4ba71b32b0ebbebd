//! Somebody who is told things, and takes everything.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A request it read.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Told {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A receiver; it says 200 to everything, and keeps it.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    told: Arc<Mutex<Vec<Told>>>,
    arrived: Arc<Notify>,
}

impl Receiver {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (told, arrived) = (Arc::<Mutex<Vec<Told>>>::default(), Arc::<Notify>::default());
        let (book, bell) = (Arc::clone(&told), Arc::clone(&arrived));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(take(socket, Arc::clone(&book), Arc::clone(&bell)));
            }
        });
        Self { address, told, arrived }
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// Waits until it was told something of which this is true.
    pub(crate) async fn hears(&self, wanted: impl Fn(&Told) -> bool) -> Told {
        loop {
            let arrived = self.arrived.notified();
            if let Some(told) = self.told().into_iter().find(&wanted) {
                return told;
            }
            arrived.await;
        }
    }
}

async fn take(mut socket: TcpStream, book: Arc<Mutex<Vec<Told>>>, bell: Arc<Notify>) {
    let Some(told) = read(&mut socket).await else { return };
    book.lock().unwrap().push(told);
    let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    bell.notify_waiters();
}

async fn read(socket: &mut TcpStream) -> Option<Told> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let headers: BTreeMap<String, String> = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let length: usize = headers.get("content-length")?.parse().ok()?;
            if body.len() >= length {
                return Some(Told { headers, body: body.to_owned() });
            }
        }
        let mut piece = [0; 4096];
        match socket.read(&mut piece).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            Ok(0) | Err(_) => return None,
        }
    }
}
