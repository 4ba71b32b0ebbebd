//! A client of an LLM API that behaves as the official SDKs do: two retries, and then an error.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use failsoft_fake::{Dialect, WORDS};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// One question to ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) address: SocketAddr,
    pub(crate) dialect: Dialect,
    pub(crate) model: &'static str,
    pub(crate) key: &'static str,
    pub(crate) delivery: Delivery,
}

/// How the answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Plain,
    Streamed,
}

/// What the user got.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    /// The whole answer.
    Answer { first_words: Duration, total: Duration },
    /// An error, in short.
    Error(String),
}

/// A question's end.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) heard: Heard,
    /// The gateway's id of the call.
    pub(crate) call: Option<String>,
    /// Attempts the gateway made for it.
    pub(crate) attempts: u32,
}

/// Retries of the official SDKs, unless told otherwise.
const RETRIES: u32 = 2;

/// One try's failure, and what its headers say about another.
struct Failure {
    what: String,
    again: Again,
    call: Option<String>,
}

enum Again {
    No,
    /// After the SDK's own wait.
    Yes,
    After(Duration),
}

/// Asks, and again if the failure allows it.
pub(crate) async fn ask(question: Question) -> Reply {
    let began = Instant::now();
    let mut tries = 0;
    loop {
        let failure = match attempt(question, began).await {
            Ok(reply) => return reply,
            Err(failure) => failure,
        };
        let wait = match failure.again {
            Again::No => None,
            _ if tries == RETRIES => None,
            Again::Yes => Some(own_wait(tries)),
            Again::After(wait) => Some(wait),
        };
        let Some(wait) = wait else {
            return Reply { heard: Heard::Error(failure.what), call: failure.call, attempts: 0 };
        };
        tokio::time::sleep(wait).await;
        tries += 1;
    }
}

async fn attempt(question: Question, began: Instant) -> Result<Reply, Failure> {
    let unreachable = |what: &str| Failure { what: what.to_owned(), again: Again::Yes, call: None };
    let response = send(question).await.map_err(|()| unreachable("connection broken"))?;
    let call = header(response.headers(), "x-failsoft-call");
    if response.status() != StatusCode::OK {
        let what = format!("HTTP {}", response.status().as_u16());
        let again = again(response.status(), response.headers());
        return Err(Failure { what, again, call });
    }
    let attempts = header(response.headers(), "x-failsoft-attempts");
    let attempts = attempts.and_then(|attempts| attempts.parse().ok()).unwrap_or(1);
    let heard = match question.delivery {
        Delivery::Plain => plain(response, question.dialect, began).await?,
        Delivery::Streamed => streamed(response, question.dialect, began).await,
    };
    Ok(Reply { heard, call, attempts })
}

async fn send(question: Question) -> Result<Response<Incoming>, ()> {
    let stream = TcpStream::connect(question.address).await.map_err(drop)?;
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(drop)?;
    // It ends by itself when the answer was read or dropped.
    tokio::spawn(connection);
    sender.send_request(request(question)).await.map_err(drop)
}

fn request(question: Question) -> Request<Full<Bytes>> {
    let stream = question.delivery == Delivery::Streamed;
    let body = serde_json::json!({
        "model": question.model,
        "max_tokens": 200,
        "stream": stream,
        "messages": [{"role": "user", "content": "Say something about good systems."}],
    });
    let mut request = Request::new(Full::new(Bytes::from(body.to_string())));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = http::Uri::from_static(if question.dialect == Dialect::Messages {
        "/v1/messages"
    } else {
        "/v1/chat/completions"
    });
    let headers = request.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    set("host", &question.address.to_string());
    set("content-type", "application/json");
    if question.dialect == Dialect::Messages {
        set("x-api-key", question.key);
        set("anthropic-version", "2023-06-01");
    } else {
        set("authorization", &format!("Bearer {}", question.key));
    }
    request
}

async fn plain(
    response: Response<Incoming>,
    dialect: Dialect,
    began: Instant,
) -> Result<Heard, Failure> {
    let broken = |_| Failure { what: "answer cut".to_owned(), again: Again::Yes, call: None };
    let body = response.into_body().collect().await.map_err(broken)?.to_bytes();
    let json: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let text = if dialect == Dialect::Messages {
        &json["content"][0]["text"]
    } else {
        &json["choices"][0]["message"]["content"]
    };
    let took = began.elapsed();
    Ok(if text == WORDS {
        Heard::Answer { first_words: took, total: took }
    } else {
        Heard::Error("no answer in the answer".to_owned())
    })
}

/// A stream's text counts only when it is whole and properly ended.
async fn streamed(response: Response<Incoming>, dialect: Dialect, began: Instant) -> Heard {
    let mut body = response.into_body();
    let mut lines = Vec::new();
    let mut text = String::new();
    let mut first_words = None;
    let mut ended = false;
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(bytes) = frame.into_data() else { continue };
        lines.extend_from_slice(&bytes);
        while let Some(end) = lines.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = lines.drain(..=end).collect();
            match said(&line, dialect) {
                Said::Words(words) => {
                    first_words.get_or_insert_with(|| began.elapsed());
                    text.push_str(&words);
                }
                Said::End => ended = true,
                Said::Error => return Heard::Error("error in the stream".to_owned()),
                Said::Nothing => {}
            }
        }
    }
    match first_words {
        Some(first_words) if ended && text == WORDS => {
            Heard::Answer { first_words, total: began.elapsed() }
        }
        _ => Heard::Error("stream cut".to_owned()),
    }
}

enum Said {
    Nothing,
    Words(String),
    End,
    Error,
}

fn said(line: &[u8], dialect: Dialect) -> Said {
    let Some(data) = line.strip_prefix(b"data: ") else { return Said::Nothing };
    if data.trim_ascii_end() == b"[DONE]" {
        return Said::End;
    }
    let event: Value = serde_json::from_slice(data).unwrap_or(Value::Null);
    if event["error"].is_object() {
        return Said::Error;
    }
    if event["type"] == "message_stop" {
        return Said::End;
    }
    let words = if dialect == Dialect::Messages {
        &event["delta"]["text"]
    } else {
        &event["choices"][0]["delta"]["content"]
    };
    match words.as_str() {
        Some(words) if !words.is_empty() => Said::Words(words.to_owned()),
        _ => Said::Nothing,
    }
}

fn again(status: StatusCode, headers: &HeaderMap) -> Again {
    match header(headers, "x-should-retry").as_deref() {
        Some("false") => return Again::No,
        Some("true") => {}
        _ if matches!(status.as_u16(), 408 | 409 | 429 | 500..) => {}
        _ => return Again::No,
    }
    let after = header(headers, "retry-after").and_then(|seconds| seconds.parse().ok());
    after.map_or(Again::Yes, |seconds| Again::After(Duration::from_secs(seconds)))
}

/// Half a second, doubled each time, up to a quarter of it taken off by chance.
fn own_wait(tries: u32) -> Duration {
    let mut byte = [0_u8];
    let chance = getrandom::fill(&mut byte).map_or(0.0, |()| f64::from(byte[0]) / 255.0);
    Duration::from_millis(500 << tries).mul_f64(1.0 - 0.25 * chance)
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
