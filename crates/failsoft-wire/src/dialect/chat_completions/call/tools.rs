//! Tools, and what may be done with them.

use crate::dialect::chat_completions::kept::{
    self, OWN, is_marked, keep, keep_inside, kept, mark, whole,
};
use crate::dialect::closed_schema::is_loose;
use crate::dialect::schemas::FREE_TEXT;
use crate::neutral::{Call, Hosted, Json, Rest, Tool, ToolChoice};
use crate::scan::Value;
use crate::write::Writer;

/// The search tool that is asked for by a parameter of its own.
const SEARCH: &str = "web_search_options";

/// Takes `tools`.
pub(super) fn read(call: &mut Call, value: Value<'_>) {
    value.items(|item| {
        let (mut kind, mut function, mut rest) = (None, None, Rest::default());
        item.members(|key, value| match key {
            b"type" => kind = value.meaning(),
            b"function" if value.is_object() => function = Some(value),
            _ => keep(&mut rest, key, value),
        });
        match (function, kind) {
            (Some(function), None) => call.tools.push(tool(function, rest)),
            (Some(function), Some(kind)) if kind == "function" => {
                call.tools.push(tool(function, rest));
            }
            (_, Some(kind)) if kind == "custom" => call.tools.extend(custom(item)),
            (_, kind) => {
                let kind = kind.unwrap_or_default();
                call.hosted.push(Hosted { kind, rest: whole(item) });
            }
        }
    });
}

/// Takes the elder `functions`.
pub(super) fn read_functions(call: &mut Call, value: Value<'_>) {
    value.items(|item| {
        let mut rest = Rest::default();
        mark(&mut rest, "functions");
        call.tools.push(tool(item, rest));
    });
}

/// Takes `web_search_options`.
pub(super) fn read_search(call: &mut Call, value: Value<'_>) {
    let mut rest = Rest::of(OWN);
    rest.mark(SEARCH);
    rest.keep(SEARCH.as_bytes(), value.raw);
    call.hosted.push(Hosted { kind: "web_search".to_owned(), rest });
}

fn tool(function: Value<'_>, mut rest: Rest) -> Tool {
    let (mut name, mut description, mut schema, mut strict) = (None, None, None, None);
    let mut inside = Rest::default();
    function.members(|key, value| match key {
        _ if value.is_null() => {}
        b"name" if name.is_none() => name = value.meaning(),
        b"description" if value.text().is_some() => description = value.meaning(),
        b"parameters" => schema = Some(Json::checked(value.raw)),
        b"strict" if value.boolean().is_some() => strict = value.boolean(),
        _ => keep(&mut inside, key, value),
    });
    keep_inside(&mut rest, "function", &inside);
    Tool { name: name.unwrap_or_default(), description, schema, strict, rest }
}

/// A tool with free text for arguments; how that is formed is this dialect's own.
fn custom(item: Value<'_>) -> Option<Tool> {
    let mut found = None;
    let mut rest = Rest::default();
    item.members(|key, value| match key {
        b"custom" => found = Some(value),
        b"type" => {}
        _ => keep(&mut rest, key, value),
    });
    let mut tool = tool(found?, rest);
    mark(&mut tool.rest, "custom");
    tool.schema = Json::new(FREE_TEXT);
    Some(tool)
}

/// Takes `tool_choice`; false if it must be kept beside.
pub(super) fn read_choice(call: &mut Call, value: Value<'_>) -> bool {
    if let Some(word) = value.text() {
        call.tool_choice = match word {
            b"auto" => Some(ToolChoice::Auto),
            b"none" => Some(ToolChoice::None),
            b"required" | b"any" => Some(ToolChoice::Required),
            _ => None,
        };
        if word == b"any" {
            call.rest.mark("any");
        }
        return call.tool_choice.is_some();
    }
    let (mut kind, mut named, mut mode, mut count) = (None, None, None, 0);
    value.members(|key, value| {
        count += 1;
        match key {
            b"type" => kind = value.text(),
            b"function" | b"custom" => named = named.take().or_else(|| name_in(value)),
            b"name" => named = value.meaning(),
            b"allowed_tools" => value.members(|key, value| {
                if key == b"mode" {
                    mode = value.text();
                }
            }),
            _ => {}
        }
    });
    call.tool_choice = match (named, mode) {
        (Some(name), _) => Some(ToolChoice::Named(name)),
        (None, Some(b"required")) => Some(ToolChoice::Required),
        (None, _) => Some(ToolChoice::Auto),
    };
    let is_named = matches!(call.tool_choice, Some(ToolChoice::Named(_)));
    let is_plain = is_named && kind == Some(b"function") && count == 2;
    if !is_plain {
        // Written back as it came; what it means to others stands above.
        mark(&mut call.rest, "tool_choice");
    }
    is_plain
}

/// Takes the elder `function_call`; false if it is not understood.
pub(super) fn read_function_choice(call: &mut Call, value: Value<'_>) -> bool {
    call.tool_choice = match value.text() {
        Some(b"auto") => Some(ToolChoice::Auto),
        Some(b"none") => Some(ToolChoice::None),
        Some(_) => None,
        None => name_in(value).map(ToolChoice::Named),
    };
    call.rest.mark("function_call");
    call.tool_choice.is_some()
}

fn name_in(value: Value<'_>) -> Option<String> {
    let mut name = None;
    value.members(|key, value| {
        if key == b"name" {
            name = value.meaning();
        }
    });
    name
}

/// Writes all of it.
pub(super) fn write(out: &mut Writer<'_>, call: &Call, is_own: bool) {
    let is_elder = |tool: &&Tool| is_marked(&tool.rest, "functions");
    let hosted = |one: &&Hosted| one.rest.is_of(OWN);
    let (search, items): (Vec<_>, Vec<_>) =
        call.hosted.iter().filter(hosted).partition(|one| is_marked(&one.rest, SEARCH));
    if call.tools.iter().any(|tool| !is_elder(&tool)) || !items.is_empty() {
        out.key("tools").array(|list| {
            call.tools
                .iter()
                .filter(|tool| !is_elder(tool))
                .for_each(|tool| write_tool(list, tool, is_own));
            for one in &items {
                list.object(|item| item.rest(&one.rest, OWN));
            }
        });
    }
    if call.tools.iter().any(|tool| is_elder(&tool)) {
        out.key("functions").array(|list| {
            for tool in call.tools.iter().filter(is_elder) {
                list.object(|item| write_function(item, tool, is_own));
            }
        });
    }
    for one in search {
        out.rest(&one.rest, OWN);
    }
    if is_own || !call.tools.is_empty() {
        write_choice(out, call);
        out.value_if("parallel_tool_calls", call.parallel_tools);
    }
}

fn write_tool(out: &mut Writer<'_>, tool: &Tool, is_own: bool) {
    let kind = if is_marked(&tool.rest, "custom") { "custom" } else { "function" };
    out.object(|item| {
        item.text("type", kind);
        item.key(kind).object(|inner| write_function(inner, tool, is_own));
        item.rest_but(&tool.rest, OWN, &["function"]);
    });
}

fn write_function(out: &mut Writer<'_>, tool: &Tool, is_own: bool) {
    out.text("name", &tool.name);
    out.text_if("description", tool.description.as_deref());
    if let Some(schema) = tool.schema.as_ref().filter(|_| !is_marked(&tool.rest, "custom")) {
        out.json("parameters", schema);
    }
    out.value_if("strict", tool.strict.filter(|_| is_own || !is_loose(tool)));
    kept::write_inside(out, &tool.rest, "function");
}

fn write_choice(out: &mut Writer<'_>, call: &Call) {
    let Some(choice) = &call.tool_choice else { return };
    if is_marked(&call.rest, "tool_choice") && kept(&call.rest, "tool_choice").is_some() {
        return;
    }
    let is_elder = is_marked(&call.rest, "function_call");
    let key = if is_elder { "function_call" } else { "tool_choice" };
    match choice {
        ToolChoice::Auto => out.text(key, "auto"),
        ToolChoice::None => out.text(key, "none"),
        ToolChoice::Required if is_marked(&call.rest, "any") => out.text(key, "any"),
        ToolChoice::Required => out.text(key, "required"),
        ToolChoice::Named(name) if is_elder => out.key(key).object(|one| one.text("name", name)),
        ToolChoice::Named(name) => out.key(key).object(|one| {
            one.text("type", "function");
            one.key("function").object(|function| function.text("name", name));
        }),
    }
}
