//! Answers in the `generate_content` dialect.

use serde_json::{Value, json};

use super::{Answer, Content, Finish, Frame, Part, Thought, ToolCall, frame};
use crate::asked::Framing;

pub(super) fn whole(answer: &Answer<'_>) -> String {
    let mut parts: Vec<Value> = shown(answer)
        .map(|thought| json!({"text": thought.pieces.concat(), "thought": true}))
        .into_iter()
        .collect();
    match &answer.content {
        Content::Nothing | Content::Refusal(_) => {}
        Content::Text(pieces) => {
            parts.push(sealed(json!({"text": pieces.concat()}), answer));
        }
        Content::Tools { before, calls } => {
            if !before.is_empty() {
                parts.push(json!({"text": before.concat()}));
            }
            parts.extend(call_parts(answer, calls));
        }
    }
    let text = response(answer, parts, Some(finish(answer)));
    format!("{text:#}\n")
}

pub(super) fn frames(answer: &Answer<'_>) -> Vec<Frame> {
    let mut chunks: Vec<(Part, Value)> = Vec::new();
    let thought = shown(answer).into_iter().flat_map(|thought| &thought.pieces);
    for piece in thought {
        let part = json!({"text": piece, "thought": true});
        chunks.push((Part::Content, response(answer, vec![part], None)));
    }
    let mut last = Vec::new();
    match &answer.content {
        Content::Nothing | Content::Refusal(_) => {}
        Content::Text(pieces) => {
            for piece in pieces {
                chunks.push((Part::Content, response(answer, vec![json!({"text": piece})], None)));
            }
            last.push(sealed(json!({"text": ""}), answer));
        }
        // Calls come whole, each in a chunk of its own.
        Content::Tools { before, calls } => {
            for piece in before {
                chunks.push((Part::Content, response(answer, vec![json!({"text": piece})], None)));
            }
            for part in call_parts(answer, calls) {
                chunks.push((Part::Content, response(answer, vec![part], None)));
            }
        }
    }
    chunks.push((Part::Finish, response(answer, last, Some(finish(answer)))));
    framed(chunks, answer.aim.framing)
}

fn framed(chunks: Vec<(Part, Value)>, framing: Framing) -> Vec<Frame> {
    let is_list = framing == Framing::List;
    let mut frames: Vec<_> = chunks
        .into_iter()
        .enumerate()
        .map(|(n, (part, chunk))| {
            let text = match (is_list, n) {
                (false, _) => format!("data: {chunk}\r\n\r\n"),
                (true, 0) => format!("[{chunk:#}"),
                (true, _) => format!("\r\n,\r\n{chunk:#}"),
            };
            frame(part, text)
        })
        .collect();
    if is_list {
        frames.push(frame(Part::End, "\r\n]".to_owned()));
    }
    frames
}

fn response(answer: &Answer<'_>, parts: Vec<Value>, finish: Option<&str>) -> Value {
    let mut candidate = json!({"index": 0});
    if !parts.is_empty() {
        candidate["content"] = json!({"parts": parts, "role": "model"});
    } else if answer.finish != Finish::Refused {
        candidate["content"] = json!({"role": "model"});
    }
    if let Some(finish) = finish {
        candidate["finishReason"] = finish.into();
    }
    json!({
        "candidates": [candidate],
        "usageMetadata": usage(answer),
        "modelVersion": answer.model,
        "responseId": answer.id,
    })
}

fn call_parts(answer: &Answer<'_>, calls: &[ToolCall]) -> Vec<Value> {
    let part = |(n, call): (usize, &ToolCall)| {
        let mut part = json!({"functionCall": {"name": call.name, "args": call.value()?}});
        // The cloud tells calls apart by their order alone.
        if !answer.aim.is_cloud {
            part["functionCall"]["id"] = format!("fc{}{n}", answer.id).into();
        }
        // Of calls made together only the first is signed.
        Some(if n == 0 { sealed(part, answer) } else { part })
    };
    calls.iter().enumerate().filter_map(part).collect()
}

fn sealed(mut part: Value, answer: &Answer<'_>) -> Value {
    if let Some(seal) = answer.thought.as_ref().and_then(|thought| thought.seal.as_ref()) {
        part["thoughtSignature"] = seal.as_str().into();
    }
    part
}

fn shown<'a>(answer: &'a Answer<'_>) -> Option<&'a Thought> {
    answer.thought.as_ref().filter(|thought| !thought.pieces.is_empty())
}

fn usage(answer: &Answer<'_>) -> Value {
    let used = answer.usage;
    let mut usage = json!({
        "promptTokenCount": used.all_input(),
        "candidatesTokenCount": used.output - used.thought,
        "totalTokenCount": used.total(),
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": used.all_input()}],
    });
    if used.cached > 0 {
        usage["cachedContentTokenCount"] = used.cached.into();
    }
    if used.thought > 0 {
        usage["thoughtsTokenCount"] = used.thought.into();
    }
    usage
}

fn finish(answer: &Answer<'_>) -> &'static str {
    if answer.content.calls().iter().any(|call| call.value().is_none()) {
        return "MALFORMED_FUNCTION_CALL";
    }
    match answer.finish {
        Finish::Stop | Finish::StopSequence(_) | Finish::Tool => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Refused => "SAFETY",
        Finish::Failed => "MALFORMED_RESPONSE",
    }
}
