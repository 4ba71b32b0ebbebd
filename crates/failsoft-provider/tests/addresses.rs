//! Where calls go.

#![allow(missing_docs, reason = "a test is no interface")]

use failsoft_provider::{generic, known};
use failsoft_wire::Dialect;

#[test]
fn a_base_url_and_a_path_make_the_address_sdks_use() {
    for (id, dialect, expected) in [
        ("openai", Dialect::ChatCompletions, "https://api.openai.com/v1/chat/completions"),
        ("openai", Dialect::Responses, "https://api.openai.com/v1/responses"),
        ("openai", Dialect::Embeddings, "https://api.openai.com/v1/embeddings"),
        ("anthropic", Dialect::Messages, "https://api.anthropic.com/v1/messages"),
        ("ollama", Dialect::ChatCompletions, "http://127.0.0.1:11434/v1/chat/completions"),
        (
            "gemini",
            Dialect::GenerateContent,
            "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent",
        ),
        (
            "cohere",
            Dialect::ChatCompletions,
            "https://api.cohere.ai/compatibility/v1/chat/completions",
        ),
    ] {
        let provider = known(id).unwrap();
        assert!(provider.dialects().contains(&dialect), "{id} {dialect}");
        let path = provider.path(dialect, "m", false);
        assert_eq!(format!("{}{path}", provider.base_url.unwrap()), expected);
    }
    for dialect in Dialect::TARGETS {
        assert_eq!(generic(dialect).dialect, dialect);
        assert_eq!(generic(dialect).base_url, None);
    }
    assert!(generic(Dialect::Embeddings).dialects().contains(&Dialect::Embeddings));
}

#[test]
fn a_model_in_a_path_is_one_segment_of_it() {
    use Dialect::{BedrockConverse, GenerateContent};
    let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.x-v1:0";
    for (dialect, model, streamed, expected) in [
        (GenerateContent, "gemini-x", false, "/models/gemini-x:generateContent"),
        (GenerateContent, "gemini-x", true, "/models/gemini-x:streamGenerateContent?alt=sse"),
        (GenerateContent, "models/gemini-x", false, "/models/gemini-x:generateContent"),
        (GenerateContent, "../a?b#c%", false, "/models/..%2Fa%3Fb%23c%25:generateContent"),
        (BedrockConverse, "x.y-v1:0", false, "/model/x.y-v1%3A0/converse"),
        (
            BedrockConverse,
            arn,
            true,
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x-v1%3A0/converse-stream",
        ),
        (BedrockConverse, "..", false, "/model/%2E%2E/converse"),
        (BedrockConverse, "größe", false, "/model/gr%C3%B6%C3%9Fe/converse"),
        (Dialect::Messages, "x", true, "/v1/messages"),
    ] {
        assert_eq!(generic(dialect).path(dialect, model, streamed), expected);
    }
}
