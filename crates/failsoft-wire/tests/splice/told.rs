//! What a target says, as a stream of its dialect.

#![allow(dead_code, reason = "each test takes what it needs")]

use bytes::Bytes;
use failsoft_wire::sse::Decoder;
use failsoft_wire::{
    Dialect, Flaw, FrameDecoder, Meaning, Presented, Splicer, StreamReader, StreamTranslator,
};
use serde_json::{Value, json};

/// Something a target says.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Thought(String),
    Text(String),
    Call { name: String, arguments: String },
}

pub(crate) fn presented() -> Presented {
    Presented {
        id: "4711".to_owned(),
        model: "assistant".to_owned(),
        created: 1_795_392_000,
        include_usage: true,
        maker: None,
    }
}

/// Cuts a text after each of so many characters, over and over.
pub(crate) fn chunked(text: &str, sizes: &[usize]) -> Vec<String> {
    let mut chars = text.chars().peekable();
    let mut sizes = sizes.iter().copied().cycle();
    let mut pieces = Vec::new();
    while chars.peek().is_some() {
        pieces.push(chars.by_ref().take(sizes.next().unwrap_or(5).max(1)).collect());
    }
    pieces
}

/// The stream of an answer. `name` tells targets apart.
pub(crate) fn stream(
    dialect: Dialect,
    name: &str,
    said: &[Said],
    (stop, sizes): (&str, &[usize]),
) -> Vec<u8> {
    let mut deltas = vec![json!({"role": "assistant", "content": ""})];
    let mut calls = 0;
    for said in said {
        match said {
            Said::Thought(text) => {
                deltas.extend(
                    chunked(text, sizes).iter().map(|text| json!({"reasoning_content": text})),
                );
            }
            Said::Text(text) => {
                deltas.extend(chunked(text, sizes).iter().map(|text| json!({"content": text})));
            }
            Said::Call { name: tool, arguments } => {
                let id = format!("call_{name}_{calls}");
                let function = json!({"name": tool, "arguments": ""});
                deltas.push(json!({"tool_calls": [{"index": calls, "id": id, "type": "function",
                    "function": function}]}));
                deltas.extend(chunked(arguments, sizes).iter().map(|text| {
                    json!({"tool_calls": [{"index": calls, "function": {"arguments": text}}]})
                }));
                calls += 1;
            }
        }
    }
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({"id": format!("chatcmpl-{name}"), "object": "chat.completion.chunk",
            "created": 1_700_000_000, "model": name, "choices": choices, "usage": usage});
        format!("data: {chunk}\n\n")
    };
    let mut chat: String = deltas
        .iter()
        .map(|delta| {
            chunk(json!([{"index": 0, "delta": delta, "finish_reason": null}]), Value::Null)
        })
        .collect();
    let stop = if calls > 0 && stop == "stop" { "tool_calls" } else { stop };
    chat += &chunk(json!([{"index": 0, "delta": {}, "finish_reason": stop}]), Value::Null);
    chat += &chunk(json!([]), json!({"prompt_tokens": 100, "completion_tokens": 10}));
    chat += "data: [DONE]\n\n";
    if dialect == Dialect::ChatCompletions {
        return chat.into_bytes();
    }
    let mut translator = StreamTranslator::new(Dialect::ChatCompletions, dialect, presented());
    let mut decoder = Decoder::new(1 << 20);
    let mut out = Vec::new();
    decoder.push(chat.into());
    while let Some(frame) = decoder.next_frame().unwrap() {
        translator.frame(&frame, &mut out);
    }
    translator.end(&mut out);
    out
}

/// How a target's stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Whole,
    Broken,
}

/// Lets a splicer take a stream as its driver would. `cut`: so many bytes come.
pub(crate) fn speak(
    splicer: &mut Splicer,
    dialect: Dialect,
    stream: &[u8],
    cut: Option<usize>,
) -> Result<Ended, Flaw> {
    let mut decoder = FrameDecoder::new(dialect, 1 << 24);
    let mut reader = StreamReader::new(dialect);
    let came = cut.map_or(stream, |cut| &stream[..cut.min(stream.len())]);
    decoder.push(Bytes::copy_from_slice(came));
    while let Some(frame) = decoder.next_frame().unwrap() {
        if let Some(frame) = splicer.take_alike(frame)? {
            let meaning = reader.read(&frame);
            assert!(!matches!(meaning, Meaning::Error | Meaning::Malformed), "{frame:?}");
            splicer.take(frame, meaning)?;
        }
        if splicer.has_content() && reader.is_complete() {
            splicer.end(reader.missing_end_marker())?;
            return Ok(Ended::Whole);
        }
    }
    if cut.is_some_and(|cut| cut < stream.len()) {
        return Ok(Ended::Broken);
    }
    match reader.end() {
        Ok(()) => {}
        Err(Flaw::Empty) if splicer.may_add_nothing() => {}
        Err(flaw) => panic!("the stream is no answer: {flaw:?}"),
    }
    splicer.end(reader.missing_end_marker())?;
    Ok(Ended::Whole)
}
