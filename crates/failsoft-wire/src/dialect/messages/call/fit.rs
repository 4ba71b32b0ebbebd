//! The order this dialect demands: turns alternate and begin with the user, every tool call is
//! answered in the next turn, and nothing is empty.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::names;
use super::ids::Ids;
use super::media;
use crate::dialect::claude::Generation;
use crate::dialect::instructions::GO_ON;
use crate::dialect::notes::Notes;
use crate::neutral::{
    Call, Feature, Media, OutputFormat, Part, Rest, Role, ToolCall, ToolResult, Turn,
};
use crate::translate::{Destination, Unfit};

/// What a user says where the dialect wants a user and there is none.
const NOTHING: &str = ".";

/// The conversation as it will be written.
#[derive(Debug, Default)]
pub(super) struct Layout<'a> {
    /// What stands before the conversation.
    pub(super) system: Vec<&'a Part>,
    /// The turns.
    pub(super) messages: Vec<Message<'a>>,
    /// Tools that took free text for arguments.
    pub(super) custom: Vec<&'a str>,
}

/// A turn.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) role: Role,
    pub(super) blocks: Vec<Block<'a>>,
    /// What the dialect itself adds.
    pub(super) rest: Option<&'a Rest>,
}

/// A block of a turn.
#[derive(Debug)]
pub(super) enum Block<'a> {
    /// A part as it stands.
    Part(&'a Part),
    /// An image or a document of another dialect.
    Media(&'a Media),
    /// Words.
    Words(Cow<'a, str>),
    /// A tool call under the id the dialect takes.
    Call(&'a ToolCall, Cow<'a, str>),
    /// A tool's answer under the same id.
    Result(&'a ToolResult, Cow<'a, str>),
    /// A tool call that nobody answered.
    NoResult(Cow<'a, str>),
}

impl<'a> Layout<'a> {
    /// A call of this dialect, as it stands; turns that lost all they held are left out.
    pub(super) fn own(call: &'a Call) -> Self {
        let mut layout = Self { system: call.system.iter().collect(), ..Self::default() };
        for turn in &call.turns {
            let blocks: Vec<_> = turn.parts.iter().filter_map(own_block).collect();
            if !blocks.is_empty() {
                let rest = Some(&turn.rest);
                layout.messages.push(Message { role: turn.role, blocks, rest });
            }
        }
        layout
    }

    /// A call of another dialect.
    pub(super) fn translated(
        call: &'a Call,
        to: &Destination<'_>,
        notes: &mut Notes,
    ) -> Result<Self, Unfit> {
        let mut fitter = Fitter { layout: Self::default(), ids: Ids::default(), notes };
        for part in &call.system {
            fitter.system(part);
        }
        for turn in &call.turns {
            fitter.turn(turn)?;
        }
        fitter.pair();
        fitter.begin();
        fitter.end(call, to);
        Ok(fitter.layout)
    }

    /// Whether the tools' results at the end answer a turn without thoughts: then the dialect does
    /// not let the model think within a budget.
    pub(super) fn lacks_thoughts(&self) -> bool {
        let mut first = None;
        let mut before = self.messages.as_slice();
        if let [earlier @ .., last] = before
            && last.role == Role::Assistant
        {
            first = Some(last);
            before = earlier;
        }
        while let [earlier @ .., asked, answered] = before
            && asked.role == Role::Assistant
            && answered.blocks.iter().any(|block| matches!(block, Block::Result(..)))
        {
            first = Some(asked);
            before = earlier;
        }
        first.is_some_and(|message| !message.blocks.first().is_some_and(Block::is_thought))
    }

    /// The tools the conversation called.
    pub(super) fn called(&self) -> impl Iterator<Item = &'a str> {
        let blocks = self.messages.iter().flat_map(|message| &message.blocks);
        blocks.filter_map(|block| match block {
            Block::Call(call, _) => Some(call.name.as_str()),
            Block::Part(_)
            | Block::Media(_)
            | Block::Words(_)
            | Block::Result(..)
            | Block::NoResult(_) => None,
        })
    }
}

impl Block<'_> {
    fn is_thought(&self) -> bool {
        matches!(self, Block::Part(Part::Thinking { .. }))
    }
}

fn own_block(part: &Part) -> Option<Block<'_>> {
    Some(match part {
        Part::ToolCall(call) => Block::Call(call, names::id(&call.id)),
        Part::ToolResult(result) => Block::Result(result, names::id(&result.id)),
        Part::Thinking { seal: None, .. } => return None,
        Part::Text { .. }
        | Part::Refusal(_)
        | Part::Thinking { .. }
        | Part::Media(_)
        | Part::Foreign(_) => Block::Part(part),
    })
}

struct Fitter<'a, 'n> {
    layout: Layout<'a>,
    ids: Ids<'a>,
    notes: &'n mut Notes,
}

impl<'a> Fitter<'a, '_> {
    fn system(&mut self, part: &'a Part) {
        match part {
            Part::Text { text, .. } if is_blank(text) => {}
            Part::Text { .. } => self.layout.system.push(part),
            Part::Media(media) => self.notes.dropped(media.feature()),
            Part::Refusal(_)
            | Part::Thinking { .. }
            | Part::ToolCall(_)
            | Part::ToolResult(_)
            | Part::Foreign(_) => self.notes.dropped(Feature::ForeignParts),
        }
    }

    fn turn(&mut self, turn: &'a Turn) -> Result<(), Unfit> {
        let role = match turn.role {
            Role::System => {
                if self.layout.messages.is_empty() {
                    turn.parts.iter().for_each(|part| self.system(part));
                    return Ok(());
                }
                Role::User
            }
            Role::User | Role::Assistant => turn.role,
        };
        for part in &turn.parts {
            if let Some(block) = self.block(role, part)? {
                self.push(role, block);
            }
        }
        Ok(())
    }

    fn push(&mut self, role: Role, block: Block<'a>) {
        match self.layout.messages.last_mut() {
            Some(last) if last.role == role => last.blocks.push(block),
            Some(_) | None => {
                self.layout.messages.push(Message { role, blocks: vec![block], rest: None });
            }
        }
    }

    fn block(&mut self, role: Role, part: &'a Part) -> Result<Option<Block<'a>>, Unfit> {
        Ok(match (part, role) {
            (Part::Text { text, .. } | Part::Refusal(text), _) => words(text),
            (Part::Thinking { seal: Some(_), .. }, Role::Assistant) => Some(Block::Part(part)),
            (Part::Thinking { .. }, _) => self.lost(Feature::Thinking),
            (Part::Media(media), Role::User) => {
                media::check(media)?;
                Some(Block::Media(media))
            }
            (Part::Media(media), _) => self.lost(media.feature()),
            (Part::ToolCall(call), Role::Assistant) => {
                if call.is_custom {
                    self.layout.custom.push(&call.name);
                }
                Some(Block::Call(call, self.ids.of_call(&call.id)))
            }
            (Part::ToolResult(result), Role::User) => {
                for part in &result.content {
                    if let Part::Media(media) = part {
                        media::check(media)?;
                    }
                }
                Some(Block::Result(result, self.ids.of_result(&result.id)))
            }
            (Part::ToolCall(_) | Part::ToolResult(_) | Part::Foreign(_), _) => {
                self.lost(Feature::ForeignParts)
            }
        })
    }

    fn lost(&mut self, feature: Feature) -> Option<Block<'a>> {
        self.notes.dropped(feature);
        None
    }

    /// Puts the answer to each tool call first in the turn behind it, and nowhere else.
    fn pair(&mut self) {
        let mut asked: Vec<Cow<'a, str>> = Vec::new();
        let mut paired = Vec::with_capacity(self.layout.messages.len() + 1);
        for mut message in std::mem::take(&mut self.layout.messages) {
            match message.role {
                Role::Assistant => {
                    let ids = message.blocks.iter().filter_map(|block| match block {
                        Block::Call(_, id) => Some(id.clone()),
                        Block::Part(_)
                        | Block::Media(_)
                        | Block::Words(_)
                        | Block::Result(..)
                        | Block::NoResult(_) => None,
                    });
                    asked = ids.collect();
                }
                Role::User | Role::System => {
                    message.blocks = self.answered(&mut asked, message.blocks);
                }
            }
            paired.push(message);
        }
        if !asked.is_empty() {
            let blocks = self.answered(&mut asked, Vec::new());
            paired.push(Message { role: Role::User, blocks, rest: None });
        }
        self.layout.messages = paired;
    }

    fn answered(
        &mut self,
        asked: &mut Vec<Cow<'a, str>>,
        blocks: Vec<Block<'a>>,
    ) -> Vec<Block<'a>> {
        let mut results = Vec::with_capacity(blocks.len());
        let mut others = Vec::new();
        let mut open: HashMap<Cow<'a, str>, usize> = HashMap::with_capacity(asked.len());
        asked.iter().for_each(|id| *open.entry(id.clone()).or_default() += 1);
        for block in blocks {
            match block {
                Block::Result(result, id) => match open.get_mut(&id).filter(|count| **count > 0) {
                    Some(count) => {
                        *count -= 1;
                        results.push(Block::Result(result, id));
                    }
                    None => self.tell(result, &mut others),
                },
                Block::Part(_)
                | Block::Media(_)
                | Block::Words(_)
                | Block::Call(..)
                | Block::NoResult(_) => others.push(block),
            }
        }
        let mut is_open = |id: &Cow<'a, str>| {
            let count = open.get_mut(id).filter(|count| **count > 0);
            count.map(|count| *count -= 1).is_some()
        };
        let unanswered = asked.drain(..).filter(|id| is_open(id)).map(Block::NoResult);
        let answered = results.len();
        results.extend(unanswered);
        self.notes.emulated_if(Feature::ToolResults, results.len() > answered);
        results.extend(others);
        results
    }

    /// A tool's answer to a call that does not stand before it, in words.
    fn tell(&mut self, result: &'a ToolResult, blocks: &mut Vec<Block<'a>>) {
        self.notes.emulated(Feature::ToolResults);
        let name = result.name.as_deref().unwrap_or("a tool");
        blocks.push(Block::Words(Cow::Owned(format!("What {name} answered:"))));
        for part in &result.content {
            match part {
                Part::Text { text, .. } => blocks.extend(words(text)),
                Part::Media(media) => blocks.push(Block::Media(media)),
                Part::Refusal(_)
                | Part::Thinking { .. }
                | Part::ToolCall(_)
                | Part::ToolResult(_)
                | Part::Foreign(_) => self.notes.dropped(Feature::ForeignParts),
            }
        }
    }

    fn begin(&mut self) {
        if self.layout.messages.first().is_none_or(|first| first.role != Role::User) {
            let blocks = vec![Block::Words(Cow::Borrowed(NOTHING))];
            self.layout.messages.insert(0, Message { role: Role::User, blocks, rest: None });
        }
    }

    /// An answer's beginning at the end: without thoughts and without white space behind it, or
    /// asked for in words where the model takes none.
    fn end(&mut self, call: &Call, to: &Destination<'_>) {
        let Some(last) = self.layout.messages.last_mut() else { return };
        if last.role != Role::Assistant {
            return;
        }
        last.blocks.retain(|block| !block.is_thought());
        while let Some(Block::Words(text)) = last.blocks.last_mut() {
            let end = text.trim_end().len();
            if end > 0 {
                *text = Cow::Owned(text.get(..end).unwrap_or_default().to_owned());
                break;
            }
            last.blocks.pop();
        }
        if last.blocks.is_empty() {
            self.layout.messages.pop();
            self.begin();
            return;
        }
        let has_schema = matches!(call.output, OutputFormat::Schema { .. });
        if has_schema || !Generation::of(to.model).takes_prefill() {
            self.notes.emulated(Feature::Prefill);
            self.push(Role::User, Block::Words(Cow::Borrowed(GO_ON)));
        }
    }
}

fn words(text: &str) -> Option<Block<'_>> {
    (!is_blank(text)).then_some(Block::Words(Cow::Borrowed(text)))
}

/// The dialect takes no block of white space.
pub(super) fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
