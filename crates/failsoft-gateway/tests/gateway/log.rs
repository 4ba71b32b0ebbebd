//! What stands in the log.

use std::io;
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use crate::house::{House, exchange};

/// What was written, line by line.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn lines(&self) -> Vec<String> {
        String::from_utf8_lossy(&self.0.lock().unwrap()).lines().map(str::to_owned).collect()
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Gateway and client share the test's one thread, so its log is all of theirs.
fn log() -> (Written, (DefaultGuard, tracing::Dispatch)) {
    let written = Written::default();
    let log = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_writer(written.clone());
    // Beside another one it is asked about lines that other tests met first, too.
    let other = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    (written, (tracing::subscriber::set_default(log.finish()), other))
}

#[tokio::test]
async fn a_wrong_token_leaves_a_line_and_one_that_was_not_looked_at_none() {
    let (written, _guard) = log();
    let house = House::open().await;
    let address = house.gateway.admin_address();
    let request = format!(
        "GET /api/now HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         authorization: Bearer canary-guess\r\n\r\n"
    );
    let mut refused = 0;
    while exchange(address, request.as_bytes()).await.status == 401 {
        refused += 1;
    }
    let lines = written.lines();
    assert_eq!(lines.iter().filter(|line| line.contains("wrong token")).count(), refused);
    assert!(refused >= 10 && !lines.iter().any(|line| line.contains("canary-guess")));
}

#[tokio::test]
async fn failed_and_repeated_attempts_have_a_line_each_and_healthy_ones_none() {
    let (written, guard) = log();
    let house = House::open().await;
    let before = written.lines().len();
    assert_eq!(house.chat("assistant").await.status, 200);
    assert_eq!(written.lines().len(), before, "{:?}", written.lines());
    let answer = house.chat("pair").await;
    let id = answer.header("x-failsoft-call").unwrap();
    let lines: Vec<serde_json::Value> =
        written.lines()[before..].iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [failed, again] = &lines[..] else { panic!("{lines:?}") };
    for (key, value) in [
        ("level", "WARN"),
        ("message", "an attempt failed"),
        ("call", id),
        ("target", "chat/fail-503"),
        ("model", "fail-503"),
        ("kind", "overloaded"),
        ("why", "first"),
    ] {
        assert!(
            failed.to_string().contains(&format!("\"{key}\":\"{value}\"")),
            "{key} in {failed}"
        );
    }
    assert!(
        failed["attempt"] == 1 && failed["millis"].is_u64() && failed["code"].is_string(),
        "{failed}"
    );
    for (key, value) in [("message", "another attempt"), ("call", id), ("why", "failover")] {
        assert_eq!(again[key], value, "{again}");
    }
    assert_eq!(again["attempt"], 2);
    drop(guard);
}
