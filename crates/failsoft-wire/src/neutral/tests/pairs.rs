//! Arbitrary calls and answers between all pairs of dialects, and some that were broken once.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks at a few kinds only")]

use proptest::prelude::*;
use serde_json::json;

use super::digest::{lost, said};
use super::{CLIENTS, assembled, by_way_of, destination, may_refuse};
use super::{read_call, streamed, translated};
use crate::Dialect;
use crate::arbitrary::{call, reply};
use crate::neutral::{Maker, Part};

/// Some providers seal a text in the middle of a sentence.
#[test]
fn a_text_that_is_sealed_in_its_middle_stays_one_sentence() {
    let chunk = |parts: &str| {
        format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{parts}]}},\"index\":0}}]}}\n\n"
        )
    };
    let parts = [
        r#"{"text":"The sum is 5, and the","thoughtSignature":"YWJj"}"#,
        r#"{"text":" product is 6."}"#,
    ];
    let end = "data: {\"candidates\":[{\"finishReason\":\"STOP\",\"index\":0}]}\n\n";
    let stream = parts.map(chunk).concat() + end;
    let plain = format!(
        r#"{{"candidates":[{{"content":{{"parts":[{}]}},"finishReason":"STOP"}}]}}"#,
        parts.join(",")
    );
    let plain = Dialect::GenerateContent.decode_reply(plain.as_bytes()).unwrap();
    for client in CLIENTS {
        let streamed = translated(Dialect::GenerateContent, client, stream.as_bytes());
        let streamed = said(&assembled(client, &streamed), client);
        assert_eq!(streamed.text(), "The sum is 5, and the product is 6.", "{client}");
        assert_eq!(streamed, said(&by_way_of(client, &plain), client), "{client}");
    }
}

/// Some models write `null` for no arguments at all.
#[test]
fn arguments_of_null_are_none() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"?"},{"role":"assistant",
        "tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"null"}}]},
        {"role":"tool","tool_call_id":"1","content":"!"},{"role":"user","content":"?"}]}"#;
    let call = read_call(Dialect::ChatCompletions, body.as_bytes(), "m");
    for target in [Dialect::Messages, Dialect::GenerateContent, Dialect::BedrockConverse] {
        let encoded = target.encode_call(&call, &destination(target)).unwrap();
        let again = read_call(target, &encoded.body, "m");
        let arguments =
            again.turns.iter().flat_map(|turn| &turn.parts).find_map(|part| match part {
                Part::ToolCall(call) => Some(call.arguments.as_str()),
                _ => None,
            });
        assert_eq!(arguments, Some("{}"), "{target}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn calls_hold_the_same_in_every_other_dialect(call in call()) {
        for client in CLIENTS {
            let Ok(written) = client.encode_call(&call, &destination(client)) else { continue };
            let mut call = read_call(client, &written.body, &call.model);
            call.without_seals_of_others(Maker(7), &|_| None);
            for target in Dialect::TARGETS.into_iter().filter(|target| *target != client) {
                let encoded = target.encode_call(&call, &destination(target));
                let refused = encoded.as_ref().err().map(|unfit| unfit.feature);
                prop_assert_eq!(target.refusal(&call), refused, "{}", target);
                let encoded = match encoded {
                    Ok(encoded) => encoded,
                    Err(unfit) => {
                        prop_assert!(may_refuse(target, unfit.feature), "{}: {}", target, unfit);
                        prop_assert!(call.features().contains(unfit.feature));
                        continue;
                    }
                };
                let again = read_call(target, &encoded.body, destination(target).model);
                let lost = lost(&call, &encoded, &again);
                prop_assert_eq!(lost, None, "{} to {}", client, target);
            }
        }
    }

    #[test]
    fn replies_say_the_same_in_every_other_dialect(reply in reply()) {
        for target in Dialect::TARGETS {
            let answer = by_way_of(target, &reply);
            for client in CLIENTS.into_iter().filter(|client| *client != target) {
                let told = by_way_of(client, &answer);
                prop_assert_eq!(said(&told, client), said(&answer, client), "{} to {}", target, client);
            }
        }
    }

    #[test]
    fn streams_come_to_what_the_plain_answer_says(reply in reply()) {
        for target in Dialect::TARGETS {
            let answer = by_way_of(target, &reply);
            let stream = streamed(target, &reply);
            for client in CLIENTS.into_iter().filter(|client| *client != target) {
                let plain = by_way_of(client, &answer);
                let whole = assembled(client, &translated(target, client, &stream));
                prop_assert_eq!(said(&whole, client), said(&plain, client), "{} to {}", target, client);
            }
        }
    }
}

/// Slow where each answer is looked for among all others.
#[test]
fn very_many_tool_calls_are_no_burden() {
    let many = 0..8_000;
    let call = |id| json!({"id": format!("call_{id}"), "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let answer = |id| json!({"role": "tool", "tool_call_id": format!("call_{id}"), "content": "x"});
    let mut messages = vec![json!({"role": "user", "content": "hi"})];
    messages.push(
        json!({"role": "assistant", "tool_calls": many.clone().map(call).collect::<Vec<_>>()}),
    );
    messages.extend(many.clone().rev().map(answer));
    let body = json!({"model": "m", "messages": messages}).to_string();
    let read = read_call(Dialect::ChatCompletions, body.as_bytes(), "m");
    for dialect in Dialect::TARGETS {
        let encoded = dialect.encode_call(&read, &destination(dialect)).unwrap();
        let again = read_call(dialect, &encoded.body, "m");
        let parts = again.turns.iter().flat_map(|turn| &turn.parts);
        let answers = parts.filter(|part| matches!(part, Part::ToolResult(_))).count();
        assert_eq!(answers, many.len(), "{dialect}");
        let chat = Dialect::ChatCompletions;
        assert!(chat.encode_call(&again, &destination(chat)).is_ok(), "{dialect}");
    }
}
