//! What a call asks, whoever answers it.

use std::ops::Range;
use std::sync::OnceLock;

use bytes::Bytes;
use failsoft_engine::Arrival;
use failsoft_journal::Trace;
use failsoft_wire::{Addressed, Dialect, neutral};
use http::{HeaderMap, HeaderName, HeaderValue};

/// What a call sends, whoever it goes to.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) sent: Sent,
    pub(crate) model_span: Option<Range<usize>>,
    /// The model as the client wrote it, and the name for targets that take any.
    pub(crate) asked: String,
    pub(crate) plain_name: String,
    pub(crate) include_usage: bool,
    /// What targets sealed and the client sends back.
    pub(crate) seals: Vec<String>,
    /// The languages the client reads, the dearest first.
    pub(crate) languages: Vec<String>,
    /// The id as the client sees it.
    pub(crate) id: String,
    /// The trace its attempts are named in, where calls are traced.
    pub(crate) trace: Option<Trace>,
    pub(crate) arrival: Arrival,
}

/// What came from the client.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) dialect: Dialect,
    /// The client's headers that go on.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What the request's path said of it, in dialects that say something there.
    pub(crate) addressed: Option<Addressed>,
    neutral: OnceLock<Option<Box<neutral::Call>>>,
}

impl Sent {
    pub(crate) fn new(
        dialect: Dialect,
        headers: HeaderMap,
        body: Bytes,
        addressed: Option<Addressed>,
    ) -> Self {
        Self { dialect, headers, body, addressed, neutral: OnceLock::new() }
    }

    /// The call in the neutral form, made when it is first asked for. `None` if its dialect's
    /// decoder does not understand it; it can be passed on as it is all the same.
    pub(crate) fn neutral(&self) -> Option<&neutral::Call> {
        let decode = || self.dialect.decode_call(&self.body, self.addressed.as_ref());
        self.neutral.get_or_init(|| decode().ok().map(Box::new)).as_deref()
    }

    /// Keeps what another attempt would need without the buffers it came in: a stream that has
    /// begun may stay open for long.
    pub(crate) fn travel_light(&mut self) {
        self.body = Bytes::copy_from_slice(&self.body);
        self.headers = compact(&self.headers);
        self.neutral = OnceLock::new();
    }

    /// Lets go of what only another attempt would need.
    pub(crate) fn travel_without(&mut self) {
        self.body = Bytes::new();
        self.headers = HeaderMap::new();
        self.neutral = OnceLock::new();
    }
}

/// The same headers in memory of their own.
fn compact(headers: &HeaderMap) -> HeaderMap {
    let mut own = HeaderMap::with_capacity(headers.keys_len());
    for (name, value) in headers {
        let known = HeaderName::from_bytes(name.as_str().as_bytes());
        let copied = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(mut value_of)) = (known, copied) {
            value_of.set_sensitive(value.is_sensitive());
            own.append(name, value_of);
        }
    }
    own
}
