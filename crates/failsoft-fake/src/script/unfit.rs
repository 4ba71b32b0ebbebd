//! Faults that a dialect cannot have.

use failsoft_wire::Dialect;

use crate::asked::{Asked, Framing};
use crate::fault::Fault;

/// Why this request cannot be answered with that fault, if it cannot.
pub(crate) fn unfit(fault: Fault, asked: &Asked) -> Option<String> {
    let is_binary = asked.aim.framing == Framing::Binary;
    let reason = match (fault, asked.dialect(), asked.stream) {
        (Fault::BadCrc(_), _, streamed) if !(is_binary && streamed) => {
            "only the streams of bedrock_converse have checksums"
        }
        (
            Fault::Tools
            | Fault::TwoTools
            | Fault::Refusal
            | Fault::Length
            | Fault::CutTool(_)
            | Fault::CutTextTool
            | Fault::CutThinking
            | Fault::TextTools
            | Fault::FinishError
            | Fault::Repeat
            | Fault::BadTool
            | Fault::BadChunk(_)
            | Fault::NoDone
            | Fault::NoFinish,
            Dialect::Embeddings,
            _,
        ) => "embeddings say nothing and are never streamed",
        (Fault::NoDone, Dialect::GenerateContent, true) if asked.aim.framing == Framing::Events => {
            "its event streams have no end marker, use no-finish"
        }
        (Fault::NoFinish, Dialect::Responses, true) => "its end marker is its finish, use no-done",
        (Fault::RoleOnly, Dialect::GenerateContent, true) => {
            "its streams announce nothing, use stall-after-0"
        }
        (Fault::FinishError, Dialect::Messages | Dialect::BedrockConverse, _) => {
            "none of its reasons is an error, use inband-error-after-20"
        }
        (Fault::PingsOnly | Fault::PingsEnd, Dialect::BedrockConverse, true) => {
            "its streams have no keep-alives, use stall-after-0 or end-after-0"
        }
        _ => return None,
    };
    Some(format!("the fault `{fault}` makes no sense for {} here: {reason}", asked.dialect()))
}
