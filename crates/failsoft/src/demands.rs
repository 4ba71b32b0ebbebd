//! What a call asks that not every target of its route can do.

use failsoft_config::RouteInfo;
use failsoft_engine::{FormId, Models, Need, Needs};
use failsoft_wire::{Dialect, Reach, RequestHead};

use crate::ask::Sent;

/// What the ranking of targets must know of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demands {
    pub(crate) needs: Needs,
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
            }
            None if sent.dialect.reach(route.dialect) == Reach::AsItIs && lacking.is_empty() => {}
            None => demands.form = Some(failsoft_config::form(sent.dialect)),
        }
        demands
    }
}

/// Media are base64 in every dialect, and no measure of the tokens they cost.
fn holds_media(body: &[u8]) -> bool {
    ["base64", "\"data\"", "file_data", "inlineData", "inline_data"]
        .iter()
        .any(|mark| contains(body, mark))
}

/// Whether the words are there without which no dialect can ask this.
fn may_ask(body: &[u8], need: Need) -> bool {
    let marks: &[&str] = match need {
        Need::Tools | Need::HostedTools | Need::CustomTools => &[
            "\"tools\"",
            "\"functions\"",
            "tool_calls",
            "tool_use",
            "function_call",
            "functionCall",
        ],
        Need::Images => &["image", "inlineData", "inline_data", "fileData", "file_data"],
        Need::Files => &["file", "document", "inlineData", "inline_data"],
        Need::AudioVideo => &["audio", "video", "inlineData", "inline_data", "file"],
        Need::MediaOutput => &["odalities"],
        Need::JsonSchema => &["chema"],
        Need::SeveralChoices => &["\"n\"", "andidate"],
        Need::ServerState => &[
            "previous_response_id",
            "conversation",
            "\"prompt\"",
            "container",
            "ached",
            "file_id",
            "file",
            "item_reference",
        ],
        Need::Logprobs => &["logprobs", "Logprobs"],
        // Nothing marks it but the last turn's role, and vectors are no matter of words.
        Need::Prefill | Need::Embeddings => return true,
    };
    marks.iter().any(|mark| contains(body, mark))
}

fn contains(body: &[u8], mark: &str) -> bool {
    memchr::memmem::find(body, mark.as_bytes()).is_some()
}
