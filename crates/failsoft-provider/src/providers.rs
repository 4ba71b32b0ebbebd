//! The list of providers: one line each.

use failsoft_wire::Dialect;

use crate::Provider;

mod generic;

/// Declares each provider's folder and lists its row.
macro_rules! list {
    ($($folder:ident)*) => {
        $(mod $folder;)*

        /// Every provider with a folder of its own.
        pub static ALL: &[&Provider] = &[$(&$folder::PROVIDER),*];
    };
}

list! {
    openai
    anthropic
    azure
    groq
    mistral
    deepseek
    together
    fireworks
    xai
    openrouter
    cerebras
    ollama
    vllm
    llama_cpp
    lm_studio
    gemini
    vertex
    aws_bedrock
    cohere
}

/// The provider of this name.
#[must_use]
pub fn known(id: &str) -> Option<&'static Provider> {
    ALL.iter().copied().find(|provider| provider.id == id)
}

/// Any other endpoint that speaks this dialect. What serves embeddings is an endpoint of OpenAI's.
#[must_use]
pub fn generic(dialect: Dialect) -> &'static Provider {
    match dialect {
        Dialect::ChatCompletions | Dialect::Embeddings => &generic::CHAT_COMPLETIONS,
        Dialect::Messages => &generic::MESSAGES,
        Dialect::Responses => &generic::RESPONSES,
        Dialect::GenerateContent => &generic::GENERATE_CONTENT,
        Dialect::BedrockConverse => &generic::BEDROCK_CONVERSE,
    }
}
