//! Resume: whether a stream that broke off after commit is continued, and how often.

/// When a broken stream is continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resume {
    /// Continuations of one call at most; 0 means none. They are not among `max_attempts`.
    pub max: u8,
}

impl Default for Resume {
    /// Two, because the first may meet the same broken target.
    fn default() -> Self {
        Self { max: 2 }
    }
}
