//! How a provider takes the beginning of an answer that a model is to go on from.

use failsoft_wire::PrefillMark;

/// How the beginning of an answer is sent to a provider, and what comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefillForm {
    /// How it is marked in the request.
    pub mark: PrefillMark,
    /// Whether the answer is known to repeat it.
    pub echoes: bool,
    /// Only addresses with this in their path go on from it.
    pub only_at: Option<&'static str>,
}

impl PrefillForm {
    /// As most take it: last, without a mark, and not repeated.
    pub(crate) const PLAIN: Self = Self { mark: PrefillMark::None, echoes: false, only_at: None };

    /// Whether an address with this path goes on from it.
    #[must_use]
    pub fn is_taken_at(&self, path: &str) -> bool {
        self.only_at.is_none_or(|part| path.contains(part))
    }
}
