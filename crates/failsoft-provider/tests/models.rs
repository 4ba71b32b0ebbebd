//! What is known of the models people use.

#![allow(missing_docs, reason = "a test is no interface")]

use failsoft_engine::Price;
use failsoft_provider::{ALL, Cancel, PrefillForm, PrefillMark, facts, known};

#[test]
fn the_very_name_comes_first_and_the_longest_pattern_next() {
    let context = |provider, model| facts(provider, model).and_then(|it| it.context);
    let output = |provider, model| facts(provider, model).and_then(|it| it.max_output);
    assert_eq!(output("openai", "gpt-4o-2024-05-13"), Some(4096));
    assert_eq!(output("openai", "gpt-4o-2024-11-20"), Some(16384));
    assert_eq!(context("openai", "gpt-5-mini-2025-08-07"), Some(400_000));
    assert_eq!(context("openai", "gpt-4"), Some(8192));
    assert_eq!(context("openai", "gpt-4-32k"), None, "a name is no prefix");
    assert_eq!(context("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0"), Some(200_000));
    assert_eq!(context("bedrock", "anthropic.claude-opus-4-6-v1"), Some(1_000_000));
    assert_eq!(context("anthropic", "gpt-5"), None);
    assert_eq!(context("nobody", "gpt-5"), None);
    let image = |model| facts("gemini", model).map(|it| it.vision);
    assert_eq!(image("gemini-2.5-pro-preview-tts"), Some(false));
    assert_eq!(image("gemini-2.5-pro-preview-06-05"), Some(true));
}

#[test]
fn what_models_can_do_is_known() {
    let haiku = facts("anthropic", "claude-haiku-4-5").unwrap();
    assert!(haiku.prefill && haiku.tools && haiku.vision && !haiku.audio);
    assert_eq!(haiku.cancel, Cancel::Honoured);
    assert_eq!(haiku.price, Some(Price { input: 1_000_000, output: 5_000_000 }));
    assert!(!facts("anthropic", "claude-sonnet-4-6").unwrap().prefill);
    assert!(facts("gemini", "gemini-3.5-flash").unwrap().prefill);
    assert!(!facts("gemini", "gemini-3.5-flash-lite").unwrap().prefill);
    assert_eq!(facts("groq", "openai/gpt-oss-20b").unwrap().cancel, Cancel::Billed);
    assert!(!facts("xai", "grok-4.20-0309-non-reasoning").unwrap().reasoning);
}

/// Claude's end with the 4.5 models, Gemini's were tried one by one; of what nobody knows, none.
#[test]
fn a_model_goes_on_from_the_beginning_of_an_answer_only_where_that_is_known() {
    for (provider, model, expected) in [
        ("anthropic", "claude-3-7-sonnet-20250219", true),
        ("anthropic", "claude-opus-4-20250514", true),
        ("anthropic", "claude-sonnet-4-5-20250929", true),
        ("anthropic", "claude-sonnet-4-5@20250929", true),
        ("anthropic", "claude-haiku-4-5", true),
        ("anthropic", "claude-opus-4-5", true),
        ("anthropic", "claude-opus-4-6-20260205", false),
        ("anthropic", "claude-sonnet-4-6", false),
        ("anthropic", "claude-haiku-5-5", false),
        ("anthropic", "claude-opus-5", false),
        ("anthropic", "claude-fable-5-1", false),
        ("anthropic", "claude-mythos-5", false),
        ("anthropic", "claude-unheard-of-9", false),
        ("bedrock", "anthropic.claude-3-5-haiku-20241022-v1:0", true),
        ("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", true),
        ("bedrock", "global.anthropic.claude-haiku-4-5-20251001-v1:0", true),
        ("bedrock", "us.anthropic.claude-opus-4-6-v1", false),
        ("bedrock", "jp.anthropic.claude-sonnet-5", false),
        ("bedrock", "mistral.mistral-large-3-675b-instruct", false),
        ("openrouter", "anthropic/claude-sonnet-4.5", true),
        ("openrouter", "anthropic/claude-haiku-4.5:beta", true),
        ("openrouter", "anthropic/claude-sonnet-4.6", false),
        ("openrouter", "anthropic/claude-opus-5.5", false),
        ("openrouter", "google/gemini-3.5-flash", true),
        ("openrouter", "google/gemini-3.5-flash-lite", false),
        ("openrouter", "mistralai/mistral-large-2512", false),
        ("openrouter", "openai/gpt-5.6", false),
        ("gemini", "gemini-2.5-pro", true),
        ("gemini", "gemini-3-flash-preview", true),
        ("gemini", "gemini-3.1-pro-preview", true),
        ("gemini", "gemini-3.5-flash", true),
        ("gemini", "gemini-pro-latest", true),
        ("gemini", "gemini-3.5-flash-lite", false),
        ("gemini", "gemini-3.6-flash", false),
        ("gemini", "gemini-3.7-flash", false),
        ("gemini", "gemini-3.8-flash", false),
        ("vertex", "gemini-3.1-flash-lite", true),
        ("vertex", "gemini-3.8-flash", false),
        ("mistral", "mistral-large-latest", true),
        ("mistral", "ministral-8b-2512", true),
        ("deepseek", "deepseek-chat", true),
        ("deepseek", "deepseek-reasoner", false),
        ("openai", "gpt-5.6", false),
        ("xai", "grok-4.7", false),
        ("cohere", "command-a-03-2025", false),
        ("groq", "openai/gpt-oss-120b", false),
        ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", false),
        ("vllm", "meta-llama/Llama-3.3-70B-Instruct", false),
        ("ollama", "llama3.3", false),
    ] {
        let known = facts(provider, model).is_some_and(|facts| facts.prefill);
        assert_eq!(known, expected, "{provider}/{model}");
    }
}

#[test]
fn the_beginning_of_an_answer_is_marked_as_its_provider_wants_it() {
    let form = |mark, echoes, only_at| PrefillForm { mark, echoes, only_at };
    for provider in ALL {
        let expected = match provider.id {
            "mistral" => form(PrefillMark::Prefix, true, None),
            "deepseek" => form(PrefillMark::Prefix, false, Some("/beta")),
            "vllm" => form(PrefillMark::ContinueFinal, false, None),
            _others => form(PrefillMark::None, false, None),
        };
        assert_eq!(provider.prefill(), expected, "{}", provider.id);
    }
    let deepseek = known("deepseek").unwrap().prefill();
    assert!(deepseek.is_taken_at("/beta") && !deepseek.is_taken_at("/v1"));
    assert!(known("mistral").unwrap().prefill().is_taken_at(""));
}

#[test]
fn who_goes_on_with_a_cancelled_call_is_known_of_all_its_models() {
    let billed: Vec<&str> =
        ALL.iter().filter(|it| it.cancel() == Cancel::Billed).map(|it| it.id).collect();
    assert_eq!(billed, ["groq", "mistral", "gemini", "vertex", "bedrock"]);
    for (provider, model, expected) in [
        ("bedrock", "amazon.nova-pro-v1:0", Cancel::Billed),
        ("gemini", "gemini-2.5-pro", Cancel::Billed),
        ("mistral", "mistral-large-latest", Cancel::Billed),
        ("openrouter", "google/gemini-2.5-pro", Cancel::Billed),
        ("openrouter", "mistralai/mistral-large-2512", Cancel::Billed),
        ("openrouter", "anthropic/claude-haiku-4.5", Cancel::Honoured),
        ("anthropic", "claude-haiku-4-5", Cancel::Honoured),
        ("fireworks", "accounts/fireworks/models/kimi-k3", Cancel::Honoured),
    ] {
        assert_eq!(facts(provider, model).unwrap().cancel, expected, "{provider}/{model}");
    }
}
