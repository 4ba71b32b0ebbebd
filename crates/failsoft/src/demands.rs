//! What a call asks that not every target of its route can do.

use failsoft_config::RouteInfo;
use failsoft_engine::{FormId, Models, Need, Needs, Unsayable};
use failsoft_wire::neutral::{Call, OutputFormat};
use failsoft_wire::{Dialect, Reach, RequestHead};

use crate::ask::Sent;

/// What the ranking of targets must know of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demands {
    pub(crate) needs: Needs,
    /// What of it other dialects have no words for.
    pub(crate) unsayable: Unsayable,
    /// The only form it can be sent in, when nobody here understands it.
    pub(crate) form: Option<FormId>,
    pub(crate) models: Models,
    pub(crate) input_tokens: u32,
    /// What it surely writes, where that does not depend on the call.
    pub(crate) output_tokens: Option<u32>,
}

impl Demands {
    /// Looks closely only where the route's targets differ in something the request may ask: the
    /// call is decoded then, and otherwise its bytes are searched for a few words.
    pub(crate) fn of(sent: &Sent, head: &RequestHead, route: &RouteInfo) -> Self {
        let mut demands = Self {
            needs: Needs::NONE,
            unsayable: Unsayable::NONE,
            form: None,
            models: Models::Any,
            input_tokens: head.input_tokens,
            output_tokens: None,
        };
        if sent.dialect == Dialect::Embeddings {
            demands.needs.insert(Need::Embeddings);
            demands.models = Models::Same;
            demands.output_tokens = Some(0);
            return demands;
        }
        let lacking = route.lacking(sent.dialect);
        let differs = lacking.iter().any(|need| may_ask(&sent.body, need));
        if !differs && !holds_media(&sent.body) {
            return demands;
        }
        match sent.neutral() {
            Some(call) => {
                demands.needs = failsoft_provider::needs(call.features());
                demands.input_tokens = call.estimated_tokens();
                if Need::BY_FORM.into_iter().any(|need| lacking.contains(need)) {
                    demands.unsayable = unsayable(sent.dialect, call);
                }
            }
            None if sent.dialect.reach(route.dialect) == Reach::AsItIs && lacking.is_empty() => {}
            None => demands.form = Some(failsoft_config::form(sent.dialect)),
        }
        demands
    }
}

/// What a call asks that other dialects than its own have no words for.
fn unsayable(spoken: Dialect, call: &Call) -> Unsayable {
    let mut unsayable = Unsayable::NONE;
    for dialect in Dialect::TARGETS.into_iter().filter(|dialect| *dialect != spoken) {
        if let Some(need) = failsoft_provider::unsaid(dialect, call) {
            unsayable.insert(failsoft_config::form(dialect), need);
        }
    }
    unsayable
}

/// Media are base64 in every dialect, and no measure of the tokens they cost.
fn holds_media(body: &[u8]) -> bool {
    ["base64", "\"data\"", "file_data", "inlineData", "inline_data"]
        .iter()
        .any(|mark| contains(body, mark))
}

/// Whether the answer shall be JSON. The call is decoded only if the words are there without which
/// no dialect can ask for it.
pub(crate) fn asks_for_json(sent: &Sent) -> bool {
    let marks = ["json_schema", "json_object", "application/json"];
    marks.iter().any(|mark| contains(&sent.body, mark))
        && sent.neutral().is_some_and(|call| call.output != OutputFormat::Text)
}

const MEDIA: [Need; 3] = [Need::Images, Need::Files, Need::AudioVideo];

/// Whether the words are there without which no dialect can ask this.
fn may_ask(body: &[u8], need: Need) -> bool {
    let marks: &[&str] = match need {
        Need::Tools | Need::HostedTools | Need::CustomTools | Need::ToolNames => &[
            "\"tools\"",
            "\"functions\"",
            "tool_call",
            "tool_use",
            "function_call",
            "functionCall",
        ],
        Need::Images | Need::ImageUrls => &[
            "\"image\"",
            "\"image_url\"",
            "\"input_image\"",
            "nlineData",
            "nline_data",
            "ile_data",
            "ileData",
        ],
        Need::Files | Need::FileUrls => &[
            "\"file\"",
            "\"input_file\"",
            "\"document\"",
            "nlineData",
            "nline_data",
            "ile_data",
            "ileData",
        ],
        Need::AudioVideo => &[
            "\"input_audio\"",
            "\"audio\"",
            "\"video",
            "nlineData",
            "nline_data",
            "ile_data",
            "ileData",
        ],
        Need::MediaOutput => &["odalities"],
        Need::JsonSchema => &["chema"],
        Need::SeveralChoices => &["\"n\"", "andidate"],
        Need::ServerState => &[
            "\"previous_response_id\"",
            "\"conversation\"",
            "\"prompt\"",
            "\"container\"",
            "\"item_reference\"",
            "\"compaction\"",
            "\"file_id\"",
            "achedContent",
            "ached_content",
            "ileData",
            "ile_data",
        ],
        Need::MediaFormats => return MEDIA.into_iter().any(|media| may_ask(body, media)),
        Need::Logprobs => &["ogprobs"],
        // Nothing marks it but the role of the last turn.
        Need::Prefill => return true,
        // Asked by a dialect of its own.
        Need::Embeddings => return false,
    };
    marks.iter().any(|mark| contains(body, mark))
}

fn contains(body: &[u8], mark: &str) -> bool {
    memchr::memmem::find(body, mark.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_need_is_marked_by_words_in_every_dialect_that_can_ask_it() {
        for (need, bodies) in [
            (Need::Tools, &[r#"{"tools":[{}]}"#, r#"{"functions":[{}]}"#][..]),
            (
                Need::Images,
                &[
                    r#"[{"type":"image_url"}]"#,
                    r#"[{"type":"image"}]"#,
                    r#"[{"type":"input_image"}]"#,
                    r#"[{"inlineData":{}}]"#,
                    r#"[{"file_data":{}}]"#,
                ],
            ),
            (
                Need::Files,
                &[
                    r#"[{"type":"file"}]"#,
                    r#"[{"type":"document"}]"#,
                    r#"[{"type":"input_file"}]"#,
                    r#"[{"fileData":{}}]"#,
                ],
            ),
            (Need::AudioVideo, &[r#"[{"type":"input_audio"}]"#, r#"[{"inline_data":{}}]"#]),
            (Need::MediaOutput, &[r#"{"modalities":[]}"#, r#"{"responseModalities":[]}"#]),
            (
                Need::JsonSchema,
                &[
                    r#"{"type":"json_schema"}"#,
                    r#"{"responseSchema":{}}"#,
                    r#"{"response_json_schema":{}}"#,
                ],
            ),
            (Need::SeveralChoices, &[r#"{"n":2}"#, r#"{"candidateCount":2}"#]),
            (
                Need::ServerState,
                &[
                    r#"{"previous_response_id":"r"}"#,
                    r#"{"cachedContent":"c"}"#,
                    r#"{"source":{"type":"file","file_id":"f"}}"#,
                    r#"{"container":"c"}"#,
                ],
            ),
            (Need::Logprobs, &[r#"{"logprobs":true}"#, r#"{"responseLogprobs":true}"#]),
        ] {
            for body in bodies {
                assert!(may_ask(body.as_bytes(), need), "{need} {body}");
            }
            let plain =
                br#"{"model":"m","messages":[{"role":"user","content":"an image \"file\""}]}"#;
            assert!(!may_ask(plain, need), "{need}");
        }
    }
}
