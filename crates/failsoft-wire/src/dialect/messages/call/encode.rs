//! Requests, written.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::members::kept;
use super::super::{HERE, names};
use super::block;
use super::fit::Layout;
use super::parameters::{self, Samplers};
use super::schema;
use super::thinking::Plan;
use crate::dialect::messages::rules::RULES;
use crate::dialect::notes::Notes;
use crate::dialect::rules::judge;
use crate::dialect::schemas::{FREE_TEXT, NO_ARGUMENTS};
use crate::neutral::{Call, Feature, OutputFormat, Role, Tool, ToolChoice};
use crate::translate::{Destination, Encoded, Unfit};
use crate::write::Writer;

/// What is left out or refused only where it stands in some places.
const BY_PART: [Feature; 2] = [Feature::AudioVideo, Feature::Thinking];

/// A call as a request. One of this dialect is written as it was; any other is fitted to what the
/// dialect and the model take.
pub(crate) fn encode_call(call: &Call, to: &Destination<'_>) -> Result<Encoded, Unfit> {
    let (body, notes) =
        if call.rest.is_of(HERE) { Body::own(call, to) } else { Body::translated(call, to)? };
    let mut bytes = Vec::with_capacity(4096);
    body.write(&mut bytes);
    Ok(Encoded { body: bytes, notes: notes.into_vec() })
}

/// Why another dialect's call cannot be written, if it cannot. No model changes that.
pub(crate) fn check_call(call: &Call) -> Result<(), Unfit> {
    let mut notes = judge(call, RULES, &BY_PART)?;
    Layout::translated(call, &Destination::NOBODY, &mut notes).map(|_| ())
}

/// A request before it is written.
struct Body<'a> {
    call: &'a Call,
    model: &'a str,
    is_own: bool,
    layout: Layout<'a>,
    plan: Plan<'a>,
    /// What the system prompt must say beside the caller's words.
    orders: Vec<String>,
    choice: Option<ToolChoice>,
    schema: Option<String>,
    /// For each tool, the schema it is kept to.
    closed: Vec<Option<String>>,
    samplers: Samplers,
    user: Option<&'a str>,
    stop: Vec<&'a str>,
}

impl<'a> Body<'a> {
    fn own(call: &'a Call, to: &Destination<'a>) -> (Self, Notes) {
        let layout = Layout::own(call);
        let (plan, notes) = Plan::own(call, to, &layout);
        let schema = match &call.output {
            OutputFormat::Schema { schema, .. } => Some(schema.as_str().to_owned()),
            OutputFormat::Text | OutputFormat::Json => None,
        };
        let has_more = kept(&call.rest, "metadata").is_some();
        let body = Self {
            call,
            model: to.model,
            is_own: true,
            layout,
            plan,
            orders: Vec::new(),
            choice: call.tool_choice.clone(),
            schema,
            closed: Vec::new(),
            samplers: Samplers::own(call),
            user: call.user.as_deref().filter(|_| !has_more),
            stop: call.stop.iter().map(String::as_str).collect(),
        };
        (body, notes)
    }

    fn translated(call: &'a Call, to: &Destination<'a>) -> Result<(Self, Notes), Unfit> {
        let mut notes = judge(call, RULES, &BY_PART)?;
        let layout = Layout::translated(call, to, &mut notes)?;
        let plan = Plan::translated(call, to, &layout, &mut notes);
        let mut orders = Vec::new();
        let schema = parameters::output(call, to, &mut orders, &mut notes);
        let choice = parameters::choice(call, to, &mut orders, &mut notes);
        let samplers = parameters::samplers(call, to, &plan, &mut notes);
        let body = Self {
            call,
            model: to.model,
            is_own: false,
            layout,
            plan,
            orders,
            choice,
            schema,
            closed: parameters::closed_tools(call, to, &mut notes),
            samplers,
            user: parameters::user(call, &mut notes),
            stop: parameters::stop(call, &mut notes),
        };
        Ok((body, notes))
    }

    fn write(&self, out: &mut Vec<u8>) {
        Writer::new(out).object(|writer| {
            writer.text("model", self.model);
            writer.value("max_tokens", self.plan.max_tokens);
            self.write_system(writer);
            writer.key("messages").array(|writer| self.write_messages(writer));
            self.write_tools(writer);
            self.plan.write(writer);
            self.write_output(writer);
            self.samplers.write(writer);
            if !self.stop.is_empty() {
                writer.value("stop_sequences", &self.stop);
            }
            if let Some(user) = self.user {
                writer.key("metadata").object(|writer| writer.text("user_id", user));
            }
            if self.call.stream {
                writer.value("stream", true);
            }
            writer.rest(&self.call.rest, HERE);
        });
    }

    fn write_system(&self, writer: &mut Writer<'_>) {
        let parts = &self.layout.system;
        if parts.is_empty() && self.orders.is_empty() {
            return;
        }
        writer.key("system");
        match (parts.as_slice(), self.orders.as_slice()) {
            ([], [order]) => writer.string(order),
            ([part], []) if block::plain_text(part).is_some() => {
                writer.string(block::plain_text(part).unwrap_or_default());
            }
            _ => writer.array(|writer| {
                parts.iter().for_each(|part| block::part(writer, part));
                for order in &self.orders {
                    writer.object(|writer| {
                        writer.text("type", "text");
                        writer.text("text", order);
                    });
                }
            }),
        }
    }

    fn write_messages(&self, writer: &mut Writer<'_>) {
        for message in &self.layout.messages {
            writer.object(|writer| {
                writer.text("role", role(message.role));
                block::content(writer.key("content"), &message.blocks);
                if let Some(rest) = message.rest {
                    writer.rest(rest, HERE);
                }
            });
        }
    }

    fn write_tools(&self, writer: &mut Writer<'_>) {
        let called: Vec<_> = if self.is_own { Vec::new() } else { self.layout.called().collect() };
        let has_tools = !self.call.tools.is_empty() || !self.call.hosted.is_empty();
        if has_tools {
            writer.key("tools").array(|writer| self.write_each_tool(writer));
            self.write_choice(writer);
        } else if !called.is_empty() {
            write_former_tools(writer, &called);
        } else if self.is_own {
            self.write_choice(writer);
        }
    }

    fn write_each_tool(&self, writer: &mut Writer<'_>) {
        let mut known = HashSet::new();
        for (index, tool) in self.call.tools.iter().enumerate() {
            // Two tools of one name are refused.
            if self.is_own || known.insert(tool.name.as_str()) {
                let closed = self.closed.get(index).and_then(Option::as_deref);
                self.write_tool(writer, tool, closed);
            }
        }
        for hosted in &self.call.hosted {
            writer.object(|writer| writer.rest(&hosted.rest, HERE));
        }
    }

    fn write_tool(&self, writer: &mut Writer<'_>, tool: &Tool, closed: Option<&str>) {
        let description = tool.description.as_deref();
        writer.object(|writer| {
            writer.text("name", &names::tool(&tool.name));
            writer
                .text_if("description", description.filter(|text| self.is_own || !text.is_empty()));
            if self.is_own {
                if let Some(schema) = &tool.schema {
                    writer.json("input_schema", schema);
                }
                writer.value_if("strict", tool.strict);
            } else if let Some(schema) = closed {
                writer.key("input_schema").raw(schema);
                writer.value("strict", true);
            } else {
                writer.key("input_schema").raw(&self.tool_schema(tool));
            }
            writer.rest(&tool.rest, HERE);
        });
    }

    fn tool_schema<'t>(&self, tool: &'t Tool) -> Cow<'t, str> {
        match &tool.schema {
            Some(schema) => schema::of_tool(schema),
            None if self.layout.custom.contains(&tool.name.as_str()) => FREE_TEXT.into(),
            None => NO_ARGUMENTS.into(),
        }
    }

    fn write_choice(&self, writer: &mut Writer<'_>) {
        let single = self.call.parallel_tools.map(|parallel| !parallel);
        let (kind, name) = match &self.choice {
            Some(ToolChoice::Auto) => ("auto", None),
            Some(ToolChoice::Required) => ("any", None),
            Some(ToolChoice::Named(name)) => ("tool", Some(name)),
            Some(ToolChoice::None) => ("none", None),
            None if single == Some(true) => ("auto", None),
            None => return,
        };
        writer.key("tool_choice").object(|writer| {
            writer.text("type", kind);
            writer.text_if("name", name.map(|name| names::tool(name)).as_deref());
            writer.value_if("disable_parallel_tool_use", single.filter(|_| kind != "none"));
        });
    }

    fn write_output(&self, writer: &mut Writer<'_>) {
        const KEPT: &str = "output_config.";
        let reasoning = self.call.reasoning.as_ref();
        let members =
            reasoning.map(|reasoning| reasoning.rest.members_for(HERE)).unwrap_or_default();
        let mut others =
            members.iter().filter_map(|(key, json)| Some((key.strip_prefix(KEPT)?, json)));
        let first = others.next();
        if self.plan.effort.is_none() && self.schema.is_none() && first.is_none() {
            return;
        }
        writer.key("output_config").object(|writer| {
            writer.text_if("effort", self.plan.effort);
            if let Some(schema) = &self.schema {
                writer.key("format").object(|writer| {
                    writer.text("type", "json_schema");
                    writer.key("schema").raw(schema);
                });
            }
            for (key, json) in first.into_iter().chain(others) {
                writer.json(key, json);
            }
        });
    }
}

/// Tools the conversation called and the call no longer names: the dialect wants to know them.
fn write_former_tools(writer: &mut Writer<'_>, called: &[&str]) {
    let mut known = HashSet::new();
    writer.key("tools").array(|writer| {
        for name in called.iter().filter(|name| known.insert(**name)) {
            writer.object(|writer| {
                writer.text("name", &names::tool(name));
                writer.key("input_schema").raw(NO_ARGUMENTS);
            });
        }
    });
    writer.key("tool_choice").object(|writer| writer.text("type", "none"));
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System => "system",
    }
}
