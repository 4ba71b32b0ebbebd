//! What a conversation comes to, whatever the dialect it was told in.

use serde_json::Value;

use super::Flaw;
use crate::base64;
use crate::seal::Claim;

/// All of a request that the answer may depend on.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) system: String,
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: Choice,
    pub(crate) turns: Vec<Turn>,
    pub(crate) format: Format,
    pub(crate) thinking: Thinking,
    pub(crate) stop: Vec<String>,
    pub(crate) max_tokens: Option<usize>,
    pub(crate) sealed: Vec<Sealed>,
    /// How many words its texts have.
    pub(crate) words: usize,
    /// What to embed, each as one text.
    pub(crate) inputs: Vec<String>,
}

/// A tool that may be called.
#[derive(Clone)]
pub(crate) struct Tool {
    pub(crate) name: String,
    /// The schema of its arguments, if it has one.
    pub(crate) schema: Option<Value>,
}

/// Which tools may or must be called.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    #[default]
    Free,
    Forbidden,
    /// Any of them.
    Forced,
    /// This one.
    Named(String),
}

/// Consecutive messages of one side.
#[derive(Default)]
pub(crate) struct Turn {
    /// Which message of the request it begins with.
    pub(crate) at: usize,
    pub(crate) is_model: bool,
    /// Its words.
    pub(crate) said: String,
    pub(crate) uses: Vec<Use>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) attached: Vec<Attached>,
}

/// A tool that was called.
pub(crate) struct Use {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// What a tool gave back.
pub(crate) struct Outcome {
    /// The id of the use, or the name of the tool where there are no ids.
    pub(crate) id: String,
    pub(crate) text: String,
}

/// The model's last words.
#[derive(Clone, Copy)]
pub(crate) struct Beginning<'h> {
    pub(crate) said: &'h str,
    /// What the user said to it; nothing where the conversation ends with the model.
    pub(crate) asks: Option<&'h str>,
}

/// Something shown beside the words.
pub(crate) struct Attached {
    pub(crate) is: Attachment,
    pub(crate) told: String,
}

/// What it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attachment {
    Image,
    File,
}

/// What shape the answer's text must have.
#[derive(Default)]
pub(crate) enum Format {
    #[default]
    Free,
    Object,
    Schema(Value),
}

/// Whether the model is asked to think, and to show it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Thinking {
    #[default]
    Off,
    /// Only the seal is wanted.
    Hidden,
    Shown,
    /// Shown, without a seal.
    Unsealed,
}

/// Something only its maker may be shown, and what others say to it.
pub(crate) struct Sealed {
    pub(crate) claim: Claim,
    pub(crate) else_flaw: Flaw,
}

impl Heard {
    /// Adds a text of the conversation.
    pub(crate) fn count(&mut self, text: &str) {
        self.words += text.split_whitespace().count();
    }

    /// Adds a text one of the two sides said.
    pub(crate) fn said(&mut self, at: usize, is_model: bool, text: &str) {
        self.count(text);
        self.turn(at, is_model).said.push_str(text);
    }

    /// Adds a text of the system's.
    pub(crate) fn told(&mut self, text: &str) {
        self.count(text);
        self.system.push_str(text);
        self.system.push('\n');
    }

    /// The turn a message belongs to: the last one if that is of the same side.
    pub(crate) fn turn(&mut self, at: usize, is_model: bool) -> &mut Turn {
        if self.turns.last().is_none_or(|last| last.is_model != is_model) {
            self.turns.push(Turn { at, is_model, ..Turn::default() });
        }
        let last = self.turns.len() - 1;
        &mut self.turns[last]
    }

    /// What may be the beginning of the answer: what the model said last, unless it called tools.
    pub(crate) fn beginning(&self) -> Option<Beginning<'_>> {
        let (last, before) = self.turns.split_last()?;
        let (model, asks) = if last.is_model {
            (last, None)
        } else if last.outcomes.is_empty() && last.attached.is_empty() {
            (before.last()?, Some(last.said.as_str()))
        } else {
            return None;
        };
        let may = model.uses.is_empty() && !model.said.trim().is_empty();
        may.then_some(Beginning { said: &model.said, asks })
    }

    /// The line of the system's that decides the whole answer.
    pub(crate) fn dictated(&self) -> Option<&str> {
        self.system.lines().find_map(|line| line.trim().strip_prefix("say: "))
    }

    /// The outcomes the last turn brings, each with its tool's name.
    pub(crate) fn outcomes(&self) -> Vec<(&str, &str)> {
        let last = self.turns.last().filter(|turn| !turn.is_model);
        let outcomes = last.map(|turn| turn.outcomes.as_slice()).unwrap_or_default();
        let named = |outcome: &Outcome| {
            let mut uses = self.turns.iter().rev().flat_map(|turn| &turn.uses);
            uses.find(|one| one.id == outcome.id).map(|one| one.name.as_str())
        };
        let told = |outcome| (named(outcome).unwrap_or(&outcome.id), outcome.text.as_str());
        outcomes.iter().map(|outcome: &Outcome| told(outcome)).collect()
    }

    /// What the last turn shows, if the user had it.
    pub(crate) fn attached(&self, is: Attachment) -> Vec<&str> {
        let last = self.turns.last().filter(|turn| !turn.is_model);
        let attached = last.map(|turn| turn.attached.as_slice()).unwrap_or_default();
        attached.iter().filter(|one| one.is == is).map(|one| one.told.as_str()).collect()
    }

    /// A use that the very next turn does not answer, or an outcome without its use: the turn's
    /// first message and the ids.
    pub(crate) fn unpaired(&self) -> Option<Unpaired<'_>> {
        let mut open: &[Use] = &[];
        let mut opened_at = 0;
        for turn in &self.turns {
            let answered = |one: &Use| turn.outcomes.iter().any(|outcome| outcome.id == one.id);
            let missing: Vec<_> =
                open.iter().filter(|one| !answered(one)).map(|one| one.id.as_str()).collect();
            if !missing.is_empty() {
                return Some(Unpaired::Unanswered {
                    used_at: opened_at,
                    at: turn.at,
                    ids: missing,
                });
            }
            let orphan =
                turn.outcomes.iter().find(|outcome| open.iter().all(|one| one.id != outcome.id));
            if let Some(orphan) = orphan {
                return Some(Unpaired::Orphan { at: turn.at, id: &orphan.id });
            }
            open = &turn.uses;
            opened_at = turn.at;
        }
        let ids: Vec<_> = open.iter().map(|one| one.id.as_str()).collect();
        let at = opened_at + 1;
        (!ids.is_empty()).then_some(Unpaired::Unanswered { used_at: opened_at, at, ids })
    }
}

/// What has lost its other half.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unpaired<'h> {
    Unanswered { used_at: usize, at: usize, ids: Vec<&'h str> },
    Orphan { at: usize, id: &'h str },
}

impl Attached {
    /// Content that is in the request, as base64.
    pub(crate) fn inline(is: Attachment, media_type: &str, data: &str) -> Self {
        let told = match base64::decode(data) {
            Some(bytes) => format!("{media_type}, {} bytes", bytes.len()),
            None => format!("{media_type}, not base64"),
        };
        Self { is, told }
    }

    /// Content elsewhere: an address or an id.
    pub(crate) fn elsewhere(is: Attachment, address: &str) -> Self {
        if let Some((media_type, data)) =
            address.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"))
        {
            return Self::inline(is, media_type, data);
        }
        Self { is, told: address.to_owned() }
    }
}
