//! Which models refuse a conversation that ends with their own words, and how.

use failsoft_wire::Dialect;

use super::Flaw;

/// Whether models of that name refuse it, whatever a scenario says.
pub(crate) fn always_refused(model: &str) -> bool {
    let model = model.to_ascii_lowercase();
    if let Some((_, rest)) = model.split_once("claude") {
        let unversioned = ["fable", "mythos"].iter().any(|name| rest.contains(name));
        return unversioned || version(rest).is_some_and(|version| version >= (4, 6));
    }
    model.split_once("gemini-").and_then(|(_, rest)| version(rest)).is_some_and(|version| {
        version >= (3, 6) || (version == (3, 5) && model.contains("flash-lite"))
    })
}

/// The refusal in the words of the dialect's API.
pub(crate) fn no_prefill(dialect: Dialect) -> Flaw {
    let words = "This model does not support assistant message prefill. The conversation must end \
                 with a user message.";
    match dialect {
        Dialect::GenerateContent => {
            Flaw::of("Requests ending with a model turn are not supported.")
        }
        Dialect::BedrockConverse => {
            Flaw::of(format!("The model returned the following errors: {words}"))
        }
        Dialect::ChatCompletions | Dialect::Messages | Dialect::Responses | Dialect::Embeddings => {
            Flaw::of(words)
        }
    }
}

/// The first one or two short numbers in a name; dates are longer.
fn version(name: &str) -> Option<(u32, u32)> {
    let mut numbers = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .skip_while(|word| !is_short_number(word))
        .map_while(|word| word.parse().ok().filter(|_| is_short_number(word)));
    Some((numbers.next()?, numbers.next().unwrap_or(0)))
}

fn is_short_number(word: &str) -> bool {
    (1..=2).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_models_refuse_and_older_ones_do_not() {
        for model in [
            "claude-opus-4-6",
            "claude-sonnet-5-5",
            "us.anthropic.claude-opus-4-6-v1:0",
            "claude-fable",
            "anthropic/claude-sonnet-4.6",
            "gemini-3.6-flash",
            "gemini-3.5-flash-lite",
        ] {
            assert!(always_refused(model), "{model}");
        }
        for model in [
            "m",
            "gpt-5.6",
            "claude-x",
            "claude-3-5-sonnet-20241022",
            "claude-sonnet-4-20250514",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "gemini-2.5-pro",
            "gemini-3.5-flash",
            "gemini-3-pro",
        ] {
            assert!(!always_refused(model), "{model}");
        }
    }
}
