//! vLLM, as people run it themselves.

use super::{AfterError, Complaint, ErrorAnswer, Headers, Imitation, Inband, openai, quoted};

pub(super) const IMITATION: Imitation = Imitation {
    name: "vllm",
    error,
    headers,
    inband: Inband {
        frame: "data: {\"error\":{\"message\":\"EngineCore encountered an issue.\",\"type\":\
                \"InternalServerError\",\"param\":null,\"code\":500}}\n\n",
        after: AfterError::SendsDone,
    },
};

fn headers(_id: &str) -> Headers {
    vec![("server", "uvicorn".into())]
}

fn error(complaint: &Complaint<'_>) -> ErrorAnswer {
    let openai::Words { status, message, param, .. } = openai::words(complaint);
    let kind = match status {
        404 => "NotFoundError",
        400..=499 => "BadRequestError",
        503 => "ServiceUnavailableError",
        _ => "InternalServerError",
    };
    let param = param.map_or("null".to_owned(), quoted);
    let message = quoted(&message);
    let body = format!(
        "{{\"error\":{{\"message\":{message},\"type\":\"{kind}\",\"param\":{param},\
         \"code\":{status}}}}}"
    );
    ErrorAnswer { status, headers: complaint.retry_headers(), body }
}
