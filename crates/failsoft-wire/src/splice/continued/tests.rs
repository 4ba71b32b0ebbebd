//! Calls that ask another target to go on.

#![expect(clippy::wildcard_enum_match_arm, reason = "of all the rest nothing is asked")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Delivered, Onward};
use super::continued;
use crate::neutral::{Call, Delta, Feature, Maker, PartStart, Piece, Rest, Role};
use crate::{Addressed, Destination, Dialect, PrefillMark, may_prefill};

const INSTRUCTION: &str = "Go on from \"the end\".";
const TEXT: &str = "It was a dark and stormy night. \n";
const PREFILL: Onward = Onward::Prefill { echoes: false };

fn delivered(text: &str, calls: &[(&str, &str)]) -> Delivered {
    let mut delivered = Delivered::default();
    let mut part = |start: PartStart, piece: Piece| {
        delivered.record(Delta::PartBegin { choice: 0, start });
        delivered.record(Delta::Piece { choice: 0, piece });
        delivered.record(Delta::PartEnd { choice: 0 });
    };
    part(PartStart::Text, Piece::Text(text.to_owned()));
    for (name, arguments) in calls {
        let start = PartStart::ToolCall {
            id: format!("call_{name}"),
            name: (*name).to_owned(),
            is_custom: false,
            rest: Rest::default(),
        };
        part(start, Piece::Arguments((*arguments).to_owned()));
    }
    delivered
}

fn to(model: &str) -> Destination<'_> {
    Destination {
        model,
        maker: Maker(7),
        max_output: None,
        follows_schemas: true,
        marks_prefill: PrefillMark::None,
    }
}

/// Everything a caller may say in its dialect, and some of what it may not.
#[expect(clippy::too_many_lines, reason = "it is data")]
fn rich(dialect: Dialect) -> Value {
    match dialect {
        Dialect::ChatCompletions => json!({
            "model": "m", "max_tokens": 500, "stream": true, "seed": 7, "n": 1, "temperature": 0.5,
            "stream_options": {"include_usage": true}, "stop": ["END"], "logit_bias": {"50": -100},
            "reasoning_effort": "low", "user": "u", "metadata": {"k": "v"}, "x_unknown": {"a": [1]},
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": true}},
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "x": 1}}],
            "tool_choice": "auto", "parallel_tool_calls": false,
            "messages": [
                {"role": "developer", "content": "Be brief.", "name": "d"},
                {"role": "user", "content": [{"type": "text", "text": "Hi"}], "name": "ann"},
                {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "c1", "content": "ok"},
                {"role": "user", "content": "Tell me.", "x": true}
            ]
        }),
        Dialect::Messages => json!({
            "model": "m", "max_tokens": 500, "stream": true, "temperature": 0.5, "top_k": 3,
            "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            "stop_sequences": ["END"], "metadata": {"user_id": "u", "x": 1}, "service_tier": "auto",
            "thinking": {"type": "adaptive", "display": "omitted"}, "x_unknown": {"a": [1]},
            "output_config": {"effort": "high", "x": 2},
            "tools": [{"name": "f", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}}, {"type": "web_search_20250305", "name": "web_search"}],
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm", "signature": "sig"}, {"type": "tool_use", "id": "c1", "name": "f", "input": {}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "ok"}, {"type": "text", "text": "Tell me.", "cache_control": {"type": "ephemeral"}}]}
            ]
        }),
        Dialect::Responses => json!({
            "model": "m", "max_output_tokens": 500, "stream": true, "temperature": 0.5,
            "instructions": "Be brief.", "store": false, "truncation": "auto", "service_tier": "flex",
            "reasoning": {"effort": "low", "summary": "auto", "x": 1}, "x_unknown": {"a": [1]},
            "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}, "verbosity": "low"},
            "include": ["reasoning.encrypted_content"], "metadata": {"k": "v"}, "previous_response_id": "resp_1",
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": true}, {"type": "web_search"}],
            "tool_choice": "auto", "parallel_tool_calls": false,
            "input": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed"},
                {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c1", "output": "ok"},
                {"type": "message", "role": "user", "content": "Tell me."}
            ]
        }),
        Dialect::GenerateContent => json!({
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "generationConfig": {"maxOutputTokens": 500, "temperature": 0.5, "topK": 3, "stopSequences": ["END"],
                "thinkingConfig": {"includeThoughts": true, "thinkingBudget": 100}, "mediaResolution": "MEDIA_RESOLUTION_LOW", "x": 1},
            "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
            "tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]}, {"googleSearch": {}}],
            "cachedContent": "cachedContents/x", "labels": {"k": "v"},
            "contents": [
                {"role": "user", "parts": [{"text": "Hi"}]},
                {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "c2ln"}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"result": "ok"}}}]},
                {"role": "user", "parts": [{"text": "Tell me."}]}
            ]
        }),
        Dialect::BedrockConverse | Dialect::Embeddings => unreachable!("no client says it"),
    }
}

const CLIENTS: [Dialect; 4] =
    [Dialect::ChatCompletions, Dialect::Messages, Dialect::Responses, Dialect::GenerateContent];

fn addressed() -> Addressed {
    Addressed::of_path("/v1beta/models/m:streamGenerateContent").unwrap()
}

fn decoded(dialect: Dialect, body: &Value) -> Call {
    dialect.decode_call(body.to_string().as_bytes(), Some(&addressed())).unwrap()
}

fn encoded(dialect: Dialect, call: &Call, to: &Destination<'_>) -> Value {
    let encoded = dialect.encode_call(call, to).unwrap();
    serde_json::from_slice(&encoded.body).unwrap()
}

/// Takes out the conversation and the bound on the answer.
fn split(dialect: Dialect, mut body: Value) -> (Value, Vec<Value>, Option<u64>) {
    let (turns, bound) = match dialect {
        Dialect::Responses => ("input", "/max_output_tokens"),
        Dialect::GenerateContent => ("contents", "/generationConfig/maxOutputTokens"),
        _ => ("messages", "/max_tokens"),
    };
    let turns = body[turns].take().as_array().cloned().unwrap();
    let bound = body.pointer_mut(bound).and_then(|bound| bound.take().as_u64());
    (body, turns, bound)
}

fn said(turn: &Value) -> (&str, String) {
    let role = turn["role"].as_str().unwrap();
    let content = turn.get("content").or(turn.get("parts")).unwrap();
    let text = match content {
        Value::String(text) => text.clone(),
        list => {
            list.as_array().unwrap().iter().map(|part| part["text"].as_str().unwrap()).collect()
        }
    };
    (if role == "model" { "assistant" } else { role }, text)
}

#[test]
fn everything_else_the_caller_said_stays() {
    for dialect in CLIENTS {
        let call = decoded(dialect, &rich(dialect));
        for onward in [PREFILL, Onward::Asked, Onward::Anew] {
            let went_on = continued(&call, &delivered(TEXT, &[]), onward, INSTRUCTION);
            let before = split(dialect, encoded(dialect, &call, &to("m")));
            let after = split(dialect, encoded(dialect, &went_on, &to("m")));
            assert_eq!(after.0, before.0, "{dialect} {onward:?}");
            let known = before.1.len();
            assert_eq!(after.1[..known], before.1, "{dialect} {onward:?}");
            let more: Vec<_> = after.1[known..].iter().map(said).collect();
            let words = ("assistant", TEXT.trim_end().to_owned());
            let asked = ("user", INSTRUCTION.to_owned());
            let (expected, most) = match onward {
                Onward::Anew => (vec![], 500),
                Onward::Prefill { .. } => (vec![words], 492),
                Onward::Asked => (vec![words, asked], 500),
            };
            assert_eq!((more, after.2), (expected, Some(most)), "{dialect} {onward:?}");
            assert!(went_on.stream);
        }
    }
}

#[test]
fn the_callers_own_beginning_of_the_answer_is_gone_on_with() {
    let body = json!({"model": "m", "messages": [
        {"role": "user", "content": "Tell me."},
        {"role": "assistant", "content": "Once", "prefix": true}
    ]});
    let call = decoded(Dialect::ChatCompletions, &body);
    let went_on = continued(&call, &delivered(" upon a time", &[]), PREFILL, "");
    let (_, turns, _) =
        split(Dialect::ChatCompletions, encoded(Dialect::ChatCompletions, &went_on, &to("m")));
    let last = json!({"role": "assistant", "content": "Once upon a time", "prefix": true});
    assert_eq!((turns.len(), &turns[1]), (2, &last));
    let asked = continued(&call, &delivered(" upon a time", &[]), Onward::Asked, INSTRUCTION);
    assert_eq!(asked.turns.len(), 3);
}

#[test]
fn delivered_calls_are_told_as_json() {
    let call = decoded(Dialect::Messages, &rich(Dialect::Messages));
    let calls = [("f", r#"{"city": "Paris"}"#), ("g", "")];
    let went_on = continued(&call, &delivered(TEXT, &calls), Onward::Asked, INSTRUCTION);
    let last = went_on.turns.last().unwrap();
    let list = r#"[{"arguments":{"city":"Paris"},"name":"f"},{"arguments":{},"name":"g"}]"#;
    let told = crate::neutral::Part::text(format!("{INSTRUCTION}\n\n{list}"));
    assert_eq!((last.role, last.parts.as_slice()), (Role::User, [told].as_slice()));
}

#[test]
fn the_bound_is_lowered_by_what_was_delivered_and_never_raised() {
    let most = |bound: Option<u32>, text: &str, onward| {
        let call = Call { max_tokens: bound, ..Call::default() };
        continued(&call, &delivered(text, &[]), onward, INSTRUCTION).max_tokens
    };
    let page = "word ".repeat(80);
    assert_eq!(most(None, &page, PREFILL), None);
    assert_eq!(most(Some(500), &page, PREFILL), Some(400));
    let ended = format!("{page}and these are the last words of it");
    assert_eq!(most(Some(500), &ended, PREFILL), Some(392));
    assert_eq!(most(Some(500), &ended, Onward::Asked), Some(416), "the quoted words come again");
    assert_eq!(most(Some(500), "a", PREFILL), Some(499));
    assert_eq!(most(Some(90), &page, PREFILL), Some(16));
    assert_eq!(most(Some(9), &page, PREFILL), Some(9));
    assert_eq!(most(Some(500), &page, Onward::Anew), Some(500));
}

#[test]
fn a_budget_of_thought_stays_below_the_bound() {
    let page = "word ".repeat(2_000);
    for (bound, budget, thinking, left) in [
        (8_000, 4_096, json!({"type": "enabled", "budget_tokens": 4_096}), 5_500),
        (6_500, 4_096, json!({"type": "enabled", "budget_tokens": 2_000}), 4_000),
        (4_000, 2_048, Value::Null, 1_500),
    ] {
        let mut body = rich(Dialect::Messages);
        body["max_tokens"] = bound.into();
        body["thinking"] = json!({"type": "enabled", "budget_tokens": budget});
        let call = decoded(Dialect::Messages, &body);
        let went_on = continued(&call, &delivered(&page, &[]), PREFILL, "");
        let body = encoded(Dialect::Messages, &went_on, &to("claude-sonnet-4-5"));
        assert_eq!(body["max_tokens"], left);
        // Behind words without thoughts the dialect takes no budget: they are asked anew.
        let asked = continued(&call, &delivered(&page, &[]), Onward::Asked, "Go on.");
        let bound = asked.max_tokens.unwrap();
        let asked = encoded(Dialect::Messages, &asked, &to("claude-sonnet-4-5"));
        let told = asked["thinking"]["budget_tokens"].as_u64();
        assert!(told.is_none_or(|told| told < bound.into() && told >= 1_024), "{asked}");
        assert_eq!(told.is_none(), thinking.is_null(), "{asked}");
    }
}

#[test]
fn a_last_message_is_marked_as_the_target_wants_it() {
    let own = decoded(Dialect::ChatCompletions, &rich(Dialect::ChatCompletions));
    let mut other = decoded(Dialect::Messages, &rich(Dialect::Messages));
    other.hosted.clear();
    for call in [&own, &other] {
        for onward in [PREFILL, Onward::Asked] {
            let went_on = continued(call, &delivered(TEXT, &[]), onward, INSTRUCTION);
            for mark in [PrefillMark::None, PrefillMark::Prefix, PrefillMark::ContinueFinal] {
                let to = Destination { marks_prefill: mark, ..to("m") };
                let body = encoded(Dialect::ChatCompletions, &went_on, &to);
                let marked: Vec<_> = body["messages"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|message| message.get("prefix") == Some(&Value::Bool(true)))
                    .collect();
                let is_prefix = onward == PREFILL && mark == PrefillMark::Prefix;
                let (last, others) = marked.split_last().unwrap();
                assert_eq!((*last, others.contains(&true)), (is_prefix, false), "{body}");
                let flags = (body.get("continue_final_message"), body.get("add_generation_prompt"));
                let (yes, no) = (Value::Bool(true), Value::Bool(false));
                let goes_on = onward == PREFILL && mark == PrefillMark::ContinueFinal;
                let expected = if goes_on { (Some(&yes), Some(&no)) } else { (None, None) };
                assert_eq!(flags, expected, "{body}");
            }
        }
    }
}

const MODELS: [(Dialect, &str); 9] = [
    (Dialect::ChatCompletions, "mistral-large"),
    (Dialect::Messages, "claude-3-5-haiku-20241022"),
    (Dialect::Messages, "claude-sonnet-4-5"),
    (Dialect::Messages, "claude-opus-4-8"),
    (Dialect::Messages, "kimi-k3"),
    (Dialect::BedrockConverse, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    (Dialect::BedrockConverse, "us.amazon.nova-lite-v1:0"),
    (Dialect::GenerateContent, "gemini-2.5-flash"),
    (Dialect::Responses, "gpt-5.2"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Where a prefill is promised, the body ends with it and holds nothing it is refused beside.
    #[test]
    fn a_prefill_that_is_promised_is_one(call in crate::arbitrary::call(), text in crate::arbitrary::words()) {
        for (dialect, model) in MODELS {
            let went_on = continued(&call, &delivered(&text, &[]), PREFILL, "");
            let Ok(encoded) = dialect.encode_call(&went_on, &to(model)) else { continue };
            let is_turned = encoded.notes.iter().any(|note| note.feature == Feature::Prefill);
            let body: Value = serde_json::from_slice(&encoded.body).unwrap();
            if !may_prefill(&call, dialect, model) {
                continue;
            }
            prop_assert!(!is_turned, "{dialect} {model}");
            let (_, turns, _) = split(dialect, body.clone());
            let last = turns.last().unwrap();
            let role = last["role"].as_str().unwrap();
            prop_assert!(role == "assistant" || role == "model", "{dialect} {model}: {body}");
            prop_assert!(said(last).1.ends_with(text.trim_end()), "{dialect} {model}: {body}");
            if model.contains("claude") {
                for clash in ["tools", "toolConfig", "thinking", "output_config"] {
                    prop_assert!(body.get(clash).is_none(), "{dialect} {model}: {body}");
                }
            }
        }
    }

    #[test]
    fn a_call_goes_on_in_every_dialect(call in crate::arbitrary::call(), text in crate::arbitrary::words()) {
        let asked = continued(&call, &delivered(&text, &[("f", "{}")]), Onward::Asked, INSTRUCTION);
        let with = (&asked.system, &asked.tools, &asked.stop, &asked.sampling, &asked.output);
        prop_assert_eq!(with, (&call.system, &call.tools, &call.stop, &call.sampling, &call.output));
        prop_assert!(asked.max_tokens <= call.max_tokens);
        for (dialect, model) in MODELS {
            let Ok(encoded) = dialect.encode_call(&asked, &to(model)) else { continue };
            let body: Value = serde_json::from_slice(&encoded.body).unwrap();
            let (_, turns, _) = split(dialect, body.clone());
            let (role, told) = said(turns.last().unwrap());
            prop_assert_eq!(role, "user");
            prop_assert!(told.starts_with(INSTRUCTION), "{}", told);
        }
    }
}
