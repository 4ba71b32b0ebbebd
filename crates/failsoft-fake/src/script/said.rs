//! What the model says: what the fault wants, else what was asked for.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a fault touches one thing and leaves all others as they are"
)]

use super::Scene;
use crate::answer::{Answer, Content, Finish, Thought, ToolCall, Usage, UsageFrame};
use crate::asked::{Attachment, Choice, Format, Thinking, Tool};
use crate::fault::Fault;
use crate::{sample, words};

/// Thought before every answer that is asked to think.
const THOUGHT: &str = "Let me think.";

/// Arguments of a tool without a schema.
const LISBON: [&str; 4] = ["{\"city\":", " \"Li", "sbon\", \"day", "s\": 3}"];

/// How many tokens come from the cache, when some do.
const CACHED: usize = 10;

impl Scene<'_> {
    pub(super) fn answer(&self) -> Answer<'_> {
        let (content, finish) = self.bounded(self.content());
        let thought = self.thought(&content);
        let thoughts = thought.as_ref().map_or(0, |_| words::tokens(THOUGHT).len());
        let said = match &content {
            Content::Nothing => 0,
            Content::Text(pieces) => pieces.len(),
            Content::Tools(calls) => calls.iter().map(|call| call.arguments.len() + 1).sum(),
            Content::Refusal(_) => 8,
        };
        let cached = if self.fault == Fault::Cached { CACHED } else { 0 };
        Answer {
            id: self.id.clone(),
            model: &self.asked.model,
            created: self.created,
            aim: &self.asked.aim,
            request: &self.asked.body,
            inputs: &self.asked.heard.inputs,
            thought,
            content,
            finish,
            usage: Usage {
                input: self.asked.heard.words,
                cached,
                output: said + thoughts,
                thought: thoughts,
            },
            usage_frame: if self.asked.include_usage {
                UsageFrame::Asked
            } else {
                UsageFrame::NotAsked
            },
        }
    }

    fn content(&self) -> Content {
        let heard = &self.asked.heard;
        let may_call = heard.choice != Choice::Forbidden && heard.outcomes().is_empty();
        match self.fault {
            Fault::Tools | Fault::CutTool => return self.calls(1),
            Fault::TwoTools if may_call => return self.calls(2),
            Fault::BadTool => {
                let mut content = self.calls(1);
                if let Content::Tools(calls) = &mut content {
                    calls[0].arguments = pieces(&["{\"city\":", " \"Lisbon\", \"days\": }"]);
                }
                return content;
            }
            Fault::Refusal => return Content::Refusal("I can't help with that.".to_owned()),
            Fault::Empty => return Content::Nothing,
            _ => {}
        }
        if let Some(dictated) = heard.dictated() {
            return Content::Text(words::tokens(dictated));
        }
        match &heard.format {
            Format::Free if !heard.outcomes().is_empty() => {
                Content::Text(words::tokens(&self.outcomes()))
            }
            _ if may_call && !heard.tools.is_empty() => self.calls(1),
            Format::Schema(schema) => {
                Content::Text(sample::pieces(&sample::of(schema).to_string()))
            }
            Format::Object => Content::Text(words::tokens("{\"ok\": true}")),
            Format::Free => {
                let seen = self.seen();
                let text = self.manner.text.as_deref().unwrap_or(words::WORDS);
                Content::Text(words::tokens(seen.as_deref().unwrap_or(text)))
            }
        }
    }

    /// Calls of the tool that was chosen, else of the first ones.
    fn calls(&self, count: usize) -> Content {
        let heard = &self.asked.heard;
        let chosen = heard
            .tools
            .iter()
            .position(|tool| matches!(&heard.choice, Choice::Named(name) if *name == tool.name));
        let unknown = Tool { name: "lookup".to_owned(), schema: None };
        let from = chosen.unwrap_or(0);
        let call = |n: usize| {
            let place = (from + n).checked_rem(heard.tools.len()).unwrap_or(0);
            let tool = heard.tools.get(place).unwrap_or(&unknown);
            let arguments = match &tool.schema {
                Some(schema) => sample::pieces(&sample::of(schema).to_string()),
                None => pieces(&LISBON),
            };
            ToolCall { name: tool.name.clone(), arguments }
        };
        Content::Tools((0..count).map(call).collect())
    }

    fn outcomes(&self) -> String {
        let heard = self.asked.heard.outcomes();
        let told: Vec<_> =
            heard.iter().map(|(name, text)| format!("Tool {name} said: {text}")).collect();
        told.join("\n")
    }

    /// What was shown, if anything was.
    fn seen(&self) -> Option<String> {
        let told = |is, name: &str| {
            let seen = self.asked.heard.attached(is);
            let plural = if seen.len() == 1 { "" } else { "s" };
            (!seen.is_empty())
                .then(|| format!("I see {} {name}{plural} ({}).", seen.len(), seen.join("; ")))
        };
        let seen: Vec<_> = [told(Attachment::Image, "image"), told(Attachment::File, "file")]
            .into_iter()
            .flatten()
            .collect();
        (!seen.is_empty()).then(|| seen.join(" "))
    }

    fn thought(&self, content: &Content) -> Option<Thought> {
        let shown = || words::tokens(THOUGHT);
        let seal = || Some(self.sealer.seal(&self.asked.model, self.serial));
        match (content, self.asked.heard.thinking) {
            (Content::Nothing | Content::Refusal(_), _) | (_, Thinking::Off) => None,
            (_, Thinking::Shown) => Some(Thought { pieces: shown(), seal: seal() }),
            (_, Thinking::Hidden) => Some(Thought { pieces: Vec::new(), seal: seal() }),
            (_, Thinking::Unsealed) => Some(Thought { pieces: shown(), seal: None }),
        }
    }

    /// The content as the request's bounds leave it, and why it ends there.
    fn bounded(&self, content: Content) -> (Content, Finish) {
        let heard = &self.asked.heard;
        let mut pieces = match content {
            Content::Text(pieces) => pieces,
            Content::Nothing => return (content, Finish::Stop),
            Content::Tools(_) => return (content, Finish::Tool),
            Content::Refusal(_) => return (content, Finish::Refused),
        };
        let mut finish = Finish::Stop;
        let text = pieces.concat();
        let stops = heard.stop.iter().filter(|stop| !stop.is_empty());
        let first = stops.filter_map(|stop| Some((text.find(stop.as_str())?, stop))).min();
        if let Some((end, stop)) = first {
            pieces = words::tokens(&text[..end]);
            finish = Finish::StopSequence(stop.clone());
        }
        let most = if self.fault == Fault::Length { Some(12) } else { heard.max_tokens };
        if let Some(most) = most.filter(|most| *most < pieces.len()) {
            pieces.truncate(most);
            finish = Finish::Length;
        }
        (Content::Text(pieces), finish)
    }
}

fn pieces(pieces: &[&str]) -> Vec<String> {
    pieces.iter().map(|piece| (*piece).to_owned()).collect()
}
