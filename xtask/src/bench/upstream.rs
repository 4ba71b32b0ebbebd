//! A provider that costs next to nothing: answers are bytes made once.

use std::io;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task;

use super::paced::{self, PACED_MODEL};

/// Events with content in each streamed answer.
pub(super) const EVENTS: usize = 200;
/// Events a provider writes at once: tokens come in bursts.
const BURST: usize = 10;
/// A stream that says one thing and then nothing more.
pub(super) const IDLE_MODEL: &str = "idle";

/// The answers, ready to be written.
struct Answers {
    plain: Vec<u8>,
    bursts: Vec<Vec<u8>>,
}

/// Serves until the runtime ends. The port it listens on.
pub(super) async fn start() -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let answers = Rc::new(answers());
    task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answers = Rc::clone(&answers);
            task::spawn_local(async move {
                // A connection that breaks is the proxy's affair; the client counts it.
                let _ = serve(stream, &answers).await;
            });
        }
    });
    Ok(port)
}

async fn serve(mut stream: TcpStream, answers: &Answers) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 32 * 1024];
    let mut held = 0;
    loop {
        let count = stream.read(&mut buffer[held..]).await?;
        if count == 0 {
            return Ok(());
        }
        held += count;
        let Some(whole) = whole_request(&buffer[..held])? else { continue };
        let request = &buffer[..whole];
        let streamed = contains(request, b"\"stream\":true");
        let asks_for = |model: &str| contains(request, format!("\"{model}\"").as_bytes());
        let (idle, paced) = (asks_for(IDLE_MODEL), asks_for(PACED_MODEL));
        held = 0;
        if !streamed {
            stream.write_all(&answers.plain).await?;
        } else if paced {
            return paced::say(stream, STREAM_HEAD.to_vec()).await;
        } else if idle {
            stream.write_all(&answers.bursts[0]).await?;
            // Until the other side leaves.
            let _ = stream.read(&mut buffer).await;
            paced::left();
            return Ok(());
        } else {
            for burst in &answers.bursts {
                stream.write_all(burst).await?;
                task::yield_now().await;
            }
        }
    }
}

/// How long the request is, once all of it is here.
fn whole_request(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some(head) = head_end(bytes) else { return Ok(None) };
    let Some(length) = content_length(&bytes[..head]) else {
        return Err(io::Error::other("the proxy sent a request without a length"));
    };
    Ok((bytes.len() >= head + length).then_some(head + length))
}

/// Where the body begins.
pub(super) fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// What a head says of its body's length.
pub(super) fn content_length(head: &[u8]) -> Option<usize> {
    let name = b"content-length:";
    let at = head.windows(name.len()).position(|window| window.eq_ignore_ascii_case(name))?;
    let value = &head[at + name.len()..];
    let end = value.iter().position(|byte| *byte == b'\r')?;
    std::str::from_utf8(&value[..end]).ok()?.trim().parse().ok()
}

pub(super) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn answers() -> Answers {
    let text = "Good systems bend before they break. ".repeat(16);
    let body = format!(
        "{{\"id\":\"chatcmpl-bench0000000000000000000\",\"object\":\"chat.completion\",\
         \"created\":1790000000,\"model\":\"bench-1\",\"choices\":[{{\"index\":0,\"message\":{{\
         \"role\":\"assistant\",\"content\":\"{text}\",\"refusal\":null,\"annotations\":[]}},\
         \"logprobs\":null,\"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":24,\
         \"completion_tokens\":128,\"total_tokens\":152,\"prompt_tokens_details\":{{\
         \"cached_tokens\":0}},\"completion_tokens_details\":{{\"reasoning_tokens\":0}}}},\
         \"service_tier\":\"default\",\"system_fingerprint\":\"fp_bench\"}}"
    );
    let plain = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    Answers { plain: plain.into_bytes(), bursts: bursts() }
}

/// How a streamed answer begins.
const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
    x-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n";

fn bursts() -> Vec<Vec<u8>> {
    let mut first = STREAM_HEAD.to_vec();
    chunk(&mut first, &event("\"role\":\"assistant\",\"content\":\"\"", "null"));
    let content = event("\"content\":\" word\"", "null");
    let mut bursts = Vec::new();
    for _ in 0..EVENTS / BURST {
        let mut burst = std::mem::take(&mut first);
        for _ in 0..BURST {
            chunk(&mut burst, &content);
        }
        bursts.push(burst);
    }
    let mut last = Vec::new();
    chunk(&mut last, &event("", "\"stop\""));
    chunk(&mut last, "data: [DONE]\n\n");
    last.extend_from_slice(b"0\r\n\r\n");
    bursts.push(last);
    bursts
}

/// One event of a streamed answer.
pub(super) fn event(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-bench0000000000000000000\",\
         \"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"bench-1\",\
         \"service_tier\":\"default\",\"system_fingerprint\":\"fp_bench\",\"choices\":[{{\
         \"index\":0,\"delta\":{{{delta}}},\"logprobs\":null,\"finish_reason\":{finish}}}]}}\n\n"
    )
}

/// One event as one chunk, as providers write them.
pub(super) fn chunk(burst: &mut Vec<u8>, event: &str) {
    burst.extend_from_slice(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes());
}
