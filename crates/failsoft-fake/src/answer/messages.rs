//! Answers in the `messages` dialect.

use super::{Answer, Content, Finish, Frame, Part, frame, keep_alive};
use crate::provider::quoted;
use failsoft_wire::Dialect;

pub(super) fn whole(answer: &Answer<'_>) -> String {
    let content = match &answer.content {
        Content::Nothing | Content::Refusal(_) => String::new(),
        Content::Text(pieces) => {
            format!("{{\"type\":\"text\",\"text\":{}}}", quoted(&pieces.concat()))
        }
        Content::Tool { name, arguments } => format!(
            "{{\"type\":\"tool_use\",\"id\":\"{}\",\"name\":{},\"input\":{}}}",
            call_id(answer),
            quoted(name),
            arguments.concat()
        ),
    };
    message(answer, &content, &format!("\"{}\"", finish(answer.finish)), answer.usage.output)
}

pub(super) fn frames(answer: &Answer<'_>) -> Vec<Frame> {
    let start = message(answer, "", "null", 1);
    let mut frames = vec![
        event(Part::Opening, "message_start", &format!("\"message\":{start}")),
        Frame { part: Part::Opening, bytes: keep_alive(Dialect::Messages).to_vec() },
    ];
    let (block, deltas) = block(answer);
    if let Some(block) = &block {
        let body = format!("\"index\":0,\"content_block\":{block}");
        frames.push(event(Part::Opening, "content_block_start", &body));
    }
    frames.extend(deltas.into_iter().map(|delta| {
        event(Part::Content, "content_block_delta", &format!("\"index\":0,\"delta\":{{{delta}}}"))
    }));
    if block.is_some() {
        frames.push(event(Part::Finish, "content_block_stop", "\"index\":0"));
    }
    let ending = format!(
        "\"delta\":{{\"stop_reason\":\"{}\",\"stop_sequence\":null}},\"usage\":{{\
         \"output_tokens\":{}}}",
        finish(answer.finish),
        answer.usage.output
    );
    frames.push(event(Part::Finish, "message_delta", &ending));
    frames.push(frame(
        Part::End,
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".to_owned(),
    ));
    frames
}

/// How the one block starts, and the deltas that fill it.
fn block(answer: &Answer<'_>) -> (Option<String>, Vec<String>) {
    match &answer.content {
        Content::Nothing | Content::Refusal(_) => (None, Vec::new()),
        Content::Text(pieces) => {
            let delta =
                |piece: &String| format!("\"type\":\"text_delta\",\"text\":{}", quoted(piece));
            let start = "{\"type\":\"text\",\"text\":\"\"}".to_owned();
            (Some(start), pieces.iter().map(delta).collect())
        }
        Content::Tool { name, arguments } => {
            let delta = |piece: &String| {
                format!("\"type\":\"input_json_delta\",\"partial_json\":{}", quoted(piece))
            };
            let start = format!(
                "{{\"type\":\"tool_use\",\"id\":\"{}\",\"name\":{},\"input\":{{}}}}",
                call_id(answer),
                quoted(name)
            );
            (Some(start), arguments.iter().map(delta).collect())
        }
    }
}

fn message(answer: &Answer<'_>, content: &str, stop_reason: &str, output: usize) -> String {
    format!(
        "{{\"id\":\"msg_{}\",\"type\":\"message\",\"role\":\"assistant\",\"model\":{},\
         \"content\":[{content}],\"stop_reason\":{stop_reason},\"stop_sequence\":null,\
         \"usage\":{{\"input_tokens\":{},\"cache_creation_input_tokens\":0,\
         \"cache_read_input_tokens\":0,\"output_tokens\":{output},\"service_tier\":\"standard\"}}}}",
        answer.id,
        quoted(answer.model),
        answer.usage.input
    )
}

fn event(part: Part, name: &str, rest: &str) -> Frame {
    frame(part, format!("event: {name}\ndata: {{\"type\":\"{name}\",{rest}}}\n\n"))
}

fn call_id(answer: &Answer<'_>) -> String {
    format!("toolu_{}", answer.id)
}

fn finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::Tool => "tool_use",
        Finish::Refused => "refusal",
    }
}
