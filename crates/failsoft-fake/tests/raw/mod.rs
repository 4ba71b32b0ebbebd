//! A client that sees every byte.

#![allow(
    dead_code,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "each test binary uses its part, and may stop at once"
)]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use failsoft_fake::{Dialect, Fake, FakeOptions};
use serde_json::Value;

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
    /// The body as it came.
    pub(crate) raw: Vec<u8>,
    pub(crate) end: End,
}

pub(crate) fn start(scenario: &str) -> Fake {
    let scenario = scenario.parse().expect("a good scenario");
    Fake::start_in_thread(FakeOptions::playing(scenario)).expect("a free port")
}

/// All that are streamed.
pub(crate) const STREAMED: [Dialect; 5] = Dialect::TARGETS;

/// A request for that model, closing the connection after it. `extra` follows the body's fields;
/// with `"stream":true` in it the path asks for a stream where the path decides.
pub(crate) fn request(dialect: Dialect, model: &str, extra: &str) -> Vec<u8> {
    let said = r#"[{"role":"user","content":"how are you?"}]"#;
    let body = match dialect {
        Dialect::ChatCompletions => format!(r#"{{"model":"{model}","messages":{said}{extra}}}"#),
        Dialect::Messages => {
            format!(r#"{{"model":"{model}","max_tokens":100,"messages":{said}{extra}}}"#)
        }
        Dialect::Responses | Dialect::Embeddings => {
            format!(r#"{{"model":"{model}","input":"how are you?"{extra}}}"#)
        }
        Dialect::GenerateContent => {
            format!(r#"{{"contents":[{{"parts":[{{"text":"how are you?"}}]}}]{extra}}}"#)
        }
        Dialect::BedrockConverse => {
            let content = r#"[{"text":"how are you?"}]"#;
            format!(r#"{{"messages":[{{"role":"user","content":{content}}}]{extra}}}"#)
        }
    };
    request_of(dialect, model, &body)
}

/// A request with that body.
pub(crate) fn request_of(dialect: Dialect, model: &str, body: &str) -> Vec<u8> {
    let path = path(dialect, model, body.contains("\"stream\":true"));
    let body = match dialect {
        Dialect::GenerateContent | Dialect::BedrockConverse => body.replace(",\"stream\":true", ""),
        _ => body.to_owned(),
    };
    let key = match dialect {
        Dialect::Messages => "x-api-key: sk-test\r\nanthropic-version: 2023-06-01",
        Dialect::GenerateContent => "x-goog-api-key: sk-test",
        _ => "authorization: Bearer sk-test",
    };
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: fake\r\n{key}\r\nconnection: close\r\ncontent-length: \
         {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

pub(crate) fn path(dialect: Dialect, model: &str, is_streamed: bool) -> String {
    match (dialect, is_streamed) {
        (Dialect::GenerateContent, false) => format!("/v1beta/models/{model}:generateContent"),
        (Dialect::GenerateContent, true) => {
            format!("/v1beta/models/{model}:streamGenerateContent?alt=sse")
        }
        (Dialect::BedrockConverse, false) => format!("/model/{model}/converse"),
        (Dialect::BedrockConverse, true) => format!("/model/{model}/converse-stream"),
        (dialect, _) => dialect.path().to_owned(),
    }
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
    let split = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let raw = split.map_or_else(Vec::new, |at| bytes[at + 4..].to_vec());
    let head = String::from_utf8_lossy(&bytes[..split.unwrap_or(bytes.len())]).into_owned();
    Answer { head, body: String::from_utf8_lossy(&raw).into_owned(), raw, end }
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
        let (bytes, is_whole) = self.dechunked_bytes();
        (String::from_utf8_lossy(&bytes).into_owned(), is_whole)
    }

    fn dechunked_bytes(&self) -> (Vec<u8>, bool) {
        let mut bytes = Vec::new();
        let mut rest = self.raw.as_slice();
        while let Some(line) = rest.windows(2).position(|pair| pair == b"\r\n") {
            let digits = std::str::from_utf8(&rest[..line]).expect("a chunk's size");
            let size = usize::from_str_radix(digits, 16).expect("a chunk's size");
            if size == 0 {
                return (bytes, true);
            }
            let end = line + 2 + size;
            bytes.extend_from_slice(&rest[line + 2..end.min(rest.len())]);
            rest = rest.get(end + 2..).unwrap_or_default();
        }
        (bytes, false)
    }

    /// The data of each event: JSON, or the end marker.
    pub(crate) fn events(&self) -> Vec<String> {
        if self.header("content-type") == Some("application/vnd.amazon.eventstream") {
            return frames(&self.dechunked_bytes().0).into_iter().map(|(_, data)| data).collect();
        }
        let data = |line: &str| line.strip_prefix("data: ").map(str::to_owned);
        self.dechunked().0.lines().filter_map(data).collect()
    }

    /// The text it says, streamed or not.
    pub(crate) fn text(&self) -> String {
        let events: Vec<Value> = match self.json() {
            Value::Null => {
                self.events().iter().filter_map(|data| serde_json::from_str(data).ok()).collect()
            }
            whole => vec![whole],
        };
        events.iter().map(said).collect()
    }
}

/// Each binary frame's headers as text, and its payload.
pub(crate) fn frames(mut bytes: &[u8]) -> Vec<(String, String)> {
    let mut frames = Vec::new();
    let number = |bytes: &[u8], at: usize| {
        u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize
    };
    while bytes.len() >= 16 && bytes.len() >= number(bytes, 0) {
        let (frame, rest) = bytes.split_at(number(bytes, 0));
        let headers = 12 + number(frame, 4);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        frames.push((text(&frame[12..headers]), text(&frame[headers..frame.len() - 4])));
        bytes = rest;
    }
    frames
}

/// The text in an answer or in one event of one, in whatever dialect.
fn said(json: &Value) -> String {
    let parts = |list: &Value| -> String {
        let parts = list.as_array().map(Vec::as_slice).unwrap_or_default();
        let shown = parts.iter().filter(|part| part["thought"] != true);
        shown.filter_map(|part| part["text"].as_str()).collect()
    };
    let output = json["output"].as_array().map(Vec::as_slice).unwrap_or_default();
    [
        json["choices"][0]["delta"]["content"].as_str().map(str::to_owned),
        json["choices"][0]["message"]["content"].as_str().map(str::to_owned),
        json["delta"]["text"].as_str().map(str::to_owned),
        (json["type"] == "response.output_text.delta")
            .then(|| json["delta"].as_str().unwrap_or_default().to_owned()),
        Some(output.iter().map(|item| parts(&item["content"])).collect()),
        Some(parts(&json["candidates"][0]["content"]["parts"])),
        Some(parts(&json["output"]["message"]["content"])),
        Some(parts(&json["content"])),
    ]
    .into_iter()
    .flatten()
    .collect()
}
