//! Answers in the `chat_completions` dialect.

use super::{Answer, Content, Finish, Frame, Part, ToolCall, UsageFrame, frame};
use crate::provider::quoted;

pub(super) fn whole(answer: &Answer<'_>) -> String {
    let message = match &answer.content {
        Content::Nothing => "\"content\":\"\",\"refusal\":null".to_owned(),
        Content::Text(pieces) => {
            format!("\"content\":{},\"refusal\":null", quoted(&pieces.concat()))
        }
        Content::Refusal(words) => format!("\"content\":null,\"refusal\":{}", quoted(words)),
        Content::Tools { before, calls } => {
            let calls: Vec<_> =
                calls.iter().enumerate().map(|(n, c)| whole_call(answer, n, c)).collect();
            let text = before.concat();
            let text = if text.is_empty() { "null".to_owned() } else { quoted(&text) };
            format!("\"content\":{text},\"refusal\":null,\"tool_calls\":[{}]", calls.join(","))
        }
    };
    let thought = answer.thought.as_ref().map_or(String::new(), |thought| {
        format!("\"reasoning_content\":{},", quoted(&thought.pieces.concat()))
    });
    format!(
        "{{\"id\":\"chatcmpl-{}\",\"object\":\"chat.completion\",\"created\":{},\"model\":{},\
         \"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",{thought}{message},\
         \"annotations\":[]}},\"logprobs\":null,\"finish_reason\":\"{}\"}}],\"usage\":{},\
         \"service_tier\":\"default\",\"system_fingerprint\":\"fp_fake\"}}\n",
        answer.id,
        answer.created,
        quoted(answer.model),
        finish(&answer.finish),
        usage(answer)
    )
}

pub(super) fn frames(answer: &Answer<'_>) -> Vec<Frame> {
    let delta = |delta: &str| chunk(answer, &choice(delta, "null"), "null");
    let opening = match &answer.content {
        Content::Tools { before, .. } if before.is_empty() => {
            "\"role\":\"assistant\",\"content\":null"
        }
        Content::Nothing | Content::Text(_) | Content::Tools { .. } | Content::Refusal(_) => {
            "\"role\":\"assistant\",\"content\":\"\",\"refusal\":null"
        }
    };
    let mut frames = vec![frame(Part::Opening, delta(opening))];
    frames.extend(deltas(answer).into_iter().map(|text| frame(Part::Content, delta(&text))));
    let reason = format!("\"{}\"", finish(&answer.finish));
    frames.push(frame(Part::Finish, chunk(answer, &choice("", &reason), "null")));
    if answer.usage_frame == UsageFrame::Asked {
        frames.push(frame(Part::Usage, chunk(answer, "", &usage(answer))));
    }
    frames.push(frame(Part::End, "data: [DONE]\n\n".to_owned()));
    frames
}

fn deltas(answer: &Answer<'_>) -> Vec<String> {
    let thought = answer.thought.iter().flat_map(|thought| &thought.pieces);
    let mut deltas: Vec<_> =
        thought.map(|piece| format!("\"reasoning_content\":{}", quoted(piece))).collect();
    match &answer.content {
        Content::Nothing => {}
        Content::Text(pieces) => {
            deltas.extend(pieces.iter().map(|piece| format!("\"content\":{}", quoted(piece))));
        }
        Content::Refusal(words) => deltas.push(format!("\"refusal\":{}", quoted(words))),
        Content::Tools { before, calls } => {
            deltas.extend(before.iter().map(|piece| format!("\"content\":{}", quoted(piece))));
            let pieces = |(n, call)| call_deltas(answer, n, call);
            deltas.extend(calls.iter().enumerate().flat_map(pieces));
        }
    }
    deltas
}

fn whole_call(answer: &Answer<'_>, n: usize, call: &ToolCall) -> String {
    format!(
        "{{\"id\":\"{}\",\"type\":\"function\",\"function\":{{\"name\":{},\"arguments\":{}}}}}",
        call_id(answer, n),
        quoted(&call.name),
        quoted(&call.json())
    )
}

fn call_deltas(answer: &Answer<'_>, n: usize, call: &ToolCall) -> Vec<String> {
    let head = format!(
        "\"tool_calls\":[{{\"index\":{n},\"id\":\"{}\",\"type\":\"function\",\"function\":{{\
         \"name\":{},\"arguments\":\"\"}}}}]",
        call_id(answer, n),
        quoted(&call.name)
    );
    let fragments = call.arguments.iter().map(|piece| {
        format!(
            "\"tool_calls\":[{{\"index\":{n},\"function\":{{\"arguments\":{}}}}}]",
            quoted(piece)
        )
    });
    std::iter::once(head).chain(fragments).collect()
}

fn choice(delta: &str, finish: &str) -> String {
    format!("{{\"index\":0,\"delta\":{{{delta}}},\"logprobs\":null,\"finish_reason\":{finish}}}")
}

fn chunk(answer: &Answer<'_>, choices: &str, usage: &str) -> String {
    let usage = match answer.usage_frame {
        UsageFrame::Asked => format!(",\"usage\":{usage}"),
        UsageFrame::NotAsked => String::new(),
    };
    format!(
        "data: {{\"id\":\"chatcmpl-{}\",\"object\":\"chat.completion.chunk\",\"created\":{},\
         \"model\":{},\"service_tier\":\"default\",\"system_fingerprint\":\"fp_fake\",\
         \"choices\":[{choices}]{usage}}}\n\n",
        answer.id,
        answer.created,
        quoted(answer.model)
    )
}

fn usage(answer: &Answer<'_>) -> String {
    let usage = answer.usage;
    format!(
        "{{\"prompt_tokens\":{},\"completion_tokens\":{},\"total_tokens\":{},\
         \"prompt_tokens_details\":{{\"cached_tokens\":{},\"audio_tokens\":0}},\
         \"completion_tokens_details\":{{\"reasoning_tokens\":{},\"audio_tokens\":0,\
         \"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}}}",
        usage.all_input(),
        usage.output,
        usage.total(),
        usage.cached,
        usage.thought
    )
}

fn call_id(answer: &Answer<'_>, n: usize) -> String {
    format!("call_{}{n}", answer.id)
}

fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence(_) | Finish::Refused => "stop",
        Finish::Length => "length",
        Finish::Tool => "tool_calls",
        Finish::Failed => "error",
    }
}
