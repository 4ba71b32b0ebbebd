//! Failures of one kind at one target, joined to a span with a beginning and an end.

use failsoft_journal::Name;

/// An attempt that ended, as far as incidents are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// `provider/model`.
    pub target: Name,
    /// The kind of its failure; `None` if it succeeded.
    pub kind: Option<Name>,
    /// Whether its call got no real answer because of it.
    pub lost: bool,
}

/// A span in which one kind of failure stood out at one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// `provider/model`.
    pub target: Name,
    /// The kind of failure.
    pub kind: Name,
    /// The first failure that belongs to it, in milliseconds since 1970.
    pub since_ms: i64,
    /// The last failure that belongs to it.
    pub until_ms: i64,
    /// Failed attempts in it.
    pub failures: u64,
    /// All attempts at the target meanwhile.
    pub attempts: u64,
    /// Calls that got no real answer.
    pub lost: u64,
}

/// What became of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It stands out from now on.
    Opened(Incident),
    /// It is over.
    Closed(Incident),
}

/// Finds incidents in attempts as they end, in whatever order targets come; a fold, so that the
/// same attempts give the same incidents live and years later.
#[derive(Debug, Default)]
pub struct Incidents {}

impl Incidents {
    /// An attempt ended.
    pub fn observe(&mut self, _seen: &Sighting) -> Vec<Turn> {
        Vec::new()
    }

    /// Time passed and nothing came: what has been quiet for long enough is over.
    pub fn pass(&mut self, _now_ms: i64) -> Vec<Turn> {
        Vec::new()
    }

    /// Incidents that are not over, the oldest first.
    pub fn open(&self) -> impl Iterator<Item = &Incident> {
        std::iter::empty()
    }
}
