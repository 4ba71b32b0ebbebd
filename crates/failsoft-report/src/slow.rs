//! Which first contents are late, measured by what the same target usually takes for such prompts.

use std::collections::BTreeMap;

use failsoft_journal::{AttemptRow, CallRow, Name};

use crate::size::Size;
use crate::sketch::Sketch;

/// First content is late after so many times the median.
pub(crate) const TIMES: f64 = 4.0;
/// What comes within this is never late.
const QUICK_MS: f64 = 1_000.0;
/// First contents that must be known before one is judged.
const KNOWN: u64 = 30;
/// Targets, sizes and deliveries told apart.
const GROUPS: usize = 2_000;

/// Targets' usual times until first content.
#[derive(Debug, Default)]
pub(crate) struct Usual {
    groups: BTreeMap<(Name, u8, bool), Group>,
}

/// First contents of a target for prompts of one class.
#[derive(Debug, Default)]
struct Group {
    all: Sketch,
    /// Those that were not late.
    timely: Sketch,
}

impl Usual {
    /// Whether an attempt's first content was late; `None` if nobody can say.
    pub(crate) fn is_late(&mut self, call: &CallRow, attempt: &AttemptRow) -> Option<bool> {
        let target = attempt.target.as_ref()?;
        let streamed = call.delivery.as_deref() == Some("streamed");
        let group = (target.name.clone(), Size::of(call).class(), streamed);
        if self.groups.len() >= GROUPS && !self.groups.contains_key(&group) {
            return None;
        }
        let usual = self.groups.entry(group).or_default();
        let median = usual.all.quantile(0.5).filter(|_| usual.all.count() >= KNOWN);
        let late = median.map(|median| (median * TIMES).max(QUICK_MS));
        match (attempt.first_content_ns, attempt.took_ns) {
            (Some(nanos), _) => {
                usual.all.add(nanos);
                let is_late = late.map(|late| nanos as f64 / 1e6 > late);
                if is_late != Some(true) {
                    usual.timely.add(nanos);
                }
                is_late
            }
            // What was given up or overtaken before is late if it was by then.
            (None, Some(nanos)) if waited_for_content(attempt) => {
                late.and_then(|late| (nanos as f64 / 1e6 > late).then_some(true))
            }
            (None, _) => None,
        }
    }

    /// What such prompts of a target usually take, in milliseconds: the median, and so large a
    /// share of them, those that are late aside.
    pub(crate) fn of(&self, target: &str, sizes: &[u8], share: f64) -> Option<(f64, f64)> {
        let mut fits = self
            .groups
            .iter()
            .filter(|((name, size, _), _)| &**name == target && sizes.contains(size))
            .map(|(_, group)| &group.timely);
        let largest = fits.by_ref().max_by_key(|timely| timely.count())?;
        Some((largest.quantile(0.5)?, largest.quantile(share)?))
    }
}

fn waited_for_content(attempt: &AttemptRow) -> bool {
    let timed_out =
        attempt.kind.as_deref() == Some("timeout") && attempt.phase.as_deref() != Some("connect");
    timed_out || matches!(attempt.cancel_reason.as_deref(), Some("lost" | "timed_out"))
}
