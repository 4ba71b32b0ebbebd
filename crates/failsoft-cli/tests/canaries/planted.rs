//! What is planted, and where.

/// Stands for each provider's key.
pub(crate) const PROVIDER_KEY: &str = "sk-canary-provider-7f3a91c2d4";
/// What alerts are signed with.
pub(crate) const WEBHOOK_SECRET: &str = "canary-webhook-secret-5a3f88";
/// Many receivers put their key into the path.
pub(crate) const WEBHOOK_PATH: &str = "canary-webhook-path-19e4";
/// Opens the dashboard.
pub(crate) const ADMIN_TOKEN: &str = "canary-admin-token-6b20c4";
/// Goes to the collector of traces.
pub(crate) const OTLP_KEY: &str = "canary-otlp-key-3e97a5";
/// Stands in the address of a database.
pub(crate) const PASSWORD: &str = "canary-pg-password-90d2";
/// A header's value in the settings.
const FIXED_HEADER: &str = "canary-fixed-header-c7d1";
/// Credentials a client sends beside its key.
const CLIENT_SECRETS: [&str; 3] =
    ["canary-client-cookie-8812", "canary-client-bearer-4410", "canary-query-key-7719"];

/// Nobody but their owner may see these.
pub(crate) const SECRETS: [&str; 10] = [
    PROVIDER_KEY,
    WEBHOOK_SECRET,
    WEBHOOK_PATH,
    ADMIN_TOKEN,
    OTLP_KEY,
    PASSWORD,
    FIXED_HEADER,
    CLIENT_SECRETS[0],
    CLIENT_SECRETS[1],
    CLIENT_SECRETS[2],
];

/// What the model says.
pub(crate) const ANSWER: &str = "canaryanswer";
/// What a provider says when it fails, beside an echo of all it was sent.
pub(crate) const SAID: &str = "canaryproviderwords";

/// Prompts and answers, in every slot that holds some.
pub(crate) const PRIVATE: [&str; 10] = [
    ANSWER,
    "canaryprompt",
    "canaryhistory",
    "canarytooldesc",
    "canarytoolarg",
    "canarytooloutput",
    "canaryuserfield",
    "canarymetadata",
    "canaryheader",
    "canaryunknownfield",
];

/// A way to ask.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slot {
    Chat,
    Messages,
    Responses,
    Generate,
}

impl Slot {
    pub(crate) const ALL: [Self; 4] = [Self::Chat, Self::Messages, Self::Responses, Self::Generate];

    /// The path, and the body with all that can be planted in it.
    pub(crate) fn request(self, model: &str, stream: bool) -> (String, String) {
        let query = "key=canary-query-key-7719";
        let (path, body) = match self {
            Self::Chat => ("/v1/chat/completions".to_owned(), chat(model, stream)),
            Self::Messages => ("/v1/messages".to_owned(), messages(model, stream)),
            Self::Responses => ("/v1/responses".to_owned(), responses(model, stream)),
            Self::Generate => {
                let verb = if stream { "streamGenerateContent" } else { "generateContent" };
                (format!("/v1beta/models/{model}:{verb}"), generate())
            }
        };
        let more = if matches!(self, Self::Generate) && stream { "&alt=sse" } else { "" };
        (format!("{path}?{query}{more}"), body.to_string())
    }
}

/// Headers of every request; the client's key comes beside them.
pub(crate) const HEADERS: &str = "x-custom: canaryheader\r\ncookie: session=canary-client-cookie-8812\r\n\
    proxy-authorization: Bearer canary-client-bearer-4410\r\nx-failsoft-max-attempts: 2\r\n\
    x-failsoft-tag: team=search\r\nanthropic-version: 2023-06-01\r\n";

fn system() -> String {
    format!("say: {ANSWER} is all there is to say about it")
}

fn chat(model: &str, stream: bool) -> serde_json::Value {
    let arguments = r#"{"text":"canarytoolarg"}"#;
    serde_json::json!({
        "model": model, "stream": stream, "user": "canaryuserfield",
        "metadata": { "note": "canarymetadata" }, "unknown": "canaryunknownfield",
        "messages": [
            { "role": "system", "content": system() },
            { "role": "user", "content": "canaryhistory" },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "call_1", "type": "function",
                  "function": { "name": "look", "arguments": arguments } }] },
            { "role": "tool", "tool_call_id": "call_1", "content": "canarytooloutput" },
            { "role": "user", "content": "canaryprompt" },
        ],
        "tools": [{ "type": "function", "function": {
            "name": "look", "description": "canarytooldesc",
            "parameters": { "type": "object", "properties": { "text": { "type": "string" } } } } }],
    })
}

fn messages(model: &str, stream: bool) -> serde_json::Value {
    serde_json::json!({
        "model": model, "stream": stream, "max_tokens": 50, "system": system(),
        "metadata": { "user_id": "canaryuserfield" },
        "messages": [
            { "role": "user", "content": "canaryhistory" },
            { "role": "assistant", "content": [
                { "type": "tool_use", "id": "toolu_1", "name": "look",
                  "input": { "text": "canarytoolarg" } }] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "toolu_1", "content": "canarytooloutput" },
                { "type": "text", "text": "canaryprompt" }] },
        ],
        "tools": [{ "name": "look", "description": "canarytooldesc",
            "input_schema": { "type": "object", "properties": { "text": { "type": "string" } } } }],
    })
}

fn responses(model: &str, stream: bool) -> serde_json::Value {
    serde_json::json!({
        "model": model, "stream": stream, "store": false, "instructions": system(),
        "input": [
            { "role": "user", "content": "canaryhistory" },
            { "type": "function_call", "call_id": "call_1", "name": "look",
              "arguments": "{\"text\":\"canarytoolarg\"}" },
            { "type": "function_call_output", "call_id": "call_1", "output": "canarytooloutput" },
            { "role": "user", "content": "canaryprompt" },
        ],
        "tools": [{ "type": "function", "name": "look", "description": "canarytooldesc",
            "parameters": { "type": "object", "properties": { "text": { "type": "string" } } } }],
    })
}

fn generate() -> serde_json::Value {
    serde_json::json!({
        "systemInstruction": { "parts": [{ "text": system() }] },
        "contents": [
            { "role": "user", "parts": [{ "text": "canaryhistory" }] },
            { "role": "model", "parts": [{ "text": "canarytoolarg" }] },
            { "role": "user", "parts": [{ "text": "canaryprompt" }] },
        ],
    })
}

/// As basic credentials and data URLs write it.
pub(crate) fn base64(text: &str) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    // Whole groups alone: what follows them differs with the text behind.
    for group in text.as_bytes().chunks_exact(3) {
        let number = group.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
        for shift in [18, 12, 6, 0] {
            out.push(char::from(SIGNS[number >> shift & 63]));
        }
    }
    out
}
