//! vLLM, as people run it themselves.

use serde_json::Value;

use super::{
    AfterError, Complaint, ErrorAnswer, Headers, Imitation, Inband, Marked, Marking, openai, quoted,
};
use crate::asked::Flaw;

pub(super) const IMITATION: Imitation = Imitation {
    name: "vllm",
    error,
    headers,
    marking: Some(Marking { read, echoes: false }),
    inband: Inband {
        frame: "data: {\"error\":{\"message\":\"EngineCore encountered an issue.\",\"type\":\
                \"InternalServerError\",\"param\":null,\"code\":500}}\n\n",
        after: AfterError::SendsDone,
    },
};

fn read(body: &Value) -> Marked {
    if body["continue_final_message"] != true {
        return Marked::No;
    }
    if body["add_generation_prompt"] == false {
        return Marked::Yes;
    }
    let words = "Cannot set both `continue_final_message` and `add_generation_prompt` to True.";
    Marked::Wrong(Flaw::of(words))
}

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
