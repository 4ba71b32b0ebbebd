//! Groq.

use super::{AfterError, Complaint, ErrorAnswer, Headers, Imitation, Inband, openai, quoted};
use crate::fault::Trouble;
use crate::span;

pub(super) const IMITATION: Imitation = Imitation {
    name: "groq",
    error,
    headers,
    marking: None,
    inband: Inband {
        frame: "event: error\ndata: {\"error\":{\"message\":\"Internal Server Error\",\"type\":\
                \"internal_server_error\"}}\n\n",
        after: AfterError::Ends,
    },
};

fn headers(id: &str) -> Headers {
    vec![("x-request-id", id.to_owned()), ("x-groq-region", "dls".into())]
}

fn error(complaint: &Complaint<'_>) -> ErrorAnswer {
    let (own, kind, code, message) = words(complaint);
    let status = complaint.status(own);
    let code = code.map_or(String::new(), |code| format!(",\"code\":\"{code}\""));
    let body =
        format!("{{\"error\":{{\"message\":{},\"type\":\"{kind}\"{code}}}}}\n", quoted(&message));
    let mut headers = complaint.retry_headers();
    if let (429, Some(wait)) = (status, complaint.retry_after) {
        headers.push(("x-ratelimit-remaining-tokens", "0".into()));
        headers.push(("x-ratelimit-reset-tokens", span::show(wait)));
    }
    ErrorAnswer { status, headers, body }
}

type Words = (u16, &'static str, Option<&'static str>, String);

fn words(complaint: &Complaint<'_>) -> Words {
    let request = "invalid_request_error";
    let (own, kind, code, message) = match complaint.trouble() {
        Some(Trouble::ContextLength) => (
            400,
            request,
            Some("context_length_exceeded"),
            "Please reduce the length of the messages or completion.",
        ),
        Some(Trouble::BadKey) => (401, request, Some("invalid_api_key"), "Invalid API Key"),
        Some(Trouble::NoPermission) => (
            403,
            "permissions_error",
            Some("model_permission_blocked_org"),
            "The model is blocked at the organization level.",
        ),
        Some(Trouble::Overloaded) => (503, "internal_server_error", None, "Service Unavailable"),
        Some(
            Trouble::NoSuchModel | Trouble::TooLarge | Trouble::ContentPolicy | Trouble::Quota,
        ) => {
            let shared = openai::words(complaint);
            return (shared.status, shared.kind, shared.code, shared.message);
        }
        None => return of_status(complaint),
    };
    (own, kind, code, message.to_owned())
}

fn of_status(complaint: &Complaint<'_>) -> Words {
    let status = complaint.bare();
    let server = "internal_server_error";
    match status {
        429 => (429, "tokens", Some("rate_limit_exceeded"), rate_limited(complaint)),
        503 | 529 => (status, server, None, "Service Unavailable".to_owned()),
        400..=499 => (status, "invalid_request_error", None, "Bad Request".to_owned()),
        _ => (status, server, None, "Internal Server Error".to_owned()),
    }
}

fn rate_limited(complaint: &Complaint<'_>) -> String {
    let end = complaint
        .retry_after
        .map_or(String::new(), |wait| format!(" Please try again in {}.", span::show(wait)));
    format!(
        "Rate limit reached for model `{}` in organization `org_fake` service tier `on_demand` on \
         tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443.{end}",
        complaint.model
    )
}
