//! The script of an answer: exactly which bytes go out, and the pauses between them.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a fault touches one thing and leaves all others as they are"
)]

mod onward;
mod plain;
mod said;
mod stream;
mod unfit;

use std::time::Duration;

use crate::asked::{Asked, Flaw, Framing};
use crate::fault::{Fault, SILENCE, Trouble};
use crate::onward::Onward;
use crate::peer::Version;
use crate::provider::{About, Complaint, ErrorAnswer, Headers, Imitated};
use crate::scenario::Manner;
use crate::seal::Sealer;

pub(crate) use onward::{Going, of_kind, refused as prefill_refused};
pub(crate) use unfit::unfit;

/// One thing to do. After the last the connection is ready for the next request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Send these bytes.
    Send(Vec<u8>),
    /// Do nothing for so long.
    Pause(Duration),
    /// Do nothing until the gate is opened.
    Gate,
    /// Close in order, all said.
    End,
    /// Close in order, though not all is said.
    Close,
    /// Close with a TCP reset.
    Reset,
}

/// All that an answer depends on.
pub(crate) struct Scene<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) fault: Fault,
    pub(crate) manner: &'a Manner,
    pub(crate) imitated: Imitated,
    pub(crate) onward: Onward,
    pub(crate) version: Version,
    pub(crate) path: &'a str,
    pub(crate) sealer: Sealer,
    /// Unlike any other attempt's.
    pub(crate) id: String,
    /// Which attempt of this fake it is.
    pub(crate) serial: u64,
    /// Seconds since 1970.
    pub(crate) created: u64,
}

const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Bad gateway</title></head>\n<body><h1>Bad \
gateway</h1><p>The web server reported a bad gateway error.</p></body></html>\n";

const JSON: &str = "application/json";

/// The acts of an answer.
pub(crate) fn script(scene: &Scene<'_>) -> Vec<Act> {
    let acts = match scene.fault {
        Fault::Reset => vec![Act::Reset],
        Fault::Close => vec![Act::Close],
        Fault::Garbage => {
            vec![Act::Send(b"\x16\x03\x01 this is not HTTP\r\n\r\n".to_vec()), Act::Close]
        }
        Fault::Silent => vec![Act::Pause(SILENCE), Act::Close],
        Fault::Status { status, retry_after } => scene.error(About::Status(status), retry_after),
        Fault::Trouble(trouble) => scene.error(About::Trouble(trouble), None),
        Fault::Html(status) => scene.body(status, "text/html; charset=UTF-8", PAGE.as_bytes()),
        Fault::EmptyBody => scene.body(200, JSON, b""),
        Fault::ErrorIn200 => scene.error_in_200(),
        Fault::Redirect => scene.redirect(),
        fault if scene.asked.stream && fault.can_stream() => scene.stream(),
        _ => scene.plain(),
    };
    scene.delayed(scene.dripped(acts))
}

/// The acts of a refusal: the request itself is no good.
pub(crate) fn refused(asked: &Asked, flaw: &Flaw, id: &str) -> Vec<Act> {
    error_acts(asked, flaw.answer(asked.dialect(), id))
}

impl Fault {
    /// Some faults answer a stream's request without a stream.
    fn can_stream(self) -> bool {
        !matches!(self, Self::IgnoresStream | Self::TruncatedJson | Self::ShortBody)
    }
}

impl Scene<'_> {
    fn error(&self, about: About, retry_after: Option<Duration>) -> Vec<Act> {
        let complaint = self.complaint(about, retry_after);
        error_acts(self.asked, self.imitated.error(&complaint, &self.id))
    }

    fn error_in_200(&self) -> Vec<Act> {
        let complaint = self.complaint(About::Trouble(Trouble::Overloaded), None);
        let answer = self.imitated.error(&complaint, &self.id);
        self.body(200, JSON, listed(self.asked, answer.body).as_bytes())
    }

    fn complaint(&self, about: About, retry_after: Option<Duration>) -> Complaint<'_> {
        let Asked { model, .. } = self.asked;
        Complaint { dialect: self.asked.dialect(), about, model, retry_after }
    }

    fn redirect(&self) -> Vec<Act> {
        let headers =
            [("location", format!("/redirected{}", self.path)), ("content-length", "0".to_owned())];
        vec![self.head(307, "text/plain", &headers)]
    }

    fn body(&self, status: u16, content_type: &str, body: &[u8]) -> Vec<Act> {
        let length = [("content-length", body.len().to_string())];
        let mut acts = vec![self.head(status, content_type, &length)];
        if !body.is_empty() {
            acts.push(Act::Send(body.to_vec()));
        }
        acts
    }

    fn head(&self, status: u16, content_type: &str, headers: &[(&'static str, String)]) -> Act {
        let own: Headers =
            self.imitated.headers(&self.id).into_iter().chain(headers.iter().cloned()).collect();
        head(status, content_type, &own)
    }

    /// Without a length: chunks, or in HTTP/1.0 until the connection's end.
    fn framing(&self) -> Headers {
        match self.version {
            Version::Http11 => vec![("transfer-encoding", "chunked".to_owned())],
            Version::Http10 => vec![("connection", "close".to_owned())],
        }
    }

    fn chunk(&self, bytes: &[u8]) -> Act {
        Act::Send(match self.version {
            Version::Http11 => {
                let size = format!("{:x}\r\n", bytes.len());
                [size.as_bytes(), bytes, b"\r\n"].concat()
            }
            Version::Http10 => bytes.to_vec(),
        })
    }

    /// The first byte's latency, before whatever is answered.
    fn delayed(&self, mut acts: Vec<Act>) -> Vec<Act> {
        let usual = self.manner.first_token.unwrap_or_default().of_attempt(self.serial);
        let late = match self.fault {
            Fault::Late(late) => late,
            _ => Duration::ZERO,
        };
        acts.insert(0, Act::Pause(usual + late));
        acts.retain(|act| *act != Act::Pause(Duration::ZERO));
        acts
    }

    fn dripped(&self, acts: Vec<Act>) -> Vec<Act> {
        let Fault::Drip(bytes) = self.fault else { return acts };
        // The shortest pause the timer knows keeps the drops from running together.
        let drop = |piece: &[u8]| [Act::Send(piece.to_vec()), Act::Pause(Duration::from_micros(1))];
        acts.into_iter()
            .flat_map(|act| match act {
                Act::Send(sent) => sent.chunks(bytes).flat_map(drop).collect(),
                act => vec![act],
            })
            .collect()
    }

    fn token_delay(&self) -> Duration {
        match self.fault {
            Fault::SlowTokens(pause) => pause,
            _ => self.manner.token_delay.unwrap_or_default(),
        }
    }
}

fn error_acts(asked: &Asked, answer: ErrorAnswer) -> Vec<Act> {
    let body = listed(asked, answer.body);
    let mut headers = answer.headers;
    headers.push(("content-length", body.len().to_string()));
    vec![head(answer.status, JSON, &headers), Act::Send(body.into_bytes())]
}

/// Where a list was asked for, an error comes in one.
fn listed(asked: &Asked, body: String) -> String {
    match asked.aim.framing {
        Framing::List if asked.stream => format!("[{body}]"),
        Framing::List | Framing::Events | Framing::Binary => body,
    }
}

fn head(status: u16, content_type: &str, headers: &[(&'static str, String)]) -> Act {
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    head.push_str(&format!("content-type: {content_type}\r\n"));
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    Act::Send(head.into_bytes())
}

/// The words after the status, which nobody reads.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
