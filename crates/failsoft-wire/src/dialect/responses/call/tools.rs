//! Tools, read and written.

use super::super::item::Origin;
use super::super::kept::{AT, CUSTOM, OWN, RAW, kept as kept_member};
use super::schema;
use crate::dialect::closed_schema::is_loose;
use crate::dialect::members::Members;
use crate::dialect::schemas::{FREE_TEXT, NO_ARGUMENTS};
use crate::neutral::{Call, Hosted, Json, Rest, Tool, ToolChoice};
use crate::scan::Value;
use crate::write::Writer;

/// Reads the definitions.
pub(super) fn read(call: &mut Call, list: Value<'_>) {
    let mut at = 0_usize;
    list.items(|value| {
        let members = Members::of(value);
        match members.word("type") {
            b"function" => call.tools.push(function(members, value)),
            b"custom" => call.tools.push(custom(members)),
            kind => {
                let kind = String::from_utf8_lossy(kind).into_owned();
                let mut rest = members.rest(OWN);
                rest.keep(AT.as_bytes(), at.to_string().as_bytes());
                call.hosted.push(Hosted { kind, rest });
            }
        }
        at += 1;
    });
}

fn function(mut members: Members<'_>, value: Value<'_>) -> Tool {
    // Some callers nest it as `chat_completions` does.
    let nested = members.find("function").filter(Value::is_object).map(Members::of);
    let rest = nested.as_ref().map(|_| {
        let mut rest = Rest::of(OWN);
        rest.keep(RAW.as_bytes(), value.raw);
        rest
    });
    let outer_name = members.take_text("name");
    let mut said = nested.unwrap_or_else(|| {
        members.take("type");
        members
    });
    let schema = said.find("parameters").filter(Value::is_object);
    if schema.is_some() {
        said.take("parameters");
    }
    Tool {
        name: said.take_text("name").or(outer_name).unwrap_or_default(),
        description: said.take_text("description"),
        schema: schema.map(|schema| Json::checked(schema.raw)),
        strict: said.take("strict").and_then(|strict| strict.boolean()),
        rest: rest.unwrap_or_else(|| said.rest(OWN)),
    }
}

fn custom(mut members: Members<'_>) -> Tool {
    let name = members.take_text("name").unwrap_or_default();
    let description = members.take_text("description");
    let mut rest = members.rest(OWN);
    rest.mark(CUSTOM);
    Tool { name, description, schema: Json::new(FREE_TEXT), strict: None, rest }
}

/// Reads what may be called. What others cannot say is kept too.
pub(super) fn read_choice(call: &mut Call, value: Value<'_>) {
    let members = Members::of(value);
    let nested = members.find("function").map(Members::of);
    let name =
        members.find("name").or_else(|| nested.as_ref()?.find("name")).and_then(Value::meaning);
    let mut is_exact = true;
    call.tool_choice = match (value.text(), members.word("type")) {
        (Some(b"auto"), _) => Some(ToolChoice::Auto),
        (Some(b"none"), _) => Some(ToolChoice::None),
        (Some(b"required"), _) => Some(ToolChoice::Required),
        (None, b"function" | b"custom") => {
            is_exact = nested.is_none();
            name.map(ToolChoice::Named)
        }
        (None, b"allowed_tools") => {
            is_exact = false;
            let is_required = members.word("mode") == b"required";
            Some(if is_required { ToolChoice::Required } else { ToolChoice::Auto })
        }
        (_, _) => None,
    };
    if call.tool_choice.is_none() || !is_exact {
        call.rest.keep(b"tool_choice", value.raw);
    }
}

/// Writes the definitions, each where it stood.
pub(super) fn write(out: &mut Writer<'_>, call: &Call, origin: Origin) {
    let mut hosted = call.hosted.iter().peekable();
    let mut tools = call.tools.iter();
    out.key("tools").array(|list| {
        for at in 0..call.hosted.len() + call.tools.len() {
            let is_here = |hosted: &&Hosted| {
                kept_member(&hosted.rest, AT).is_none_or(|json| json.as_str() == at.to_string())
            };
            if let Some(hosted) = hosted.next_if(is_here) {
                list.object(|object| object.rest(&hosted.rest, OWN));
            } else if let Some(tool) = tools.next() {
                write_tool(list, tool, origin);
            } else if let Some(hosted) = hosted.next() {
                list.object(|object| object.rest(&hosted.rest, OWN));
            }
        }
    });
}

fn write_tool(out: &mut Writer<'_>, tool: &Tool, origin: Origin) {
    if let Some(raw) = kept_member(&tool.rest, RAW) {
        return out.raw(raw.as_str());
    }
    out.object(|object| {
        if is_custom(tool) {
            object.text("name", &tool.name);
            object.text_if("description", tool.description.as_deref());
            return object.rest(&tool.rest, OWN);
        }
        object.text("type", "function");
        object.text("name", &tool.name);
        object.text_if("description", tool.description.as_deref());
        match (&tool.schema, origin) {
            (Some(schema), Origin::Own) => object.json("parameters", schema),
            (Some(schema), Origin::Other) => {
                object.key("parameters").raw(&schema::of_object(schema))
            }
            (None, Origin::Own) => {}
            (None, Origin::Other) => object.key("parameters").raw(NO_ARGUMENTS),
        }
        // Left out it would mean yes.
        let default = (origin == Origin::Other).then_some(false);
        let said = tool.strict.filter(|_| origin == Origin::Own || !is_loose(tool));
        object.value_if("strict", said.or(default));
        object.rest(&tool.rest, OWN);
    });
}

/// Whether it takes free text.
pub(super) fn is_custom(tool: &Tool) -> bool {
    tool.rest.is_marked(OWN, CUSTOM)
}

/// Writes what may be called.
pub(super) fn write_choice(out: &mut Writer<'_>, call: &Call) {
    if kept_member(&call.rest, "tool_choice").is_some() {
        return;
    }
    match &call.tool_choice {
        Some(ToolChoice::Auto) => out.text("tool_choice", "auto"),
        Some(ToolChoice::None) => out.text("tool_choice", "none"),
        Some(ToolChoice::Required) => out.text("tool_choice", "required"),
        Some(ToolChoice::Named(name)) => {
            let tool = call.tools.iter().find(|tool| tool.name == *name);
            let kind = if tool.is_some_and(is_custom) { "custom" } else { "function" };
            out.key("tool_choice").object(|choice| {
                choice.text("type", kind);
                choice.text("name", name);
            });
        }
        None => {}
    }
}
