//! What waits until it is whole.

use super::Hold;
use crate::neutral::{Delta, PartStart, Piece, StopReason};
use crate::reply::Flaw;
use crate::scan::is_json;

/// Shut while something that must be whole is not.
#[derive(Debug)]
pub(super) struct Gate {
    hold: Hold,
    open: Vec<Open>,
    /// A call ended within its arguments: only a stop that explains it lets it pass.
    has_doubt: bool,
}

/// A part that must be whole.
#[derive(Debug)]
struct Open {
    choice: u32,
    /// Of a call: its arguments, and whether they must be JSON.
    arguments: Option<(String, bool)>,
}

impl Gate {
    pub(super) const fn new(hold: Hold) -> Self {
        Self { hold, open: Vec::new(), has_doubt: false }
    }

    /// Whether nothing may pass.
    pub(super) const fn is_shut(&self) -> bool {
        self.hold.everything || self.has_doubt || !self.open.is_empty()
    }

    /// Bytes of arguments that are held beside the events they came in.
    pub(super) fn held(&self) -> usize {
        self.open
            .iter()
            .filter_map(|open| open.arguments.as_ref())
            .map(|(json, _)| json.len())
            .sum()
    }

    /// Sees what comes. True if a part that was held is whole with it.
    pub(super) fn see(&mut self, delta: &Delta) -> Result<bool, Flaw> {
        match delta {
            Delta::PartBegin { choice, start } => {
                self.begin(*choice, start)?;
                Ok(false)
            }
            Delta::Piece { choice, piece: Piece::Arguments(more) } => {
                let mut open = self.open.iter_mut();
                if let Some(open) = open.find(|open| open.choice == *choice)
                    && let Some((arguments, _)) = &mut open.arguments
                {
                    arguments.push_str(more);
                }
                Ok(false)
            }
            Delta::PartEnd { choice } => Ok(self.end_part(*choice)),
            Delta::Finish { stop, .. } => self.finish(stop.reason),
            Delta::End => {
                self.hold.everything = false;
                if self.has_doubt { Err(Flaw::InvalidToolArguments) } else { Ok(false) }
            }
            Delta::Begin(_) | Delta::Piece { .. } | Delta::Usage(_) => Ok(false),
        }
    }

    fn begin(&mut self, choice: u32, start: &PartStart) -> Result<(), Flaw> {
        if self.has_doubt {
            return Err(Flaw::InvalidToolArguments);
        }
        let arguments = match start {
            PartStart::ToolCall { is_custom, .. } if self.hold.tool_calls => {
                Some((String::new(), !is_custom))
            }
            PartStart::Text if self.hold.text => None,
            PartStart::Text
            | PartStart::ToolCall { .. }
            | PartStart::Refusal
            | PartStart::Thinking { .. }
            | PartStart::Media(_)
            | PartStart::Foreign(_) => return Ok(()),
        };
        self.open.push(Open { choice, arguments });
        Ok(())
    }

    fn end_part(&mut self, choice: u32) -> bool {
        let Some(at) = self.open.iter().position(|open| open.choice == choice) else {
            return false;
        };
        match self.open.swap_remove(at).arguments {
            Some((arguments, true)) if !are_whole(&arguments) => {
                self.has_doubt = true;
                false
            }
            Some(_) | None => true,
        }
    }

    fn finish(&mut self, reason: StopReason) -> Result<bool, Flaw> {
        let explains = matches!(
            reason,
            StopReason::Length
                | StopReason::ContextFull
                | StopReason::Sequence
                | StopReason::Filtered
                | StopReason::Refused
                | StopReason::Paused
        );
        if !std::mem::take(&mut self.has_doubt) || explains {
            return Ok(false);
        }
        Err(Flaw::InvalidToolArguments)
    }
}

/// No arguments, or JSON.
fn are_whole(arguments: &str) -> bool {
    arguments.trim().is_empty() || is_json(arguments.as_bytes())
}
