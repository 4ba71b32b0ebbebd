//! What failsoft says itself.

use serde::Serialize;

use crate::render::{CannedAnswer, ErrorWords, ModelEntry, push_event, to_json};

pub(crate) fn error_body(words: &ErrorWords<'_>) -> Vec<u8> {
    to_json(&ErrorDocument::of(words))
}

/// No end marker follows: the SDKs raise on the error, and nothing may look complete.
pub(crate) fn error_frame(words: &ErrorWords<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    push_event(&mut frame, None, &ErrorDocument::of(words));
    frame
}

pub(crate) fn canned_reply(answer: &CannedAnswer<'_>) -> Vec<u8> {
    to_json(&Completion {
        id: answer.id,
        object: "chat.completion",
        created: answer.created,
        model: answer.model,
        choices: [WholeChoice {
            index: 0,
            message: Message { role: "assistant", content: answer.text, refusal: None },
            logprobs: None,
            finish_reason: "stop",
        }],
        usage: Usage::default(),
    })
}

pub(crate) fn canned_stream(answer: &CannedAnswer<'_>) -> Vec<u8> {
    let mut stream = Vec::new();
    let opening = Delta { role: Some("assistant"), content: Some("") };
    let text = Delta { role: None, content: Some(answer.text) };
    push_event(&mut stream, None, &Chunk::of(answer, opening, None));
    push_event(&mut stream, None, &Chunk::of(answer, text, None));
    push_event(&mut stream, None, &Chunk::of(answer, Delta::default(), Some("stop")));
    if answer.include_usage {
        let mut usage = Chunk::of(answer, Delta::default(), None);
        usage.choices.clear();
        usage.usage = Some(Some(Usage::default()));
        push_event(&mut stream, None, &usage);
    }
    stream.extend_from_slice(b"data: [DONE]\n\n");
    stream
}

pub(crate) fn models(models: &[ModelEntry<'_>]) -> Vec<u8> {
    let data = models.iter().map(|model| Model {
        id: model.id,
        object: "model",
        created: model.created,
        owned_by: model.owner,
    });
    to_json(&ModelList { object: "list", data: data.collect() })
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'a str>,
    code: &'a str,
    call_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl<'a> ErrorDocument<'a> {
    const fn of(words: &ErrorWords<'a>) -> Self {
        Self {
            error: ErrorObject {
                message: words.message,
                kind: kind(words.status),
                param: words.param,
                code: words.code,
                call_id: words.call_id,
                detail: words.detail,
            },
        }
    }
}

/// The `type` that goes with a status.
const fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "insufficient_quota",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        409 => "conflict_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [WholeChoice<'a>; 1],
    usage: Usage,
}

#[derive(Serialize)]
struct WholeChoice<'a> {
    index: u32,
    message: Message<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
    refusal: Option<()>,
}

#[derive(Default, Serialize)]
struct Usage {
    prompt_tokens: u32,
    completion_tokens: u32,
    total_tokens: u32,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<DeltaChoice<'a>>,
    /// Null in every chunk but the last, and only if the client asked for usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
}

#[derive(Serialize)]
struct DeltaChoice<'a> {
    index: u32,
    delta: Delta<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}

impl<'a> Chunk<'a> {
    fn of(
        answer: &CannedAnswer<'a>,
        delta: Delta<'a>,
        finish_reason: Option<&'static str>,
    ) -> Self {
        Self {
            id: answer.id,
            object: "chat.completion.chunk",
            created: answer.created,
            model: answer.model,
            choices: vec![DeltaChoice { index: 0, delta, logprobs: None, finish_reason }],
            usage: answer.include_usage.then_some(None),
        }
    }
}

#[derive(Serialize)]
struct ModelList<'a> {
    object: &'static str,
    data: Vec<Model<'a>>,
}

#[derive(Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'a str,
}
