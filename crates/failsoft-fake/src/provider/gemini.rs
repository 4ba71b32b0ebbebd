//! Google's Gemini API.

use failsoft_wire::Dialect;
use serde_json::{Value, json};

use super::{AfterError, Complaint, ErrorAnswer, Headers, Imitation, Inband};
use crate::fault::Trouble;

pub(super) const IMITATION: Imitation = Imitation {
    name: "gemini",
    error,
    headers,
    marking: None,
    inband: Inband {
        frame: "data: {\"error\":{\"code\":503,\"message\":\"The model is overloaded. Please try \
                again later.\",\"status\":\"UNAVAILABLE\"}}\n\n",
        after: AfterError::Ends,
    },
};

const BLOCKED: &str = r#"{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}}"#;
const PER_MINUTE: &str = "GenerateContentInputTokensPerModelPerMinute-FreeTier";
const PER_DAY: &str = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";

fn headers(_id: &str) -> Headers {
    vec![
        ("server", "scaffolding on HTTPServer2".into()),
        ("server-timing", "gfet4t7; dur=42".into()),
        ("vary", "Origin, X-Origin, Referer".into()),
    ]
}

fn error(complaint: &Complaint<'_>) -> ErrorAnswer {
    let (own, message) = words(complaint);
    let status = complaint.status(own);
    if status == 200 {
        return ErrorAnswer { status, headers: Vec::new(), body: BLOCKED.to_owned() };
    }
    let details = match (complaint.trouble(), status) {
        (Some(Trouble::BadKey), 400) => vec![json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        })],
        (Some(Trouble::Quota), 429) => quota(complaint, PER_DAY),
        (None, 429) => quota(complaint, PER_MINUTE),
        _ => Vec::new(),
    };
    let body = body(status, &message, &details);
    // In the dialect of others it answers with a list of one.
    let is_foreign = complaint.dialect == Dialect::ChatCompletions;
    let body = if is_foreign { format!("[{body}]") } else { body };
    // A delay stands in the body alone.
    ErrorAnswer { status, headers: Vec::new(), body }
}

/// An error as all of Google words it.
pub(super) fn body(status: u16, message: &str, details: &[Value]) -> String {
    let mut error = json!({"code": status, "message": message, "status": name(status)});
    if !details.is_empty() {
        error["details"] = details.into();
    }
    format!("{:#}\n", json!({"error": error}))
}

fn name(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        402 | 429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        503 | 529 => "UNAVAILABLE",
        408 | 504 => "DEADLINE_EXCEEDED",
        400..=499 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    }
}

/// The bucket that ran dry and, with a wait, when it fills again.
fn quota(complaint: &Complaint<'_>, bucket: &str) -> Vec<Value> {
    let metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests";
    let mut details = vec![json!({
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaMetric": metric, "quotaId": bucket, "quotaValue": "50",
            "quotaDimensions": {"location": "global", "model": complaint.model}}],
    })];
    if let Some(wait) = complaint.retry_after {
        details.push(retry_info(wait));
    }
    details
}

/// When to come again.
pub(super) fn retry_info(wait: std::time::Duration) -> Value {
    json!({"@type": "type.googleapis.com/google.rpc.RetryInfo",
        "retryDelay": format!("{}s", wait.as_secs_f64())})
}

fn words(complaint: &Complaint<'_>) -> (u16, String) {
    let (status, message) = match complaint.trouble() {
        Some(Trouble::ContextLength) => (
            400,
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        ),
        // It says so under a 200, in place of an answer.
        Some(Trouble::ContentPolicy) => (200, ""),
        Some(Trouble::Quota) => {
            (429, "You exceeded your current quota, please check your plan and billing details.")
        }
        Some(Trouble::BadKey) => (400, "API key not valid. Please pass a valid API key."),
        Some(Trouble::NoPermission) => (403, "Your API key doesn't have the required permissions."),
        Some(Trouble::NoSuchModel) => {
            let message = format!(
                "models/{} is not found for API version v1beta, or is not supported for \
                 generateContent. Call ListModels to see the list of available models.",
                complaint.model
            );
            return (404, message);
        }
        Some(Trouble::TooLarge) => (413, "Request payload size exceeds the limit: 20971520 bytes."),
        Some(Trouble::Overloaded) => (503, "The model is overloaded. Please try again later."),
        None => of_status(complaint.bare()),
    };
    (status, message.to_owned())
}

fn of_status(status: u16) -> (u16, &'static str) {
    let message = match status {
        429 => "You exceeded your current quota, please check your plan and billing details.",
        503 | 529 => "The model is overloaded. Please try again later.",
        408 | 504 => "Deadline expired before operation could complete.",
        400..=499 => "Request contains an invalid argument.",
        _ => {
            "An internal error has occurred. Please retry or report in \
             https://developers.generativeai.google/guide/troubleshooting"
        }
    };
    (status, message)
}
