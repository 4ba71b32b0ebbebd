//! Google's Vertex AI.

use serde_json::json;

use super::{AfterError, Complaint, ErrorAnswer, Headers, Imitation, Inband, gemini};
use crate::fault::Trouble;

pub(super) const IMITATION: Imitation = Imitation {
    name: "vertex",
    error,
    headers,
    marking: None,
    inband: Inband {
        frame: "data: {\"error\":{\"code\":503,\"message\":\"The service is currently \
                unavailable.\",\"status\":\"UNAVAILABLE\"}}\n\n",
        after: AfterError::Ends,
    },
};

fn headers(_id: &str) -> Headers {
    vec![
        ("server", "scaffolding on HTTPServer2".into()),
        ("x-vertex-ai-llm-request-type", "shared".into()),
    ]
}

fn error(complaint: &Complaint<'_>) -> ErrorAnswer {
    let (own, message) = words(complaint);
    let status = complaint.status(own);
    let mut details = Vec::new();
    if status == 401 {
        details.push(json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_EXPIRED", "domain": "googleapis.com"}));
    }
    details.extend(complaint.retry_after.filter(|_| status == 429).map(gemini::retry_info));
    ErrorAnswer { status, headers: Vec::new(), body: gemini::body(status, &message, &details) }
}

fn words(complaint: &Complaint<'_>) -> (u16, String) {
    let (status, message) = match complaint.trouble() {
        Some(Trouble::ContextLength) => (
            400,
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        ),
        Some(Trouble::ContentPolicy) => (400, "The prompt could not be submitted: it is blocked."),
        Some(Trouble::Quota) => (
            429,
            "Quota exceeded for aiplatform.googleapis.com/generate_content_requests_per_day_per_\
             project_per_base_model.",
        ),
        Some(Trouble::BadKey) => (
            401,
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login \
             cookie or other valid authentication credential.",
        ),
        Some(Trouble::NoPermission) => (
            403,
            "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis\
             .com/projects/fake' (or it may not exist).",
        ),
        Some(Trouble::NoSuchModel) => {
            let message = format!(
                "Publisher Model `projects/fake/locations/global/publishers/google/models/{}` was \
                 not found or your project does not have access to it.",
                complaint.model
            );
            return (404, message);
        }
        Some(Trouble::TooLarge) => (413, "Request payload size exceeds the limit."),
        Some(Trouble::Overloaded) => (
            429,
            "Resource exhausted. Please try again later. Please refer to https://cloud.google.com/\
             vertex-ai/generative-ai/docs/error-code-429 for more details.",
        ),
        None => of_status(complaint.bare()),
    };
    (status, message.to_owned())
}

fn of_status(status: u16) -> (u16, &'static str) {
    let message = match status {
        429 => {
            "Quota exceeded for aiplatform.googleapis.com/generate_content_requests_per_minute_per_\
             project_per_base_model with base model: gemini-fake."
        }
        503 | 529 => "The service is currently unavailable.",
        408 | 504 => "Deadline exceeded.",
        400..=499 => "Request contains an invalid argument.",
        _ => "Internal error encountered.",
    };
    (status, message)
}
