//! What failsoft says itself.

use serde::Serialize;

use crate::render::{CannedAnswer, ErrorWords, ModelEntry, push_event, to_json};

pub(crate) fn error_body(words: &ErrorWords<'_>) -> Vec<u8> {
    to_json(&ErrorDocument::of(words))
}

pub(crate) fn error_frame(words: &ErrorWords<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    push_event(&mut frame, Some("error"), &ErrorDocument::of(words));
    frame
}

pub(crate) fn canned_reply(answer: &CannedAnswer<'_>) -> Vec<u8> {
    let content = vec![Text { kind: "text", text: answer.text }];
    to_json(&Message::of(answer, content, Some("end_turn")))
}

pub(crate) fn canned_stream(answer: &CannedAnswer<'_>) -> Vec<u8> {
    let mut stream = Vec::new();
    for event in [
        Event::MessageStart { message: Message::of(answer, Vec::new(), None) },
        Event::ContentBlockStart { index: 0, content_block: Text { kind: "text", text: "" } },
        Event::ContentBlockDelta {
            index: 0,
            delta: Text { kind: "text_delta", text: answer.text },
        },
        Event::ContentBlockStop { index: 0 },
        Event::MessageDelta {
            delta: Stop { stop_reason: "end_turn", stop_sequence: None },
            usage: OutputUsage { output_tokens: 0 },
        },
        Event::MessageStop {},
    ] {
        push_event(&mut stream, Some(event.name()), &event);
    }
    stream
}

pub(crate) fn models(models: &[ModelEntry<'_>]) -> Vec<u8> {
    let data = models.iter().map(|model| Model {
        kind: "model",
        id: model.id,
        display_name: model.id,
        created_at: rfc3339(model.created),
    });
    to_json(&ModelList {
        data: data.collect(),
        has_more: false,
        first_id: models.first().map(|model| model.id),
        last_id: models.last().map(|model| model.id),
    })
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: ErrorObject<'a>,
    request_id: &'a str,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
    call_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl<'a> ErrorDocument<'a> {
    const fn of(words: &ErrorWords<'a>) -> Self {
        Self {
            kind: "error",
            error: ErrorObject {
                kind: kind(words.status),
                message: words.message,
                code: words.code,
                param: words.param,
                call_id: words.call_id,
                detail: words.detail,
            },
            request_id: words.call_id,
        }
    }
}

/// The `type` that goes with a status. In a stream it is all a program has.
const fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'a str,
    content: Vec<Text<'a>>,
    stop_reason: Option<&'static str>,
    stop_sequence: Option<()>,
    usage: Usage,
}

impl<'a> Message<'a> {
    fn of(
        answer: &CannedAnswer<'a>,
        content: Vec<Text<'a>>,
        stop_reason: Option<&'static str>,
    ) -> Self {
        Self {
            id: answer.id,
            kind: "message",
            role: "assistant",
            model: answer.model,
            content,
            stop_reason,
            stop_sequence: None,
            usage: Usage::default(),
        }
    }
}

#[derive(Serialize)]
struct Text<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
}

#[derive(Default, Serialize)]
struct Usage {
    input_tokens: u32,
    output_tokens: u32,
}

#[derive(Serialize)]
struct OutputUsage {
    output_tokens: u32,
}

#[derive(Serialize)]
struct Stop {
    stop_reason: &'static str,
    stop_sequence: Option<()>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event<'a> {
    MessageStart { message: Message<'a> },
    ContentBlockStart { index: u32, content_block: Text<'a> },
    ContentBlockDelta { index: u32, delta: Text<'a> },
    ContentBlockStop { index: u32 },
    MessageDelta { delta: Stop, usage: OutputUsage },
    MessageStop {},
}

impl Event<'_> {
    /// The `event:` line; the data's `type` says the same.
    const fn name(&self) -> &'static str {
        match self {
            Self::MessageStart { .. } => "message_start",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::ContentBlockDelta { .. } => "content_block_delta",
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop {} => "message_stop",
        }
    }
}

#[derive(Serialize)]
struct ModelList<'a> {
    data: Vec<Model<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Model<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: String,
}

/// A moment as the dialect writes it. Days become dates by Howard Hinnant's `civil_from_days`,
/// whose years begin in March, so that the odd day comes last.
fn rfc3339(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (1_795_392_000, "2026-11-23T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
