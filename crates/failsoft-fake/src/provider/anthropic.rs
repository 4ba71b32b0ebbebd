//! Anthropic.

use jiff::Timestamp;

use super::{AfterError, Complaint, ErrorAnswer, Headers, Imitation, Inband, quoted};
use crate::fault::Trouble;

pub(super) const IMITATION: Imitation = Imitation {
    name: "anthropic",
    error,
    headers,
    marking: None,
    inband: Inband {
        frame: "event: error\ndata: {\"type\":\"error\",\"error\":{\"details\":null,\"type\":\
                \"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
        after: AfterError::Ends,
    },
};

fn headers(id: &str) -> Headers {
    vec![("request-id", id.to_owned()), ("anthropic-organization-id", "fake".into())]
}

fn error(complaint: &Complaint<'_>) -> ErrorAnswer {
    let (status, kind, message) = words(complaint);
    let body = format!(
        "{{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\",\"message\":{}}},\
         \"request_id\":\"{{request_id}}\"}}",
        quoted(&message)
    );
    let mut headers = complaint.retry_headers();
    let again = matches!(status, 408 | 409 | 429 | 500..);
    headers.push(("x-should-retry", again.to_string()));
    if status == 429 {
        headers.extend(limits(complaint));
    }
    ErrorAnswer { status, headers, body }
}

fn words(complaint: &Complaint<'_>) -> (u16, &'static str, String) {
    let request = "invalid_request_error";
    let (own, kind, message) = match complaint.trouble() {
        Some(Trouble::ContextLength) => {
            (400, request, "prompt is too long: 208423 tokens > 200000 maximum")
        }
        Some(Trouble::ContentPolicy) => {
            (400, request, "Output blocked by content filtering policy")
        }
        Some(Trouble::Quota) => {
            (400, request, "Your credit balance is too low to access the API. Please add credits.")
        }
        Some(Trouble::BadKey) => (401, "authentication_error", "invalid x-api-key"),
        Some(Trouble::NoPermission) => {
            (403, "permission_error", "Your API key does not have permission for this resource.")
        }
        Some(Trouble::NoSuchModel) => {
            let message = format!("model: {}", complaint.model);
            return (complaint.status(404), "not_found_error", message);
        }
        Some(Trouble::TooLarge) => (413, "request_too_large", "Request exceeds the maximum size"),
        Some(Trouble::Overloaded) => (529, "overloaded_error", "Overloaded"),
        None => of_status(complaint.bare()),
    };
    (complaint.status(own), kind, message.to_owned())
}

fn of_status(status: u16) -> (u16, &'static str, &'static str) {
    let (kind, message) = match status {
        429 => (
            "rate_limit_error",
            "This request would exceed your organization's rate limit of 50,000 input tokens per \
             minute.",
        ),
        503 | 529 => ("overloaded_error", "Overloaded"),
        504 => ("timeout_error", "The request took too long"),
        400..=499 => ("invalid_request_error", "messages: at least one message is required"),
        _ => ("api_error", "Internal server error"),
    };
    (status, kind, message)
}

fn limits(complaint: &Complaint<'_>) -> Headers {
    let mut headers = vec![
        ("anthropic-ratelimit-requests-limit", "50".into()),
        ("anthropic-ratelimit-input-tokens-limit", "50000".into()),
    ];
    if complaint.retry_after.is_some() {
        let now = Timestamp::now().as_second();
        let end = i64::try_from(complaint.whole_seconds()).unwrap_or(0) + now;
        let reset = Timestamp::from_second(end).unwrap_or(Timestamp::MAX).to_string();
        headers.extend([
            ("anthropic-ratelimit-input-tokens-remaining", "0".into()),
            ("anthropic-ratelimit-input-tokens-reset", reset),
        ]);
    }
    headers
}
