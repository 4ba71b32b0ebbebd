//! A provider that fails, and says in its errors all it was sent, with signs a terminal would obey.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::planted::{ANSWER, SAID};

/// Somebody who listens and remembers what came.
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    heard: Arc<Heard>,
}

/// What came, and who waits for more of it.
#[derive(Default)]
struct Heard {
    all: Mutex<Vec<String>>,
    more: Condvar,
}

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

impl Listener {
    /// Answers each request with what `answer` makes of its head and body.
    pub(crate) fn open(answer: fn(&str, &str) -> String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Heard>::default();
        let book = Arc::clone(&heard);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let book = Arc::clone(&book);
                std::thread::spawn(move || serve(socket, answer, &book));
            }
        });
        Self { address, heard }
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.all.lock().unwrap().clone()
    }

    /// Waits until something came that holds this.
    pub(crate) fn hears(&self, wanted: &str) {
        let all = self.heard.all.lock().unwrap();
        let missing = |all: &mut Vec<String>| !all.iter().any(|one| one.contains(wanted));
        let (all, _) = self.heard.more.wait_timeout_while(all, LONG, missing).unwrap();
        assert!(all.iter().any(|one| one.contains(wanted)), "{wanted} never came: {all:?}");
    }
}

fn serve(mut socket: TcpStream, answer: fn(&str, &str) -> String, book: &Heard) {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = bytes.split_at(end.map_or(0, |end| end + 4));
        let (head, whole) = (String::from_utf8_lossy(head), String::from_utf8_lossy(&bytes));
        if end.is_some() && body.len() >= length(&head) {
            let answer = answer(&head, &String::from_utf8_lossy(body));
            book.all.lock().unwrap().push(whole.into_owned());
            book.more.notify_all();
            let _ = socket.write_all(answer.as_bytes());
            return;
        }
        let mut piece = [0; 16 * 1024];
        match socket.read(&mut piece) {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            Ok(0) | Err(_) => return,
        }
    }
}

fn length(head: &str) -> usize {
    let lower = head.to_ascii_lowercase();
    let value = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

/// Takes everything.
pub(crate) fn take(_head: &str, _body: &str) -> String {
    "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()
}

/// Fails as the model's name says, and echoes.
pub(crate) fn echo(head: &str, body: &str) -> String {
    let authorization = head
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("authorization"))
        .unwrap_or_default();
    let error = serde_json::json!({ "error": {
        "message": format!("{SAID}: {authorization} {body}"),
        "type": "evil\u{1b}[2J\u{2028}type",
        "code": format!("evil\n2026-01-01T00:00:00Z  INFO forged {}", "x".repeat(10_000)),
        "param": "canaryprompt",
    } });
    let model = serde_json::from_str::<serde_json::Value>(body).unwrap_or_default();
    let model = model["model"].as_str().unwrap_or_default().to_owned();
    if model.contains("stream") {
        let piece = serde_json::json!({ "id": "c", "object": "chat.completion.chunk", "created": 1,
            "model": model, "choices": [{ "index": 0, "delta": { "content": format!("{ANSWER} is") } }] });
        return format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n\
             data: {piece}\n\ndata: {error}\n\n"
        );
    }
    let status =
        model.rsplit('-').next().and_then(|status| status.parse::<u16>().ok()).unwrap_or(500);
    let error = error.to_string();
    format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         x-request-id: req_1\r\nset-cookie: canary-client-cookie-8812\r\nconnection: close\r\n\r\n{error}",
        error.len()
    )
}
