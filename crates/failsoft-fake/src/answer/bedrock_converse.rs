//! Answers in the `bedrock_converse` dialect.

use serde_json::{Value, json};

use super::{Answer, Content, Finish, Frame, Part, ToolCall, event_stream};

pub(super) fn whole(answer: &Answer<'_>) -> String {
    let mut content: Vec<Value> = answer
        .thought
        .iter()
        .map(|thought| {
            json!({"reasoningContent": {"reasoningText": {"text": thought.pieces.concat(),
                "signature": thought.seal}}})
        })
        .collect();
    match &answer.content {
        Content::Nothing => {}
        Content::Text(pieces) => content.push(json!({"text": pieces.concat()})),
        Content::Refusal(words) => content.push(json!({"text": words})),
        Content::Tools { before, calls } => {
            if !before.is_empty() {
                content.push(json!({"text": before.concat()}));
            }
            let known = calls.iter().enumerate().filter_map(|(n, call)| {
                let input = call.value()?;
                Some(json!({"toolUse": {"toolUseId": call_id(answer, n), "name": call.name,
                    "input": input}}))
            });
            content.extend(known);
        }
    }
    let is_broken = answer.content.calls().iter().any(|call| call.value().is_none());
    let reason = if is_broken { "malformed_tool_use" } else { finish(&answer.finish) };
    json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": reason,
        "usage": usage(answer),
        "metrics": {"latencyMs": 42},
    })
    .to_string()
}

pub(super) fn frames(answer: &Answer<'_>) -> Vec<Frame> {
    let mut writer = Writer { frames: Vec::new(), index: 0 };
    writer.add(Part::Opening, "messageStart", json!({"role": "assistant"}));
    if let Some(thought) = &answer.thought {
        for piece in &thought.pieces {
            writer.delta(Part::Content, json!({"reasoningContent": {"text": piece}}));
        }
        if let Some(seal) = &thought.seal {
            writer.delta(Part::Between, json!({"reasoningContent": {"signature": seal}}));
        }
        writer.stop(Part::Between);
    }
    match &answer.content {
        Content::Nothing => {}
        Content::Text(pieces) => {
            for piece in pieces {
                writer.delta(Part::Content, json!({"text": piece}));
            }
            writer.stop(Part::Finish);
        }
        Content::Refusal(words) => {
            writer.delta(Part::Content, json!({"text": words}));
            writer.stop(Part::Finish);
        }
        Content::Tools { before, calls } => {
            for piece in before {
                writer.delta(Part::Content, json!({"text": piece}));
            }
            if !before.is_empty() {
                writer.stop(Part::Between);
            }
            for (n, call) in calls.iter().enumerate() {
                let is_last = n + 1 == calls.len();
                writer.call(
                    &call_id(answer, n),
                    call,
                    if is_last { Part::Finish } else { Part::Between },
                );
            }
        }
    }
    writer.add(Part::Finish, "messageStop", json!({"stopReason": finish(&answer.finish)}));
    let metadata = json!({"usage": usage(answer), "metrics": {"latencyMs": 42}});
    writer.add(Part::End, "metadata", metadata);
    writer.frames
}

struct Writer {
    frames: Vec<Frame>,
    index: usize,
}

impl Writer {
    fn call(&mut self, id: &str, call: &ToolCall, end: Part) {
        let part = if self.index == 0 { Part::Opening } else { Part::Between };
        let start = json!({"contentBlockIndex": self.index,
            "start": {"toolUse": {"toolUseId": id, "name": call.name}}});
        self.add(part, "contentBlockStart", start);
        for piece in &call.arguments {
            self.delta(Part::Content, json!({"toolUse": {"input": piece}}));
        }
        self.stop(end);
    }

    fn delta(&mut self, part: Part, delta: Value) {
        let index = self.index;
        self.add(part, "contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}));
    }

    fn stop(&mut self, part: Part) {
        let index = self.index;
        self.add(part, "contentBlockStop", json!({"contentBlockIndex": index}));
        self.index += 1;
    }

    /// Each event also carries padding, so that its length tells nothing.
    fn add(&mut self, part: Part, kind: &str, mut payload: Value) {
        payload["p"] = "abcdefghijklmnop"[..self.frames.len() % 16].into();
        let bytes = event_stream::event(kind, payload.to_string().as_bytes());
        self.frames.push(Frame { part, bytes });
    }
}

fn usage(answer: &Answer<'_>) -> Value {
    let usage = answer.usage;
    json!({"inputTokens": usage.input, "outputTokens": usage.output, "totalTokens": usage.total(),
        "cacheReadInputTokens": usage.cached, "cacheWriteInputTokens": 0})
}

fn call_id(answer: &Answer<'_>, n: usize) -> String {
    format!("tooluse_{}{n}", answer.id)
}

fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Failed => "end_turn",
        Finish::StopSequence(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Tool => "tool_use",
        Finish::Refused => "content_filtered",
    }
}
