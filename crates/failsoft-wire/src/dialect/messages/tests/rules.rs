//! Each row of the dialect's column, asked for once.

#![expect(clippy::wildcard_enum_match_arm, reason = "probes name the features they know")]

use serde_json::Value;

use super::super::{RULES, encode_call};
use super::destination;
use crate::Dialect;
use crate::neutral::{
    Call, Citation, Effort, Feature, Hosted, Json, Media, MediaKind, MediaSource, OutputFormat,
    Part, Reasoning, Rest, Role, Rule, Seal, Tool, ToolCall, ToolChoice, ToolResult, Turn,
};

/// Takes everything the dialect ever had.
const OLD: &str = "claude-3-7-sonnet-20250219";

#[test]
fn every_row_does_what_it_says() {
    for row in RULES {
        let (call, trace) = probe(row.feature);
        assert!(call.features().contains(row.feature), "{}: the probe does not ask", row.feature);
        let encoded = encode_call(&call, &destination(OLD));
        if row.rule == Rule::Refuse {
            assert_eq!(encoded.unwrap_err().feature, row.feature);
            continue;
        }
        let encoded = encoded.unwrap();
        let body = String::from_utf8(encoded.body).unwrap();
        let notes: Vec<_> = encoded.notes.iter().map(|note| (note.feature, note.rule)).collect();
        let noted: &[_] = match row.rule {
            Rule::Map | Rule::Refuse => &[],
            Rule::Emulate | Rule::Drop => &[(row.feature, row.rule)],
        };
        assert_eq!(notes, noted, "{}: {body}", row.feature);
        let is_there = body.contains(trace);
        assert_eq!(is_there, row.rule != Rule::Drop, "{}: {trace} in {body}", row.feature);
    }
}

/// A call that asks for the feature and nothing else with a rule but `Map`, and its trace.
fn probe(feature: Feature) -> (Call, &'static str) {
    let mut call = asked("hello");
    let trace = match feature {
        Feature::System | Feature::SystemTurn => {
            put_system(&mut call, feature);
            if feature == Feature::System { r#""system":"be brief""# } else { r#""be brief""# }
        }
        Feature::Tools
        | Feature::StrictTools
        | Feature::SingleToolCall
        | Feature::ForcedTool
        | Feature::ForbiddenTools => put_tool(&mut call, feature),
        Feature::CustomTools
        | Feature::ParallelToolCalls
        | Feature::ToolResults
        | Feature::ToolErrors
        | Feature::ToolResultMedia => put_tool_turns(&mut call, feature),
        Feature::HostedTools => {
            call.hosted.push(Hosted { kind: "web_search".to_owned(), rest: Rest::default() });
            ""
        }
        Feature::Images
        | Feature::ImageUrls
        | Feature::ImageDetail
        | Feature::Files
        | Feature::FileUrls
        | Feature::AudioVideo
        | Feature::ServerState => put_media(&mut call, feature),
        Feature::Thinking
        | Feature::Seals
        | Feature::Citations
        | Feature::Refusals
        | Feature::ForeignParts
        | Feature::Prefill => put_history(&mut call, feature),
        Feature::MediaOutput => {
            call.media_output = vec![MediaKind::Audio];
            ""
        }
        _ => put_parameter(&mut call, feature),
    };
    (call, trace)
}

pub(super) fn asked(text: &str) -> Call {
    let turns = vec![turn(Role::User, vec![Part::text(text)])];
    Call { turns, max_tokens: Some(4_000), ..Call::default() }
}

pub(super) fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, parts, rest: Rest::default() }
}

pub(super) fn tool_call(id: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: "weather".to_owned(),
        arguments: r#"{"city":"Paris"}"#.to_owned(),
        seal: None,
        is_custom: false,
        rest: Rest::default(),
    }
}

pub(super) fn tool_result(id: &str, content: Vec<Part>) -> ToolResult {
    ToolResult { id: id.to_owned(), name: None, content, is_error: false, rest: Rest::default() }
}

fn put_system(call: &mut Call, feature: Feature) {
    let words = vec![Part::text("be brief")];
    match feature {
        Feature::System => call.system = words,
        _ => call.turns.push(turn(Role::System, words)),
    }
}

pub(super) fn tool() -> Tool {
    Tool {
        name: "weather".to_owned(),
        description: None,
        schema: Json::new(r#"{"type":"object","properties":{"city":{"type":"string"}}}"#),
        strict: None,
        rest: Rest::default(),
    }
}

fn put_tool(call: &mut Call, feature: Feature) -> &'static str {
    call.tools.push(tool());
    match feature {
        Feature::StrictTools => {
            call.tools[0].strict = Some(true);
            r#""additionalProperties":false},"strict":true"#
        }
        Feature::SingleToolCall => {
            call.parallel_tools = Some(false);
            r#"{"type":"auto","disable_parallel_tool_use":true}"#
        }
        Feature::ForcedTool => {
            call.tool_choice = Some(ToolChoice::Named("weather".to_owned()));
            r#""tool_choice":{"type":"tool","name":"weather"}"#
        }
        Feature::ForbiddenTools => {
            call.tool_choice = Some(ToolChoice::None);
            r#""tool_choice":{"type":"none"}"#
        }
        _ => r#""tools":[{"name":"weather","input_schema":{"type":"object""#,
    }
}

fn put_tool_turns(call: &mut Call, feature: Feature) -> &'static str {
    call.tools.push(tool());
    let (mut one, mut result) = (tool_call("a"), tool_result("a", vec![Part::text("sunny")]));
    let mut calls = Vec::new();
    let trace = match feature {
        Feature::CustomTools => {
            one.is_custom = true;
            one.arguments = "free text".to_owned();
            r#""input":{"input":"free text"}"#
        }
        Feature::ToolErrors => {
            result.is_error = true;
            r#""content":"sunny","is_error":true"#
        }
        Feature::ToolResultMedia => {
            result.content.push(media(MediaKind::Image, png()));
            r#"{"type":"text","text":"sunny"},{"type":"image""#
        }
        Feature::ParallelToolCalls => {
            calls.push(Part::ToolCall(tool_call("b")));
            r#""tool_use","id":"a","name":"weather""#
        }
        _ => r#"{"type":"tool_result","tool_use_id":"a","content":"sunny"}"#,
    };
    let mut results = vec![Part::ToolResult(result)];
    if !calls.is_empty() {
        results.push(Part::ToolResult(tool_result("b", vec![Part::text("rain")])));
    }
    calls.push(Part::ToolCall(one));
    call.turns.push(turn(Role::Assistant, calls));
    call.turns.push(turn(Role::User, results));
    trace
}

pub(super) fn png() -> MediaSource {
    MediaSource::Inline { mime: "image/png".to_owned(), base64: super::arbitrary::PNG.to_owned() }
}

pub(super) fn media(kind: MediaKind, source: MediaSource) -> Part {
    Part::Media(Media { kind, source, name: None, detail: None, rest: Rest::default() })
}

fn put_media(call: &mut Call, feature: Feature) -> &'static str {
    let url = |url: &str| MediaSource::Url { url: url.to_owned(), mime: None };
    let (part, trace) = match feature {
        Feature::ImageUrls => (
            media(MediaKind::Image, url("https://example.org/a.png")),
            r#"{"type":"image","source":{"type":"url","url":"https://example.org/a.png"}}"#,
        ),
        Feature::FileUrls => (
            media(MediaKind::File, url("https://example.org/a.pdf")),
            r#"{"type":"document","source":{"type":"url","url":"https://example.org/a.pdf"}}"#,
        ),
        Feature::Files => (
            media(
                MediaKind::File,
                MediaSource::Inline {
                    mime: "application/pdf".to_owned(),
                    base64: "JVBERi0=".to_owned(),
                },
            ),
            r#"{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}"#,
        ),
        Feature::AudioVideo => (media(MediaKind::Audio, url("https://example.org/a.mp3")), ""),
        Feature::ServerState => {
            (media(MediaKind::File, MediaSource::Stored("file-1".to_owned())), "")
        }
        Feature::ImageDetail => {
            let image = Media {
                kind: MediaKind::Image,
                source: png(),
                name: None,
                detail: Some("high".to_owned()),
                rest: Rest::default(),
            };
            (Part::Media(image), "high")
        }
        _ => (
            media(MediaKind::Image, png()),
            r#""source":{"type":"base64","media_type":"image/png","data":"iVBOR"#,
        ),
    };
    call.turns[0].parts.push(part);
    trace
}

fn put_history(call: &mut Call, feature: Feature) -> &'static str {
    let thinking = |seal: Option<&str>| Part::Thinking {
        text: "hm".to_owned(),
        seal: seal.map(|value| Seal { value: value.to_owned(), maker: Some(super::MAKER) }),
        rest: Rest::default(),
    };
    let (part, trace) = match feature {
        Feature::Thinking => (thinking(None), "hm"),
        Feature::Seals => {
            // The rule about thoughts is theirs; these go along with their seal.
            (thinking(Some("c2VhbA")), r#""thinking":"hm","signature":"c2VhbA""#)
        }
        Feature::Refusals => (Part::Refusal("I will not".to_owned()), r#""I will not""#),
        Feature::Citations => {
            let citation = Citation {
                url: Some("https://example.org/source".to_owned()),
                title: None,
                quote: None,
                span: None,
                rest: Rest::default(),
            };
            let text = "it rains".to_owned();
            let text = Part::Text { text, citations: vec![citation], rest: Rest::default() };
            (text, "example.org/source")
        }
        Feature::ForeignParts => {
            let mut rest = Rest::of(Dialect::Responses);
            rest.keep(b"type", b"\"web_search_call\"");
            (Part::Foreign(rest), "web_search_call")
        }
        _ => (Part::text("Once upon "), r#"{"role":"assistant","content":"Once upon"}"#),
    };
    call.turns.push(turn(Role::Assistant, vec![part]));
    if feature != Feature::Prefill {
        call.turns[1].parts.push(Part::text("well"));
        call.turns.push(turn(Role::User, vec![Part::text("go on")]));
    }
    trace
}

#[expect(clippy::too_many_lines, reason = "one short arm per parameter")]
fn put_parameter(call: &mut Call, feature: Feature) -> &'static str {
    let sampling = &mut call.sampling;
    match feature {
        Feature::JsonObject => {
            call.output = OutputFormat::Json;
            "Answer with one JSON object and nothing else."
        }
        Feature::JsonSchema => {
            let schema = Json::new(r#"{"type":"object","properties":{}}"#).unwrap();
            let (name, description) = (None, None);
            call.output = OutputFormat::Schema { name, description, schema, strict: None };
            r#""output_config":{"format":{"type":"json_schema","schema":{"type":"object""#
        }
        Feature::MaxTokens => r#""max_tokens":4000"#,
        Feature::StopSequences => {
            call.stop = vec!["END".to_owned()];
            r#""stop_sequences":["END"]"#
        }
        Feature::Temperature => {
            sampling.temperature = Some(0.5);
            r#""temperature":0.5"#
        }
        Feature::TopP => {
            sampling.top_p = Some(0.9);
            r#""top_p":0.9"#
        }
        Feature::TopK => {
            sampling.top_k = Some(40);
            r#""top_k":40"#
        }
        Feature::Seed => {
            sampling.seed = Some(7);
            "seed"
        }
        Feature::Penalties => {
            sampling.presence_penalty = Some(1.0);
            "penalty"
        }
        Feature::Logprobs => {
            sampling.logprobs = Some(2);
            "logprobs"
        }
        Feature::SeveralChoices => {
            sampling.choices = Some(2);
            ""
        }
        Feature::ReasoningEffort | Feature::ReasoningBudget => {
            let effort = (feature == Feature::ReasoningEffort).then_some(Effort::None);
            let budget = (feature == Feature::ReasoningBudget).then_some(2_000);
            call.reasoning = Some(Reasoning { effort, budget, ..Reasoning::default() });
            if budget.is_some() {
                r#""thinking":{"type":"enabled","budget_tokens":2000"#
            } else {
                ""
            }
        }
        Feature::User => {
            call.user = Some("u-1".to_owned());
            r#""metadata":{"user_id":"u-1"}"#
        }
        Feature::Metadata => {
            call.metadata.insert("team".to_owned(), "search".to_owned());
            "search"
        }
        Feature::ForeignParameters => {
            call.rest = Rest::of(Dialect::Responses);
            call.rest.keep(b"truncation", b"\"auto\"");
            "truncation"
        }
        other => unreachable!("{other} has its own probe"),
    }
}

#[test]
fn efforts_are_said_as_the_model_takes_them() {
    for (model, effort, thinking, output) in [
        ("claude-opus-4-6", Effort::Low, r#"{"type":"adaptive"}"#, r#"{"effort":"low"}"#),
        ("claude-opus-5-5", Effort::Max, r#"{"type":"adaptive"}"#, r#"{"effort":"max"}"#),
        ("claude-opus-5-5", Effort::None, "null", r#"{"effort":"low"}"#),
        ("claude-sonnet-5-5", Effort::None, r#"{"type":"between_tools"}"#, "null"),
        ("claude-opus-5", Effort::None, r#"{"type":"disabled"}"#, "null"),
        ("claude-opus-4-8", Effort::None, "null", "null"),
        ("claude-3-opus-20240229", Effort::High, "null", "null"),
        ("claude-sonnet-4-5", Effort::Medium, r#"{"budget_tokens":2000,"type":"enabled"}"#, "null"),
        ("some-model", Effort::Low, r#"{"budget_tokens":1024,"type":"enabled"}"#, "null"),
    ] {
        let mut call = asked("hello");
        call.reasoning = Some(Reasoning { effort: Some(effort), ..Reasoning::default() });
        let encoded = encode_call(&call, &destination(model)).unwrap();
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        assert_eq!(body["thinking"].to_string(), thinking, "{model} {effort:?}");
        assert_eq!(body["output_config"].to_string(), output, "{model} {effort:?}");
        // One that cannot be told not to think thinks, and that is said.
        let thinks_all_the_same = effort == Effort::None && output != "null";
        let notes = encoded.notes.iter().filter(|note| note.rule == Rule::Emulate);
        assert!(!thinks_all_the_same || notes.count() == 1, "{model} {effort:?}");
    }
}
