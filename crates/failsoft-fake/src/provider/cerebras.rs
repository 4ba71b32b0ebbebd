//! Cerebras, whose errors lie flat.

use super::{AfterError, Complaint, ErrorAnswer, Headers, Imitation, Inband, openai, quoted};
use crate::fault::Trouble;

pub(super) const IMITATION: Imitation = Imitation {
    name: "cerebras",
    error,
    headers,
    marking: None,
    inband: Inband {
        frame: "data: {\"error\":{\"id\":\"fake\",\"code\":\"server_error\",\"message\":\
                \"Encountered a server error.\",\"param\":null,\"type\":\"server_error\"},\
                \"status_code\":500}\n\n",
        after: AfterError::Ends,
    },
};

fn headers(id: &str) -> Headers {
    vec![("x-request-id", id.to_owned()), ("x-ratelimit-limit-requests-day", "14400".into())]
}

fn error(complaint: &Complaint<'_>) -> ErrorAnswer {
    let (status, kind, param, code, message) = words(complaint);
    let body = format!(
        "{{\"message\":{},\"type\":\"{kind}\",\"param\":\"{param}\",\"code\":\"{code}\"}}",
        quoted(&message)
    );
    let mut headers = complaint.retry_headers();
    if let (429, Some(wait)) = (status, complaint.retry_after) {
        headers.push(("x-ratelimit-remaining-tokens-minute", "0".into()));
        headers.push(("x-ratelimit-reset-tokens-minute", wait.as_secs_f64().to_string()));
    }
    ErrorAnswer { status, headers, body }
}

type Words = (u16, &'static str, &'static str, &'static str, String);

fn words(complaint: &Complaint<'_>) -> Words {
    let request = "invalid_request_error";
    let (own, kind, param, code, message) = match complaint.trouble() {
        Some(Trouble::ContextLength) => (
            400,
            request,
            "messages",
            "context_length_exceeded",
            "Please reduce the length of the messages. Current length is 9000 while limit is 8192",
        ),
        Some(Trouble::Quota) => {
            (402, "payment_required_error", "billing", "payment_required", "Payment required.")
        }
        Some(Trouble::BadKey) => (401, request, "api_key", "wrong_api_key", "Wrong API Key"),
        Some(Trouble::NoSuchModel) => {
            let message = format!("Model {} does not exist or is not yours.", complaint.model);
            return (complaint.status(404), "not_found_error", "model", "model_not_found", message);
        }
        Some(Trouble::Overloaded) => (
            429,
            "too_many_requests_error",
            "queue",
            "queue_exceeded",
            "We're experiencing high traffic right now! Please come back soon.",
        ),
        Some(Trouble::ContentPolicy | Trouble::NoPermission | Trouble::TooLarge) => {
            let shared = openai::words(complaint);
            let code = shared.code.unwrap_or("forbidden");
            return (shared.status, shared.kind, "", code, shared.message);
        }
        None => of_status(complaint.bare()),
    };
    (complaint.status(own), kind, param, code, message.to_owned())
}

fn of_status(status: u16) -> (u16, &'static str, &'static str, &'static str, &'static str) {
    match status {
        429 => (
            status,
            "too_many_tokens_error",
            "quota",
            "token_quota_exceeded",
            "Tokens per minute limit exceeded - too many tokens processed.",
        ),
        400..=499 => (
            status,
            "invalid_request_error",
            "",
            "wrong_api_format",
            "The request is not in the API's format.",
        ),
        _ => (status, "server_error", "", "server_error", "Encountered a server error."),
    }
}
