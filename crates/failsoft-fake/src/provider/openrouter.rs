//! OpenRouter.

use jiff::Timestamp;

use super::{AfterError, Complaint, ErrorAnswer, Headers, Imitation, Inband, quoted};
use crate::fault::Trouble;

pub(super) const IMITATION: Imitation = Imitation {
    name: "openrouter",
    error,
    headers,
    marking: None,
    inband: Inband {
        frame: "data: {\"id\":\"gen-fake\",\"object\":\"chat.completion.chunk\",\"error\":{\
                \"code\":\"server_error\",\"message\":\"Provider disconnected\"},\"choices\":[{\
                \"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n",
        after: AfterError::SendsDone,
    },
};

fn headers(id: &str) -> Headers {
    vec![("cf-ray", id.to_owned()), ("x-generation-id", id.to_owned())]
}

fn error(complaint: &Complaint<'_>) -> ErrorAnswer {
    let (own, kind, message) = words(complaint);
    let status = complaint.status(own);
    let mut metadata = format!("\"error_type\":\"{kind}\"");
    let mut headers = complaint.retry_headers();
    if let (429, Some(wait)) = (status, complaint.retry_after) {
        let now = Timestamp::now().as_millisecond();
        let reset = now + i64::try_from(wait.as_millis()).unwrap_or(0);
        metadata.push_str(&format!(
            ",\"headers\":{{\"X-RateLimit-Limit\":\"20\",\"X-RateLimit-Remaining\":\"0\",\
             \"X-RateLimit-Reset\":\"{reset}\"}}"
        ));
        headers.push(("x-ratelimit-remaining", "0".into()));
        headers.push(("x-ratelimit-reset", reset.to_string()));
    }
    let body = format!(
        "{{\"error\":{{\"message\":{},\"code\":{status},\"metadata\":{{{metadata}}}}},\
         \"user_id\":\"user_fake\"}}",
        quoted(&message)
    );
    ErrorAnswer { status, headers, body }
}

fn words(complaint: &Complaint<'_>) -> (u16, &'static str, String) {
    let (own, kind, message) = match complaint.trouble() {
        Some(Trouble::ContextLength) => (
            400,
            "context_length_exceeded",
            "This endpoint's maximum context length is 8192 tokens. However, you requested more.",
        ),
        Some(Trouble::ContentPolicy) => (400, "content_policy_violation", "Your input was flagged"),
        Some(Trouble::Quota) => {
            (402, "payment_required", "This request requires more credits, or fewer max_tokens.")
        }
        Some(Trouble::BadKey) => (401, "authentication", "User not found."),
        Some(Trouble::NoPermission) => (403, "permission_denied", "Permission denied"),
        Some(Trouble::NoSuchModel) => {
            return (404, "not_found", format!("No endpoints found for {}.", complaint.model));
        }
        Some(Trouble::TooLarge) => (413, "payload_too_large", "Payload too large"),
        Some(Trouble::Overloaded) => (503, "provider_overloaded", "Provider returned error"),
        None => of_status(complaint.bare()),
    };
    (own, kind, message.to_owned())
}

fn of_status(status: u16) -> (u16, &'static str, &'static str) {
    let (kind, message) = match status {
        429 => ("rate_limit_exceeded", "Rate limit exceeded: requests-per-min."),
        502 => ("provider_unavailable", "Provider returned error"),
        503 | 529 => ("provider_overloaded", "Provider returned error"),
        408 | 504 => ("timeout", "Provider timed out"),
        400..=499 => ("invalid_request", "Invalid request"),
        _ => ("server", "Internal Server Error"),
    };
    (status, kind, message)
}
