//! What a call asks.

use std::collections::{BTreeMap, HashMap};

use super::{Json, Maker, Media, MediaKind, MediaSource, Part, Rest};

/// A request, whatever dialect it came in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// The model's name as the client wrote it.
    pub model: String,
    /// The instructions that stand before the conversation.
    pub system: Vec<Part>,
    /// The conversation.
    pub turns: Vec<Turn>,
    /// Tools the caller runs itself.
    pub tools: Vec<Tool>,
    /// Tools the provider runs (web search, code execution …).
    pub hosted: Vec<Hosted>,
    /// What the model may do with the tools.
    pub tool_choice: Option<ToolChoice>,
    /// Whether several tools may be asked for at once.
    pub parallel_tools: Option<bool>,
    /// The form of the answer.
    pub output: OutputFormat,
    /// What the answer shall hold beside words.
    pub media_output: Vec<MediaKind>,
    /// Tokens the answer may have.
    pub max_tokens: Option<u32>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// How the next token is chosen.
    pub sampling: Sampling,
    /// How much the model thinks.
    pub reasoning: Option<Reasoning>,
    /// Who asks, for the provider's abuse desk.
    pub user: Option<String>,
    /// Labels of the caller's.
    pub metadata: BTreeMap<String, String>,
    /// Whether the answer is streamed.
    pub stream: bool,
    /// What the dialect adds.
    pub rest: Rest,
}

/// One turn of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Whose turn.
    pub role: Role,
    /// What was said. Tool results stand in turns of [`Role::User`].
    pub parts: Vec<Part>,
    /// What the dialect adds (a participant's name, an item's id …).
    pub rest: Rest,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The caller, and the tools it runs.
    User,
    /// The model.
    Assistant,
    /// Instructions in the middle of the conversation.
    System,
}

/// A tool the caller runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The JSON schema of its arguments; `None` for a tool without any.
    pub schema: Option<Json>,
    /// Whether the arguments must follow the schema to the letter.
    pub strict: Option<bool>,
    /// What the dialect adds.
    pub rest: Rest,
}

/// A tool the provider runs, as its dialect writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Hosted {
    /// Its kind, e.g. `web_search`; for messages to people.
    pub kind: String,
    /// The whole definition.
    pub rest: Rest,
}

/// What the model may do with the tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// What it likes.
    Auto,
    /// Call none.
    None,
    /// Call at least one.
    Required,
    /// Call this one.
    Named(String),
}

/// The form of the answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum OutputFormat {
    /// Free text.
    #[default]
    Text,
    /// Some JSON object.
    Json,
    /// JSON of this schema.
    Schema {
        /// Its name, where the dialect wants one.
        name: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// The JSON schema.
        schema: Json,
        /// Whether it must be followed to the letter.
        strict: Option<bool>,
    },
}

/// How the next token is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// 0 to 2 in most dialects, 0 to 1 in `messages`.
    pub temperature: Option<f64>,
    /// Of the probability mass.
    pub top_p: Option<f64>,
    /// Of the tokens.
    pub top_k: Option<u32>,
    /// For repeatable answers.
    pub seed: Option<i64>,
    /// Against repeating often.
    pub frequency_penalty: Option<f64>,
    /// Against repeating at all.
    pub presence_penalty: Option<f64>,
    /// Whether log probabilities are wanted, and of how many alternatives.
    pub logprobs: Option<u32>,
    /// How many answers are wanted, if more than one.
    pub choices: Option<u32>,
}

/// How much the model thinks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reasoning {
    /// In a word.
    pub effort: Option<Effort>,
    /// In tokens.
    pub budget: Option<u32>,
    /// Whether the caller wants to read the thoughts, or a summary of them.
    pub show: Option<bool>,
    /// What the dialect adds.
    pub rest: Rest,
}

/// How much the model thinks, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effort {
    /// Not at all.
    None,
    /// As little as possible.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// As much as there is.
    Max,
}

impl Effort {
    /// Tokens of thought this stands for where a budget is wanted. The steps are those of
    /// Google's OpenAI-compatible endpoint (1,024, 8,192, 24,576), doubled at its end.
    #[must_use]
    pub const fn budget(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Minimal | Self::Low => 1_024,
            Self::Medium => 8_192,
            Self::High => 24_576,
            Self::Max => 49_152,
        }
    }

    /// The word nearest to a budget of tokens.
    #[must_use]
    pub const fn of_budget(tokens: u32) -> Self {
        match tokens {
            0 => Self::None,
            1..=1_023 => Self::Minimal,
            1_024..=4_095 => Self::Low,
            4_096..=16_383 => Self::Medium,
            16_384..=40_000 => Self::High,
            _ => Self::Max,
        }
    }
}

impl Call {
    /// Input tokens, roughly: a quarter of the bytes of all words, and a flat sum for each medium.
    #[must_use]
    pub fn estimated_tokens(&self) -> u32 {
        let spoken = self.turns.iter().flat_map(|turn| &turn.parts).chain(&self.system);
        let words: usize = spoken.map(bytes_of).sum();
        let schema = |schema: &Option<Json>| schema.as_ref().map_or(0, |json| json.as_str().len());
        let tool = |tool: &Tool| {
            tool.name.len()
                + tool.description.as_ref().map_or(0, String::len)
                + schema(&tool.schema)
        };
        let tools: usize = self.tools.iter().map(tool).sum();
        u32::try_from((words + tools) / 4).unwrap_or(u32::MAX)
    }

    /// Gives results the names of their tools, where the dialect says the id of the call only.
    pub(crate) fn name_results(&mut self) {
        let mut names: HashMap<String, String> = HashMap::new();
        for part in self.turns.iter_mut().flat_map(|turn| &mut turn.parts) {
            match part {
                Part::ToolCall(call) => _ = names.insert(call.id.clone(), call.name.clone()),
                Part::ToolResult(result) => result.name = names.get(&result.id).cloned(),
                Part::Text { .. }
                | Part::Refusal(_)
                | Part::Thinking { .. }
                | Part::Media(_)
                | Part::Foreign(_) => {}
            }
        }
    }

    /// The same call without what other targets sealed; `unsaid` names the maker of seals that
    /// say nothing themselves, by their value. True if something was taken out.
    ///
    /// Thoughts without their seal are no use to anybody, so they go with it.
    pub fn without_seals_of_others(
        &mut self,
        target: Maker,
        unsaid: &dyn Fn(&str) -> Option<Maker>,
    ) -> bool {
        let mut taken = false;
        for turn in &mut self.turns {
            turn.parts.retain_mut(|part| {
                let seal = match part {
                    Part::Thinking { seal, .. } => seal,
                    Part::ToolCall(call) => &mut call.seal,
                    Part::Text { .. }
                    | Part::Refusal(_)
                    | Part::Media(_)
                    | Part::ToolResult(_)
                    | Part::Foreign(_) => return true,
                };
                let Some(known) = seal else { return true };
                let maker = known.maker.or_else(|| unsaid(&known.value));
                if maker == Some(target) {
                    return true;
                }
                *seal = None;
                taken = true;
                !matches!(part, Part::Thinking { .. })
            });
        }
        taken
    }
}

/// Four times the tokens a medium is taken for: between a small picture (85) and a page (1,500).
const MEDIUM: usize = 4 * 1_000;

fn bytes_of(part: &Part) -> usize {
    match part {
        Part::Text { text, .. } | Part::Refusal(text) | Part::Thinking { text, .. } => text.len(),
        Part::Media(Media { source: MediaSource::Text(text), .. }) => text.len(),
        Part::Media(_) => MEDIUM,
        Part::ToolCall(call) => call.name.len() + call.arguments.len(),
        Part::ToolResult(result) => result.content.iter().map(bytes_of).sum(),
        Part::Foreign(rest) => rest.size(),
    }
}
