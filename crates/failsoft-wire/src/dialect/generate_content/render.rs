//! What failsoft says itself.

use serde::Serialize;

use crate::render::{CannedAnswer, ErrorWords, ModelEntry, push_event, to_json};

pub(crate) fn error_body(words: &ErrorWords<'_>) -> Vec<u8> {
    to_json(&ErrorDocument::of(words))
}

pub(crate) fn error_frame(words: &ErrorWords<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    push_event(&mut frame, None, &ErrorDocument::of(words));
    frame
}

pub(crate) fn canned_reply(answer: &CannedAnswer<'_>) -> Vec<u8> {
    to_json(&Response::of(answer))
}

/// One event: a candidate that ends is the end.
pub(crate) fn canned_stream(answer: &CannedAnswer<'_>) -> Vec<u8> {
    let mut stream = Vec::new();
    push_event(&mut stream, None, &Response::of(answer));
    stream
}

pub(crate) fn models(models: &[ModelEntry<'_>]) -> Vec<u8> {
    let models = models.iter().map(|model| Model {
        name: format!("models/{}", model.id),
        display_name: model.id,
        description: format!("answered by {}", model.owner),
        supported_generation_methods: ["generateContent", "streamGenerateContent"],
    });
    to_json(&ModelList { models: models.collect() })
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: ErrorObject<'a>,
}

/// `google.rpc.Status`.
#[derive(Serialize)]
struct ErrorObject<'a> {
    code: u16,
    message: &'a str,
    status: &'static str,
    details: [ErrorInfo<'a>; 1],
}

/// `google.rpc.ErrorInfo`.
#[derive(Serialize)]
struct ErrorInfo<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    reason: &'a str,
    domain: &'static str,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    call_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl<'a> ErrorDocument<'a> {
    const fn of(words: &ErrorWords<'a>) -> Self {
        let metadata =
            Metadata { call_id: words.call_id, param: words.param, detail: words.detail };
        let info = ErrorInfo {
            kind: "type.googleapis.com/google.rpc.ErrorInfo",
            reason: words.code,
            domain: "failsoft",
            metadata,
        };
        Self {
            error: ErrorObject {
                code: words.status,
                message: words.message,
                status: status(words.status),
                details: [info],
            },
        }
    }
}

/// The name that goes with a status.
const fn status(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        402 | 412 => "FAILED_PRECONDITION",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        408 | 504 => "DEADLINE_EXCEEDED",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        501 => "UNIMPLEMENTED",
        502 | 503 | 529 => "UNAVAILABLE",
        500.. => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    candidates: [Candidate<'a>; 1],
    usage_metadata: Usage,
    model_version: &'a str,
    response_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    content: Content<'a>,
    finish_reason: &'static str,
    index: u32,
}

#[derive(Serialize)]
struct Content<'a> {
    parts: [Text<'a>; 1],
    role: &'static str,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    prompt_token_count: u32,
    candidates_token_count: u32,
    total_token_count: u32,
}

impl<'a> Response<'a> {
    fn of(answer: &CannedAnswer<'a>) -> Self {
        let content = Content { parts: [Text { text: answer.text }], role: "model" };
        Self {
            candidates: [Candidate { content, finish_reason: "STOP", index: 0 }],
            usage_metadata: Usage::default(),
            model_version: answer.model,
            response_id: answer.id,
        }
    }
}

#[derive(Serialize)]
struct ModelList<'a> {
    models: Vec<Model<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Model<'a> {
    name: String,
    display_name: &'a str,
    description: String,
    supported_generation_methods: [&'static str; 2],
}
