//! Amazon Bedrock, whose errors are named in a header.

use serde_json::json;

use super::{AfterError, Complaint, ErrorAnswer, Headers, Imitation, Inband};
use crate::fault::Trouble;

pub(super) const IMITATION: Imitation = Imitation {
    name: "bedrock",
    error,
    headers,
    marking: None,
    inband: Inband {
        frame: "event: internalServerException\ndata: {\"message\":\"The system encountered an \
                unexpected error during processing. Try your request again.\"}\n\n",
        after: AfterError::Ends,
    },
};

fn headers(id: &str) -> Headers {
    vec![("x-amzn-requestid", id.to_owned())]
}

fn error(complaint: &Complaint<'_>) -> ErrorAnswer {
    let (own, kind, message) = words(complaint);
    let mut headers = complaint.retry_headers();
    headers.push((
        "x-amzn-errortype",
        format!("{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/"),
    ));
    let body = json!({"message": message}).to_string();
    ErrorAnswer { status: complaint.status(own), headers, body }
}

fn words(complaint: &Complaint<'_>) -> (u16, &'static str, &'static str) {
    match complaint.trouble() {
        Some(Trouble::ContextLength) => {
            (400, "ValidationException", "Input is too long for requested model.")
        }
        Some(Trouble::ContentPolicy) => (
            400,
            "ValidationException",
            "The model returned the following errors: Output blocked by content filtering policy",
        ),
        Some(Trouble::Quota) => (
            429,
            "ThrottlingException",
            "Too many tokens per day, please wait before trying again.",
        ),
        Some(Trouble::BadKey) => (
            403,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        Some(Trouble::NoPermission) => (
            403,
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
        ),
        Some(Trouble::NoSuchModel) => {
            let is_404 = complaint.status(400) == 404;
            let kind = if is_404 { "ResourceNotFoundException" } else { "ValidationException" };
            (400, kind, "The provided model identifier is invalid.")
        }
        Some(Trouble::TooLarge) => {
            (413, "RequestEntityTooLargeException", "Request Entity Too Large")
        }
        Some(Trouble::Overloaded) => {
            (503, "ServiceUnavailableException", "Bedrock is unable to process your request.")
        }
        None => of_status(complaint.bare()),
    }
}

fn of_status(status: u16) -> (u16, &'static str, &'static str) {
    let (kind, message) = match status {
        408 => (
            "ModelTimeoutException",
            "The request took too long to process. Processing time exceeded the model timeout \
             length.",
        ),
        424 => ("ModelErrorException", "The model failed while processing the request."),
        429 => ("ThrottlingException", "Too many tokens, please wait before trying again."),
        503 | 529 => ("ServiceUnavailableException", "Bedrock is unable to process your request."),
        400..=499 => ("ValidationException", "The request is not valid for this model."),
        _ => (
            "InternalServerException",
            "The system encountered an unexpected error during processing. Try your request again.",
        ),
    };
    (status, kind, message)
}
