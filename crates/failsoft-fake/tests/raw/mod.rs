//! A client that sees every byte.

#![allow(dead_code, clippy::panic, reason = "each test binary uses its part, and may stop at once")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use failsoft_fake::{Dialect, Fake, FakeOptions};

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Eof,
    Reset,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) end: End,
}

pub(crate) fn start(scenario: &str) -> Fake {
    let scenario = scenario.parse().expect("a good scenario");
    Fake::start_in_thread(FakeOptions::playing(scenario)).expect("a free port")
}

/// A request for that model, closing the connection after it.
pub(crate) fn request(dialect: Dialect, model: &str, extra: &str) -> Vec<u8> {
    let messages = r#""messages":[{"role":"user","content":"how are you?"}]"#;
    let body = format!(r#"{{"model":"{model}","max_tokens":100,{messages}{extra}}}"#);
    let path = dialect.path();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: fake\r\nauthorization: Bearer sk-test\r\nconnection: \
         close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

pub(crate) fn send(fake: &Fake, request: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(fake.address()).expect("the fake listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    stream.write_all(request).expect("it takes the request");
    stream
}

pub(crate) fn ask(fake: &Fake, dialect: Dialect, model: &str, extra: &str) -> Answer {
    read_all(send(fake, &request(dialect, model, extra)))
}

pub(crate) fn read_all(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let end = match stream.read_to_end(&mut bytes) {
        Ok(_) => End::Eof,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => End::Reset,
        Err(error) => panic!("{error}"),
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    Answer { head: head.to_owned(), body: body.to_owned(), end }
}

/// Reads until this text has come, and gives back all so far.
pub(crate) fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let so_far = String::from_utf8_lossy(&bytes).into_owned();
        if so_far.contains(text) {
            return so_far;
        }
        let read = stream.read(&mut buffer).expect("more bytes");
        assert_ne!(read, 0, "closed before {text:?} came: {so_far}");
        bytes.extend_from_slice(&buffer[..read]);
    }
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or(serde_json::Value::Null)
    }

    /// The body out of its chunks, and whether the terminating chunk came.
    pub(crate) fn dechunked(&self) -> (String, bool) {
        let mut text = Vec::new();
        let mut rest = self.body.as_bytes();
        while let Some(line) = rest.windows(2).position(|pair| pair == b"\r\n") {
            let digits = std::str::from_utf8(&rest[..line]).expect("a chunk's size");
            let size = usize::from_str_radix(digits, 16).expect("a chunk's size");
            if size == 0 {
                return (String::from_utf8(text).expect("UTF-8"), true);
            }
            text.extend_from_slice(&rest[line + 2..line + 2 + size]);
            rest = &rest[line + 2 + size + 2..];
        }
        (String::from_utf8(text).expect("UTF-8"), false)
    }

    /// The data of each event that is JSON or the end marker.
    pub(crate) fn events(&self) -> Vec<String> {
        let data = |line: &str| line.strip_prefix("data: ").map(str::to_owned);
        self.dechunked().0.lines().filter_map(data).collect()
    }
}
