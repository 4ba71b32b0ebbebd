//! Plain answers of status 200, and what their items hold.

use crate::dialect::failure::span;
use crate::reply::{Arguments, FlatError, Flaw, ReplyHead, TokenCount};
use crate::scan::{Broken, Scanner, Value};

/// Reads a plain answer.
pub(crate) fn read_reply(body: &[u8]) -> ReplyHead {
    let mut scanner = Scanner::new(body);
    let mut top = Answer::default();
    let mut flat = FlatError::default();
    let scanned = scanner.members(|scanner, key| {
        let value = scanner.value()?;
        top.note(key, value);
        flat.note(key, value);
        Ok(())
    });
    let flaw = match scanned.and_then(|is_object| scanner.end().map(|()| is_object)) {
        Ok(_) if flat.is_one() && !top.has_output() => Some(Flaw::Error(span(body))),
        Ok(is_object) => top.judge(is_object, body),
        Err(broken) => Some(Flaw::of_broken(broken, body)),
    };
    ReplyHead { flaw, model: top.model(), usage: top.usage() }
}

/// The members of a `response` object that matter.
#[derive(Clone, Copy, Default)]
pub(super) struct Answer<'a> {
    status: Option<&'a [u8]>,
    is_error: bool,
    is_background: bool,
    model: Option<Value<'a>>,
    usage: Option<Value<'a>>,
    output: Option<Value<'a>>,
}

impl<'a> Answer<'a> {
    /// Takes a member.
    pub(super) fn note(&mut self, key: &[u8], value: Value<'a>) {
        match key {
            b"status" => self.status = value.text(),
            b"error" => self.is_error |= value.is_full(),
            b"background" => self.is_background = value.boolean() == Some(true),
            b"model" => self.model = Some(value),
            b"usage" => self.usage = Some(value),
            b"output" => self.output = Some(value),
            _ => {}
        }
    }

    pub(super) fn model(&self) -> Option<String> {
        self.model?.string()
    }

    pub(super) fn usage(&self) -> TokenCount {
        let mut usage = TokenCount::default();
        if let Some(value) = self.usage {
            // The value was checked before: it cannot be broken.
            _ = usage.read(&mut Scanner::new(value.raw));
        }
        usage
    }

    pub(super) fn status(&self) -> Option<&'a [u8]> {
        self.status
    }

    /// It holds an error, or says that it failed.
    pub(super) fn has_failed(&self) -> bool {
        self.is_error || self.status == Some(b"failed")
    }

    /// What its items hold.
    pub(super) fn held(&self) -> Held {
        let mut held = Held::default();
        if let Some(output) = self.output {
            held.read(output);
        }
        held
    }

    fn has_output(&self) -> bool {
        self.output.is_some_and(|output| output.is_array())
    }

    fn judge(&self, is_object: bool, body: &[u8]) -> Option<Flaw> {
        if self.has_failed() {
            return Some(Flaw::Error(span(body)));
        }
        match self.status {
            _ if !is_object || !self.has_output() => Some(Flaw::WrongShape),
            // It said honestly why it stops: it may be short, empty, or cut inside a tool call.
            Some(b"incomplete") => None,
            // It goes on without its caller, who asks for it later.
            Some(b"queued" | b"in_progress") if self.is_background => None,
            Some(status @ (b"queued" | b"in_progress" | b"cancelled")) => {
                Some(Flaw::BrokenOff(String::from_utf8_lossy(status).into_owned()))
            }
            Some(_) | None => self.held().flaw(),
        }
    }
}

/// What the items of an answer hold.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) has_content: bool,
    has_broken_arguments: bool,
}

impl Held {
    /// What is wrong with a whole answer of these items.
    pub(super) fn flaw(&self) -> Option<Flaw> {
        if !self.has_content {
            Some(Flaw::Empty)
        } else {
            self.has_broken_arguments.then_some(Flaw::InvalidToolArguments)
        }
    }

    fn read(&mut self, output: Value<'_>) {
        // The value was checked before: it cannot be broken.
        _ = Scanner::new(output.raw).items(|scanner| {
            let mut item = Item::default();
            scanner.members(|scanner, key| item.read(scanner, key))?;
            self.has_content |= item.has_content();
            self.has_broken_arguments |= item.has_broken_arguments();
            Ok(())
        });
    }
}

/// One item of an answer.
#[derive(Default)]
pub(super) struct Item<'a> {
    pub(super) kind: &'a [u8],
    pub(super) arguments: Option<Value<'a>>,
    has_words: bool,
}

impl<'a> Item<'a> {
    /// Takes one member.
    pub(super) fn read(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        match key {
            b"type" => self.kind = scanner.value()?.text().unwrap_or_default(),
            b"arguments" => self.arguments = Some(scanner.value()?),
            b"encrypted_content" => self.has_words |= scanner.value()?.is_full(),
            b"content" | b"summary" => {
                scanner.items(|scanner| self.part(scanner))?;
            }
            _ => _ = scanner.value()?,
        }
        Ok(())
    }

    /// Messages and thoughts may be empty; a list of tools is nothing the model said; any other
    /// item is content as it stands.
    pub(super) fn has_content(&self) -> bool {
        match self.kind {
            b"message" | b"reasoning" => self.has_words,
            b"" | b"mcp_list_tools" => false,
            _ => true,
        }
    }

    fn part(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Broken> {
        scanner.members(|scanner, key| {
            let is_full = scanner.value()?.is_full();
            self.has_words |= is_full && matches!(key, b"text" | b"refusal");
            Ok(())
        })?;
        Ok(())
    }

    fn has_broken_arguments(&self) -> bool {
        let mut arguments = Arguments::default();
        if let Some(value) = self.arguments.filter(|_| self.kind == b"function_call") {
            arguments.push(value);
        }
        !arguments.are_whole()
    }
}
