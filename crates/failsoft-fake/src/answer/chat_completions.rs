//! Answers in the `chat_completions` dialect.

use super::{Answer, Content, Finish, Frame, Part, UsageFrame, frame};
use crate::provider::quoted;

pub(super) fn whole(answer: &Answer<'_>) -> String {
    let message = match &answer.content {
        Content::Nothing => "\"content\":\"\",\"refusal\":null".to_owned(),
        Content::Text(pieces) => {
            format!("\"content\":{},\"refusal\":null", quoted(&pieces.concat()))
        }
        Content::Refusal(words) => format!("\"content\":null,\"refusal\":{}", quoted(words)),
        Content::Tool { name, arguments } => format!(
            "\"content\":null,\"refusal\":null,\"tool_calls\":[{{\"id\":\"{}\",\"type\":\
             \"function\",\"function\":{{\"name\":{},\"arguments\":{}}}}}]",
            call_id(answer),
            quoted(name),
            quoted(&arguments.concat())
        ),
    };
    format!(
        "{{\"id\":\"chatcmpl-{}\",\"object\":\"chat.completion\",\"created\":{},\"model\":{},\
         \"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",{message},\
         \"annotations\":[]}},\"logprobs\":null,\"finish_reason\":\"{}\"}}],\"usage\":{},\
         \"service_tier\":\"default\",\"system_fingerprint\":\"fp_fake\"}}\n",
        answer.id,
        answer.created,
        quoted(answer.model),
        finish(answer.finish),
        usage(answer)
    )
}

pub(super) fn frames(answer: &Answer<'_>) -> Vec<Frame> {
    let delta = |delta: &str| chunk(answer, &choice(delta, "null"), "null");
    let opening = match &answer.content {
        Content::Tool { .. } => "\"role\":\"assistant\",\"content\":null",
        Content::Nothing | Content::Text(_) | Content::Refusal(_) => {
            "\"role\":\"assistant\",\"content\":\"\",\"refusal\":null"
        }
    };
    let mut frames = vec![frame(Part::Opening, delta(opening))];
    frames.extend(deltas(answer).into_iter().map(|text| frame(Part::Content, delta(&text))));
    let reason = format!("\"{}\"", finish(answer.finish));
    frames.push(frame(Part::Finish, chunk(answer, &choice("", &reason), "null")));
    if answer.usage_frame == UsageFrame::Asked {
        frames.push(frame(Part::Usage, chunk(answer, "", &usage(answer))));
    }
    frames.push(frame(Part::End, "data: [DONE]\n\n".to_owned()));
    frames
}

fn deltas(answer: &Answer<'_>) -> Vec<String> {
    match &answer.content {
        Content::Nothing => Vec::new(),
        Content::Text(pieces) => {
            pieces.iter().map(|piece| format!("\"content\":{}", quoted(piece))).collect()
        }
        Content::Refusal(words) => vec![format!("\"refusal\":{}", quoted(words))],
        Content::Tool { name, arguments } => {
            let head = format!(
                "\"tool_calls\":[{{\"index\":0,\"id\":\"{}\",\"type\":\"function\",\"function\":{{\
                 \"name\":{},\"arguments\":\"\"}}}}]",
                call_id(answer),
                quoted(name)
            );
            let fragments = arguments.iter().map(|piece| {
                format!(
                    "\"tool_calls\":[{{\"index\":0,\"function\":{{\"arguments\":{}}}}}]",
                    quoted(piece)
                )
            });
            std::iter::once(head).chain(fragments).collect()
        }
    }
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
    let super::Usage { input, output } = answer.usage;
    format!(
        "{{\"prompt_tokens\":{input},\"completion_tokens\":{output},\"total_tokens\":{}}}",
        input + output
    )
}

fn call_id(answer: &Answer<'_>) -> String {
    format!("call_{}", answer.id)
}

fn finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Refused => "stop",
        Finish::Length => "length",
        Finish::Tool => "tool_calls",
    }
}
