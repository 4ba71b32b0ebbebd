//! Mistral.

use serde_json::Value;

use super::{
    AfterError, Complaint, ErrorAnswer, Headers, Imitation, Inband, Marked, Marking, quoted,
};
use crate::asked::Flaw;
use crate::fault::Trouble;

pub(super) const IMITATION: Imitation = Imitation {
    name: "mistral",
    error,
    headers,
    marking: Some(Marking { read, echoes: true }),
    inband: Inband {
        frame: "data: {\"object\":\"error\",\"message\":\"Service unavailable.\",\"type\":\
                \"internal_server_error\",\"param\":null,\"code\":\"1000\"}\n\n",
        after: AfterError::Ends,
    },
};

fn read(body: &Value) -> Marked {
    let last = body["messages"].as_array().and_then(|messages| messages.last());
    if last.is_some_and(|message| message["prefix"] == true) {
        return Marked::Yes;
    }
    let words = "Expected last role User or Tool (or Assistant with prefix True) for serving but \
                 got assistant";
    Marked::Wrong(Flaw::of(words).coded("3230"))
}

fn headers(id: &str) -> Headers {
    vec![("mistral-correlation-id", id.to_owned()), ("x-kong-request-id", id.to_owned())]
}

fn error(complaint: &Complaint<'_>) -> ErrorAnswer {
    let (own, kind, code, message) = words(complaint);
    let status = complaint.status(own);
    let body = if status == 401 {
        "{\"message\":\"Unauthorized\",\"request_id\":\"{request_id}\"}".to_owned()
    } else {
        format!(
            "{{\"object\":\"error\",\"message\":{},\"type\":\"{kind}\",\"param\":null,\
             \"code\":\"{code}\"}}",
            quoted(&message)
        )
    };
    let mut headers = complaint.retry_headers();
    if let (429, Some(_)) = (status, complaint.retry_after) {
        headers.push(("x-ratelimit-remaining-tokens-minute", "0".into()));
    }
    ErrorAnswer { status, headers, body }
}

fn words(complaint: &Complaint<'_>) -> (u16, &'static str, &'static str, String) {
    let request = "invalid_request_error";
    let (own, kind, code, message) = match complaint.trouble() {
        Some(Trouble::ContextLength) => (
            400,
            request,
            "3051",
            "Prompt contains 40051 tokens, too large for model with 32768 maximum context length",
        ),
        Some(Trouble::ContentPolicy) => {
            (403, "guardrail_violation", "4001", "The request was blocked by a guardrail.")
        }
        Some(Trouble::Quota) => (402, "payment_required", "1402", "Payment required."),
        Some(Trouble::BadKey) => (401, "unauthorized", "1401", "Unauthorized"),
        Some(Trouble::NoPermission) => (403, "forbidden", "1403", "Forbidden"),
        Some(Trouble::NoSuchModel) => {
            let message = format!("Invalid model: {}", complaint.model);
            return (400, "invalid_model", "1500", message);
        }
        Some(Trouble::TooLarge) => (413, request, "1413", "Request Entity Too Large"),
        Some(Trouble::Overloaded) => (
            429,
            "service_tier_capacity_exceeded",
            "3505",
            "Service tier capacity exceeded for this model.",
        ),
        None => of_status(complaint.bare()),
    };
    (own, kind, code, message.to_owned())
}

fn of_status(status: u16) -> (u16, &'static str, &'static str, &'static str) {
    let (kind, code, message) = match status {
        429 => ("rate_limited", "1300", "Rate limit exceeded"),
        400..=499 => ("invalid_request_error", "1400", "The request is not valid."),
        _ => ("internal_server_error", "1000", "Service unavailable."),
    };
    (status, kind, code, message)
}
