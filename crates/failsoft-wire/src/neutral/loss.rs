//! Which members that only one dialect knows are a loss to the others.

use super::{Json, Rest};

/// Members at the top whose absence changes nothing for the caller: whatever they say, or as long
/// as they say one of these.
const HARMLESS: [(&str, &[&str]); 19] = [
    // Said elsewhere in the call.
    ("audio", &[]),
    ("max_tokens", &[]),
    ("modalities", &[]),
    ("reasoning_effort", &[]),
    ("responseSchema", &[]),
    ("response_schema", &[]),
    ("responseModalities", &[]),
    ("response_modalities", &[]),
    ("user", &[]),
    // How events are told, not what.
    ("stream_options", &[]),
    // Nothing was asked for by them.
    ("top_logprobs", &[]),
    ("logprobs", &[]),
    // What is so in every dialect.
    ("background", &["false"]),
    ("store", &["false"]),
    ("service_tier", &["\"auto\"", "\"default\"", "\"standard_only\""]),
    ("serviceTier", &["\"auto\"", "\"default\""]),
    ("truncation", &["\"disabled\""]),
    ("verbosity", &["\"medium\""]),
    ("responseMimeType", &["\"text/plain\""]),
];

/// Marks on turns, parts and tools that ask the provider to keep something for later.
const CACHE_MARKS: [&str; 2] = ["cache_control", "prompt_cache_breakpoint"];

/// Whether something is lost to other dialects with what was kept at the top.
pub(super) fn is_loss(rest: &Rest) -> bool {
    rest.members().any(|(key, json)| !is_harmless(key, json))
}

/// Whether a cache mark is lost: nothing the answer shows, but something the caller pays for.
pub(super) fn has_cache_mark(rest: &Rest) -> bool {
    rest.has_any(&CACHE_MARKS)
}

fn is_harmless(key: &str, json: &Json) -> bool {
    let json = json.as_str().trim();
    // Members that stood one level further down have a dot before their name.
    let name = key.strip_prefix('.').unwrap_or(key);
    let known = HARMLESS.iter().find(|(known, _)| *known == name);
    let is_known = known.is_some_and(|(_, values)| values.is_empty() || values.contains(&json));
    is_known || key.starts_with('"') || matches!(json, "{}" | "[]" | "\"\"")
}

#[cfg(test)]
mod tests {
    use crate::Dialect;
    use crate::neutral::Feature;

    #[test]
    fn only_what_is_lost_is_a_loss() {
        for (members, is_loss) in [
            (r#""store":false"#, false),
            (r#""store":true"#, true),
            (r#""service_tier":"auto","n":1"#, false),
            (r#""service_tier":"flex""#, true),
            (r#""stream_options":{"include_obfuscation":false}"#, false),
            (r#""logit_bias":{}"#, false),
            (r#""logit_bias":{"5":1}"#, true),
            (r#""prompt_cache_key":"k""#, true),
        ] {
            let body = format!(r#"{{"model":"m","messages":[],{members}}}"#);
            let call = Dialect::ChatCompletions.decode_call(body.as_bytes(), None).unwrap();
            assert_eq!(call.features().contains(Feature::ForeignParameters), is_loss, "{members}");
        }
    }

    #[test]
    fn cache_marks_are_noted() {
        let part = r#"{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}"#;
        let body = format!(
            r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":[{part}]}}]}}"#
        );
        let call = Dialect::Messages.decode_call(body.as_bytes(), None).unwrap();
        assert!(call.features().contains(Feature::ForeignParameters));
    }

    #[test]
    fn an_answer_in_sounds_is_asked_for() {
        for (modalities, is_asked) in [(r#"["text"]"#, false), (r#"["text","audio"]"#, true)] {
            let body = format!(r#"{{"model":"m","messages":[],"modalities":{modalities}}}"#);
            let call = Dialect::ChatCompletions.decode_call(body.as_bytes(), None).unwrap();
            assert_eq!(call.features().contains(Feature::MediaOutput), is_asked, "{modalities}");
        }
    }
}
