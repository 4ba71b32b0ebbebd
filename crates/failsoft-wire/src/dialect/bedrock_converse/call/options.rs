//! How the model answers: bounds, sampling, thinking, the form of the answer.

use super::plan::Plan;
use super::tools::Offer;
use crate::dialect::bedrock_converse::family::{Family, ThinkingForm};
use crate::dialect::claude::Quiet;
use crate::dialect::closed_schema;
use crate::dialect::effort::claude_word as word;
use crate::dialect::instructions::{self, JSON_OBJECT};
use crate::dialect::notes::Notes;
use crate::neutral::{Call, Effort, Feature, OutputFormat};
use crate::translate::Destination;
use crate::write::Writer;

/// The smallest budget Claude takes.
const MIN_BUDGET: u32 = 1_024;

/// What is said of the answer.
#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    temperature: Option<f64>,
    top_p: Option<f64>,
    top_k: Option<TopK>,
    stop: Vec<&'a str>,
    thinking: Option<Thinking>,
    /// `outputConfig.effort`
    effort: Option<&'static str>,
    schema: Option<Schema<'a>>,
    metadata: Vec<(&'a str, &'a str)>,
    /// What the model is told instead of what there is no parameter for.
    pub(super) instruction: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum TopK {
    Claude(u32),
    Nova(u32),
}

#[derive(Clone, Copy, Debug)]
enum Thinking {
    Budget(u32),
    Adaptive,
    /// Not to.
    Quiet(&'static str),
    ReasoningEffort(&'static str),
    ReasoningConfig(&'static str),
}

#[derive(Debug)]
struct Schema<'a> {
    name: Option<&'a str>,
    description: Option<&'a str>,
    text: String,
}

/// What a call's options depend on beside itself.
pub(super) struct Circumstances<'a> {
    pub(super) to: &'a Destination<'a>,
    pub(super) plan: &'a Plan<'a>,
    pub(super) offer: &'a Offer<'a>,
}

impl<'a> Options<'a> {
    /// Those of a call that was read in this dialect: what has no slot stands in its rest.
    pub(super) fn same(call: &'a Call) -> Self {
        Self {
            temperature: call.sampling.temperature,
            top_p: call.sampling.top_p,
            stop: call.stop.iter().map(String::as_str).collect(),
            metadata: call.metadata.iter().map(|(key, value)| (&**key, &**value)).collect(),
            ..Self::default()
        }
    }

    pub(super) fn of(call: &'a Call, with: &Circumstances<'_>, notes: &mut Notes) -> Self {
        let family = Family::of(with.to.model);
        let mut options = Self::default();
        options.set_stop(call, notes);
        options.set_thinking(call, family, with, notes);
        options.set_sampling(call, family, notes);
        options.set_output(call, with.to, notes);
        options.set_metadata(call, notes);
        options
    }

    fn set_stop(&mut self, call: &'a Call, notes: &mut Notes) {
        let stop = call.stop.iter().map(String::as_str);
        self.stop = stop.filter(|text| !text.trim().is_empty()).collect();
        let is_less = self.stop.len() < call.stop.len();
        notes.dropped_if(Feature::StopSequences, is_less);
    }

    fn set_thinking(
        &mut self,
        call: &Call,
        family: Family,
        with: &Circumstances<'_>,
        notes: &mut Notes,
    ) {
        let is_bound = with.offer.is_forced() || with.plan.has_prefill();
        if let Quiet::Type(kind) = family.quiet()
            && is_bound
        {
            self.thinking = Some(Thinking::Quiet(kind));
        }
        let Some(reasoning) = &call.reasoning else { return };
        let Some(effort) = reasoning.effort.or(reasoning.budget.map(Effort::of_budget)) else {
            return;
        };
        let asked = match reasoning.budget {
            Some(_) => Feature::ReasoningBudget,
            None => Feature::ReasoningEffort,
        };
        if effort == Effort::None {
            return self.set_quiet(family, asked, notes);
        }
        match family.thinking() {
            ThinkingForm::Budget => {
                let wanted = reasoning.budget.unwrap_or(effort.budget());
                let budget = fitting_budget(wanted, call.max_tokens);
                let is_free = !is_bound && !with.plan.lacks_thought();
                self.thinking = budget.filter(|_| is_free).map(Thinking::Budget);
                let is_emulated = self.thinking.is_some() && asked == Feature::ReasoningEffort;
                notes.emulated_if(asked, is_emulated);
                notes.dropped_if(asked, self.thinking.is_none());
            }
            ThinkingForm::Adaptive => {
                if !is_bound {
                    self.thinking = Some(Thinking::Adaptive);
                }
                let most = if is_bound { Effort::High } else { Effort::Max };
                self.effort = Some(word(effort.min(most)));
                notes.emulated_if(asked, asked == Feature::ReasoningBudget || is_bound);
            }
            ThinkingForm::ReasoningEffort => {
                self.thinking = Some(Thinking::ReasoningEffort(word(effort.min(Effort::High))));
                notes.emulated_if(asked, asked == Feature::ReasoningBudget);
            }
            ThinkingForm::ReasoningConfig => {
                // At its highest it takes neither bounds nor sampling parameters.
                let is_plain = call.max_tokens.or(call.sampling.top_k).is_none()
                    && call.sampling.temperature.or(call.sampling.top_p).is_none();
                let most = if is_plain { Effort::High } else { Effort::Medium };
                self.thinking = Some(Thinking::ReasoningConfig(word(effort.min(most))));
                let is_exact = asked == Feature::ReasoningEffort && effort <= most;
                notes.emulated_if(asked, !is_exact);
            }
            ThinkingForm::None => notes.dropped(asked),
        }
    }

    /// For calls that want no thoughts: as few as the model can do with.
    fn set_quiet(&mut self, family: Family, asked: Feature, notes: &mut Notes) {
        let least = word(Effort::None);
        match family.quiet() {
            Quiet::Unasked => {}
            Quiet::Type(kind) => self.thinking = Some(Thinking::Quiet(kind)),
            Quiet::Impossible => {
                notes.emulated(asked);
                if family == Family::GptOss {
                    self.thinking = Some(Thinking::ReasoningEffort(least));
                } else {
                    self.effort = Some(least);
                }
            }
        }
    }

    fn set_sampling(&mut self, call: &Call, family: Family, notes: &mut Notes) {
        let sampling = &call.sampling;
        let is_thinking = matches!(self.thinking, Some(Thinking::Budget(_) | Thinking::Adaptive));
        let is_free = !family.samples_alone() && !is_thinking;
        if let Some(temperature) = sampling.temperature {
            self.temperature = is_free.then_some(temperature.clamp(0.0, 1.0));
            notes.dropped_if(Feature::Temperature, !is_free);
            notes.emulated_if(Feature::Temperature, !(0.0..=1.0).contains(&temperature));
        }
        if let Some(top_p) = sampling.top_p {
            let is_one_of_two =
                family.takes_one_of_temperature_and_top_p() && self.temperature.is_some();
            let is_allowed = is_free && !is_one_of_two;
            self.top_p = is_allowed.then_some(top_p.clamp(0.0, 1.0));
            notes.dropped_if(Feature::TopP, !is_allowed);
        }
        if let Some(top_k) = sampling.top_k {
            self.top_k = match family {
                Family::Claude(_) if is_free => Some(TopK::Claude(top_k)),
                Family::Nova | Family::Nova2 => Some(TopK::Nova(top_k.clamp(1, 128))),
                Family::Claude(_) | Family::GptOss | Family::Other => None,
            };
            notes.dropped_if(Feature::TopK, self.top_k.is_none());
        }
    }

    fn set_output(&mut self, call: &'a Call, to: &Destination<'_>, notes: &mut Notes) {
        match &call.output {
            OutputFormat::Text => {}
            OutputFormat::Json => {
                self.instruction = Some(JSON_OBJECT.to_owned());
            }
            OutputFormat::Schema { name, description, schema, .. } => {
                let closed = to.follows_schemas.then(|| closed_schema::closed(schema)).flatten();
                let (name, description) = (name.as_deref(), description.as_deref());
                match closed {
                    Some(text) => self.schema = Some(Schema { name, description, text }),
                    None => {
                        notes.emulated(Feature::JsonSchema);
                        self.instruction = Some(instructions::json_schema(schema, description));
                    }
                }
            }
        }
    }

    fn set_metadata(&mut self, call: &'a Call, notes: &mut Notes) {
        let entries = call.metadata.iter().map(|(key, value)| (&**key, &**value));
        let fits =
            |(key, value): &(&str, &str)| !key.is_empty() && is_metadata(key) && is_metadata(value);
        self.metadata = entries.filter(fits).take(16).collect();
        let is_less = self.metadata.len() < call.metadata.len();
        notes.dropped_if(Feature::Metadata, is_less);
    }

    /// The members at the top that say it; those in `kept` were kept as they stood.
    pub(super) fn write(&self, call: &Call, body: &mut Writer<'_>, kept: impl Fn(&str) -> bool) {
        if !kept("inferenceConfig") {
            self.write_inference(call.max_tokens, body);
        }
        if !kept("additionalModelRequestFields")
            && (self.thinking.is_some() || self.top_k.is_some())
        {
            body.key("additionalModelRequestFields").object(|fields| self.write_fields(fields));
        }
        if !kept("outputConfig") && (self.schema.is_some() || self.effort.is_some()) {
            body.key("outputConfig").object(|config| self.write_output(config));
        }
        if !self.metadata.is_empty() {
            body.key("requestMetadata").object(|object| {
                self.metadata.iter().for_each(|(key, value)| object.text(key, value));
            });
        }
        // Says which stop sequence was met; models that do not tell leave it out.
        if !self.stop.is_empty() && !call.rest.is_of(crate::Dialect::BedrockConverse) {
            let key = body.key("additionalModelResponseFieldPaths");
            key.array(|paths| paths.string("/stop_sequence"));
        }
    }

    fn write_inference(&self, max_tokens: Option<u32>, body: &mut Writer<'_>) {
        let max_tokens = max_tokens.map(|tokens| tokens.max(1));
        let is_said = max_tokens.is_some()
            || self.temperature.or(self.top_p).is_some()
            || !self.stop.is_empty();
        if !is_said {
            return;
        }
        body.key("inferenceConfig").object(|config| {
            config.value_if("maxTokens", max_tokens);
            config.value_if("temperature", self.temperature);
            config.value_if("topP", self.top_p);
            if !self.stop.is_empty() {
                config.key("stopSequences").array(|stop| {
                    self.stop.iter().for_each(|text| stop.string(text));
                });
            }
        });
    }

    fn write_fields(&self, fields: &mut Writer<'_>) {
        match self.thinking {
            Some(Thinking::Budget(tokens)) => fields.key("thinking").object(|thinking| {
                thinking.text("type", "enabled");
                thinking.value("budget_tokens", tokens);
            }),
            Some(Thinking::Adaptive) => {
                fields.key("thinking").object(|thinking| thinking.text("type", "adaptive"));
            }
            Some(Thinking::Quiet(kind)) => {
                fields.key("thinking").object(|thinking| thinking.text("type", kind));
            }
            Some(Thinking::ReasoningEffort(word)) => fields.text("reasoning_effort", word),
            Some(Thinking::ReasoningConfig(word)) => {
                fields.key("reasoningConfig").object(|config| {
                    config.text("type", "enabled");
                    config.text("maxReasoningEffort", word);
                });
            }
            None => {}
        }
        match self.top_k {
            Some(TopK::Claude(top_k)) => fields.value("top_k", top_k),
            Some(TopK::Nova(top_k)) => {
                fields.key("inferenceConfig").object(|config| config.value("topK", top_k));
            }
            None => {}
        }
    }

    fn write_output(&self, config: &mut Writer<'_>) {
        if let Some(schema) = &self.schema {
            config.key("textFormat").object(|format| {
                format.text("type", "json_schema");
                format.key("structure").object(|structure| schema.write(structure));
            });
        }
        config.text_if("effort", self.effort);
    }
}

impl Schema<'_> {
    fn write(&self, structure: &mut Writer<'_>) {
        structure.key("jsonSchema").object(|object| {
            object.text_if("name", self.name);
            object.text_if("description", self.description);
            object.text("schema", &self.text);
        });
    }
}

/// A budget below the bound on all tokens, with something left for the answer.
fn fitting_budget(wanted: u32, max_tokens: Option<u32>) -> Option<u32> {
    let wanted = wanted.max(MIN_BUDGET);
    match max_tokens {
        Some(most) if wanted >= most => Some((most / 2).max(MIN_BUDGET)).filter(|&n| n < most),
        Some(_) | None => Some(wanted),
    }
}

/// The characters labels may have.
fn is_metadata(text: &str) -> bool {
    let is_allowed = |letter: char| {
        letter.is_ascii_alphanumeric()
            || letter.is_ascii_whitespace()
            || ":_@$#=/+,-.".contains(letter)
    };
    text.len() <= 256 && text.chars().all(is_allowed)
}
