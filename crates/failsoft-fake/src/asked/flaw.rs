//! What is wrong with a request, in the words of the API it was sent to.

use failsoft_wire::Dialect;
use serde_json::{Value, json};

use crate::provider::ErrorAnswer;

/// A reason to refuse a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) status: u16,
    pub(crate) message: String,
    param: Option<String>,
    /// The machine's word for it where the dialect has one, AWS's type of exception among them.
    code: Option<&'static str>,
}

impl Flaw {
    /// A request that is no good, status 400.
    pub(crate) fn of(message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into(), param: None, code: None }
    }

    pub(crate) fn at(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    pub(crate) fn coded(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The refusal as the dialect's API sends it.
    pub(crate) fn answer(&self, dialect: Dialect, id: &str) -> ErrorAnswer {
        let mut headers = Vec::new();
        let body = match dialect {
            Dialect::ChatCompletions | Dialect::Responses | Dialect::Embeddings => {
                headers.push(("x-request-id", id.to_owned()));
                self.flat()
            }
            Dialect::Messages => {
                headers.push(("request-id", id.to_owned()));
                self.wrapped(id)
            }
            Dialect::GenerateContent => self.numbered(),
            Dialect::BedrockConverse => {
                let kind = self.code.unwrap_or("ValidationException");
                headers.push(("x-amzn-requestid", id.to_owned()));
                headers.push((
                    "x-amzn-errortype",
                    format!("{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/"),
                ));
                json!({"message": self.message})
            }
        };
        ErrorAnswer { status: self.status, headers, body: body.to_string() }
    }

    fn flat(&self) -> Value {
        json!({"error": {"message": self.message, "type": "invalid_request_error",
            "param": self.param, "code": self.code}})
    }

    fn wrapped(&self, id: &str) -> Value {
        let kind = match self.status {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            _ => "invalid_request_error",
        };
        json!({"type": "error", "error": {"type": kind, "message": self.message}, "request_id": id})
    }

    fn numbered(&self) -> Value {
        let status = match self.status {
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            _ => "INVALID_ARGUMENT",
        };
        let mut error = json!({"code": self.status, "message": self.message, "status": status});
        if let Some(reason) = self.code {
            error["details"] = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason, "domain": "googleapis.com"}]);
        }
        json!({"error": error})
    }
}
