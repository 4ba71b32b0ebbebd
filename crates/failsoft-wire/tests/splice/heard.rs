//! What a client hears: the events of its dialect read as its SDK would, and judged for order.

use failsoft_wire::sse::Decoder;
use failsoft_wire::{Dialect, StreamReader};
use serde_json::Value;

/// An answer as a client put it together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Heard {
    pub(crate) text: String,
    pub(crate) thoughts: String,
    /// Names and arguments.
    pub(crate) calls: Vec<(String, Value)>,
    pub(crate) call_ids: Vec<String>,
    pub(crate) stop: String,
    pub(crate) id: String,
    pub(crate) model: String,
    /// Tokens read and written.
    pub(crate) usage: (u64, u64),
}

/// Reads a stream that must be whole and in order.
pub(crate) fn hear(client: Dialect, stream: &[u8]) -> Heard {
    let mut decoder = Decoder::new(1 << 24);
    decoder.push(stream.to_vec().into());
    let mut reader = StreamReader::new(client);
    let (mut events, mut done) = (Vec::new(), 0);
    while let Some(frame) = decoder.next_frame().unwrap() {
        reader.read(&frame);
        let Some(data) = frame.data() else { continue };
        if data == b"[DONE]" {
            done += 1;
            continue;
        }
        assert_eq!(done, 0, "something follows the end");
        let event: Value = serde_json::from_slice(data).unwrap();
        if let (Some(name), Some(kind)) = (frame.event(), event["type"].as_str()) {
            assert_eq!(name, kind.as_bytes());
        }
        events.push(event);
    }
    assert!(decoder.unfinished().is_none(), "half an event");
    if let Err(flaw) = reader.end() {
        assert_eq!(flaw, failsoft_wire::Flaw::Empty, "{}", String::from_utf8_lossy(stream));
    }
    assert_eq!(done, usize::from(client == Dialect::ChatCompletions), "one end");
    match client {
        Dialect::ChatCompletions => chat(&events),
        Dialect::Messages => messages(&events),
        Dialect::Responses => responses(&events),
        Dialect::GenerateContent => generated(&events),
        Dialect::BedrockConverse | Dialect::Embeddings => panic!("no client speaks {client}"),
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("arguments are no JSON: {text:?}"))
}

/// What must be the same in every event.
fn same<'a>(events: impl IntoIterator<Item = &'a Value>, key: &str) -> Value {
    let mut values = events.into_iter().map(|event| &event[key]);
    let first = values.next().cloned().unwrap_or_default();
    values.for_each(|value| assert_eq!(*value, first, "{key}"));
    first
}

fn chat(events: &[Value]) -> Heard {
    let mut heard = Heard { id: word(&same(events, "id")), ..Heard::default() };
    heard.model = word(&same(events, "model"));
    same(events, "created");
    let mut arguments: Vec<String> = Vec::new();
    for event in events {
        if let Some(usage) = event["usage"].as_object() {
            heard.usage = (
                usage["prompt_tokens"].as_u64().unwrap(),
                usage["completion_tokens"].as_u64().unwrap(),
            );
        }
        let Some(choice) = event["choices"].get(0) else { continue };
        assert_eq!(choice["index"], 0);
        assert!(heard.stop.is_empty(), "more after the end of the choice");
        let delta = &choice["delta"];
        if let Some(role) = delta["role"].as_str() {
            assert!(role == "assistant" && heard.text.is_empty() && heard.calls.is_empty());
        }
        heard.text += &word(&delta["content"]);
        heard.thoughts += &word(&delta["reasoning_content"]);
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            if let Some(id) = call["id"].as_str() {
                assert_eq!(index, arguments.len(), "calls are numbered as they come");
                heard.call_ids.push(id.to_owned());
                heard.calls.push((word(&call["function"]["name"]), Value::Null));
                arguments.push(String::new());
            }
            arguments[index] += &word(&call["function"]["arguments"]);
        }
        heard.stop = word(&choice["finish_reason"]);
    }
    for (call, arguments) in heard.calls.iter_mut().zip(&arguments) {
        call.1 = json(arguments);
    }
    heard
}

fn messages(events: &[Value]) -> Heard {
    let mut heard = Heard::default();
    let mut open: Option<(u64, String, String)> = None;
    let mut blocks = 0;
    for (at, event) in events.iter().enumerate() {
        let kind = event["type"].as_str().unwrap();
        assert_eq!(kind == "message_start", at == 0, "{kind} is event {at}");
        assert_eq!(kind == "message_stop", at + 1 == events.len(), "{kind} is event {at}");
        match kind {
            "message_start" => {
                let message = &event["message"];
                (heard.id, heard.model) = (word(&message["id"]), word(&message["model"]));
                assert_eq!(message["role"], "assistant");
            }
            "content_block_start" => {
                assert!(open.is_none(), "a block within a block");
                assert_eq!(event["index"], blocks, "blocks are numbered as they come");
                let block = &event["content_block"];
                heard.text += &word(&block["text"]);
                if block["type"] == "tool_use" {
                    heard.call_ids.push(word(&block["id"]));
                    heard.calls.push((word(&block["name"]), Value::Null));
                }
                open = Some((blocks, word(&block["type"]), String::new()));
                blocks += 1;
            }
            "content_block_delta" => {
                let (index, kind, arguments) = open.as_mut().expect("a block is open");
                assert_eq!(event["index"], *index);
                let delta = &event["delta"];
                let fits = match delta["type"].as_str().unwrap() {
                    "text_delta" => "text",
                    "thinking_delta" | "signature_delta" => "thinking",
                    _ => "tool_use",
                };
                assert_eq!(kind, fits);
                heard.text += &word(&delta["text"]);
                heard.thoughts += &word(&delta["thinking"]);
                *arguments += &word(&delta["partial_json"]);
            }
            "content_block_stop" => {
                let (index, kind, arguments) = open.take().expect("a block is open");
                assert_eq!(event["index"], index);
                if kind == "tool_use" {
                    let arguments = if arguments.is_empty() { "{}" } else { &arguments };
                    heard.calls.last_mut().unwrap().1 = json(arguments);
                }
            }
            "message_delta" => {
                assert!(open.is_none(), "a block is not whole");
                heard.stop = word(&event["delta"]["stop_reason"]);
                let usage = &event["usage"];
                heard.usage = (
                    usage["input_tokens"].as_u64().unwrap_or(0),
                    usage["output_tokens"].as_u64().unwrap(),
                );
            }
            _ => {}
        }
    }
    heard
}

fn responses(events: &[Value]) -> Heard {
    let mut heard = Heard::default();
    let mut items: Vec<Value> = Vec::new();
    let mut done = 0;
    let first = events[0]["sequence_number"].as_u64().unwrap();
    for (event, number) in events.iter().zip(first..) {
        assert_eq!(event["sequence_number"], number, "{event}");
        let kind = event["type"].as_str().unwrap().strip_prefix("response.").unwrap();
        if !event["output_index"].is_null() {
            let opens = usize::from(kind == "output_item.added");
            assert_eq!(event["output_index"], items.len() + opens - 1, "{event}");
            assert_eq!(items.len(), done + 1 - opens, "{event}");
        }
        if let Some(id) = event["item_id"].as_str() {
            assert_eq!(id, items.last().unwrap()["id"], "{event}");
        }
        match kind {
            "created" | "in_progress" | "completed" | "incomplete" => {
                let response = &event["response"];
                if kind == "created" {
                    (heard.id, heard.model) = (word(&response["id"]), word(&response["model"]));
                }
                assert_eq!(response["id"], heard.id);
                assert_eq!(response["model"], heard.model);
                assert_eq!(response["created_at"], events[0]["response"]["created_at"]);
            }
            "output_item.added" => items.push(event["item"].clone()),
            "output_item.done" => {
                assert_eq!(event["item"]["id"], items.last().unwrap()["id"]);
                items[done] = event["item"].clone();
                done += 1;
            }
            "output_text.delta" => heard.text += &word(&event["delta"]),
            "reasoning_summary_text.delta" => heard.thoughts += &word(&event["delta"]),
            _ => {}
        }
    }
    let last = &events.last().unwrap();
    heard.stop = word(&last["type"]);
    assert_eq!(done, items.len(), "an item is not whole");
    let response = &last["response"];
    assert_eq!(response["output"], Value::Array(items.clone()), "what was told, once more");
    heard.usage = (
        response["usage"]["input_tokens"].as_u64().unwrap_or(0),
        response["usage"]["output_tokens"].as_u64().unwrap_or(0),
    );
    let mut said = String::new();
    for item in &items {
        for content in item["content"].as_array().into_iter().flatten() {
            said += &word(&content["text"]);
        }
        if item["type"] == "function_call" {
            heard.call_ids.push(word(&item["call_id"]));
            let arguments = word(&item["arguments"]);
            let arguments = if arguments.is_empty() { "{}" } else { &arguments };
            heard.calls.push((word(&item["name"]), json(arguments)));
        }
    }
    assert_eq!(said, heard.text, "the whole items hold what their pieces held");
    heard
}

fn generated(events: &[Value]) -> Heard {
    let mut heard = Heard { id: word(&same(events, "responseId")), ..Heard::default() };
    heard.model = word(&same(events, "modelVersion"));
    for event in events {
        let candidate = &event["candidates"][0];
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            let text = word(&part["text"]);
            if part["thought"] == true {
                heard.thoughts += &text;
            } else {
                heard.text += &text;
            }
            if let Some(call) = part["functionCall"].as_object() {
                heard.calls.push((word(&call["name"]), call["args"].clone()));
                heard.call_ids.push(call.get("id").map(word).unwrap_or_default());
            }
        }
        if let Some(stop) = candidate["finishReason"].as_str() {
            heard.stop = stop.to_owned();
        }
        if let Some(usage) = event["usageMetadata"].as_object() {
            let count = |key: &str| usage.get(key).and_then(Value::as_u64).unwrap_or(0);
            heard.usage = (count("promptTokenCount"), count("candidatesTokenCount"));
        }
    }
    heard
}
