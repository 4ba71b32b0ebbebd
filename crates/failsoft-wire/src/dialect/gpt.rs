//! What a model of OpenAI's takes, as far as its name tells, whichever dialect it is asked in.

use crate::neutral::{Call, Effort};

/// What a model's name says of the parameters it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All of them.
    Plain,
    /// A bound that holds for thoughts as well, and none about sampling while it thinks.
    Reasoning,
}

impl Kind {
    /// `o1` … `o9`, `gpt-5` and later, whatever stands before a slash.
    pub(crate) fn of(model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or(model);
        let is_o = matches!(name.as_bytes(), [b'o', b'1'..=b'9', rest @ ..] if is_end(rest));
        let version = name.strip_prefix("gpt-").map(str::as_bytes);
        let is_gpt = match version {
            Some([b'5'..=b'9', rest @ ..]) => is_end(rest),
            Some([b'1'..=b'9', b'0'..=b'9', rest @ ..]) => is_end(rest),
            Some(_) | None => false,
        };
        if is_o || is_gpt { Self::Reasoning } else { Self::Plain }
    }

    /// Whether it takes sampling parameters in this call.
    pub(crate) fn samples(self, call: &Call) -> bool {
        let reasoning = call.reasoning.as_ref();
        let effort = reasoning.and_then(|asked| {
            let budget = asked.budget.map(Effort::of_budget);
            asked.effort.or(budget)
        });
        self == Self::Plain || effort == Some(Effort::None)
    }
}

fn is_end(rest: &[u8]) -> bool {
    matches!(rest.first(), None | Some(b'-' | b'.'))
}
