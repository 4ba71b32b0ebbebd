//! The way out: one exchange with one target at a time, nothing resent, no redirect followed.

mod collected;
mod connect;
mod endpoint;
mod exchange;
mod headers;
mod judge;
mod pool;
mod request;
mod stream;
mod streaming;

pub(crate) use endpoint::Endpoint;
pub(crate) use exchange::{Exchange, Happening, Order, Whole};
pub(crate) use headers::{forwardable, returnable};
