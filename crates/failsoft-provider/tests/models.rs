//! What is known of the models people use.

#![allow(missing_docs, reason = "a test is no interface")]

use failsoft_engine::Price;
use failsoft_provider::{Cancel, facts};

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
