//! The messages of a call, one after another.

use std::collections::HashMap;

use super::content::list;
use super::spoken::Spoken;
use crate::dialect::chat_completions::kept::{is_marked, keep, mark};
use crate::neutral::{Part, Rest, Role, ToolResult, Turn};
use crate::scan::{Broken, Scanner, Value};

/// What has been said so far.
#[derive(Default)]
pub(crate) struct Conversation {
    /// What stands before everything else.
    pub(crate) system: Vec<Part>,
    /// Everything else.
    pub(crate) turns: Vec<Turn>,
    /// How many calls stand in it.
    calls: usize,
    /// Their names by their ids, and the other way round; of two the last.
    names: HashMap<String, String>,
    ids: HashMap<String, String>,
    /// The last message was a tool's.
    is_after_tool: bool,
}

/// One message.
#[derive(Default)]
struct Message<'a> {
    role: Option<Value<'a>>,
    content: Option<Value<'a>>,
    members: Vec<(&'a [u8], Value<'a>)>,
}

impl Conversation {
    /// Reads the next message; false if it is none.
    pub(crate) fn read(&mut self, scanner: &mut Scanner<'_>) -> Result<bool, Broken> {
        let mut message = Message::default();
        let is_object = scanner.members(|scanner, key| {
            let value = scanner.value()?;
            match key {
                _ if value.is_null() => {}
                b"role" => message.role = Some(value),
                b"content" => message.content = Some(value),
                _ => message.members.push((key, value)),
            }
            Ok(())
        })?;
        Ok(is_object && self.take(message))
    }

    fn take(&mut self, message: Message<'_>) -> bool {
        let Some(role) = message.role.and_then(|role| Some((role, role.text()?))) else {
            return false;
        };
        let is_tool = matches!(role.1, b"tool" | b"function");
        match role.1 {
            b"tool" | b"function" => self.result(message, role.1 == b"function"),
            b"assistant" => self.answer(message),
            b"system" | b"developer" => self.instruct(message, role.1 == b"developer"),
            _ => {
                let mut turn = message.turn(Role::User);
                if role.1 != b"user" {
                    keep(&mut turn.rest, b"role", role.0);
                }
                self.turns.push(turn);
            }
        }
        self.is_after_tool = is_tool;
        true
    }

    fn answer(&mut self, message: Message<'_>) {
        let mut spoken = Spoken::default();
        if let Some(content) = message.content {
            spoken.take(b"content", content);
        }
        for (key, value) in message.members {
            spoken.take(key, value);
        }
        let mut number = self.calls;
        let (parts, rest) = spoken.parts(|| {
            number += 1;
            format!("call_{number}")
        });
        for part in &parts {
            if let Part::ToolCall(call) = part {
                self.calls += 1;
                self.names.insert(call.id.clone(), call.name.clone());
                self.ids.insert(call.name.clone(), call.id.clone());
            }
        }
        self.turns.push(Turn { role: Role::Assistant, parts, rest });
    }

    fn instruct(&mut self, message: Message<'_>, is_developer: bool) {
        let mut turn = message.turn(Role::System);
        let is_list = is_marked(&turn.rest, "list");
        let is_leading = self.turns.is_empty()
            && matches!(turn.parts.first(), Some(Part::Text { .. }))
            && (!is_list || turn.rest.is_empty());
        if !is_leading {
            if is_developer {
                mark(&mut turn.rest, "developer");
            }
            return self.turns.push(turn);
        }
        if let Some(Part::Text { rest, .. }) = turn.parts.first_mut() {
            if !is_list {
                *rest = turn.rest;
                mark(rest, "string");
            }
            mark(rest, "message");
            if is_developer {
                mark(rest, "developer");
            }
        }
        self.system.append(&mut turn.parts);
    }

    fn result(&mut self, message: Message<'_>, is_elder: bool) {
        let (mut id, mut name, mut rest) = (None, None, Rest::default());
        for (key, value) in &message.members {
            match *key {
                b"tool_call_id" if id.is_none() => id = value.meaning(),
                b"name" if name.is_none() => name = value.meaning(),
                _ => keep(&mut rest, key, *value),
            }
        }
        if name.is_some() {
            mark(&mut rest, "name");
        }
        if is_elder {
            mark(&mut rest, "function_call");
            id = id.or_else(|| self.ids.get(name.as_ref()?).cloned());
        }
        let id = id.unwrap_or_default();
        let name = name.or_else(|| self.names.get(&id).cloned());
        let content = parts(message.content, &mut rest);
        let result = Part::ToolResult(ToolResult { id, name, content, is_error: false, rest });
        match self.turns.last_mut().filter(|_| self.is_after_tool) {
            Some(turn) => turn.parts.push(result),
            None => {
                let parts = vec![result];
                self.turns.push(Turn { role: Role::User, parts, rest: Rest::default() });
            }
        }
    }
}

impl Message<'_> {
    /// As a turn in which nothing but content is understood.
    fn turn(self, role: Role) -> Turn {
        let mut rest = Rest::default();
        for (key, value) in self.members {
            keep(&mut rest, key, value);
        }
        let parts = parts(self.content, &mut rest);
        Turn { role, parts, rest }
    }
}

/// A string or a list; anything else is kept.
fn parts(content: Option<Value<'_>>, rest: &mut Rest) -> Vec<Part> {
    let Some(content) = content else {
        mark(rest, "silent");
        return Vec::new();
    };
    if let Some(listed) = list(content) {
        mark(rest, "list");
        return listed;
    }
    if let Some(text) = content.meaning() {
        return vec![Part::text(text)];
    }
    keep(rest, b"content", content);
    Vec::new()
}
