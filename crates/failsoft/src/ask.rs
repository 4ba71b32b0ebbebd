//! What a call asks, whoever answers it.

use bytes::Bytes;
use failsoft_engine::Arrival;
use failsoft_wire::Dialect;
use http::HeaderMap;

/// What a call sends, whoever it goes to.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) dialect: Dialect,
    /// The client's headers that go on.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) model_span: std::ops::Range<usize>,
    /// The model as the client wrote it, and the name for targets that take any.
    pub(crate) asked: String,
    pub(crate) plain_name: String,
    pub(crate) include_usage: bool,
    /// The languages the client reads, the dearest first.
    pub(crate) languages: Vec<String>,
    /// The id as the client sees it.
    pub(crate) id: String,
    pub(crate) arrival: Arrival,
}
