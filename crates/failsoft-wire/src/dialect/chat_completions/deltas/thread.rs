//! What chunks tell that their pieces do not.

use super::piece::Piece;
use crate::find::word;
use crate::scan::{Scanner, Value};

word!(ROLE = "\"role\"");
word!(TOOL_CALLS = "\"tool_calls\"");

/// Follows the first choice of a stream that is passed on as it comes.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    /// A role was said. SDKs join strings that come twice, roles too.
    pub(super) has_role: bool,
    /// The first number no tool call has.
    pub(super) calls: u32,
}

impl Thread {
    /// Takes the data of a chunk.
    pub(crate) fn follow(&mut self, data: &[u8]) {
        self.has_role = self.has_role || ROLE.find(data).is_some();
        if TOOL_CALLS.find(data).is_none() {
            return;
        }
        // What is no chunk was told apart before.
        let _ = Scanner::new(data).members(|scanner, key| {
            if key != b"choices" {
                return scanner.value().map(drop);
            }
            scanner.items(|scanner| {
                let mut piece = Piece::default();
                scanner.members(|scanner, key| piece.read(scanner, key))?;
                if let Some(calls) = piece.tool_calls {
                    calls.items(|call| self.note(call));
                }
                Ok(())
            })?;
            Ok(())
        });
    }

    fn note(&mut self, call: Value<'_>) {
        call.members(|key, value| {
            if key == b"index"
                && let Some(index) = value.count()
            {
                self.calls = self.calls.max(index.saturating_add(1));
            }
        });
    }
}
