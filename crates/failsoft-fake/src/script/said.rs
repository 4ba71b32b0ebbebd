//! What the model says: what the fault wants, else what was asked for.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a fault touches one thing and leaves all others as they are"
)]

use super::Scene;
use super::onward::{Going, pieces, unasked};
use crate::answer::{Answer, Content, Finish, Thought, ToolCall, Usage, UsageFrame};
use crate::asked::{Attachment, Choice, Format, Thinking, Tool};
use crate::fault::Fault;
use crate::onward::Way;
use crate::{sample, words};

/// Thought before every answer that is asked to think.
const THOUGHT: &str = "Let me think.";

/// Words before calls of tools.
const BEFORE: &str = "Let me look that up for you, it will only take one moment.";

/// What a model says that cannot stop, and how long it goes on.
const RUNAWAY: &str = "Good systems bend before they break, and";
const OVER: &str = " over and over and over and over";
const ENOUGH: usize = 64 * 1024;

/// Arguments of a tool without a schema.
const LISBON: [&str; 4] = ["{\"city\":", " \"Li", "sbon\", \"day", "s\": 3}"];

/// How many tokens come from the cache, when some do.
const CACHED: usize = 10;

impl Scene<'_> {
    pub(super) fn answer(&self) -> Answer<'_> {
        let (content, going) = self.onward(self.content());
        let (content, finish) = self.bounded(content);
        let thought = self.thought(&content, going);
        let thoughts = thought.as_ref().map_or(0, |_| words::tokens(THOUGHT).len());
        let said = match &content {
            Content::Nothing => 0,
            Content::Text(pieces) => pieces.len(),
            Content::Tools { before, calls } => {
                before.len() + calls.iter().map(|call| call.arguments.len() + 1).sum::<usize>()
            }
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
            Fault::Tools => return self.calls(1, ""),
            Fault::CutTool(nth) => return self.calls(nth, ""),
            Fault::CutTextTool => return self.calls(1, BEFORE),
            Fault::TwoTools if may_call => return self.calls(2, ""),
            Fault::TextTools if may_call => return self.calls(2, BEFORE),
            Fault::BadTool => {
                let mut content = self.calls(1, "");
                if let Content::Tools { calls, .. } = &mut content {
                    calls[0].arguments = owned(&["{\"city\":", " \"Lisbon\", \"days\": }"]);
                }
                return content;
            }
            Fault::Repeat => {
                let times = (ENOUGH - RUNAWAY.len()) / OVER.len();
                let over = std::iter::repeat_n(OVER.to_owned(), times);
                return Content::Text(words::tokens(RUNAWAY).into_iter().chain(over).collect());
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
            _ if may_call && !heard.tools.is_empty() => self.calls(1, ""),
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

    /// How the model is asked to go on, if it is.
    pub(crate) fn going(&self) -> Option<Going<'_>> {
        self.onward(self.content()).1
    }

    /// The answer as it is when its beginning stands in the conversation.
    fn onward(&self, content: Content) -> (Content, Option<Going<'_>>) {
        let heard = &self.asked.heard;
        let is_json = matches!(heard.format, Format::Schema(_));
        let on = |told: &[String]| {
            let whole = told.concat();
            let going = Going::with(heard.beginning(), &whole)?;
            Some((pieces(&going.told(&whole, self.onward.way), is_json), going))
        };
        match content {
            Content::Text(told) => match on(&told) {
                Some((rest, going)) => (Content::Text(rest), Some(going)),
                None => (Content::Text(told), None),
            },
            Content::Tools { before, calls } if !before.is_empty() => match on(&before) {
                Some((before, going)) => (Content::Tools { before, calls }, Some(going)),
                None => (Content::Tools { before, calls }, None),
            },
            other => (other, None),
        }
    }

    /// Words, then calls of the tool that was chosen, else of the first ones.
    fn calls(&self, count: usize, before: &str) -> Content {
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
                None => owned(&LISBON),
            };
            ToolCall { name: tool.name.clone(), arguments }
        };
        Content::Tools { before: words::tokens(before), calls: (0..count).map(call).collect() }
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

    fn thought(&self, content: &Content, going: Option<Going<'_>>) -> Option<Thought> {
        let asked = self.asked.heard.thinking;
        let thinks_on = going.is_some() && self.onward.way == Way::ContinuesThinking;
        let thinking = if thinks_on || self.fault == Fault::CutThinking {
            unasked(self.asked.dialect(), asked)
        } else {
            asked
        };
        let shown = || words::tokens(THOUGHT);
        let seal = || Some(self.sealer.seal(&self.asked.model, self.serial));
        match (content, thinking) {
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
            Content::Tools { .. } => return (content, Finish::Tool),
            Content::Refusal(_) => return (content, Finish::Refused),
        };
        let mut finish = match self.fault {
            Fault::Repeat => Finish::Length,
            Fault::FinishError => {
                pieces.truncate(20);
                Finish::Failed
            }
            _ => Finish::Stop,
        };
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

fn owned(pieces: &[&str]) -> Vec<String> {
    pieces.iter().map(|piece| (*piece).to_owned()).collect()
}
