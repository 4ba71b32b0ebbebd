//! Tools: which are offered, and what the model is told of them.

use std::borrow::Cow;
use std::iter::repeat;

use super::plan::uses_tools;
use crate::dialect::bedrock_converse::DIALECT;
use crate::dialect::bedrock_converse::family::Family;
use crate::dialect::closed_schema;
use crate::dialect::instructions::call_a_tool;
use crate::dialect::names::{fitted, is_plain};
use crate::dialect::notes::Notes;
use crate::dialect::schemas::NO_ARGUMENTS;
use crate::neutral::{Call, Feature, Part, Tool, ToolChoice};
use crate::translate::Destination;
use crate::write::Writer;

/// The longest name or id the service takes.
const MAX_NAME: usize = 64;

/// For calls that want tools called one by one.
const ONE_TOOL: &str = "Call at most one tool at a time, then wait for its result.";

/// For calls whose history needs tools that may not be called.
const NO_TOOL: &str = "Answer without calling any tool.";

/// The tools of a call.
#[derive(Debug)]
pub(super) struct Offer<'a> {
    tools: &'a [Tool],
    /// Tools of the history that are offered no more: the service wants to know them all the same.
    past: Vec<&'a str>,
    choice: Option<&'a ToolChoice>,
    /// For each tool, the schema it is kept to.
    closed: Vec<Option<String>>,
    follows_schemas: bool,
    is_own: bool,
    /// What the model is told instead of what there is no parameter for.
    pub(super) instructions: Vec<String>,
}

impl<'a> Offer<'a> {
    pub(super) fn of(call: &'a Call, to: &Destination<'_>, notes: &mut Notes) -> Self {
        let follows_schemas = to.follows_schemas;
        let is_own = call.rest.is_of(DIALECT);
        let closed =
            if is_own { Vec::new() } else { closed_schema::of_tools(call, follows_schemas, notes) };
        let mut offer = Self {
            tools: &call.tools,
            past: Vec::new(),
            choice: call.tool_choice.as_ref(),
            closed,
            follows_schemas,
            is_own,
            instructions: Vec::new(),
        };
        let is_forbidden = matches!(call.tool_choice, Some(ToolChoice::None));
        if is_forbidden || (call.tools.is_empty() && call.hosted.is_empty()) {
            offer.forbid(call);
            return offer;
        }
        if call.parallel_tools == Some(false) {
            notes.emulated(Feature::SingleToolCall);
            offer.instructions.push(ONE_TOOL.to_owned());
        }
        if !is_own && offer.is_forced() && Family::of(to.model).cannot_be_forced() {
            notes.emulated(Feature::ForcedTool);
            offer.instructions.extend(call.tool_choice.as_ref().map(call_a_tool));
            offer.choice = Some(&ToolChoice::Auto);
        }
        offer
    }

    /// Without tools in the history none are sent; else they must be, and the model is told.
    fn forbid(&mut self, call: &'a Call) {
        self.choice = None;
        if !uses_tools(call) {
            self.tools = &[];
            return;
        }
        self.instructions.push(NO_TOOL.to_owned());
        if !self.tools.is_empty() {
            return;
        }
        for part in call.turns.iter().flat_map(|turn| &turn.parts) {
            if let Part::ToolCall(asked) = part
                && !self.past.contains(&asked.name.as_str())
            {
                self.past.push(&asked.name);
            }
        }
        if self.past.is_empty() {
            self.past.push("tool");
        }
    }

    /// Whether the model must call a tool.
    pub(super) const fn is_forced(&self) -> bool {
        matches!(self.choice, Some(ToolChoice::Required | ToolChoice::Named(_)))
    }

    /// `toolConfig`, if there are tools.
    pub(super) fn write(&self, call: &Call, body: &mut Writer<'_>) {
        let hosted = call.hosted.iter().filter(|hosted| hosted.rest.is_of(DIALECT));
        if self.tools.is_empty() && self.past.is_empty() && hosted.clone().next().is_none() {
            return;
        }
        body.key("toolConfig").object(|config| {
            config.key("tools").array(|tools| {
                let closed = self.closed.iter().map(Option::as_deref).chain(repeat(None));
                for (tool, closed) in self.tools.iter().zip(closed) {
                    tools.object(|item| self.item(item, tool, closed));
                }
                for name in &self.past {
                    tools.object(|item| item.key("toolSpec").object(|spec| past(spec, name)));
                }
                for hosted in hosted {
                    tools.object(|item| item.rest(&hosted.rest, DIALECT));
                }
            });
            if let Some(choice) = self.choice {
                config.key("toolChoice").object(|object| write_choice(object, choice));
            }
        });
    }

    fn item(&self, item: &mut Writer<'_>, tool: &Tool, closed: Option<&str>) {
        item.key("toolSpec").object(|spec| self.spec(spec, tool, closed));
    }

    fn spec(&self, spec: &mut Writer<'_>, tool: &Tool, closed: Option<&str>) {
        spec.text("name", &tool.name);
        let description = tool.description.as_deref();
        spec.text_if("description", description.filter(|text| !text.trim().is_empty()));
        spec.key("inputSchema").object(|object| match (closed, &tool.schema) {
            (Some(closed), _) => object.key("json").raw(closed),
            (None, Some(schema)) => object.json("json", schema),
            (None, None) => object.key("json").raw(NO_ARGUMENTS),
        });
        let can_be =
            |strict: &bool| self.is_own || (self.follows_schemas && (!strict || closed.is_some()));
        spec.value_if("strict", tool.strict.filter(can_be));
        spec.rest(&tool.rest, DIALECT);
    }
}

fn past(spec: &mut Writer<'_>, name: &str) {
    spec.text("name", &fitting_name(name));
    spec.key("inputSchema").object(|object| object.key("json").raw(NO_ARGUMENTS));
}

fn write_choice(object: &mut Writer<'_>, choice: &ToolChoice) {
    match choice {
        ToolChoice::Auto | ToolChoice::None => object.key("auto").object(|_| {}),
        ToolChoice::Required => object.key("any").object(|_| {}),
        ToolChoice::Named(name) => object.key("tool").object(|tool| tool.text("name", name)),
    }
}

/// Whether the service takes this as a tool's name.
pub(super) fn is_name(name: &str) -> bool {
    matches!(fitting_name(name), Cow::Borrowed(_))
}

/// A name of the history, if need be in letters that are allowed.
pub(super) fn fitting_name(name: &str) -> Cow<'_, str> {
    fitted(name, MAX_NAME, is_plain)
}

/// An id, if need be in letters that are allowed: the same for a call and its result.
pub(super) fn fitting_id(id: &str) -> Cow<'_, str> {
    fitted(id, MAX_NAME, |letter| is_plain(letter) || matches!(letter, '.' | ':'))
}
