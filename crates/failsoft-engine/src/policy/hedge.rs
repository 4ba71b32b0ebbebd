//! Hedge: when another target is started beside one that is slower than nearly all its answers.

/// When a second attempt is started beside a slow one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hedge {
    /// Whether it is.
    pub enabled: bool,
    /// The share of answers, in thousandths, that are faster than the wait before a hedge.
    pub quantile_milli: u32,
}

impl Default for Hedge {
    /// Off; the 95th percentile, because beyond it extra cost grows faster than what is won.
    fn default() -> Self {
        Self { enabled: false, quantile_milli: 950 }
    }
}
