//! The many ways servers and clients write the same things.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{TO, assembled, assert_in_order, plain, presented, read, write};
use crate::Dialect::ChatCompletions;
use crate::neutral::{
    Effort, MediaSource, OutputFormat, Part, Role, StopReason, ToolChoice, deltas,
};
use crate::request::RequestProblem;

fn request(members: &Value) -> Vec<u8> {
    let mut whole = json!({"model": "m", "messages": []});
    for (key, value) in members.as_object().unwrap() {
        whole[key] = value.clone();
    }
    whole.to_string().into_bytes()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn requests_come_back_whatever_they_hold() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let cases = [
        json!({"max_completion_tokens": 5, "max_tokens": 6, "n": 1, "stop": "x"}),
        json!({"stream": true, "stream_options": {"include_usage": true}}),
        json!({"stream": true, "stream_options": {"include_usage": true, "include_obfuscation": false}}),
        json!({"tool_choice": {"type": "allowed_tools",
            "allowed_tools": {"mode": "required", "tools": [{"type": "function"}]}}}),
        json!({"tool_choice": {"type": "custom", "custom": {"name": "x"}}}),
        json!({"tool_choice": "any", "random_seed": 4}),
        json!({"functions": [{"name": "f", "parameters": schema}], "function_call": {"name": "f"},
            "messages": [{"role": "user", "content": "a"},
                {"role": "assistant", "content": null,
                 "function_call": {"name": "f", "arguments": "{\"a\":1}"}},
                {"role": "function", "name": "f", "content": "1"}]}),
        json!({"tools": [{"type": "custom", "custom": {"name": "c", "format": {"type": "text"}}},
            {"type": "function", "function": {"name": "f", "x": 1}, "cache_control": {"a": 1}},
            {"type": "web_search", "filters": {}}], "web_search_options": {"a": 1}}),
        json!({"response_format": {"type": "text"}}),
        json!({"response_format": {"type": "json_schema", "json_schema":
            {"name": "n", "schema": schema, "strict": true, "x": 1}}}),
        json!({"response_format": {"type": "grammar", "grammar": "a"}}),
        json!({"reasoning_effort": "minimal"}),
        json!({"reasoning_effort": "default", "thinking": {"type": "disabled"}}),
        json!({"reasoning": {"effort": "high", "exclude": true}, "verbosity": "low"}),
        json!({"metadata": {"a": "b"}, "store": true, "user": "u", "safety_identifier": "s"}),
        json!({"metadata": {"a": 1}, "logit_bias": {"1": 2}, "top_k": -1, "temperature": 1}),
        json!({"messages": [{"role": "developer", "content": "a", "name": "n"},
            {"role": "system", "content": [{"type": "text", "text": "b", "cache_control": {}},
                {"type": "text", "text": "c"}]},
            {"role": "system", "content": [{"type": "text", "text": "d"}], "name": "n"},
            {"role": "system", "content": "e"},
            {"role": "critic", "content": "f"}, {"role": "user", "content": []},
            {"role": "user", "content": 7}, {"role": "user"}]}),
        json!({"messages": [{"role": "user", "name": "n", "content": [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ==", "detail": "low", "x": 1}, "y": 2},
            {"type": "image_url", "image_url": "https://example.org/a.png"},
            {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}},
            {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "flac"}},
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "file", "file": {"file_data": "JVBERi0=", "filename": "a.pdf"}},
            {"type": "file", "file": {"file_data": "https://example.org/a.pdf"}},
            {"type": "hologram", "depth": [1, 2]}, {"type": "text"}]}]}),
        json!({"messages": [{"role": "assistant", "content": [{"type": "text", "text": "a"},
                {"type": "refusal", "refusal": "b"}], "audio": {"id": "x"}, "prefix": true},
            {"role": "assistant", "content": "", "refusal": "no"},
            {"role": "assistant", "content": "",
             "reasoning_content": "hm", "reasoning": "hm", "annotations": [],
             "tool_calls": [{"id": "1", "type": "function", "index": 0,
                "function": {"name": "f", "arguments": ""},
                "extra_content": {"google": {"thought_signature": "s", "x": 1}}},
               {"id": "2", "type": "custom", "custom": {"name": "c", "input": "free"}}]},
            {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "r"}], "name": "f"},
            {"role": "tool", "tool_call_id": "2", "content": "s", "cache_control": {"t": 1}}]}),
        json!({"\u{65}scaped \"key\"": {"a": [1, null]}, "provider": {"order": ["x"]}}),
    ];
    for case in cases {
        let original = request(&case);
        let call = ChatCompletions.decode_call(&original, None).unwrap();
        let encoded = ChatCompletions.encode_call(&call, &TO).unwrap();
        let again: Value = serde_json::from_slice(&encoded.body).unwrap();
        let original: Value = serde_json::from_slice(&original).unwrap();
        let written: Vec<u8> = serde_json::to_vec(&plain(&again)).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), plain(&original).to_string());
        assert_eq!(encoded.notes, []);
    }
}

#[test]
fn requests_mean_the_same_however_they_are_spelled() {
    let decode = |members: Value| ChatCompletions.decode_call(&request(&members), None).unwrap();
    let choice = |value: Value| decode(json!({"tool_choice": value})).tool_choice;
    assert_eq!(choice(json!("any")), Some(ToolChoice::Required));
    let named = Some(ToolChoice::Named("f".to_owned()));
    assert_eq!(choice(json!({"type": "function", "function": {"name": "f"}})), named);
    assert_eq!(choice(json!({"type": "tool", "name": "f"})), named);
    assert_eq!(decode(json!({"function_call": {"name": "f"}})).tool_choice, named);
    let effort = |members| decode(members).reasoning.unwrap().effort;
    assert_eq!(effort(json!({"reasoning_effort": "xhigh"})), Some(Effort::Max));
    assert_eq!(effort(json!({"thinking": {"type": "disabled"}})), Some(Effort::None));
    assert_eq!(effort(json!({"reasoning": {"effort": "low"}})), Some(Effort::Low));
    let budget = decode(json!({"thinking": {"type": "enabled", "budget_tokens": 7}}));
    assert_eq!(budget.reasoning.unwrap().budget, Some(7));
    assert_eq!(decode(json!({"max_completion_tokens": 5, "max_tokens": 6})).max_tokens, Some(5));
    assert_eq!(decode(json!({"stop": "x"})).stop, ["x"]);
    assert_eq!(decode(json!({"logprobs": true})).sampling.logprobs, Some(0));
    assert_eq!(decode(json!({"logprobs": true, "top_logprobs": 3})).sampling.logprobs, Some(3));
    assert_eq!(
        decode(json!({"response_format": {"type": "json_object"}})).output,
        OutputFormat::Json
    );
    let custom = decode(json!({"tools": [{"type": "custom", "custom": {"name": "c"}}]}));
    assert!(custom.tools[0].schema.is_some(), "others make a function of it");
    let elder = decode(json!({"messages": [
        {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "1"}]}));
    let (Part::ToolCall(call), Part::ToolResult(result)) =
        (&elder.turns[0].parts[0], &elder.turns[1].parts[0])
    else {
        panic!("{elder:?}")
    };
    assert_eq!((call.id.as_str(), result.name.as_deref()), (result.id.as_str(), Some("f")));
    let image = decode(json!({"messages": [{"role": "user", "content":
        [{"type": "image_url", "image_url": "data:image/png;base64,QQ=="}]}]}));
    let Part::Media(media) = &image.turns[0].parts[0] else { panic!("{image:?}") };
    let (mime, base64) = ("image/png".to_owned(), "QQ==".to_owned());
    assert_eq!(media.source, MediaSource::Inline { mime, base64 });
}

#[test]
fn tool_results_in_a_row_are_one_turn() {
    let body = request(&json!({"messages": [
        {"role": "assistant", "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "2", "type": "function", "function": {"name": "g", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": "a"},
        {"role": "tool", "tool_call_id": "2", "content": "b"},
        {"role": "user", "content": "c"}]}));
    let call = ChatCompletions.decode_call(&body, None).unwrap();
    let shape: Vec<_> = call.turns.iter().map(|turn| (turn.role, turn.parts.len())).collect();
    assert_eq!(shape, [(Role::Assistant, 2), (Role::User, 2), (Role::User, 1)]);
    let Part::ToolResult(second) = &call.turns[1].parts[1] else { panic!() };
    assert_eq!(second.name.as_deref(), Some("g"));
}

#[test]
fn what_cannot_be_understood_names_its_parameter() {
    let cases = [
        (json!({"messages": "hi"}), "messages"),
        (json!({"messages": [7]}), "messages"),
        (json!({"messages": [{"content": "no role"}]}), "messages"),
        (json!({"model": 7}), "model"),
        (json!({"stream": "yes"}), "stream"),
        (json!({"temperature": "hot"}), "temperature"),
        (json!({"max_tokens": -1}), "max_tokens"),
        (json!({"stop": [1]}), "stop"),
        (json!({"tools": {}}), "tools"),
        (json!({"seed": 0.5}), "seed"),
    ];
    for (case, param) in cases {
        let problem = ChatCompletions.decode_call(&request(&case), None).unwrap_err();
        assert!(matches!(problem, RequestProblem::WrongType { .. }), "{problem}");
        assert_eq!(problem.param(), Some(param));
    }
    let decode = |body: &str| ChatCompletions.decode_call(body.as_bytes(), None).unwrap_err();
    assert_eq!(decode("[]"), RequestProblem::NotAnObject);
    assert_eq!(decode("{\"model\":\n!"), RequestProblem::NotJson { line: 2, column: 1 });
    assert_eq!(decode("{\"messages\":[]}"), RequestProblem::Missing("model"));
    assert_eq!(decode("{\"model\":\"m\",\"messages\":null}").param(), Some("messages"));
}

/// A stream of these deltas of one choice.
fn stream(pieces: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in pieces {
        let chunk = match piece.get("choices").or(piece.get("usage")) {
            Some(_) => piece.clone(),
            None => json!({"id": "c", "model": "m", "created": 1, "choices": [piece]}),
        };
        out.extend_from_slice(format!("data: {chunk}\n\n").as_bytes());
    }
    out.extend_from_slice(b"data: [DONE]\n\n");
    out
}

/// What the stream's parts are, in short: kind and words.
fn parts(pieces: &[Value]) -> Vec<String> {
    let deltas = read(&stream(pieces));
    assert_in_order(&deltas);
    let reply = assembled(&deltas);
    let short = |part: &Part| match part {
        Part::Text { text, .. } => format!("text {text}"),
        Part::Thinking { text, .. } => format!("thinking {text}"),
        Part::Refusal(text) => format!("refusal {text}"),
        Part::ToolCall(call) => format!("{} {} {}", call.id, call.name, call.arguments),
        Part::Media(_) => "media".to_owned(),
        Part::ToolResult(_) | Part::Foreign(_) => unreachable!(),
    };
    reply.choices[0].parts.iter().map(short).collect()
}

fn call(index: Option<u32>, id: Option<&str>, name: Option<&str>, arguments: &str) -> Value {
    let mut entry = json!({"function": {"arguments": arguments}});
    if let Some(index) = index {
        entry["index"] = index.into();
    }
    if let Some(id) = id {
        entry["id"] = id.into();
    }
    if let Some(name) = name {
        entry["function"]["name"] = name.into();
    }
    entry
}

fn calls(entries: &[Value]) -> Value {
    json!({"index": 0, "delta": {"tool_calls": entries}})
}

fn finish(word: &str) -> Value {
    json!({"index": 0, "delta": {}, "finish_reason": word})
}

#[test]
fn parallel_calls_follow_one_another_however_their_pieces_come() {
    let whole = ["a f {\"x\":1}", "b g {\"y\":2}"];
    let (a, b) = (Some("a"), Some("b"));
    let one_after_the_other = [
        calls(&[call(Some(0), a, Some("f"), "")]),
        calls(&[call(Some(0), None, None, "{\"x\"")]),
        calls(&[call(Some(0), None, None, ":1}")]),
        calls(&[call(Some(1), b, Some("g"), "{\"y\":2}")]),
        finish("tool_calls"),
    ];
    let interleaved = [
        calls(&[call(Some(0), a, Some("f"), ""), call(Some(1), b, Some("g"), "")]),
        calls(&[call(Some(1), None, None, "{\"y\"")]),
        calls(&[call(Some(0), None, None, "{\"x\"")]),
        calls(&[call(Some(1), None, None, ":2}"), call(Some(0), None, None, ":1}")]),
        finish("tool_calls"),
    ];
    let without_index = [
        calls(&[call(None, a, Some("f"), "{\"x\":1}")]),
        calls(&[call(None, b, Some("g"), "{\"y\":2}")]),
        finish("tool_calls"),
    ];
    let same_index = [
        calls(&[
            call(Some(0), a, Some("f"), "{\"x\":1}"),
            call(Some(0), b, Some("g"), "{\"y\":2}"),
        ]),
        finish("stop"),
    ];
    let repeated_names = [
        calls(&[call(Some(0), a, Some("f"), "{\"x\"")]),
        calls(&[call(Some(0), a, Some("f"), ":1}")]),
        calls(&[call(Some(1), b, Some("g"), "{\"y\"")]),
        calls(&[call(Some(1), b, Some("g"), ":2}")]),
        finish("tool_calls"),
    ];
    for pieces in
        [&one_after_the_other[..], &interleaved, &without_index, &same_index, &repeated_names]
    {
        assert_eq!(parts(pieces), whole);
        let reply = assembled(&read(&stream(pieces)));
        assert_eq!(reply.choices[0].stop.as_ref().unwrap().reason, StopReason::ToolCalls);
    }
    let without_ids = [
        calls(&[call(Some(0), None, Some("f"), ""), call(Some(1), None, Some("g"), "{}")]),
        finish("tool_calls"),
    ];
    assert_eq!(parts(&without_ids), ["call_0_0 f ", "call_0_1 g {}"]);
    let elder = [
        json!({"index": 0, "delta": {"function_call": {"name": "f", "arguments": "{\"x\""}}}),
        json!({"index": 0, "delta": {"function_call": {"arguments": ":1}"}}}),
        finish("function_call"),
    ];
    assert_eq!(parts(&elder), ["call_0_0 f {\"x\":1}"]);
}

#[test]
fn thoughts_and_words_are_told_apart_wherever_they_stand() {
    let delta = |delta: Value| json!({"index": 0, "delta": delta});
    let words = delta(json!({"content": "yes"}));
    let thoughts = [
        json!({"reasoning_content": "hm"}),
        json!({"reasoning": "hm", "content": ""}),
        json!({"reasoning": null, "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}),
        json!({"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}),
        json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
    ];
    for thought in thoughts {
        let pieces = [delta(thought), words.clone(), finish("stop")];
        assert_eq!(parts(&pieces), ["thinking hm", "text yes"]);
    }
    let listed = delta(json!({"content": [{"type": "text", "text": "yes"}]}));
    assert_eq!(parts(&[listed, finish("stop")]), ["text yes"]);
    let refused = delta(json!({"refusal": "no"}));
    assert_eq!(parts(&[refused, finish("stop")]), ["refusal no"]);
}

#[test]
fn usage_is_found_wherever_it_stands() {
    let told = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4}});
    let words = json!({"index": 0, "delta": {"content": "a"}});
    let with = |key: &str, value: Value| {
        let mut last = json!({"id": "c", "model": "m", "choices": [finish("stop")]});
        last[key] = value;
        last
    };
    let in_choice = json!({"index": 0, "delta": {}, "finish_reason": "stop", "usage": told});
    let cases = [
        vec![finish("stop"), json!({"choices": [], "usage": told})],
        vec![with("usage", told.clone())],
        vec![with("x_groq", json!({"usage": told}))],
        vec![in_choice],
        vec![
            finish("stop"),
            json!({"choices": [], "usage": {"prompt_tokens": 10,
            "completion_tokens": 5, "total_tokens": 15, "prompt_cache_hit_tokens": 4}}),
        ],
    ];
    for case in cases {
        let pieces: Vec<Value> = std::iter::once(words.clone()).chain(case).collect();
        let usage = assembled(&read(&stream(&pieces))).usage.unwrap();
        assert_eq!((usage.input, usage.cached, usage.output), (10, 4, 5));
    }
    // Thoughts beside the answer, and a prompt without what came from the cache.
    let apart = json!({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5,
        "total_tokens": 22, "completion_tokens_details": {"reasoning_tokens": 7},
        "prompt_tokens_details": {"cached_tokens": 30}}});
    let usage = assembled(&read(&stream(&[words, finish("stop"), apart]))).usage.unwrap();
    assert_eq!((usage.input, usage.cached, usage.output, usage.reasoning), (40, 30, 12, 7));
}

#[test]
fn a_stream_begins_and_ends_once_whatever_frames_it_has() {
    let prompt_filter = json!({"id": "", "model": "", "created": 0, "choices": [],
        "prompt_filter_results": [1]});
    let late = json!({"choices": [{"index": 0, "delta": {"content": "hi"}, "logprobs":
        {"content": [{"token": "hi"}]}}], "created": 9, "id": "c", "model": "m"});
    let stop_twice = [finish("stop"), finish("stop")];
    let mut bytes = stream(&[&[prompt_filter, late], &stop_twice[..]].concat());
    bytes.extend_from_slice(b": comment\n\ndata: [DONE]\n\n");
    let deltas = read(&bytes);
    assert_in_order(&deltas);
    let reply = assembled(&deltas);
    assert_eq!((reply.id.as_deref(), reply.created), (Some("c"), Some(9)));
    assert!(reply.choices[0].logprobs.is_some());
    assert_eq!(assembled(&read(&write(&deltas, presented()))), reply);
    // Errors bring nothing, and an end marker is not needed.
    let broken = b"data: {\"id\":\"c\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"error\":{\"message\":\"m\"},\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\nevent: error\ndata: {\"choices\":[{\"delta\":{\"content\":\"c\"}}]}\n\n";
    let deltas = read(broken);
    assert_in_order(&deltas);
    assert_eq!(assembled(&deltas).choices[0].parts, [Part::text("a")]);
}

#[test]
fn several_choices_stay_apart() {
    let two = |text: &str| {
        json!({"id": "c", "model": "m", "created": 1, "choices": [
            {"index": 1, "delta": {"content": text}}, {"index": 0, "delta": {"content": text}}]})
    };
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"},
        {"index": 1, "delta": {}, "finish_reason": "length"}]});
    let found = read(&stream(&[two("a"), two("b"), end]));
    assert_in_order(&found);
    let reply = assembled(&found);
    assert_eq!(reply.choices.len(), 2);
    assert!(reply.choices.iter().all(|choice| choice.parts == [Part::text("ab")]));
    assert_eq!(reply.choices[1].stop.as_ref().unwrap().reason, StopReason::Length);
    assert_eq!(assembled(&read(&write(&found, presented()))), reply);
    let plain = ChatCompletions.encode_reply(&reply, &presented());
    let plain = ChatCompletions.decode_reply(&plain).unwrap();
    assert_eq!(assembled(&read(&write(&deltas(&plain), presented()))).choices.len(), 2);
}

#[test]
fn finish_reasons_mean_one_thing_and_keep_their_word() {
    let cases = [
        ("stop", StopReason::Done),
        ("length", StopReason::Length),
        ("model_length", StopReason::ContextFull),
        ("tool_calls", StopReason::ToolCalls),
        ("content_filter", StopReason::Filtered),
        ("refusal", StopReason::Refused),
        ("something", StopReason::Other),
    ];
    for (word, reason) in cases {
        let body = json!({"id": "c", "choices": [{"index": 0, "finish_reason": word,
            "message": {"role": "assistant", "content": "a"}}]});
        let reply = ChatCompletions.decode_reply(body.to_string().as_bytes()).unwrap();
        assert_eq!(reply.choices[0].stop.as_ref().unwrap().reason, reason);
        let again = ChatCompletions.encode_reply(&reply, &presented());
        let again: Value = serde_json::from_slice(&again).unwrap();
        assert_eq!(again["choices"][0]["finish_reason"], word);
    }
}

/// Bytes made of what the readers look for.
fn nonsense() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&str> = vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "\\",
        "\\ud800",
        "0",
        "-1e9",
        "null",
        "true",
        " ",
        "\"model\":\"m\"",
        "\"messages\":[",
        "{\"role\":\"assistant\",",
        "{\"role\":\"tool\",",
        "\"content\":",
        "\"content\":[{\"type\":\"text\",",
        "\"tool_calls\":[{\"index\":",
        "\"function\":{\"name\":\"f\",\"arguments\":\"{",
        "\"usage\":{\"prompt_tokens\":",
        "\"choices\":[{",
        "\"delta\":{",
        "\"message\":{",
        "\"image_url\":",
        "\"extra_content\":",
        "\"reasoning_details\":[",
        "\"thinking\":[{",
        "\"finish_reason\":\"stop\"",
        "\"id\":",
        "\"index\":4294967295,",
        "\"stop\":",
        "\"tool_choice\":",
        "\"response_format\":{",
        "\"completion_tokens_details\":{\"reasoning_tokens\":99999999999",
        "é",
        "\u{0}",
    ];
    let piece = prop_oneof![
        15 => prop::sample::select(pieces).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(piece, 0..25).prop_map(|pieces| pieces.concat())
}

/// What somebody would send, with a few bytes changed.
fn nearly_right() -> impl Strategy<Value = Vec<u8>> {
    let texts: Vec<&str> = vec![
        r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QQ=="}}]},{"role":"assistant","reasoning":"r","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"s"}}}]},{"role":"tool","tool_call_id":"1","content":"é"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"f"}},"stop":["a"],"stream":true}"#,
        r#"{"id":"c","choices":[{"index":0,"message":{"content":"a","annotations":[{"type":"url_citation","url_citation":{"url":"u","start_index":0,"end_index":1}}],"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"stop","logprobs":{"content":[]}}],"usage":{"prompt_tokens":3,"total_tokens":9,"completion_tokens_details":{"reasoning_tokens":4}}}"#,
        r#"{"id":"c","choices":[{"index":0,"delta":{"content":"a","tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"a\":1}"}},{"index":1,"function":{"name":"g"}}]},"finish_reason":null}]}"#,
    ];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (prop::sample::select(texts), edits).prop_map(|(text, edits)| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_panics_and_what_was_read_is_written(
        one in prop_oneof![nonsense(), nearly_right()],
        other in prop_oneof![nonsense(), nearly_right()],
    ) {
        if let Ok(call) = ChatCompletions.decode_call(&one, None) {
            let body = ChatCompletions.encode_call(&call, &TO).unwrap().body;
            let again = ChatCompletions.decode_call(&body, None).unwrap();
            let twice = ChatCompletions.encode_call(&again, &TO).unwrap().body;
            let json: Value = serde_json::from_slice(&body).unwrap();
            prop_assert_eq!(json, serde_json::from_slice::<Value>(&twice).unwrap());
        }
        if let Ok(reply) = ChatCompletions.decode_reply(&one) {
            let body = ChatCompletions.encode_reply(&reply, &presented());
            prop_assert!(serde_json::from_slice::<Value>(&body).is_ok());
        }
        let frames = [b"data: ", &one[..], b"\n\ndata: ", &other, b"\n\n"].concat();
        let deltas = read(&frames);
        assert_in_order(&deltas);
        let again = read(&write(&deltas, presented()));
        assert_in_order(&again);
    }
}
