//! What comes of an exchange.

use bytes::Bytes;
use failsoft_engine::Usage;
use failsoft_provider::Reading;

/// What came of an exchange.
#[derive(Debug)]
pub(crate) enum Happening {
    /// The connection stands.
    Connected,
    /// First content came, and nothing of it can go to the client yet.
    ContentHeld,
    /// First content can go to the client; it waits for the word.
    FirstContent,
    /// Whole events of a committed stream.
    Content(Bytes),
    /// The same, and they differ from events before them in their words alone.
    Words(Bytes),
    /// The answer is whole.
    Whole(Whole),
    /// There will be no whole answer.
    Failed(Reading),
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Whole {
    /// A plain answer's body; of a streamed one what has not been passed on yet.
    pub(crate) body: Bytes,
    pub(crate) usage: Usage,
}
