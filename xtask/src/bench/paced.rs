//! Streams as people see them: an event now and then, each with the moment it was sent; and
//! clients that leave in the middle.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task;

use super::client::{idle_streams, open, read_more};
use super::upstream::{chunk, event};

/// A stream whose events come one at a time.
pub(super) const PACED_MODEL: &str = "paced";
/// Streams at once, and between two events of one: a thousand events a second.
const STREAMS: u32 = 50;
const PACE: Duration = Duration::from_millis(50);
/// Stands before the moment an event was sent, in nanoseconds, with leading zeros.
const MARK: u8 = b'@';
const DIGITS: usize = 15;
/// Clients that leave, one after the other.
const LEAVING: usize = 100;
/// For one that left to be noticed.
const PATIENCE: Duration = Duration::from_secs(5);

thread_local! {
    /// Load and upstream live on one thread and have one clock.
    static START: Instant = Instant::now();
    static LEFT: Rc<Notify> = Rc::new(Notify::new());
}

fn now() -> Duration {
    START.with(Instant::elapsed)
}

/// The upstream's side of a paced stream: it goes on until the other side leaves.
pub(super) async fn say(mut stream: TcpStream, mut head: Vec<u8>) -> io::Result<()> {
    chunk(&mut head, &event("\"role\":\"assistant\",\"content\":\"\"", "null"));
    chunk(&mut head, &event("\"content\":\" word\"", "null"));
    stream.write_all(&head).await?;
    let mut ticks = tokio::time::interval(PACE);
    let (mut reader, mut writer) = stream.split();
    let mut nothing = [0; 16];
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let mut bytes = Vec::new();
                let sent = now().as_nanos();
                let content = format!("\"content\":\"{}{sent:0DIGITS$}\"", char::from(MARK));
                chunk(&mut bytes, &event(&content, "null"));
                writer.write_all(&bytes).await?;
            }
            _ = reader.read(&mut nothing) => return Ok(()),
        }
    }
}

/// Somebody left a stream that had nothing more to say.
pub(super) fn left() {
    LEFT.with(|left| left.notify_one());
}

/// How long each event was on its way, over so long a time.
pub(super) async fn on_the_way(port: u16, lasting: Duration) -> io::Result<Vec<Duration>> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let mut tasks = Vec::new();
    for nth in 0..STREAMS {
        // Out of step with each other, as callers are.
        tokio::time::sleep(PACE / STREAMS).await;
        let mut stream = open(port, PACED_MODEL).await?;
        let seen = Rc::clone(&seen);
        tasks.push(task::spawn_local(async move {
            let end = now() + lasting - PACE / STREAMS * nth;
            let mut buffer = vec![0; 16 * 1024];
            while now() < end {
                let count = read_more(&mut stream, &mut buffer).await?;
                let came = now();
                let sent = moments(&buffer[..count]);
                seen.borrow_mut().extend(sent.map(|sent| came.saturating_sub(sent)));
            }
            Ok::<_, io::Error>(())
        }));
    }
    for task in tasks {
        task.await.map_err(io::Error::other)??;
    }
    Ok(seen.take())
}

/// The moments that stand in some events.
fn moments(bytes: &[u8]) -> impl Iterator<Item = Duration> {
    let marks = bytes.iter().enumerate().filter(|(_, byte)| **byte == MARK);
    marks.filter_map(|(at, _)| {
        let digits = bytes.get(at + 1..at + 1 + DIGITS)?;
        std::str::from_utf8(digits).ok()?.parse().ok().map(Duration::from_nanos)
    })
}

/// How long it takes until the upstream notices that a client left in the middle of a stream.
pub(super) async fn until_noticed(port: u16) -> io::Result<Vec<Duration>> {
    let left = LEFT.with(Rc::clone);
    let mut noticed = Vec::with_capacity(LEAVING);
    for stream in idle_streams(port, LEAVING).await? {
        let begun = Instant::now();
        drop(stream);
        let heard = tokio::time::timeout(PATIENCE, left.notified()).await;
        heard.map_err(|_| io::Error::other("a client left and the upstream was not told"))?;
        noticed.push(begun.elapsed());
    }
    Ok(noticed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_tell_when_they_were_sent_even_if_one_is_cut() {
        let bytes = b"x\"@000000000001000\"y@000000000002000zz@0000";
        let found: Vec<_> = moments(bytes).collect();
        assert_eq!(found, [Duration::from_nanos(1000), Duration::from_nanos(2000)]);
    }
}
