//! A request's body on its way out: up to three slices, sent as they are.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use failsoft_config::Repetition;
use failsoft_engine::Delivery;
use failsoft_wire::{Dialect, Splicer, Unfit};
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HOST, HeaderValue};
use http::{HeaderMap, Method, Request, Uri};
use http_body::{Body, Frame, SizeHint};

use super::endpoint::{Address, Endpoint};
use super::translation::Translation;

/// What is to be sent, and where.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) key: Option<usize>,
    pub(crate) dialect: Dialect,
    pub(crate) delivery: Delivery,
    pub(crate) model: String,
    /// The client's headers that go on.
    pub(crate) headers: HeaderMap,
    pub(crate) body: [Bytes; 3],
    /// For a target of another dialect than the client's.
    pub(crate) translation: Option<Translation>,
    /// For a streamed answer: what goes to its client.
    pub(crate) splicer: Option<Box<Splicer>>,
    /// Whether another target may go on with its stream.
    pub(crate) may_resume: bool,
    /// Characters of the answer its client has, where this goes on with it.
    pub(crate) seam: Option<u64>,
    /// How the target was asked to go on, in the record's words.
    pub(crate) onward: Option<&'static str>,
    /// What a refusal is taken for.
    pub(crate) refusals: Refusals,
    /// What is made of an answer that repeats itself without end.
    pub(crate) repetition: Repetition,
}

/// What a refusal in an answer is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusals {
    /// An answer.
    Answers,
    /// A failure, because the operator wants another target asked.
    Failures,
}

/// A call that a target's dialect cannot say.
pub(crate) struct NotSaid<'a> {
    pub(crate) endpoint: &'a Arc<Endpoint>,
    pub(crate) dialect: Dialect,
    pub(crate) model: &'a str,
    pub(crate) unfit: Unfit,
}

/// The request as it goes to the target: our address, our key, the client's words. `None` if the
/// model's name cannot stand in a path.
pub(crate) fn outgoing(endpoint: &Endpoint, order: Order) -> Option<Request<Slices>> {
    let Order { mut headers, body, key, dialect, delivery, model, .. } = order;
    let uri = Uri::from(endpoint.path(&Address::new(dialect, &model, delivery))?);
    headers.insert(HOST, endpoint.origin.authority.clone());
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    // Answers are read on their way, so they must not come compressed.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in &endpoint.defaults {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    for (name, value) in &endpoint.fixed {
        headers.insert(name, value.clone());
    }
    let body = Slices::new(body);
    if let Some(credential) = key.and_then(|key| endpoint.credentials.get(key)) {
        credential.apply(&mut headers, &uri, &body);
    }
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Some(request)
}

/// The slices of a request's body. The middle one holds another model's name where it differs.
#[derive(Debug)]
pub(crate) struct Slices {
    slices: [Bytes; 3],
    next: usize,
}

impl Slices {
    pub(crate) fn new(slices: [Bytes; 3]) -> Self {
        Self { slices, next: 0 }
    }

    /// Everything, in order.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.slices.iter().map(AsRef::as_ref)
    }

    fn left(&self) -> impl Iterator<Item = &Bytes> {
        self.slices.iter().skip(self.next).filter(|slice| !slice.is_empty())
    }
}

impl Body for Slices {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        while let Some(slice) = self.slices.get(self.next).cloned() {
            self.next += 1;
            if !slice.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(slice))));
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.left().next().is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left().map(|slice| slice.len() as u64).sum())
    }
}
