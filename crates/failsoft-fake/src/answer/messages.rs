//! Answers in the `messages` dialect.

use failsoft_wire::Dialect;

use super::{Answer, Content, Finish, Frame, Part, Usage, frame, keep_alive};
use crate::provider::quoted;

pub(super) fn whole(answer: &Answer<'_>) -> String {
    let mut content: Vec<String> = answer
        .thought
        .iter()
        .map(|thought| {
            format!(
                "{{\"type\":\"thinking\",\"thinking\":{},\"signature\":{}}}",
                quoted(&thought.pieces.concat()),
                quoted(thought.seal.as_deref().unwrap_or_default())
            )
        })
        .collect();
    match &answer.content {
        Content::Nothing | Content::Refusal(_) => {}
        Content::Text(pieces) => {
            content.push(format!("{{\"type\":\"text\",\"text\":{}}}", quoted(&pieces.concat())));
        }
        Content::Tools { before, calls } => {
            if !before.is_empty() {
                content
                    .push(format!("{{\"type\":\"text\",\"text\":{}}}", quoted(&before.concat())));
            }
            content.extend(calls.iter().enumerate().map(|(n, call)| {
                format!(
                    "{{\"type\":\"tool_use\",\"id\":\"{}\",\"name\":{},\"input\":{}}}",
                    call_id(answer, n),
                    quoted(&call.name),
                    call.json()
                )
            }));
        }
    }
    let (reason, sequence) = finish(&answer.finish);
    message(answer, &content.join(","), &format!("\"{reason}\""), (&sequence, answer.usage.output))
}

pub(super) fn frames(answer: &Answer<'_>) -> Vec<Frame> {
    let start = message(answer, "", "null", ("null", 1));
    let mut frames = vec![
        event(Part::Opening, "message_start", &format!("\"message\":{start}")),
        Frame { part: Part::Opening, bytes: keep_alive(Dialect::Messages).to_vec() },
    ];
    let blocks = blocks(answer);
    let last = blocks.len().saturating_sub(1);
    for (index, (start, deltas)) in blocks.into_iter().enumerate() {
        let part = if index == 0 { Part::Opening } else { Part::Between };
        let body = format!("\"index\":{index},\"content_block\":{start}");
        frames.push(event(part, "content_block_start", &body));
        frames.extend(deltas.into_iter().map(|(part, delta)| {
            let body = format!("\"index\":{index},\"delta\":{{{delta}}}");
            event(part, "content_block_delta", &body)
        }));
        let part = if index == last { Part::Finish } else { Part::Between };
        frames.push(event(part, "content_block_stop", &format!("\"index\":{index}")));
    }
    let (reason, sequence) = finish(&answer.finish);
    let ending = format!(
        "\"delta\":{{\"stop_reason\":\"{reason}\",\"stop_sequence\":{sequence}}},\"usage\":{{\
         \"output_tokens\":{}}}",
        answer.usage.output
    );
    frames.push(event(Part::Finish, "message_delta", &ending));
    frames.push(frame(
        Part::End,
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".to_owned(),
    ));
    frames
}

/// How a block starts, and the deltas that fill it.
type Block = (String, Vec<(Part, String)>);

fn blocks(answer: &Answer<'_>) -> Vec<Block> {
    let mut blocks: Vec<Block> = answer
        .thought
        .iter()
        .map(|thought| {
            let start = "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}".to_owned();
            let told = thought.pieces.iter().map(|piece| {
                let delta = format!("\"type\":\"thinking_delta\",\"thinking\":{}", quoted(piece));
                (Part::Content, delta)
            });
            let seal = thought.seal.iter().map(|seal| {
                let delta = format!("\"type\":\"signature_delta\",\"signature\":{}", quoted(seal));
                (Part::Between, delta)
            });
            (start, told.chain(seal).collect())
        })
        .collect();
    let content = |delta| (Part::Content, delta);
    match &answer.content {
        Content::Nothing | Content::Refusal(_) => {}
        Content::Text(pieces) => blocks.push(text_block(pieces)),
        Content::Tools { before, calls } => {
            if !before.is_empty() {
                blocks.push(text_block(before));
            }
            blocks.extend(calls.iter().enumerate().map(|(n, call)| {
                let delta = |piece: &String| {
                    format!("\"type\":\"input_json_delta\",\"partial_json\":{}", quoted(piece))
                };
                let start = format!(
                    "{{\"type\":\"tool_use\",\"id\":\"{}\",\"name\":{},\"input\":{{}}}}",
                    call_id(answer, n),
                    quoted(&call.name)
                );
                (start, call.arguments.iter().map(delta).map(content).collect())
            }));
        }
    }
    blocks
}

fn text_block(pieces: &[String]) -> Block {
    let delta = |piece: &String| format!("\"type\":\"text_delta\",\"text\":{}", quoted(piece));
    let start = "{\"type\":\"text\",\"text\":\"\"}".to_owned();
    (start, pieces.iter().map(delta).map(|delta| (Part::Content, delta)).collect())
}

fn message(
    answer: &Answer<'_>,
    content: &str,
    stop_reason: &str,
    (stop_sequence, output): (&str, usize),
) -> String {
    let Usage { input, cached, .. } = answer.usage;
    format!(
        "{{\"id\":\"msg_{}\",\"type\":\"message\",\"role\":\"assistant\",\"model\":{},\
         \"content\":[{content}],\"stop_reason\":{stop_reason},\"stop_sequence\":{stop_sequence},\
         \"usage\":{{\"input_tokens\":{input},\"cache_creation_input_tokens\":0,\
         \"cache_read_input_tokens\":{cached},\"output_tokens\":{output},\
         \"service_tier\":\"standard\"}}}}",
        answer.id,
        quoted(answer.model),
    )
}

fn event(part: Part, name: &str, rest: &str) -> Frame {
    frame(part, format!("event: {name}\ndata: {{\"type\":\"{name}\",{rest}}}\n\n"))
}

fn call_id(answer: &Answer<'_>, n: usize) -> String {
    format!("toolu_{}{n}", answer.id)
}

/// The reason, and the stop sequence as JSON.
fn finish(finish: &Finish) -> (&'static str, String) {
    let reason = match finish {
        Finish::StopSequence(sequence) => return ("stop_sequence", quoted(sequence)),
        Finish::Stop | Finish::Failed => "end_turn",
        Finish::Length => "max_tokens",
        Finish::Tool => "tool_use",
        Finish::Refused => "refusal",
    };
    (reason, "null".to_owned())
}
