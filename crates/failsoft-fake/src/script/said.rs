//! What the model says under a fault.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a fault touches one thing and leaves all others as they are"
)]

use super::Scene;
use crate::answer::{Answer, Content, Finish, Usage, UsageFrame};
use crate::fault::Fault;
use crate::words;

impl Scene<'_> {
    pub(super) fn answer(&self) -> Answer<'_> {
        let content = self.content();
        let (output, finish) = match (&content, self.fault) {
            (Content::Text(pieces), Fault::Length) => (pieces.len(), Finish::Length),
            (Content::Text(pieces), _) => (pieces.len(), Finish::Stop),
            (Content::Tool { arguments, .. }, _) => (arguments.len() + 1, Finish::Tool),
            (Content::Refusal(_), _) => (8, Finish::Refused),
            (Content::Nothing, _) => (0, Finish::Stop),
        };
        Answer {
            id: self.id.clone(),
            model: &self.asked.model,
            created: self.created,
            content,
            finish,
            usage: Usage { input: self.asked.input_tokens, output },
            usage_frame: if self.asked.include_usage {
                UsageFrame::Asked
            } else {
                UsageFrame::NotAsked
            },
        }
    }

    fn content(&self) -> Content {
        let text = self.manner.text.as_deref().unwrap_or(words::WORDS);
        let tool = |arguments: &[&str]| Content::Tool {
            name: self.asked.tool.clone().unwrap_or_else(|| "lookup".to_owned()),
            arguments: arguments.iter().map(|piece| (*piece).to_owned()).collect(),
        };
        match self.fault {
            Fault::Tools | Fault::CutTool => {
                tool(&["{\"city\":", " \"Li", "sbon\", \"day", "s\": 3}"])
            }
            Fault::BadTool => tool(&["{\"city\":", " \"Lisbon\", \"days\": }"]),
            Fault::Refusal => Content::Refusal("I can't help with that.".to_owned()),
            Fault::Empty => Content::Nothing,
            Fault::Length => Content::Text(words::tokens(text).into_iter().take(12).collect()),
            _ => Content::Text(words::tokens(text)),
        }
    }
}
