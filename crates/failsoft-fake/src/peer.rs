//! The peer: reads its requests, writes to it byte by byte, notices at once when it leaves.

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

const MAX_HEAD: usize = 256 * 1024;
const MAX_BODY: usize = 64 * 1024 * 1024;
const MAX_HEADERS: usize = 256;
const READ_AHEAD: usize = 1024 * 1024;

/// One client connection.
pub(crate) struct Peer {
    stream: TcpStream,
    inbox: BytesMut,
}

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) version: Version,
    pub(crate) reuse: Reuse,
}

impl Request {
    /// A header's value, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// HTTP/1.0 knows no chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Http10,
    Http11,
}

/// Whether the connection takes another request after this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reuse {
    KeepAlive,
    Close,
}

/// The peer left.
#[derive(Debug)]
pub(crate) struct Gone;

/// Why no request could be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The peer left, between requests or inside one.
    Gone,
    /// It does not speak HTTP/1; a status and the reason.
    Bad(u16, &'static str),
}

struct Head {
    request: Request,
    body: Framing,
    bytes: usize,
}

enum Framing {
    Length(usize),
    Chunked,
}

impl Peer {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // Without it small writes would stick together; a fault's bytes should leave as they are.
        let _ = stream.set_nodelay(true);
        Self { stream, inbox: BytesMut::new() }
    }

    pub(crate) async fn request(&mut self) -> Result<Request, Unreadable> {
        let Head { mut request, body, bytes } = loop {
            if let Some(head) = head(&self.inbox)? {
                break head;
            }
            if self.inbox.len() > MAX_HEAD {
                return Err(Unreadable::Bad(431, "the request's head is too large"));
            }
            self.more().await?;
        };
        self.inbox.advance(bytes);
        let expects = request.headers.iter().any(|(name, _)| name == "expect");
        if expects && self.send(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_err() {
            return Err(Unreadable::Gone);
        }
        request.body = match body {
            Framing::Length(length) if length > MAX_BODY => {
                return Err(Unreadable::Bad(413, "the request's body is too large"));
            }
            Framing::Length(length) => self.exactly(length).await?,
            Framing::Chunked => self.chunks().await?,
        };
        Ok(request)
    }

    /// Writes these bytes, unless the peer leaves first.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        let (mut read, mut write) = self.stream.split();
        tokio::select! {
            biased;
            gone = left(&mut read, &mut self.inbox) => Err(gone),
            sent = write_all(&mut write, bytes) => sent,
        }
    }

    /// Waits so long, unless the peer leaves first.
    pub(crate) async fn pause(&mut self, span: Duration) -> Result<(), Gone> {
        if span.is_zero() {
            return Ok(());
        }
        let (mut read, _) = self.stream.split();
        tokio::select! {
            biased;
            gone = left(&mut read, &mut self.inbox) => Err(gone),
            () = tokio::time::sleep(span) => Ok(()),
        }
    }

    /// Waits for a gate to be open, unless the peer leaves first.
    pub(crate) async fn wait_for(&mut self, mut gate: watch::Receiver<bool>) -> Result<(), Gone> {
        let (mut read, _) = self.stream.split();
        tokio::select! {
            biased;
            gone = left(&mut read, &mut self.inbox) => Err(gone),
            // A gate that nobody can open any more goes with its fake.
            _ = gate.wait_for(|is_open| *is_open) => Ok(()),
        }
    }

    /// Closes in order.
    pub(crate) async fn close(mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Closes with a TCP reset.
    pub(crate) fn reset(self) {
        let _ = self.stream.set_zero_linger();
    }

    async fn exactly(&mut self, length: usize) -> Result<Bytes, Unreadable> {
        while self.inbox.len() < length {
            self.more().await?;
        }
        Ok(self.inbox.split_to(length).freeze())
    }

    async fn chunks(&mut self) -> Result<Bytes, Unreadable> {
        let mut body = BytesMut::new();
        loop {
            let (digits, size) = loop {
                match httparse::parse_chunk_size(&self.inbox) {
                    Ok(httparse::Status::Complete(sized)) => break sized,
                    Ok(httparse::Status::Partial) => self.more().await?,
                    Err(_) => return Err(Unreadable::Bad(400, "a chunk's size is no number")),
                }
            };
            self.inbox.advance(digits);
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if body.len().saturating_add(size) > MAX_BODY {
                return Err(Unreadable::Bad(413, "the request's body is too large"));
            }
            if size == 0 {
                self.trailers().await?;
                return Ok(body.freeze());
            }
            let chunk = self.exactly(size + 2).await?;
            body.extend_from_slice(chunk.get(..size).unwrap_or_default());
        }
    }

    async fn trailers(&mut self) -> Result<(), Unreadable> {
        loop {
            let Some(end) = self.inbox.windows(2).position(|pair| pair == b"\r\n") else {
                self.more().await?;
                continue;
            };
            self.inbox.advance(end + 2);
            if end == 0 {
                return Ok(());
            }
        }
    }

    async fn more(&mut self) -> Result<(), Unreadable> {
        match self.stream.read_buf(&mut self.inbox).await {
            Ok(0) | Err(_) => Err(Unreadable::Gone),
            Ok(_) => Ok(()),
        }
    }
}

/// Resolves when the peer closes; keeps what it sends meanwhile for the next request.
async fn left(read: &mut ReadHalf<'_>, inbox: &mut BytesMut) -> Gone {
    while inbox.len() < READ_AHEAD {
        match read.read_buf(inbox).await {
            Ok(0) | Err(_) => return Gone,
            Ok(_) => {}
        }
    }
    pending().await
}

async fn write_all(write: &mut WriteHalf<'_>, bytes: &[u8]) -> Result<(), Gone> {
    let written: io::Result<()> = write.write_all(bytes).await;
    written.map_err(|_| Gone)
}

fn head(inbox: &[u8]) -> Result<Option<Head>, Unreadable> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let bytes = match parsed.parse(inbox) {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Unreadable::Bad(400, "this is not HTTP/1.1")),
    };
    let headers: Vec<(String, String)> = parsed
        .headers
        .iter()
        .map(|header| {
            let value = String::from_utf8_lossy(header.value).into_owned();
            (header.name.to_ascii_lowercase(), value)
        })
        .collect();
    let value = |name: &str| {
        let found = headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.to_ascii_lowercase())
    };
    let body = if value("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        Framing::Chunked
    } else {
        let length = value("content-length").map_or(Ok(0), |length| length.trim().parse());
        Framing::Length(length.map_err(|_| Unreadable::Bad(400, "`content-length` is no number"))?)
    };
    let version = if parsed.version == Some(0) { Version::Http10 } else { Version::Http11 };
    let connection = value("connection").unwrap_or_default();
    let reuse = match version {
        Version::Http11 if !connection.contains("close") => Reuse::KeepAlive,
        Version::Http10 | Version::Http11 => Reuse::Close,
    };
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: Bytes::new(),
        version,
        reuse,
    };
    Ok(Some(Head { request, body, bytes }))
}
