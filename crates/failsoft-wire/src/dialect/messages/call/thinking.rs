//! How much the model is told to think.

use super::super::members::kept;
use super::fit::Layout;
use crate::dialect::claude::{Generation, Quiet, Thinks};
use crate::dialect::effort::claude_word;
use crate::dialect::notes::Notes;
use crate::neutral::{Call, Effort, Feature, Reasoning, ToolChoice};
use crate::translate::Destination;
use crate::write::Writer;

/// The least budget the dialect takes.
const MIN_BUDGET: u32 = 1_024;

/// Output tokens where neither the call nor the target names a bound.
const DEFAULT_OUTPUT: u32 = 4_096;

/// What is said about thinking, and what hangs on it.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// How the model is told.
    pub(super) mode: Mode<'a>,
    /// The effort's word.
    pub(super) effort: Option<&'a str>,
    /// The bound on the answer, thoughts included.
    pub(super) max_tokens: u32,
}

/// How the model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode<'a> {
    /// Nothing is said.
    Unsaid,
    /// As the client wrote it.
    Raw(&'a str),
    /// Not to.
    Quiet(&'static str),
    /// Within a budget.
    Budget { tokens: u32, show: Option<bool> },
    /// As it sees fit.
    Adaptive { show: Option<bool> },
}

impl<'a> Plan<'a> {
    /// As the client wrote it, unless the history no longer allows it.
    pub(super) fn own(call: &'a Call, to: &Destination<'_>, layout: &Layout<'_>) -> (Self, Notes) {
        let mut notes = Notes::default();
        let max_tokens = call.max_tokens.or(to.max_output).unwrap_or(DEFAULT_OUTPUT);
        let mut plan = Self { mode: Mode::Unsaid, effort: None, max_tokens };
        if let Some(reasoning) = &call.reasoning {
            plan.effort = kept(&reasoning.rest, "effort").map(|word| word.trim_matches('"'));
            let raw = kept(&reasoning.rest, "thinking");
            let is_manual = reasoning.budget.is_some();
            if is_manual && layout.lacks_thoughts() {
                notes.dropped(Feature::ReasoningBudget);
            } else {
                plan.mode = raw.map_or(Mode::Unsaid, Mode::Raw);
            }
        }
        (plan, notes)
    }

    /// As a call of another dialect asks for it.
    pub(super) fn translated(
        call: &'a Call,
        to: &Destination<'_>,
        layout: &Layout<'_>,
        notes: &mut Notes,
    ) -> Self {
        let generation = Generation::of(to.model);
        let max_tokens = call.max_tokens.or(to.max_output).unwrap_or(DEFAULT_OUTPUT);
        let mut plan = Self { mode: Mode::Unsaid, effort: None, max_tokens: max_tokens.max(1) };
        let wanted = call.reasoning.as_ref().and_then(Wanted::of);
        if is_forced(call) && generation.quiet() != Quiet::Impossible {
            // Forcing a tool and thinking exclude each other.
            wanted.iter().filter(|wanted| wanted.tokens() > 0).for_each(|wanted| {
                notes.dropped(wanted.feature());
            });
            plan.be_quiet(generation);
            return plan;
        }
        let Some(wanted) = wanted else { return plan };
        if wanted.tokens() == 0 {
            notes.emulated_if(wanted.feature(), generation.quiet() == Quiet::Impossible);
            plan.be_quiet(generation);
            return plan;
        }
        let show = call.reasoning.as_ref().and_then(|reasoning| reasoning.show);
        match generation.thinks() {
            Thinks::Effort => {
                plan.mode = Mode::Adaptive { show };
                plan.effort = Some(wanted.word());
                if let Wanted::Budget(_) = wanted {
                    notes.emulated(Feature::ReasoningBudget);
                }
            }
            Thinks::Budget if !layout.lacks_thoughts() => {
                if plan.fit_budget(wanted, call, to, show) {
                    notes.emulated(Feature::MaxTokens);
                }
                if let Wanted::Effort(_) = wanted {
                    notes.emulated(Feature::ReasoningEffort);
                }
            }
            Thinks::Budget | Thinks::Never => notes.dropped(wanted.feature()),
        }
        plan
    }

    /// Whether the model thinks for sure, so that it may not be steered by sampling.
    pub(super) const fn is_thinking(&self) -> bool {
        matches!(self.mode, Mode::Budget { .. } | Mode::Adaptive { .. })
    }

    fn be_quiet(&mut self, generation: Generation) {
        match generation.quiet() {
            Quiet::Unasked => {}
            Quiet::Type(kind) => self.mode = Mode::Quiet(kind),
            Quiet::Impossible => self.effort = Some("low"),
        }
    }

    /// A budget below the bound on the answer. True if the client's bound had to be raised.
    fn fit_budget(
        &mut self,
        wanted: Wanted,
        call: &Call,
        to: &Destination<'_>,
        show: Option<bool>,
    ) -> bool {
        if call.max_tokens.is_none() && to.max_output.is_none() {
            self.max_tokens = wanted.tokens().saturating_add(DEFAULT_OUTPUT);
        }
        let most = match wanted {
            // An effort is no promise: at least half of the bound stays for the answer.
            Wanted::Effort(_) => self.max_tokens / 2,
            Wanted::Budget(tokens) if tokens < self.max_tokens => tokens,
            Wanted::Budget(_) => self.max_tokens / 2,
        };
        let tokens = wanted.tokens().min(most).max(MIN_BUDGET);
        let must_raise = tokens >= self.max_tokens;
        if must_raise {
            self.max_tokens = self.max_tokens.saturating_add(tokens);
        }
        self.mode = Mode::Budget { tokens, show };
        must_raise && call.max_tokens.is_some()
    }

    /// Writes the member, if there is anything to say.
    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        match self.mode {
            Mode::Unsaid => {}
            Mode::Raw(raw) => writer.key("thinking").raw(raw),
            Mode::Quiet(kind) => {
                writer.key("thinking").object(|writer| writer.text("type", kind));
            }
            Mode::Budget { tokens, show } => writer.key("thinking").object(|writer| {
                writer.text("type", "enabled");
                writer.value("budget_tokens", tokens);
                writer.text_if("display", show.map(display));
            }),
            Mode::Adaptive { show } => writer.key("thinking").object(|writer| {
                writer.text("type", "adaptive");
                writer.text_if("display", show.map(display));
            }),
        }
    }
}

/// Whether a tool must be called.
pub(super) fn is_forced(call: &Call) -> bool {
    let is_forced = matches!(call.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
    is_forced && !call.tools.is_empty()
}

/// Whether a model cannot be forced to call a tool, because it cannot stop thinking.
pub(super) fn cannot_be_forced(model: &str) -> bool {
    Generation::of(model).quiet() == Quiet::Impossible
}

const fn display(show: bool) -> &'static str {
    if show { "summarized" } else { "omitted" }
}

/// How much thinking a call asks for.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    Effort(Effort),
    Budget(u32),
}

impl Wanted {
    fn of(reasoning: &Reasoning) -> Option<Self> {
        reasoning.budget.map(Self::Budget).or_else(|| reasoning.effort.map(Self::Effort))
    }

    const fn tokens(self) -> u32 {
        match self {
            Self::Effort(effort) => effort.budget(),
            Self::Budget(tokens) => tokens,
        }
    }

    const fn feature(self) -> Feature {
        match self {
            Self::Effort(_) => Feature::ReasoningEffort,
            Self::Budget(_) => Feature::ReasoningBudget,
        }
    }

    const fn word(self) -> &'static str {
        claude_word(match self {
            Self::Effort(effort) => effort,
            Self::Budget(tokens) => Effort::of_budget(tokens),
        })
    }
}
