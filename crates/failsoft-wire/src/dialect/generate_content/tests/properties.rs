//! Arbitrary calls and answers, there and back.

use proptest::prelude::*;

use super::super::keys::HERE;
use super::super::{decode_call, decode_reply, encode_call, encode_reply};
use super::{
    MAKER, addressed, arbitrary, assembled, assert_in_order, destination, events, pieces, presented,
};
use crate::neutral::{
    Call, Media, OutputFormat, Part, Reply, Rest, ToolCall, ToolChoice, ToolResult, Turn, deltas,
};

proptest! {
    #[test]
    fn calls_come_back(call in arbitrary::call()) {
        let encoded = encode_call(&call, &destination("gemini-2.5-flash")).unwrap();
        let again = decode_call(&encoded.body, &addressed("assistant")).unwrap();
        prop_assert_eq!(bare(expected(call)), bare(again.clone()));
        let twice = encode_call(&again, &destination("gemini-2.5-flash")).unwrap();
        let twice: serde_json::Value = serde_json::from_slice(&twice.body).unwrap();
        let once: serde_json::Value = serde_json::from_slice(&encoded.body).unwrap();
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn calls_to_the_third_generation_come_back(call in arbitrary::call()) {
        let encoded = encode_call(&call, &destination("gemini-3-flash")).unwrap();
        let again = decode_call(&encoded.body, &addressed("assistant")).unwrap();
        let mut found = bare(again);
        let turns = found.turns.iter_mut();
        for part in turns.flat_map(|turn| turn.parts.iter_mut()) {
            if let Part::ToolCall(call) = part {
                call.seal = None; // the placeholder
            }
        }
        let effort = call.reasoning.as_ref().and_then(|reasoning| reasoning.effort);
        let mut wanted = bare(expected(call));
        if let Some(reasoning) = &mut wanted.reasoning {
            (reasoning.effort, reasoning.budget) = (effort, None);
        }
        prop_assert_eq!(wanted, found);
    }

    #[test]
    fn replies_come_back(reply in arbitrary::reply()) {
        for maker in [None, Some(MAKER)] {
            let again = decode_reply(&encode_reply(&reply, &presented(maker))).unwrap();
            let mut wanted = bare_reply(reply.clone());
            for part in wanted.choices.iter_mut().flat_map(|choice| &mut choice.parts) {
                if let Part::Thinking { seal: Some(seal), .. } = part {
                    seal.maker = maker;
                }
            }
            prop_assert_eq!(wanted, bare_reply(again));
        }
    }

    #[test]
    fn streams_say_what_plain_replies_say(reply in arbitrary::reply()) {
        let plain = decode_reply(&encode_reply(&reply, &presented(Some(MAKER)))).unwrap();
        let read = pieces(&events(&deltas(&reply), Some(MAKER)));
        assert_in_order(&read);
        prop_assert_eq!(bare_reply(assembled(&read)), bare_reply(plain));
    }
}

/// What is dropped: the caller, the bound on parallel calls, the schema's name, description and
/// strictness. What is made from something else: strict tools are a mode, effort is a budget in
/// 2.5, empty instructions none at all. Tool results stand in a turn of their own, neighbours of
/// one role are one turn, and a choice among no tools is none.
fn expected(mut call: Call) -> Call {
    call.user = None;
    call.parallel_tools = None;
    if let OutputFormat::Schema { name, description, strict, .. } = &mut call.output {
        (*name, *description, *strict) = (None, None, None);
    }
    let is_strict = call.tools.iter().any(|tool| tool.strict == Some(true));
    call.tools.iter_mut().for_each(|tool| tool.strict = None);
    if is_strict && call.tool_choice.is_none() {
        call.tool_choice = Some(ToolChoice::Auto);
    }
    if let Some(reasoning) = &mut call.reasoning {
        reasoning.budget = reasoning.effort.take().map(|effort| effort.budget());
    }
    let turns = std::mem::take(&mut call.turns);
    for turn in turns {
        let holds_results = |turn: &Turn| matches!(turn.parts.first(), Some(Part::ToolResult(_)));
        match call.turns.last_mut() {
            Some(last) if last.role == turn.role && !holds_results(last) => {
                last.parts.extend(turn.parts);
            }
            _ => call.turns.push(turn),
        }
    }
    call.stream = false;
    call
}

/// Without what is kept for the way back.
fn bare(mut call: Call) -> Call {
    call.rest = Rest::default();
    for turn in &mut call.turns {
        turn.rest = Rest::default();
        turn.parts.iter_mut().for_each(bare_part);
    }
    call.tools.iter_mut().for_each(|tool| tool.rest = Rest::default());
    if let Some(reasoning) = &mut call.reasoning {
        reasoning.rest = Rest::default();
    }
    call
}

fn bare_part(part: &mut Part) {
    match part {
        Part::Thinking { rest, .. }
        | Part::Text { rest, .. }
        | Part::Media(Media { rest, .. })
        | Part::ToolCall(ToolCall { rest, .. }) => *rest = Rest::default(),
        Part::ToolResult(ToolResult { rest, content, .. }) => {
            *rest = Rest::default();
            content.iter_mut().for_each(bare_part);
        }
        Part::Refusal(_) | Part::Foreign(_) => {}
    }
}

/// Without what is kept for the way back, the dialect's own word for the end, and the time.
fn bare_reply(mut reply: Reply) -> Reply {
    reply.rest = Rest::default();
    reply.created = None;
    for choice in &mut reply.choices {
        choice.rest = Rest::default();
        if let Some(stop) = &mut choice.stop {
            assert!(stop.word.as_ref().is_none_or(|(dialect, _)| *dialect == HERE));
            stop.word = None;
        }
        for part in &mut choice.parts {
            bare_part(part);
            if let Part::Text { citations, .. } = part {
                citations.iter_mut().for_each(|citation| citation.rest = Rest::default());
            }
        }
    }
    if let Some(usage) = &mut reply.usage {
        usage.rest = Rest::default();
    }
    reply
}
