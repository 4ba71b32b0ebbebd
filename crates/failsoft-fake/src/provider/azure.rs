//! Azure OpenAI.

use super::{AfterError, Complaint, ErrorAnswer, Headers, Imitation, Inband, quoted};
use crate::fault::Trouble;

pub(super) const IMITATION: Imitation = Imitation {
    name: "azure",
    error,
    headers,
    marking: None,
    inband: Inband {
        frame: "data: {\"error\":{\"code\":\"InternalServerError\",\"message\":\"The server had an \
                error while processing your request.\"}}\n\n",
        after: AfterError::Ends,
    },
};

fn headers(id: &str) -> Headers {
    vec![
        ("apim-request-id", id.to_owned()),
        ("x-request-id", id.to_owned()),
        ("x-ms-region", "Sweden Central".into()),
    ]
}

fn error(complaint: &Complaint<'_>) -> ErrorAnswer {
    let (own, code, message) = words(complaint);
    let status = complaint.status(own);
    let mut message = message.to_owned();
    let mut headers = complaint.retry_headers();
    if let (429, Some(_)) = (status, complaint.retry_after) {
        let seconds = complaint.whole_seconds();
        message.push_str(&format!(" Please retry after {seconds} seconds."));
        headers.push(("x-ratelimit-remaining-tokens", "0".into()));
        headers.push(("x-ratelimit-reset-tokens", seconds.to_string()));
    }
    let filter = match complaint.trouble() {
        Some(Trouble::ContentPolicy) => {
            ",\"param\":\"prompt\",\"type\":null,\"status\":400,\"innererror\":{\"code\":\
             \"ResponsibleAIPolicyViolation\",\"content_filter_result\":{\"violence\":{\
             \"filtered\":true,\"severity\":\"high\"}}}"
        }
        _ => "",
    };
    let message = quoted(&message);
    let body = format!("{{\"error\":{{\"code\":\"{code}\",\"message\":{message}{filter}}}}}");
    ErrorAnswer { status, headers, body }
}

fn words(complaint: &Complaint<'_>) -> (u16, &'static str, &'static str) {
    match complaint.trouble() {
        Some(Trouble::ContextLength) => (
            400,
            "context_length_exceeded",
            "This model's maximum context length is 8192 tokens. However, your messages resulted in \
             9001 tokens.",
        ),
        Some(Trouble::ContentPolicy) => (
            400,
            "content_filter",
            "The response was filtered due to the prompt triggering the content management policy.",
        ),
        Some(Trouble::Quota) => (403, "QuotaExceeded", "Out of call volume quota."),
        Some(Trouble::BadKey) => {
            (401, "401", "Access denied due to invalid subscription key or wrong API endpoint.")
        }
        Some(Trouble::NoPermission) => {
            (403, "403", "Access denied due to Virtual Network/Firewall rules.")
        }
        Some(Trouble::NoSuchModel) => {
            (404, "DeploymentNotFound", "The API deployment for this resource does not exist.")
        }
        Some(Trouble::TooLarge) => (413, "413", "Request body is too large."),
        Some(Trouble::Overloaded) => {
            (503, "ServiceUnavailable", "The server is currently overloaded.")
        }
        None => of_status(complaint.bare()),
    }
}

fn of_status(status: u16) -> (u16, &'static str, &'static str) {
    let (code, message) = match status {
        408 => ("Timeout", "The operation was timeout."),
        429 => (
            "429",
            "Requests to the ChatCompletions_Create Operation have exceeded the token rate limit of \
             your current OpenAI S0 pricing tier.",
        ),
        503 | 529 => ("ServiceUnavailable", "The server is currently overloaded."),
        400..=499 => ("BadRequest", "The request could not be understood."),
        _ => ("InternalServerError", "The server had an error while processing your request."),
    };
    (status, code, message)
}
