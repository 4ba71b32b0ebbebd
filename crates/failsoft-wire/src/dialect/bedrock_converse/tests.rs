//! Calls, answers and streams there and back: made up, recorded, and by rule.

mod calls;
mod fidelity;
mod recorded;
mod streams;

use super::DIALECT;
use crate::arbitrary;
use crate::dialect::trial::{self, destination as to};
use crate::neutral::{Delta, Reply, deltas};
use crate::records;
use crate::sse::Frame;
use crate::translate::Presented;

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-6";
const CLAUDE_5: &str = "us.anthropic.claude-opus-5";
const ELDER_CLAUDE: &str = "us.anthropic.claude-sonnet-4-20250514-v1:0";
const NOVA: &str = "us.amazon.nova-lite-v1:0";
const OTHER: &str = "us.meta.llama4-maverick-17b-instruct-v1:0";

fn presented() -> Presented {
    trial::presented(None)
}

fn frames(stream: &[u8]) -> Vec<Frame> {
    records::frames(DIALECT, stream)
}

fn pieces(stream: &[u8]) -> Vec<Delta> {
    trial::pieces(DIALECT, stream)
}

fn assembled(stream: &[u8]) -> Reply {
    trial::assembled(&pieces(stream))
}

fn streamed(reply: &Reply) -> Vec<u8> {
    trial::events(DIALECT, &deltas(reply), presented())
}
