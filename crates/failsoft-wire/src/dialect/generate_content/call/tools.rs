//! Tools, read and written.

use super::super::keys::{HERE, camel, has_outside, write_outside};
use super::super::{parts, schema};
use crate::neutral::{Call, Hosted, Rest, Tool, ToolChoice};
use crate::request::RequestProblem;
use crate::scan::{Broken, Scanner, Value};
use crate::write::Writer;

/// Reads `tools`.
pub(super) fn read(call: &mut Call, tools: Value<'_>) -> Result<(), RequestProblem> {
    if tools.is_object() {
        read_entry(call, tools);
        return Ok(());
    }
    // The value was checked before: it cannot be broken.
    let read = Scanner::new(tools.raw).items(|scanner| {
        read_entry(call, scanner.value()?);
        Ok(())
    });
    let wrong = RequestProblem::WrongType { param: "tools", wanted: "an array" };
    if read == Ok(true) { Ok(()) } else { Err(wrong) }
}

/// Reads an entry, which may hold functions and tools of Google's.
fn read_entry(call: &mut Call, entry: Value<'_>) {
    _ = Scanner::new(entry.raw).members(|scanner, key| {
        let value = scanner.value()?;
        if value.is_null() {
            return Ok(());
        }
        if camel(key).as_ref() == b"functionDeclarations" {
            return declarations(call, value);
        }
        let mut rest = Rest::of(HERE);
        rest.keep(key, value.raw);
        let kind = String::from_utf8_lossy(&camel(key)).into_owned();
        call.hosted.push(Hosted { kind, rest });
        Ok(())
    });
}

fn declarations(call: &mut Call, value: Value<'_>) -> Result<(), Broken> {
    if value.is_object() {
        call.tools.push(declaration(value)?);
        return Ok(());
    }
    Scanner::new(value.raw).items(|scanner| {
        let tool = declaration(scanner.value()?)?;
        call.tools.push(tool);
        Ok(())
    })?;
    Ok(())
}

fn declaration(value: Value<'_>) -> Result<Tool, Broken> {
    let mut tool = Tool {
        name: String::new(),
        description: None,
        schema: None,
        strict: None,
        rest: Rest::of(HERE),
    };
    Scanner::new(value.raw).members(|scanner, key| {
        let value = scanner.value()?;
        match camel(key).as_ref() {
            _ if value.is_null() => {}
            b"name" => tool.name = value.string().unwrap_or_default(),
            b"description" => tool.description = value.string(),
            b"parametersJsonSchema" => tool.schema = Some(parts::json(value)),
            b"parameters" => {
                tool.rest.keep(key, value.raw);
                tool.schema.get_or_insert_with(|| schema::json_schema(value.raw));
            }
            _ => tool.rest.keep(key, value.raw),
        }
        Ok(())
    })?;
    Ok(tool)
}

/// Writes `tools`.
pub(super) fn write(body: &mut Writer<'_>, call: &Call) {
    if call.tools.is_empty() && call.hosted.is_empty() {
        return;
    }
    body.key("tools").array(|tools| {
        if !call.tools.is_empty() {
            tools.object(|entry| {
                entry.key("functionDeclarations").array(|list| {
                    call.tools.iter().for_each(|tool| write_declaration(list, tool));
                });
            });
        }
        for hosted in &call.hosted {
            tools.object(|entry| write_outside(entry, &hosted.rest));
        }
    });
}

fn write_declaration(list: &mut Writer<'_>, tool: &Tool) {
    list.object(|object| {
        object.text("name", &tool.name);
        object.text_if("description", tool.description.as_deref());
        if let Some(schema) = &tool.schema
            && !has_outside(&tool.rest, "parameters")
        {
            object.json("parametersJsonSchema", schema);
        }
        write_outside(object, &tool.rest);
    });
}

/// Writes `toolConfig`, unless it was kept as it is. Without functions it would be refused.
pub(super) fn write_choice(body: &mut Writer<'_>, call: &Call) {
    if has_outside(&call.rest, "toolConfig") {
        return;
    }
    let is_strict = call.tools.iter().any(|tool| tool.strict == Some(true));
    if call.tools.is_empty() && !call.rest.is_of(HERE) {
        return;
    }
    let (mode, name) = match &call.tool_choice {
        Some(ToolChoice::None) => ("NONE", None),
        Some(ToolChoice::Required) => ("ANY", None),
        Some(ToolChoice::Named(name)) => ("ANY", Some(name)),
        Some(ToolChoice::Auto) | None if is_strict => ("VALIDATED", None),
        Some(ToolChoice::Auto) => ("AUTO", None),
        None => return,
    };
    body.key("toolConfig").object(|config| {
        config.key("functionCallingConfig").object(|config| {
            config.text("mode", mode);
            if let Some(name) = name {
                config.key("allowedFunctionNames").array(|names| names.string(name));
            }
        });
    });
}
