//! OpenAI.

use failsoft_wire::Dialect;

use super::{AfterError, Complaint, ErrorAnswer, Headers, Imitation, Inband, quoted};
use crate::fault::Trouble;
use crate::span;

pub(super) const IMITATION: Imitation = Imitation {
    name: "openai",
    error,
    headers,
    marking: None,
    inband: Inband {
        frame: "data: {\"error\":{\"message\":\"The server had an error while processing your \
                request\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
        after: AfterError::Ends,
    },
};

fn headers(id: &str) -> Headers {
    vec![
        ("x-request-id", id.to_owned()),
        ("openai-processing-ms", "42".into()),
        ("openai-version", "2020-10-01".into()),
    ]
}

fn error(complaint: &Complaint<'_>) -> ErrorAnswer {
    let Words { status, kind, param, code, message } = words(complaint);
    let nullable = |text: Option<&str>| text.map_or("null".to_owned(), quoted);
    let body = format!(
        "{{\n  \"error\": {{\n    \"message\": {},\n    \"type\": {},\n    \"param\": {},\n    \
         \"code\": {}\n  }}\n}}\n",
        quoted(&message),
        quoted(kind),
        nullable(param),
        nullable(code)
    );
    let mut headers = complaint.retry_headers();
    if status == 429 {
        headers.extend(limits(complaint));
    }
    ErrorAnswer { status, headers, body }
}

/// The fields of this shape of error, which others share.
pub(super) struct Words {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) param: Option<&'static str>,
    pub(super) code: Option<&'static str>,
    pub(super) message: String,
}

pub(super) fn words(complaint: &Complaint<'_>) -> Words {
    let of = |own, kind, param, code, message: &str| Words {
        status: complaint.status(own),
        kind,
        param,
        code,
        message: message.to_owned(),
    };
    let request = "invalid_request_error";
    match complaint.trouble() {
        Some(Trouble::ContextLength) => {
            let (param, message) = too_long(complaint.dialect);
            of(400, request, Some(param), Some("context_length_exceeded"), message)
        }
        Some(Trouble::ContentPolicy) => of(
            400,
            request,
            None,
            Some("content_policy_violation"),
            "Your request was rejected as a result of our safety system.",
        ),
        Some(Trouble::Quota) => of(
            429,
            "insufficient_quota",
            None,
            Some("insufficient_quota"),
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        Some(Trouble::BadKey) => of(
            401,
            request,
            None,
            Some("invalid_api_key"),
            "Incorrect API key provided: sk-fake****.",
        ),
        Some(Trouble::NoPermission) => of(
            403,
            request,
            None,
            None,
            "You have insufficient permissions for this operation. Missing scopes: model.request",
        ),
        Some(Trouble::NoSuchModel) => of(
            404,
            request,
            None,
            Some("model_not_found"),
            &format!("The model `{}` does not exist or you do not have access.", complaint.model),
        ),
        Some(Trouble::TooLarge) => {
            of(413, request, None, Some("request_too_large"), "Request Entity Too Large")
        }
        Some(Trouble::Overloaded) => overloaded(503),
        None => of_status(complaint),
    }
}

/// The parameter that is too long, and how that is told.
fn too_long(dialect: Dialect) -> (&'static str, &'static str) {
    if dialect == Dialect::Responses {
        let message = "Your input exceeds the context window of this model. Please adjust your \
                       input and try again.";
        return ("input", message);
    }
    let message = "This model's maximum context length is 8192 tokens. However, your messages \
                   resulted in 9001 tokens. Please shorten them.";
    ("messages", message)
}

fn overloaded(status: u16) -> Words {
    Words {
        status,
        kind: "service_unavailable_error",
        param: None,
        code: Some("server_is_overloaded"),
        message: "Our servers are currently overloaded. Please try later.".to_owned(),
    }
}

fn of_status(complaint: &Complaint<'_>) -> Words {
    let status = complaint.bare();
    let (kind, code, message) = match status {
        429 => ("tokens", Some("rate_limit_exceeded"), rate_limited(complaint)),
        503 | 529 => return overloaded(status),
        400..=499 => {
            ("invalid_request_error", None, "We could not make sense of this request.".to_owned())
        }
        _ => (
            "server_error",
            None,
            "The server had an error while processing your request. Sorry about that!".to_owned(),
        ),
    };
    Words { status, kind, param: None, code, message }
}

fn rate_limited(complaint: &Complaint<'_>) -> String {
    let end = complaint
        .retry_after
        .map_or(String::new(), |wait| format!(" Please try again in {}.", span::show(wait)));
    format!(
        "Rate limit reached for {} in organization org-fake on tokens per min (TPM): Limit 30000, \
         Used 29000, Requested 2500.{end}",
        complaint.model
    )
}

/// The bucket that ran dry; when it fills again is told only with a `Retry-After`.
fn limits(complaint: &Complaint<'_>) -> Headers {
    let mut headers = vec![
        ("x-ratelimit-limit-requests", "500".into()),
        ("x-ratelimit-limit-tokens", "30000".into()),
    ];
    if let Some(wait) = complaint.retry_after {
        headers.extend([
            ("x-ratelimit-remaining-requests", "499".into()),
            ("x-ratelimit-remaining-tokens", "0".into()),
            ("x-ratelimit-reset-requests", "120ms".into()),
            ("x-ratelimit-reset-tokens", span::show(wait)),
        ]);
    }
    headers
}
