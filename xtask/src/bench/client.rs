//! The load: connections that each send the next call when the last is answered, or on a clock.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{self, JoinHandle};

use super::upstream::{IDLE_MODEL, contains, content_length, head_end};

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Plain,
    Streamed,
}

/// When the next call is sent.
#[derive(Clone, Copy)]
pub(super) enum Pace {
    /// As soon as the last is answered.
    Closed,
    /// So many calls a second over all connections.
    Rate(u32),
}

/// A load to put on one address.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) port: u16,
    pub(super) ask: Ask,
    pub(super) pace: Pace,
    pub(super) connections: u32,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Outcome {
    /// Of each answered call.
    pub(super) latencies: Vec<Duration>,
    /// Calls that were not answered properly.
    pub(super) failed: u64,
    /// The first fault, in words.
    pub(super) fault: Option<String>,
}

/// Puts a load on an address for so long.
pub(super) async fn put(load: Load, lasting: Duration) -> Outcome {
    let outcome = Rc::new(RefCell::new(Outcome::default()));
    let begin = Instant::now();
    let tasks: Vec<JoinHandle<()>> = (0..load.connections)
        .map(|nth| {
            let outcome = Rc::clone(&outcome);
            task::spawn_local(async move {
                if let Err(error) = connection(load, nth, begin, lasting, &outcome).await {
                    let mut outcome = outcome.borrow_mut();
                    outcome.failed += 1;
                    outcome.fault.get_or_insert(error.to_string());
                }
            })
        })
        .collect();
    for task in tasks {
        // A task that panicked shows as calls that are missing.
        let _ = task.await;
    }
    outcome.take()
}

async fn connection(
    load: Load,
    nth: u32,
    begin: Instant,
    lasting: Duration,
    outcome: &RefCell<Outcome>,
) -> io::Result<()> {
    let mut stream = connect(load.port).await?;
    let request = request(load.ask, "bench");
    let mut buffer = vec![0; 64 * 1024];
    let interval = match load.pace {
        Pace::Closed => None,
        Pace::Rate(rate) => Some(Duration::from_secs(1) * load.connections / rate),
    };
    let mut due = begin + interval.unwrap_or_default() * nth / load.connections;
    while begin.elapsed() < lasting {
        if let Some(interval) = interval {
            tokio::time::sleep_until(due.into()).await;
            due += interval;
        }
        let sent = Instant::now();
        stream.write_all(&request).await?;
        read_answer(&mut stream, &mut buffer, load.ask).await?;
        outcome.borrow_mut().latencies.push(sent.elapsed());
    }
    Ok(())
}

async fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn request(ask: Ask, model: &str) -> Vec<u8> {
    let stream = if ask == Ask::Streamed { "\"stream\":true," } else { "" };
    let prompt = "Tell me in a few words why a bridge bends. ".repeat(8);
    let body = format!(
        "{{\"model\":\"{model}\",{stream}\"temperature\":0.7,\"max_tokens\":512,\"messages\":[\
         {{\"role\":\"system\",\"content\":\"You are brief.\"}},\
         {{\"role\":\"user\",\"content\":\"{prompt}\"}}]}}"
    );
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n\
         content-type: application/json\r\nauthorization: Bearer none\r\n\
         user-agent: bench\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Reads one whole answer and checks how it begins and ends. The bytes of a stream.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8], ask: Ask) -> io::Result<usize> {
    let mut held = 0;
    let head = loop {
        held += read_more(stream, &mut buffer[held..]).await?;
        if let Some(head) = head_end(&buffer[..held]) {
            break head;
        }
    };
    if !buffer.starts_with(b"HTTP/1.1 200") {
        let words = String::from_utf8_lossy(&buffer[..held.min(600)]).into_owned();
        return Err(io::Error::other(format!("no answer: {words}")));
    }
    if let Some(length) = content_length(&buffer[..head]) {
        if ask == Ask::Streamed {
            return Err(io::Error::other("a plain answer to a streamed call"));
        }
        while held < head + length {
            held += read_more(stream, &mut buffer[held..]).await?;
        }
        return Ok(length);
    }
    let mut total = held - head;
    // The last bytes of a chunked answer, over as many reads as it takes.
    while !buffer[..held].ends_with(b"\r\n0\r\n\r\n") {
        if held > buffer.len() / 2 {
            buffer.copy_within(held - 16..held, 0);
            held = 16;
        }
        let count = read_more(stream, &mut buffer[held..]).await?;
        held += count;
        total += count;
    }
    Ok(total)
}

/// Reads what has come; an end is a fault.
pub(super) async fn read_more(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    match stream.read(buffer).await? {
        0 => Err(io::Error::other("closed in the middle of an answer")),
        count => Ok(count),
    }
}

/// Opens streams that stay open after their first content, and hands them over.
pub(super) async fn idle_streams(port: u16, count: usize) -> io::Result<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(count);
    for nth in 0..count {
        let stream = open(port, IDLE_MODEL).await;
        streams.push(stream.map_err(|error| io::Error::other(format!("after {nth}: {error}")))?);
    }
    Ok(streams)
}

/// Opens a stream and reads its first content.
pub(super) async fn open(port: u16, model: &str) -> io::Result<TcpStream> {
    let mut stream = connect(port).await?;
    stream.write_all(&request(Ask::Streamed, model)).await?;
    let mut buffer = vec![0; 16 * 1024];
    let mut held = 0;
    while !contains(&buffer[..held], b" word") {
        held += read_more(&mut stream, &mut buffer[held..]).await?;
        if !buffer.starts_with(b"HTTP/1.1 200") {
            let words = String::from_utf8_lossy(&buffer[..held]).into_owned();
            return Err(io::Error::other(format!("no stream: {words}")));
        }
    }
    Ok(stream)
}
