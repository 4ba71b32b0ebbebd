//! Arbitrary neutral calls and replies: what conversations look like, not what any one dialect
//! can hold. Every call is one a provider would take: tool results answer calls made before, and
//! the conversation begins and ends with its caller.

use failsoft_wire::neutral::{
    Call, Choice, Citation, Effort, Json, Media, MediaKind, MediaSource, OutputFormat, Part,
    Reasoning, Reply, Rest, Role, Sampling, Seal, Stop, StopReason, Tool, ToolCall, ToolChoice,
    ToolResult, Turn, Usage,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

/// A picture of one pixel.
pub(crate) const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// Words: never empty, never only white space, with everything JSON must escape.
pub(crate) fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z][a-z ,.]{0,40}[a-z.]",
        Just("Zeile eins\nZeile \"zwei\" \\ – 日本語 😀 \u{1}end".to_owned()),
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_]{0,20}"
}

/// JSON objects as models write them.
pub(crate) fn arguments() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{}".to_owned()),
        words().prop_map(|text| serde_json::json!({ "text": text, "n": 7 }).to_string()),
        Just(r#"{"city":"Paris","days":[1,2],"deep":{"a":null}}"#.to_owned()),
    ]
}

fn schema() -> Json {
    Json::new(
        r#"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}"#,
    )
    .unwrap()
}

fn text() -> impl Strategy<Value = Part> {
    words().prop_map(Part::text)
}

/// An image in the request itself.
pub(crate) fn image() -> impl Strategy<Value = Part> {
    Just(Part::Media(Media {
        kind: MediaKind::Image,
        source: MediaSource::Inline { mime: "image/png".to_owned(), base64: PNG.to_owned() },
        name: None,
        detail: None,
        rest: Rest::default(),
    }))
}

/// What a caller says.
fn asked() -> impl Strategy<Value = Turn> {
    (vec(text(), 1..3), of(image())).prop_map(|(mut parts, image)| {
        parts.extend(image);
        Turn { role: Role::User, parts, rest: Rest::default() }
    })
}

/// What a model answered: words, or calls and the turn with their results.
fn answered(round: usize) -> impl Strategy<Value = Vec<Turn>> {
    let said = text().prop_map(|part| {
        vec![Turn { role: Role::Assistant, parts: vec![part], rest: Rest::default() }]
    });
    let called = (of(text()), vec((name(), arguments(), words(), any::<bool>()), 1..4));
    let called = called.prop_map(move |(before, calls)| {
        let mut parts: Vec<Part> = before.into_iter().collect();
        let mut results = Vec::new();
        for (index, (name, arguments, answer, is_error)) in calls.into_iter().enumerate() {
            let id = format!("call_{round}_{index}");
            results.push(Part::ToolResult(ToolResult {
                id: id.clone(),
                name: Some(name.clone()),
                content: vec![Part::text(answer)],
                is_error,
                rest: Rest::default(),
            }));
            parts.push(Part::ToolCall(ToolCall {
                id,
                name,
                arguments,
                seal: None,
                is_custom: false,
                rest: Rest::default(),
            }));
        }
        vec![
            Turn { role: Role::Assistant, parts, rest: Rest::default() },
            Turn { role: Role::User, parts: results, rest: Rest::default() },
        ]
    });
    prop_oneof![said, called]
}

fn conversation() -> impl Strategy<Value = Vec<Turn>> {
    let middle = (answered(0), asked(), answered(1), asked());
    (asked(), of(middle)).prop_map(|(first, middle)| {
        let mut turns = vec![first];
        if let Some((one, two, three, four)) = middle {
            turns.extend(one);
            turns.push(two);
            turns.extend(three);
            turns.push(four);
        }
        turns
    })
}

fn tools() -> impl Strategy<Value = (Vec<Tool>, Option<ToolChoice>, Option<bool>)> {
    let tool = (name(), of(words()), of(any::<bool>())).prop_map(|(name, description, strict)| {
        Tool { name, description, schema: Some(schema()), strict, rest: Rest::default() }
    });
    (vec(tool, 0..3), 0..5_u8, of(any::<bool>())).prop_map(|(mut tools, choice, parallel)| {
        tools.dedup_by(|one, other| one.name == other.name);
        let first = tools.first().map(|tool| tool.name.clone());
        let choice = first.and_then(|first| match choice {
            0 => Some(ToolChoice::Auto),
            1 => Some(ToolChoice::None),
            2 => Some(ToolChoice::Required),
            3 => Some(ToolChoice::Named(first)),
            _ => None,
        });
        let parallel = parallel.filter(|_| !tools.is_empty());
        (tools, choice, parallel)
    })
}

fn output() -> impl Strategy<Value = OutputFormat> {
    prop_oneof![
        Just(OutputFormat::Text),
        Just(OutputFormat::Json),
        (of(words()), of(any::<bool>())).prop_map(|(description, strict)| OutputFormat::Schema {
            name: Some("answer".to_owned()),
            description,
            schema: schema(),
            strict,
        }),
    ]
}

fn sampling() -> impl Strategy<Value = Sampling> {
    (of(0..=10_u8), of(1..=10_u8), of(1..100_u32), of(0..1000_i64), of(0..=10_u8)).prop_map(
        |(temperature, top_p, top_k, seed, penalty)| Sampling {
            temperature: temperature.map(|n| f64::from(n) / 10.0),
            top_p: top_p.map(|n| f64::from(n) / 10.0),
            top_k,
            seed,
            frequency_penalty: penalty.map(|n| f64::from(n) / 10.0),
            presence_penalty: penalty.map(|n| f64::from(n) / 20.0),
            logprobs: None,
            choices: None,
        },
    )
}

fn reasoning() -> impl Strategy<Value = Option<Reasoning>> {
    let effort = prop_oneof![Just(Effort::Low), Just(Effort::Medium), Just(Effort::High)];
    of(effort.prop_map(|effort| Reasoning { effort: Some(effort), ..Reasoning::default() }))
}

/// A call.
pub(crate) fn call() -> impl Strategy<Value = Call> {
    let bounds = (of(1..5000_u32), vec("[A-Z]{2,6}", 0..3), of("[a-z0-9]{4,12}"), any::<bool>());
    (of(words()), conversation(), tools(), output(), sampling(), reasoning(), bounds).prop_map(
        |(system, turns, tools, output, sampling, reasoning, bounds)| {
            let (tools, tool_choice, parallel_tools) = tools;
            let (max_tokens, stop, user, stream) = bounds;
            Call {
                model: "assistant".to_owned(),
                system: system.into_iter().map(Part::text).collect(),
                turns,
                tools,
                tool_choice,
                parallel_tools,
                output,
                max_tokens,
                stop,
                sampling,
                reasoning,
                user,
                stream,
                ..Call::default()
            }
        },
    )
}

fn tool_call((index, (name, arguments)): (usize, (String, String))) -> Part {
    Part::ToolCall(ToolCall {
        id: format!("call_{index}"),
        name,
        arguments,
        seal: None,
        is_custom: false,
        rest: Rest::default(),
    })
}

/// An answer of one choice.
pub(crate) fn reply() -> impl Strategy<Value = Reply> {
    let thinking = of(words()).prop_map(|text| {
        text.map(|text| Part::Thinking {
            text,
            seal: Some(Seal { value: "c2VhbA==".to_owned(), maker: None }),
            rest: Rest::default(),
        })
    });
    let citations = vec(Just(()), 0..2).prop_map(|list| {
        let cite = |()| Citation {
            url: Some("https://example.org/a".to_owned()),
            title: Some("A".to_owned()),
            quote: None,
            span: Some((0, 1)),
            rest: Rest::default(),
        };
        list.into_iter().map(cite).collect::<Vec<_>>()
    });
    let words = of((words(), citations)).prop_map(|text| {
        text.map(|(text, citations)| Part::Text { text, citations, rest: Rest::default() })
    });
    let calls = vec((name(), arguments()), 0..3);
    let usage = (0..1000_u32, 0..100_u32, 0..1000_u32, 0..100_u32);
    (thinking, words, calls, usage, any::<bool>()).prop_map(
        |(thinking, words, calls, usage, is_cut)| {
            let has_calls = !calls.is_empty();
            let mut parts: Vec<Part> = thinking.into_iter().chain(words).collect();
            parts.extend(calls.into_iter().enumerate().map(tool_call));
            if !parts.iter().any(|part| !matches!(part, Part::Thinking { .. })) {
                parts.push(Part::text("Yes."));
            }
            let reason = match (has_calls, is_cut) {
                (true, _) => StopReason::ToolCalls,
                (false, true) => StopReason::Length,
                (false, false) => StopReason::Done,
            };
            let (input, cached, output, thoughts) = usage;
            Reply {
                id: Some("made_by_nobody".to_owned()),
                model: Some("some-model".to_owned()),
                created: Some(1_795_392_000),
                choices: vec![Choice { parts, stop: Some(Stop::of(reason)), ..Choice::default() }],
                usage: Some(Usage {
                    input: input + cached,
                    cached,
                    output: output + thoughts,
                    reasoning: thoughts,
                    ..Usage::default()
                }),
                ..Reply::default()
            }
        },
    )
}
