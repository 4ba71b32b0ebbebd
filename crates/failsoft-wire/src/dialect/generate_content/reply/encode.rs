//! An answer, written.

use super::super::call::write_call;
use super::super::ids::Ids;
use super::super::keys::{HERE, has_outside, write_outside};
use super::super::parts::{lone_seal, takes_seal};
use super::super::{call, seal, verdict};
use super::{logprobs, sources, usage};
use crate::neutral::{Choice, Citation, Json, Part, Reply, Rest, Seal, Stop, Usage};
use crate::translate::Presented;
use crate::write::Writer;

/// Writes a plain answer.
pub(crate) fn encode_reply(reply: &Reply, presented: &Presented) -> Vec<u8> {
    let mut body = Vec::with_capacity(1024);
    let mut ids = Ids::of_answer(reply.id.as_deref().or(Some(&presented.id)));
    Writer::new(&mut body).object(|object| {
        object.key("candidates").array(|list| {
            for (index, choice) in (0..).zip(&reply.choices) {
                write_choice(list, (index, choice), &mut ids, presented);
            }
        });
        let ends = (reply.id.as_deref(), reply.model.as_deref());
        write_closing(object, reply.usage.as_ref(), ends, presented);
        write_outside(object, &reply.rest);
    });
    body
}

/// Writes what stands behind the candidates.
pub(in super::super) fn write_closing(
    object: &mut Writer<'_>,
    usage: Option<&Usage>,
    (id, model): (Option<&str>, Option<&str>),
    presented: &Presented,
) {
    if let Some(usage) = usage {
        object.key("usageMetadata").object(|object| usage::write(object, usage));
    }
    object.text("modelVersion", model.unwrap_or(&presented.model));
    object.text("responseId", id.unwrap_or(&presented.id));
}

fn write_choice(
    list: &mut Writer<'_>,
    (index, choice): (u32, &Choice),
    ids: &mut Ids,
    presented: &Presented,
) {
    let beside = Beside {
        index,
        stop: choice.stop.as_ref(),
        logprobs: choice.logprobs.as_ref(),
        citations: citations(&choice.parts),
        rest: Some(&choice.rest),
    };
    write_candidate(list, &beside, |parts| {
        let mut at = 0;
        while let Some(part) = choice.parts.get(at) {
            at += 1;
            let next = choice.parts.get(at).filter(|_| takes_seal(part));
            let seal = next.and_then(lone_seal);
            at += usize::from(seal.is_some());
            write_part(parts, (part, seal), ids, presented);
        }
    });
}

/// The citations of all texts, each with the characters before its text.
fn citations(parts: &[Part]) -> Vec<(u32, &Citation)> {
    let mut found = Vec::new();
    let mut before = 0_u32;
    for part in parts {
        if let Part::Text { text, citations, .. } = part {
            found.extend(citations.iter().map(|citation| (before, citation)));
            let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            before = before.saturating_add(length);
        }
    }
    found
}

/// What stands in a candidate beside its content.
pub(in super::super) struct Beside<'a> {
    pub(in super::super) index: u32,
    pub(in super::super) stop: Option<&'a Stop>,
    pub(in super::super) logprobs: Option<&'a Json>,
    pub(in super::super) citations: Vec<(u32, &'a Citation)>,
    pub(in super::super) rest: Option<&'a Rest>,
}

/// Writes a candidate.
pub(in super::super) fn write_candidate(
    list: &mut Writer<'_>,
    beside: &Beside<'_>,
    parts: impl FnOnce(&mut Writer<'_>),
) {
    let kept = |key| beside.rest.is_some_and(|rest| has_outside(rest, key));
    list.object(|candidate| {
        candidate.key("content").object(|content| {
            content.key("parts").array(parts);
            content.text("role", "model");
        });
        candidate.text_if("finishReason", beside.stop.map(verdict::word_of));
        candidate.value("index", beside.index);
        if !kept("citationMetadata") && !kept("groundingMetadata") {
            sources::write(candidate, &beside.citations);
        }
        let logprobs = beside.logprobs.filter(|_| !kept("logprobsResult"));
        if let Some(logprobs) = logprobs.and_then(logprobs::written) {
            candidate.key("logprobsResult").raw(&logprobs);
        }
        if let Some(rest) = beside.rest {
            write_outside(candidate, rest);
        }
    });
}

/// Writes a part of an answer, with the signature that belongs to it.
pub(in super::super) fn write_part(
    list: &mut Writer<'_>,
    (part, seal): (&Part, Option<&Seal>),
    ids: &mut Ids,
    presented: &Presented,
) {
    let sealed = |seal: &Seal| seal::for_client(seal, presented.maker);
    match part {
        Part::Thinking { text, seal, rest } => {
            if text.is_empty() && seal.is_none() && rest.members_for(HERE).is_empty() {
                return;
            }
            list.object(|object| {
                object.text("text", text);
                if !text.is_empty() {
                    object.value("thought", true);
                }
                object.text_if("thoughtSignature", seal.as_ref().map(sealed).as_deref());
                write_outside(object, rest);
            });
        }
        Part::ToolCall(call) => {
            let is_made_up = ids.is_made_up_call(&call.id);
            list.object(|object| {
                write_call(object, call, (!is_made_up).then_some(&*call.id));
                object.text_if("thoughtSignature", call.seal.as_ref().map(sealed).as_deref());
            });
        }
        Part::Foreign(rest) if !rest.is_of(HERE) => {}
        Part::ToolResult(_) => {}
        Part::Text { .. } | Part::Refusal(_) | Part::Media(_) | Part::Foreign(_) => {
            list.object(|object| {
                call::write_plain(object, part);
                object.text_if("thoughtSignature", seal.map(sealed).as_deref());
            });
        }
    }
}
