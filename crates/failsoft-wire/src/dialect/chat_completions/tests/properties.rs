//! Whatever can be said comes back, but for what the rules leave out.

use proptest::prelude::*;

use super::{TO, arbitrary, assembled, assert_in_order, presented, read, write};
use crate::Dialect::ChatCompletions;
use crate::neutral::{Call, OutputFormat, Part, Reply, Rest, Role, Turn, deltas};

/// What the rules leave out or make from something else, done to the call beforehand.
fn as_told(mut call: Call) -> Call {
    call.model = TO.model.to_owned();
    call.sampling.top_k = None;
    if call.tools.is_empty() {
        call.tool_choice = None;
        call.parallel_tools = None;
    }
    // The results of calls come one behind the other, each with one text.
    for part in call.turns.iter_mut().flat_map(|turn| &mut turn.parts) {
        if let Part::ToolResult(result) = part {
            let texts = result.content.iter().filter_map(|part| match part {
                Part::Text { text, .. } => Some(text.as_str()),
                _ => None,
            });
            let text = texts.collect::<Vec<_>>().join("\n\n");
            let text = if result.is_error { format!("Error: {text}") } else { text };
            result.is_error = false;
            result.content = vec![Part::text(text)];
        }
    }
    if call.output == OutputFormat::Json && !format!("{:?}", said(&call)).contains("json") {
        let mut words = said_in(&call.system);
        words.push("Answer with one JSON object and nothing else.".to_owned());
        call.system = vec![Part::text(words.join("\n\n"))];
    }
    call
}

fn said(call: &Call) -> Vec<String> {
    let parts = call.system.iter().chain(call.turns.iter().flat_map(|turn| &turn.parts));
    said_in(parts).iter().map(|text| text.to_lowercase()).collect()
}

fn said_in<'a>(parts: impl IntoIterator<Item = &'a Part>) -> Vec<String> {
    let texts = parts.into_iter().filter_map(|part| match part {
        Part::Text { text, .. } => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

/// Without what the dialect remembers of its spelling.
fn bare(mut call: Call) -> Call {
    call.rest = Rest::default();
    bare_parts(&mut call.system);
    for Turn { parts, rest, .. } in &mut call.turns {
        *rest = Rest::default();
        bare_parts(parts);
    }
    call.tools.iter_mut().for_each(|tool| tool.rest = Rest::default());
    if let Some(reasoning) = &mut call.reasoning {
        reasoning.rest = Rest::default();
    }
    call
}

fn bare_parts(parts: &mut [Part]) {
    for part in parts {
        match part {
            Part::Text { rest, citations, .. } => {
                *rest = Rest::default();
                citations.iter_mut().for_each(|citation| citation.rest = Rest::default());
            }
            Part::Thinking { rest, .. } => *rest = Rest::default(),
            Part::Media(media) => media.rest = Rest::default(),
            Part::ToolCall(call) => call.rest = Rest::default(),
            Part::ToolResult(result) => {
                result.rest = Rest::default();
                bare_parts(&mut result.content);
            }
            Part::Foreign(_) | Part::Refusal(_) => {}
        }
    }
}

fn bare_reply(mut reply: Reply) -> Reply {
    reply.rest = Rest::default();
    reply.id = None;
    for choice in &mut reply.choices {
        choice.rest = Rest::default();
        bare_parts(&mut choice.parts);
        for part in &mut choice.parts {
            // Thoughts have no seal here.
            if let Part::Thinking { seal, .. } = part {
                *seal = None;
            }
        }
        if let Some(stop) = &mut choice.stop {
            stop.word = None;
        }
    }
    if let Some(usage) = &mut reply.usage {
        usage.rest = Rest::default();
    }
    reply
}

/// Calls as few would make them: media in results, results apart from their calls, thoughts,
/// several assistant turns in a row.
fn shuffled() -> impl Strategy<Value = Call> {
    (arbitrary::call(), any::<bool>(), any::<bool>()).prop_map(|(mut call, thinks, splits)| {
        let mut turns = Vec::new();
        for turn in call.turns.drain(..) {
            let mut turn = turn;
            if thinks && turn.role == Role::Assistant {
                turn.parts.insert(
                    0,
                    Part::Thinking { text: "hm".to_owned(), seal: None, rest: Rest::default() },
                );
            }
            if splits && turn.role == Role::Assistant {
                let role = turn.role;
                let split = |part| Turn { role, parts: vec![part], rest: Rest::default() };
                turns.extend(turn.parts.into_iter().map(split));
            } else {
                turns.push(turn);
            }
        }
        call.turns = turns;
        call
    })
}

/// Assistant turns in a row are one; thoughts are left out.
fn merged(mut call: Call) -> Call {
    let mut turns: Vec<Turn> = Vec::new();
    for mut turn in call.turns.drain(..) {
        turn.parts.retain(|part| !matches!(part, Part::Thinking { .. }));
        match turns.last_mut().filter(|last| last.role == turn.role) {
            Some(last) if turn.role == Role::Assistant => last.parts.extend(turn.parts),
            _ => turns.push(turn),
        }
    }
    call.turns = turns;
    call
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_call_comes_back(call in shuffled()) {
        let encoded = ChatCompletions.encode_call(&call, &TO).unwrap();
        let again = ChatCompletions.decode_call(&encoded.body, None).unwrap();
        prop_assert_eq!(bare(again.clone()), bare(as_told(merged(call))));
        // What this dialect wrote, it writes again.
        let twice = ChatCompletions.encode_call(&again, &TO).unwrap();
        let twice = ChatCompletions.decode_call(&twice.body, None).unwrap();
        prop_assert_eq!(twice, again);
    }

    #[test]
    fn an_answer_comes_back(reply in arbitrary::reply()) {
        let body = ChatCompletions.encode_reply(&reply, &presented());
        prop_assert_eq!(ChatCompletions.read_reply(&body).flaw, None);
        let again = ChatCompletions.decode_reply(&body).unwrap();
        prop_assert_eq!(bare_reply(again.clone()), bare_reply(reply));
        let twice = ChatCompletions.encode_reply(&again, &presented());
        prop_assert_eq!(ChatCompletions.decode_reply(&twice).unwrap(), again);
    }

    #[test]
    fn a_stream_says_what_the_plain_answer_says(reply in arbitrary::reply()) {
        let plain = ChatCompletions.encode_reply(&reply, &presented());
        let plain = ChatCompletions.decode_reply(&plain).unwrap();
        let stream = write(&deltas(&reply), presented());
        let deltas = read(&stream);
        assert_in_order(&deltas);
        prop_assert_eq!(bare_reply(assembled(&deltas)), bare_reply(plain));
    }
}
