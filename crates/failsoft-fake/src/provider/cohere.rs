//! Cohere, whose errors are a message and little else.

use serde_json::json;

use super::{AfterError, Complaint, ErrorAnswer, Headers, Imitation, Inband};
use crate::fault::Trouble;

pub(super) const IMITATION: Imitation = Imitation {
    name: "cohere",
    error,
    headers,
    marking: None,
    inband: Inband {
        frame: "data: {\"id\":\"fake\",\"message\":\"internal server error, this has been reported \
                to our developers\"}\n\n",
        after: AfterError::Ends,
    },
};

fn headers(id: &str) -> Headers {
    vec![("x-debug-trace-id", id.to_owned()), ("x-endpoint-monthly-call-limit", "1000".into())]
}

fn error(complaint: &Complaint<'_>) -> ErrorAnswer {
    let (own, message) = words(complaint);
    let status = complaint.status(own);
    let mut headers = complaint.retry_headers();
    if status == 429 {
        headers.push(("x-trial-endpoint-call-limit", "10".into()));
        headers.push(("x-trial-endpoint-call-remaining", "0".into()));
    }
    let body = json!({"id": "{request_id}", "message": message}).to_string();
    ErrorAnswer { status, headers, body }
}

fn words(complaint: &Complaint<'_>) -> (u16, String) {
    let (status, message) = match complaint.trouble() {
        Some(Trouble::ContextLength) => (
            400,
            "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received \
             4292. Try using a shorter prompt, or enabling prompt truncating.",
        ),
        Some(Trouble::ContentPolicy) => (400, "the request was blocked by the safety mode"),
        Some(Trouble::Quota) => (
            429,
            "You are using a Trial key, which is limited to 1000 API calls / month. You can \
             continue to use the Trial key for free or upgrade to a Production key.",
        ),
        Some(Trouble::BadKey) => (401, "invalid api token"),
        Some(Trouble::NoPermission) => (403, "your token does not have access to this resource"),
        Some(Trouble::NoSuchModel) => {
            let message = format!(
                "model '{}' not found, make sure the correct model ID was used and that you have \
                 access to the model.",
                complaint.model
            );
            return (404, message);
        }
        Some(Trouble::TooLarge) => (413, "request entity too large"),
        Some(Trouble::Overloaded) => (503, "service unavailable, please retry later"),
        None => of_status(complaint.bare()),
    };
    (status, message.to_owned())
}

fn of_status(status: u16) -> (u16, &'static str) {
    let message = match status {
        429 => {
            "You are using a Trial key, which is limited to 10 API calls / minute. You can continue \
             to use the Trial key for free or upgrade to a Production key with higher rate limits."
        }
        499 => "request cancelled",
        503 | 529 => "service unavailable, please retry later",
        504 => "gateway timeout",
        400..=499 => {
            "invalid request: message must be at least 1 token long or tool results must be \
             specified."
        }
        _ => "internal server error, this has been reported to our developers",
    };
    (status, message)
}
