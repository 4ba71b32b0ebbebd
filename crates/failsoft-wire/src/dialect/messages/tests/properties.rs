//! Arbitrary calls and answers, through this dialect and back.

use proptest::prelude::*;

use super::super::{decode_call, decode_reply, encode_call, encode_reply};
use super::{MAKER, arbitrary, assembled, assert_in_order, destination, events, pieces, presented};
use crate::neutral::{
    Call, Choice, Citation, OutputFormat, Part, Reply, Rest, Role, Stop, Turn, deltas,
};

/// A model of the time when the dialect still took everything it has.
const OLD: &str = "claude-3-7-sonnet-20250219";

proptest! {
    #[test]
    fn calls_come_back_as_the_rules_say(call in arbitrary::call()) {
        let encoded = encode_call(&call, &destination(OLD)).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&encoded.body).unwrap();
        assert_valid(&body);
        let again = decode_call(&encoded.body).unwrap();
        prop_assert_eq!(bare(again), expected(call));
    }

    #[test]
    fn calls_of_this_dialect_come_back_as_they_were(call in arbitrary::call()) {
        let first = decode_call(&encode_call(&call, &destination(OLD)).unwrap().body).unwrap();
        let encoded = encode_call(&first, &destination(OLD)).unwrap();
        prop_assert_eq!(encoded.notes, []);
        prop_assert_eq!(decode_call(&encoded.body).unwrap(), first);
    }

    #[test]
    fn calls_are_valid_for_every_model(
        call in arbitrary::call(),
        model in prop::sample::select(vec![
            "claude-3-haiku-20240307", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-4-8",
            "claude-opus-5", "claude-sonnet-5-5", "claude-fable-5-2", "some-model",
        ]),
        start in 0..5_usize,
        end in 0..5_usize,
    ) {
        // Results without their calls, and calls without their results.
        let mut call = call;
        let end = call.turns.len().saturating_sub(end);
        call.turns.truncate(end);
        call.turns.drain(..start.min(end));
        let body = encode_call(&call, &destination(model)).unwrap().body;
        assert_valid(&serde_json::from_slice(&body).unwrap());
    }

    #[test]
    fn streams_say_what_plain_replies_say(reply in arbitrary::reply(), is_marked: bool) {
        let maker = is_marked.then_some(MAKER);
        let plain = decode_reply(&encode_reply(&reply, &presented(maker))).unwrap();
        let read = pieces(&events(&deltas(&reply), maker));
        assert_in_order(&read);
        prop_assert_eq!(assembled(&read), plain);
    }

    #[test]
    fn replies_come_back(reply in arbitrary::reply()) {
        let again = decode_reply(&encode_reply(&reply, &presented(None))).unwrap();
        prop_assert_eq!(levelled(again), levelled(reply));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in nearly_right(), cut in any::<prop::sample::Index>()) {
        for bytes in [&bytes[..], &bytes[..cut.index(bytes.len() + 1)]] {
            if let Ok(call) = decode_call(bytes) {
                _ = encode_call(&call, &destination(OLD));
            }
            if let Ok(reply) = decode_reply(bytes) {
                _ = encode_reply(&reply, &presented(Some(MAKER)));
            }
            let read = pieces(bytes);
            assert_in_order(&read);
            _ = events(&read, None);
        }
    }
}

/// What the dialect's rules leave of a call: see the column in `RULES`.
fn expected(mut call: Call) -> Call {
    let is_thinking = call.reasoning.is_some()
        && (call.tools.is_empty() || !is_forced(&call))
        && !lacks_thoughts(&call.turns);
    // Words stand together in turns that alternate, with the results of tools first.
    let mut turns: Vec<Turn> = Vec::new();
    for turn in call.turns {
        match turns.last_mut().filter(|last| last.role == turn.role) {
            Some(last) => last.parts.extend(turn.parts),
            None => turns.push(turn),
        }
    }
    call.turns = turns;
    call.sampling.seed = None;
    call.sampling.frequency_penalty = None;
    call.sampling.presence_penalty = None;
    if is_thinking {
        call.sampling.temperature = None;
        call.sampling.top_k = None;
        call.sampling.top_p = call.sampling.top_p.filter(|top_p| *top_p >= 0.95);
    }
    for tool in &mut call.tools {
        tool.strict = tool.strict.filter(|strict| *strict);
    }
    if call.tools.is_empty() {
        call.tool_choice = None;
        call.parallel_tools = None;
    }
    let is_none = call.tool_choice == Some(crate::neutral::ToolChoice::None);
    if is_none || call.tool_choice.is_none() && call.parallel_tools == Some(true) {
        call.parallel_tools = None;
    }
    if call.parallel_tools == Some(false) && call.tool_choice.is_none() {
        call.tool_choice = Some(crate::neutral::ToolChoice::Auto);
    }
    bare(call)
}

fn is_forced(call: &Call) -> bool {
    use crate::neutral::ToolChoice::{Named, Required};
    matches!(call.tool_choice, Some(Required | Named(_)))
}

/// The generated history has no thoughts, so its last tool calls allow none.
fn lacks_thoughts(turns: &[Turn]) -> bool {
    let last_said = turns.iter().rfind(|turn| turn.role == Role::Assistant);
    last_said.is_some_and(|turn| turn.parts.iter().any(|part| matches!(part, Part::ToolCall(_))))
}

/// Without what is compared elsewhere or has no place: the model, effort and budget, bounds they
/// raise, instructions about JSON, the schema's name, tools the history alone names.
fn bare(mut call: Call) -> Call {
    call.model = String::new();
    call.rest = Rest::default();
    call.reasoning = None;
    call.max_tokens = None;
    match &mut call.output {
        OutputFormat::Schema { name, description, strict, .. } => {
            (*name, *description, *strict) = (None, None, None);
        }
        OutputFormat::Json => call.output = OutputFormat::Text,
        OutputFormat::Text => {}
    }
    let is_order = |part: &Part| matches!(part, Part::Text { text, .. } if text.starts_with("Answer with one JSON"));
    call.system.retain(|part| !is_order(part));
    if call.tools.iter().all(|tool| tool.description.is_none() && tool.strict.is_none())
        && call.tools.iter().any(|tool| {
            tool.schema
                .as_ref()
                .is_some_and(|json| json.as_str() == r#"{"type":"object","properties":{}}"#)
        })
    {
        call.tools.clear();
        call.tool_choice = None;
    }
    call
}

/// Stop words, ids of another alphabet, ends of quotes and places of citations have their own tests.
fn levelled(mut reply: Reply) -> Reply {
    reply.id = None;
    reply.created = None;
    reply.rest = Rest::default();
    for Choice { parts, stop, .. } in &mut reply.choices {
        *stop = stop.take().map(|stop| Stop::of(stop.reason));
        for part in parts {
            if let Part::Text { citations, .. } = part {
                citations.iter_mut().for_each(|Citation { span, rest, .. }| {
                    (*span, *rest) = (None, Rest::default());
                });
            }
        }
    }
    reply
}

/// What the official API checks beyond its types.
fn assert_valid(body: &serde_json::Value) {
    let messages = body["messages"].as_array().unwrap();
    assert_eq!(messages[0]["role"], "user");
    let mut asked: Vec<&str> = Vec::new();
    let mut used = std::collections::HashSet::new();
    for (index, message) in messages.iter().enumerate() {
        let role = if index % 2 == 0 { "user" } else { "assistant" };
        assert_eq!(message["role"], role, "turns alternate: {body}");
        let blocks = message["content"].as_array().cloned().unwrap_or_default();
        assert!(
            !blocks.is_empty()
                || message["content"].as_str().is_some_and(|text| !text.trim().is_empty())
        );
        let mut answered: Vec<&str> = Vec::new();
        for (at, block) in message["content"].as_array().into_iter().flatten().enumerate() {
            match block["type"].as_str().unwrap() {
                "text" => assert!(!block["text"].as_str().unwrap().trim().is_empty()),
                "tool_result" => {
                    assert_eq!(answered.len(), at, "results stand first: {body}");
                    answered.push(block["tool_use_id"].as_str().unwrap());
                }
                _ => {}
            }
        }
        answered.sort_unstable();
        asked.sort_unstable();
        assert_eq!(answered, asked, "every call is answered in the next turn: {body}");
        asked = message["content"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|block| block["type"] == "tool_use")
            .map(|block| block["id"].as_str().unwrap())
            .collect();
        assert!(asked.iter().all(|id| used.insert(*id)), "ids are used once: {body}");
    }
    assert!(asked.is_empty(), "{body}");
    let budget = body["thinking"]["budget_tokens"].as_u64().unwrap_or(1_024);
    let bound = body["max_tokens"].as_u64().unwrap();
    assert!(
        budget >= 1_024
            && (body["thinking"].is_null()
                || budget < bound
                || body["thinking"]["type"] != "enabled")
    );
    let is_forced = matches!(body["tool_choice"]["type"].as_str(), Some("any" | "tool"));
    let is_thinking = matches!(body["thinking"]["type"].as_str(), Some("enabled" | "adaptive"));
    assert!(!(is_forced && is_thinking), "{body}");
    assert!(!is_thinking || body["temperature"].is_null() && body["top_k"].is_null(), "{body}");
}

/// What somebody would send, with a few bytes changed.
fn nearly_right() -> impl Strategy<Value = Vec<u8>> {
    const TEXTS: [&str; 4] = [
        r#"{"model":"a","max_tokens":9,"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo"}},{"type":"tool_result","tool_use_id":"t","content":"x"}]},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":{"a":1}},{"type":"redacted_thinking","data":"d"}]}],"tools":[{"name":"n","input_schema":{}}],"thinking":{"type":"enabled","budget_tokens":1024},"output_config":{"effort":"low","format":{"type":"json_schema","schema":{}}}}"#,
        r#"{"id":"msg_1","type":"message","content":[{"type":"thinking","thinking":"a","signature":"fs1.0000000000000007.call.x"},{"type":"text","text":"a\u00e4","citations":[{"type":"char_location","cited_text":"c"}]}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens_details":{"thinking_tokens":1}}}"#,
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"n\",\"input\":{}}}\n\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\"}}\n\n",
        "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"server_tool_use\",\"input\":{}}}\n\nevent: content_block_delta\ndata: {\"index\":1,\"delta\":{\"partial_json\":\"{}\"}}\n\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"},\"usage\":{}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
    ];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (prop::sample::select(TEXTS.to_vec()), edits).prop_map(|(text, edits)| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}
