//! Log probabilities, which the neutral form keeps as `chat_completions` writes them.

use serde_json::{Map, Value as Tree, json};

use crate::neutral::Json;
use crate::scan::Value;

/// Reads `logprobsResult`.
pub(super) fn read(value: Value<'_>) -> Option<Json> {
    let tree: Tree = serde_json::from_slice(value.raw).ok()?;
    let chosen = member(&tree, "chosenCandidates", "chosen_candidates")?.as_array()?;
    let top = member(&tree, "topCandidates", "top_candidates").and_then(Tree::as_array);
    let content = chosen.iter().enumerate().map(|(at, token)| {
        let top = top.and_then(|top| top.get(at)?.get("candidates")?.as_array());
        let mut entry = entry(token);
        let top = top.into_iter().flatten().map(|token| Tree::Object(self::entry(token)));
        entry.insert("top_logprobs".to_owned(), top.collect());
        Tree::Object(entry)
    });
    Json::new(&json!({ "content": content.collect::<Vec<_>>() }).to_string())
}

fn entry(token: &Tree) -> Map<String, Tree> {
    let text = token.get("token").and_then(Tree::as_str).unwrap_or_default();
    let logprob = member(token, "logProbability", "log_probability").and_then(Tree::as_f64);
    let mut entry = Map::new();
    entry.insert("token".to_owned(), text.into());
    entry.insert("logprob".to_owned(), logprob.unwrap_or(0.0).into());
    entry.insert("bytes".to_owned(), text.bytes().map(Tree::from).collect());
    entry
}

fn member<'a>(tree: &'a Tree, camel: &str, snake: &str) -> Option<&'a Tree> {
    tree.get(camel).or_else(|| tree.get(snake))
}

/// Writes them as `logprobsResult`.
pub(super) fn written(json: &Json) -> Option<String> {
    let tree: Tree = serde_json::from_str(json.as_str()).ok()?;
    let content = tree.get("content")?.as_array()?;
    let token =
        |entry: &Tree| json!({ "token": entry["token"], "logProbability": entry["logprob"] });
    let chosen: Vec<Tree> = content.iter().map(token).collect();
    let top = content.iter().map(|entry| {
        let top = entry["top_logprobs"].as_array().into_iter().flatten().map(token);
        json!({ "candidates": top.collect::<Vec<_>>() })
    });
    let top: Vec<Tree> = top.collect();
    Some(json!({ "chosenCandidates": chosen, "topCandidates": top }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Scanner;

    #[test]
    fn log_probabilities_come_back() {
        let google = r#"{"chosenCandidates":[{"token":"hé","logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"hé","logProbability":-0.5},{"token":"x","logProbability":-2.0}]}]}"#;
        let chat = read(Scanner::new(google.as_bytes()).value().unwrap()).unwrap();
        let expected = json!({"content": [{"token": "hé", "logprob": -0.5, "bytes": [104, 195, 169],
            "top_logprobs": [{"token": "hé", "logprob": -0.5, "bytes": [104, 195, 169]},
                {"token": "x", "logprob": -2.0, "bytes": [120]}]}]});
        assert_eq!(serde_json::from_str::<Tree>(chat.as_str()).unwrap(), expected);
        let back: Tree = serde_json::from_str(&written(&chat).unwrap()).unwrap();
        assert_eq!(back, serde_json::from_str::<Tree>(google).unwrap());
    }
}
