//! What calls may ask, and what each dialect does about it: the columns of `docs/translation.md`.

use std::fmt;

use super::loss::{has_cache_mark, is_loss};
use super::{Call, Media, MediaKind, MediaSource, OutputFormat, Part, Role, ToolChoice, Turn};

/// Declares the features in the order of the document.
macro_rules! features {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// Something a call may ask or hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Feature {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Feature {
            /// Every feature, in the order of the document.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// What it is, as a sentence.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+),)+
                }
            }

            /// The stable name, used in the record and in headers.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

features! {
    /// Instructions before the conversation.
    System = "system",
    /// Instructions in the middle of the conversation.
    SystemTurn = "system_turn",
    /// Tools the caller runs.
    Tools = "tools",
    /// Tools with free text for arguments.
    CustomTools = "custom_tools",
    /// Arguments that must follow the schema to the letter.
    StrictTools = "strict_tools",
    /// Several tool calls in one turn of the history.
    ParallelToolCalls = "parallel_tool_calls",
    /// At most one tool call at a time.
    SingleToolCall = "single_tool_call",
    /// Some tool, or a certain one, must be called.
    ForcedTool = "forced_tool",
    /// No tool may be called although there are some.
    ForbiddenTools = "forbidden_tools",
    /// What tools answered.
    ToolResults = "tool_results",
    /// A tool that failed.
    ToolErrors = "tool_errors",
    /// Images in what a tool answered.
    ToolResultMedia = "tool_result_media",
    /// Tools the provider runs.
    HostedTools = "hosted_tools",
    /// Images in the request itself.
    Images = "images",
    /// Images at an address.
    ImageUrls = "image_urls",
    /// How closely to look at an image.
    ImageDetail = "image_detail",
    /// Documents in the request itself.
    Files = "files",
    /// Documents at an address.
    FileUrls = "file_urls",
    /// Sounds and films in the request.
    AudioVideo = "audio_video",
    /// Answers that are sounds or images.
    MediaOutput = "media_output",
    /// Some JSON object for an answer.
    JsonObject = "json_object",
    /// JSON of a schema for an answer.
    JsonSchema = "json_schema",
    /// A bound on the answer's tokens.
    MaxTokens = "max_tokens",
    /// Texts that end the answer.
    StopSequences = "stop_sequences",
    /// The temperature.
    Temperature = "temperature",
    /// A share of the probability mass.
    TopP = "top_p",
    /// A number of tokens to choose from.
    TopK = "top_k",
    /// A seed.
    Seed = "seed",
    /// Penalties on repeating.
    Penalties = "penalties",
    /// Log probabilities.
    Logprobs = "logprobs",
    /// Several answers at once.
    SeveralChoices = "several_choices",
    /// How much to think, in a word.
    ReasoningEffort = "reasoning_effort",
    /// How much to think, in tokens.
    ReasoningBudget = "reasoning_budget",
    /// Thoughts in the history.
    Thinking = "thinking",
    /// Sealed thoughts and tool calls in the history.
    Seals = "seals",
    /// Where words of the history come from.
    Citations = "citations",
    /// Refusals in the history.
    Refusals = "refusals",
    /// An answer's beginning at the end of the conversation.
    Prefill = "prefill",
    /// Who asks.
    User = "user",
    /// Labels of the caller's.
    Metadata = "metadata",
    /// Conversations, responses, files and caches the provider keeps.
    ServerState = "server_state",
    /// Parts of the history only the client's own dialect has.
    ForeignParts = "foreign_parts",
    /// Parameters only the client's own dialect has (caching marks, service tiers …).
    ForeignParameters = "foreign_parameters",
}

/// What a dialect, as a target, does about a feature of another dialect's call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// It has the same thing.
    Map,
    /// It is made from something else.
    Emulate,
    /// It is left out, and the record says so.
    Drop,
    /// The target cannot serve the call.
    Refuse,
}

impl Rule {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::Emulate => "emulate",
            Self::Drop => "drop",
            Self::Refuse => "refuse",
        }
    }
}

/// A line of a dialect's column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleRow {
    /// The feature.
    pub feature: Feature,
    /// What is done about it.
    pub rule: Rule,
    /// How, in a few words for a reader, e.g. "`stop_sequences`".
    pub how: &'static str,
}

/// Something that was left out or made from something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// What.
    pub feature: Feature,
    /// What was done.
    pub rule: Rule,
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Features(u64);

impl Features {
    /// Adds one.
    pub fn insert(&mut self, feature: Feature) {
        self.0 |= 1 << feature as u64;
    }

    /// Whether it is in there.
    #[must_use]
    pub const fn contains(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u64) != 0
    }

    /// Those in there, in the order of the document.
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.iter().copied().filter(move |feature| self.contains(*feature))
    }

    fn insert_if(&mut self, feature: Feature, asked: bool) {
        if asked {
            self.insert(feature);
        }
    }
}

impl Media {
    /// What it asks of a target, in one word.
    pub(crate) const fn feature(&self) -> Feature {
        match (self.kind, &self.source) {
            (_, MediaSource::Stored(_)) => Feature::ServerState,
            (MediaKind::Audio | MediaKind::Video, _) => Feature::AudioVideo,
            (MediaKind::Image, MediaSource::Url { .. }) => Feature::ImageUrls,
            (MediaKind::Image, _) => Feature::Images,
            (MediaKind::File, MediaSource::Url { .. }) => Feature::FileUrls,
            (MediaKind::File, _) => Feature::Files,
        }
    }
}

impl Call {
    /// What it asks or holds.
    #[must_use]
    pub fn features(&self) -> Features {
        let mut found = Features::default();
        self.tool_features(&mut found);
        self.sampling_features(&mut found);
        found.insert_if(Feature::System, !self.system.is_empty());
        for (index, turn) in self.turns.iter().enumerate() {
            let is_last = index + 1 == self.turns.len();
            turn_features(turn, &mut found);
            found.insert_if(Feature::Prefill, is_last && turn.role == Role::Assistant);
        }
        match &self.output {
            OutputFormat::Text => {}
            OutputFormat::Json => found.insert(Feature::JsonObject),
            OutputFormat::Schema { .. } => found.insert(Feature::JsonSchema),
        }
        found.insert_if(Feature::User, self.user.is_some());
        found.insert_if(Feature::Metadata, !self.metadata.is_empty());
        found.insert_if(Feature::MediaOutput, !self.media_output.is_empty());
        found.insert_if(Feature::ForeignParameters, self.loses_parameters());
        found.insert_if(Feature::ServerState, self.uses_server_state());
        found
    }

    /// Whether parameters or cache marks are lost to other dialects.
    fn loses_parameters(&self) -> bool {
        is_loss(&self.rest)
            || self.tools.iter().any(|tool| has_cache_mark(&tool.rest))
            || self.system.iter().any(is_cached)
            || self
                .turns
                .iter()
                .any(|turn| has_cache_mark(&turn.rest) || turn.parts.iter().any(is_cached))
    }

    /// Whether it rests on something that only the account which made it can use.
    fn uses_server_state(&self) -> bool {
        const KEYS: [&str; 6] = [
            "previous_response_id",
            "conversation",
            "prompt",
            "container",
            "cachedContent",
            "cached_content",
        ];
        self.rest.has_any(&KEYS) || self.turns.iter().flat_map(|turn| &turn.parts).any(is_stored)
    }

    fn tool_features(&self, found: &mut Features) {
        found.insert_if(Feature::Tools, !self.tools.is_empty());
        found.insert_if(Feature::HostedTools, !self.hosted.is_empty());
        found.insert_if(
            Feature::StrictTools,
            self.tools.iter().any(|tool| tool.strict == Some(true)),
        );
        found.insert_if(Feature::SingleToolCall, self.parallel_tools == Some(false));
        match &self.tool_choice {
            Some(ToolChoice::Required | ToolChoice::Named(_)) => found.insert(Feature::ForcedTool),
            Some(ToolChoice::None) => found.insert(Feature::ForbiddenTools),
            Some(ToolChoice::Auto) | None => {}
        }
    }

    fn sampling_features(&self, found: &mut Features) {
        let sampling = &self.sampling;
        found.insert_if(Feature::MaxTokens, self.max_tokens.is_some());
        found.insert_if(Feature::StopSequences, !self.stop.is_empty());
        found.insert_if(Feature::Temperature, sampling.temperature.is_some());
        found.insert_if(Feature::TopP, sampling.top_p.is_some());
        found.insert_if(Feature::TopK, sampling.top_k.is_some());
        found.insert_if(Feature::Seed, sampling.seed.is_some());
        found.insert_if(
            Feature::Penalties,
            sampling.frequency_penalty.is_some() || sampling.presence_penalty.is_some(),
        );
        found.insert_if(Feature::Logprobs, sampling.logprobs.is_some());
        found.insert_if(Feature::SeveralChoices, sampling.choices.is_some_and(|n| n > 1));
        if let Some(reasoning) = &self.reasoning {
            found.insert_if(Feature::ReasoningEffort, reasoning.effort.is_some());
            found.insert_if(Feature::ReasoningBudget, reasoning.budget.is_some());
        }
    }
}

fn turn_features(turn: &Turn, found: &mut Features) {
    found.insert_if(Feature::SystemTurn, turn.role == Role::System);
    let calls = turn.parts.iter().filter(|part| matches!(part, Part::ToolCall(_))).count();
    found.insert_if(Feature::ParallelToolCalls, calls > 1);
    for part in &turn.parts {
        part_features(part, found);
    }
}

fn part_features(part: &Part, found: &mut Features) {
    match part {
        Part::Text { citations, .. } => found.insert_if(Feature::Citations, !citations.is_empty()),
        Part::Refusal(_) => found.insert(Feature::Refusals),
        Part::Thinking { seal, .. } => {
            found.insert(Feature::Thinking);
            found.insert_if(Feature::Seals, seal.is_some());
        }
        Part::Media(media) => {
            let is_image = media.kind == MediaKind::Image && !is_stored(part);
            found.insert(media.feature());
            found.insert_if(Feature::Images, is_image);
            found.insert_if(Feature::ImageDetail, is_image && media.detail.is_some());
        }
        Part::ToolCall(call) => {
            found.insert_if(Feature::CustomTools, call.is_custom);
            found.insert_if(Feature::Seals, call.seal.is_some());
        }
        Part::ToolResult(result) => {
            found.insert(Feature::ToolResults);
            found.insert_if(Feature::ToolErrors, result.is_error);
            let media = result.content.iter().any(|part| matches!(part, Part::Media(_)));
            found.insert_if(Feature::ToolResultMedia, media);
        }
        Part::Foreign(_) => found.insert(Feature::ForeignParts),
    }
}

fn is_cached(part: &Part) -> bool {
    match part {
        Part::Text { rest, .. } | Part::Thinking { rest, .. } => has_cache_mark(rest),
        Part::Media(media) => has_cache_mark(&media.rest),
        Part::ToolCall(call) => has_cache_mark(&call.rest),
        Part::ToolResult(result) => has_cache_mark(&result.rest),
        Part::Refusal(_) | Part::Foreign(_) => false,
    }
}

fn is_stored(part: &Part) -> bool {
    match part {
        Part::Media(media) => matches!(media.source, MediaSource::Stored(_)),
        Part::ToolResult(result) => result.content.iter().any(is_stored),
        Part::Text { .. }
        | Part::Refusal(_)
        | Part::Thinking { .. }
        | Part::ToolCall(_)
        | Part::Foreign(_) => false,
    }
}
