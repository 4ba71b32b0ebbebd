//! One `POST` to somebody who is told something: through the same door as calls, and alone.

use std::fmt;
use std::future::{Future as _, poll_fn};
use std::path::Path;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use failsoft_config::BaseUrl;
use failsoft_provider::TransportFault;
use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::time::timeout;

use super::connect::{NotConnected, connect};
use super::judge::fault_of;
use super::origin::{Origin, Trust};
use super::pool::Connection;
use super::request::Slices;
use crate::StartError;

/// What is read of an answer at most …
const BEGINNING: usize = 4 * 1024;
/// … and for how long: its head said all that counts.
const READING: Duration = Duration::from_secs(1);

/// Somebody outside who is told things.
#[derive(Clone, Copy)]
pub struct Destination<'a> {
    /// What to call it in errors.
    pub name: &'a str,
    /// Where it is; the path is used as it stands.
    pub url: &'a BaseUrl,
    /// The only authorities trusted for it, in PEM; the system's when `None`.
    pub ca_file: Option<&'a Path>,
    /// Whether its name may lead to private addresses. Link-local ones are never dialled.
    pub allow_private: bool,
}

/// The way to somebody outside. Every `POST` has a connection of its own; nothing is sent twice,
/// and no redirect is followed.
pub struct Outbound {
    origin: Origin,
    path: PathAndQuery,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// How the body begins.
    pub beginning: Bytes,
}

/// Nothing was answered: why, in words for an operator.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct NoReply {
    /// What stood in the way.
    pub fault: TransportFault,
    /// Whether a connection stood, so that it may have been read all the same.
    pub connected: bool,
    words: String,
}

impl Outbound {
    /// Prepares the way.
    ///
    /// # Errors
    /// When certificates cannot be read, or the address cannot stand in a request.
    pub fn new(to: Destination<'_>) -> Result<Self, StartError> {
        let wrong = |what: &str| StartError::Destination(format!("{}: {what}", to.name));
        let trust = Trust { ca_file: to.ca_file, allow_private: to.allow_private };
        let origin =
            Origin::new(to.url, "url", trust).map_err(|fault| wrong(&fault.to_string()))?;
        let path = to.url.path.parse().map_err(|_| wrong("its address has no usable path"))?;
        Ok(Self { origin, path })
    }

    /// Sends once. Dropping the future closes the connection.
    ///
    /// # Errors
    /// When no answer came: there is no bound on the time it may take.
    pub async fn post(&self, headers: HeaderMap, body: Bytes) -> Result<Reply, NoReply> {
        let connected = connect(&self.origin).await;
        let mut connection = connected.map_err(|NotConnected { fault, words }| NoReply {
            fault,
            connected: false,
            words,
        })?;
        let mut request = Request::new(Slices::new([body, Bytes::new(), Bytes::new()]));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from(self.path.clone());
        *request.headers_mut() = headers;
        request.headers_mut().insert(HOST, self.origin.authority.clone());
        request.headers_mut().insert(http::header::CONNECTION, HeaderValue::from_static("close"));
        let mut sending = pin!(connection.sender.send_request(request));
        let answer = poll_fn(|cx| {
            // A connection that ended says so through the answer.
            let _ = connection.poll_drive(cx);
            sending.as_mut().poll(cx)
        });
        let (head, body) = answer
            .await
            .map_err(|error| NoReply {
                fault: fault_of(&error),
                connected: true,
                words: format!("the connection ended without an answer: {error}"),
            })?
            .into_parts();
        let beginning = beginning(body, connection).await;
        Ok(Reply { status: head.status, headers: head.headers, beginning })
    }
}

/// How a body begins, as far as it comes soon.
async fn beginning(mut body: Incoming, mut connection: Connection) -> Bytes {
    let mut read = BytesMut::new();
    let reading = poll_fn(|cx| {
        while read.len() < BEGINNING {
            let _ = connection.poll_drive(cx);
            match std::task::ready!(Pin::new(&mut body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    read.extend_from_slice(&frame.into_data().unwrap_or_default());
                }
                Some(Err(_)) | None => break,
            }
        }
        Poll::Ready(())
    });
    let _ = timeout(READING, reading).await;
    read.truncate(BEGINNING);
    read.freeze()
}

impl fmt::Debug for Outbound {
    /// A path may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("host", &self.origin.host).finish_non_exhaustive()
    }
}
