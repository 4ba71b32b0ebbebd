//! The way out: one exchange with one target at a time, nothing resent, no redirect followed.

mod collected;
mod connect;
mod credential;
mod endpoint;
mod exchange;
mod happening;
mod headers;
mod judge;
mod origin;
mod outbound;
mod pool;
mod relay;
mod request;
mod stream;
mod streaming;
mod translation;

pub(crate) use endpoint::Endpoint;
pub(crate) use exchange::Exchange;
pub(crate) use happening::{Happening, Whole};
pub(crate) use headers::{forwardable, returnable, translatable};
pub(crate) use judge::usage_of;
pub use outbound::{Destination, NoReply, Outbound, Reply};
pub(crate) use request::{NotSaid, Order, Refusals};
pub(crate) use translation::Translation;
