//! Whatever is written, settings or problems come of it, and never a panic.

use std::collections::BTreeMap;
use std::path::Path;

use failsoft_config::{effective, load};
use failsoft_wire::Dialect;
use proptest::prelude::*;

const GOOD: &str = include_str!("good.toml");

fn check(text: &str, env: &BTreeMap<String, String>) {
    let folder = Path::new("tests/bad");
    match load(text, folder, env) {
        Ok(settings) => {
            let engine = &settings.engine;
            assert_eq!(engine.targets.len(), settings.targets.len());
            assert_eq!(engine.routes.len(), settings.routes.len());
            assert!(engine.routes.iter().all(|route| !route.tiers.is_empty()));
            assert!(engine.routes.iter().flat_map(|route| &route.tiers).all(|t| !t.is_empty()));
            let keys: std::collections::BTreeSet<&str> =
                engine.targets.iter().map(|target| target.key.as_str()).collect();
            assert_eq!(keys.len(), engine.targets.len());
            let _ = settings.route_for(text, Dialect::Messages);
            let _ = settings.warnings.render("x", text);
        }
        Err(problems) => {
            assert!(problems.count().0 > 0);
            let _ = problems.render("x", text);
            let _ = problems.to_string();
        }
    }
    let _ = effective(text, folder, env);
}

/// Parser, checks and clean-up go down as deep as a text does.
#[test]
fn deep_and_large_texts_are_answered() {
    let deep = 10_000;
    for text in [
        "[".repeat(deep),
        format!("x = {}", "[".repeat(deep)),
        format!("x = {}{}", "[".repeat(deep), "]".repeat(deep)),
        format!("x = {}", "{ x = ".repeat(deep)),
        format!("{}x = 1", "x.".repeat(deep)),
        format!("[{}x]", "x.".repeat(deep)),
        format!("policy.retry.{}x = 1", "max_wait.".repeat(deep)),
        "# much\n".repeat(50_000),
        "[providers.x]\n".repeat(5_000),
    ] {
        check(&text, &BTreeMap::new());
    }
}

/// Pieces that make up settings, so that the checks behind the parser are reached too.
fn piece() -> impl Strategy<Value = String> {
    let lines: Vec<&'static str> = GOOD.lines().collect();
    prop_oneof![
        8 => prop::sample::select(lines.clone()).prop_map(str::to_owned),
        2 => (prop::sample::select(lines), any::<prop::sample::Index>(), any::<char>()).prop_map(
            |(line, at, c)| {
                let mut chars: Vec<char> = line.chars().collect();
                if !chars.is_empty() {
                    let at = at.index(chars.len());
                    chars[at] = c;
                }
                chars.into_iter().collect()
            }
        ),
        1 => "[a-z\\[\\]{}=\"., 0-9]{0,20}",
    ]
}

proptest! {
    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        check(&text, &BTreeMap::new());
    }

    #[test]
    fn any_mixture_of_settings_is_answered(pieces in prop::collection::vec(piece(), 0..60)) {
        let env = [("ANTHROPIC_API_KEY", "sk-a"), ("OPENAI_KEY_A", "sk-b")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        check(&pieces.join("\n"), &env);
    }

    #[test]
    fn any_variable_is_answered(
        name in "FAILSOFT_(SERVER|ROUTES|POLICY|PROVIDERS|X)(__(A|OPENAI|RETRY|BACKOFF|CAP|TIERS|API_KEY|LISTEN|x)?){0,5}",
        value in any::<String>(),
    ) {
        let text = "[providers.openai]\napi_key = \"none\"\n[routes.a]\ntiers = [[\"openai/x\"]]\n";
        check(text, &[(name, value)].into());
    }

    #[test]
    fn any_model_is_answered(model in any::<String>()) {
        let text = "[providers.openai]\napi_key = \"none\"\n[routes.a]\nmodels = [\"a*b*\", \"*c\"]\ntiers = [[\"openai/x\"]]\n";
        let settings = load(text, Path::new(""), &BTreeMap::new()).unwrap();
        let choice = settings.route_for(&model, Dialect::ChatCompletions);
        prop_assert_eq!(choice.is_none(), model.is_empty() || model == "openai/");
        prop_assert_eq!(settings.route_for(&model, Dialect::Messages), choice);
    }
}
