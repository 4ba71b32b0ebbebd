//! The conversation as the service wants it: roles in turn, results first, nothing empty.

use std::borrow::Cow;

use super::decode::has_tool_blocks;
use crate::dialect::bedrock_converse::DIALECT;
use crate::dialect::bedrock_converse::family::Family;
use crate::dialect::instructions::GO_ON;
use crate::dialect::notes::Notes;
use crate::neutral::{Call, Feature, Media, MediaKind, OutputFormat, Part, Rest, Role, Turn};
use crate::translate::Destination;

/// What a document must not stand without.
const BESIDE_DOCUMENT: &str = "See the attached document.";

/// What a conversation begins with that its caller did not begin, or in which nothing is left.
const BEGINNING: &str = "(The conversation begins here.)";

/// System blocks and messages.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    pub(super) system: Vec<Block<'a>>,
    pub(super) messages: Vec<Message<'a>>,
}

/// A message.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) role: Role,
    pub(super) blocks: Vec<Block<'a>>,
    pub(super) rest: Option<&'a Rest>,
}

/// A block: a part of the call's, or words of ours.
#[derive(Debug)]
pub(super) enum Block<'a> {
    Part(&'a Part),
    Words(Cow<'a, str>),
}

impl<'a> Plan<'a> {
    /// Everything as it stands: for a call that was read in this dialect.
    pub(super) fn same(call: &'a Call) -> Self {
        let message = |turn: &'a Turn| Message {
            role: turn.role,
            blocks: turn.parts.iter().map(Block::Part).collect(),
            rest: Some(&turn.rest),
        };
        Self {
            system: call.system.iter().map(Block::Part).collect(),
            messages: call.turns.iter().map(message).collect(),
        }
    }

    /// As the service and the model want it: for a call of another dialect.
    pub(super) fn of(call: &'a Call, to: &Destination<'_>, notes: &mut Notes) -> Self {
        let mut plan = Self::default();
        plan.system.extend(call.system.iter().filter_map(|part| words(part, notes)));
        for turn in &call.turns {
            match turn.role {
                Role::System => plan.add_system_turn(turn, notes),
                Role::User | Role::Assistant => {
                    let blocks = turn.parts.iter().filter_map(|part| block(part, turn.role, notes));
                    plan.add(turn.role, blocks.collect());
                }
            }
        }
        plan.drop_last_thoughts(notes);
        plan.tidy();
        plan.ask_to_go_on(call, Family::of(to.model), notes);
        plan
    }

    /// Whether the conversation ends with the beginning of an answer.
    pub(super) fn has_prefill(&self) -> bool {
        self.messages.last().is_some_and(|message| message.role == Role::Assistant)
    }

    /// Whether the model is in the middle of a tool call before which it thought, as far as anyone
    /// can tell: models that must think first cannot go on from there.
    pub(super) fn lacks_thought(&self) -> bool {
        let [.., asked, answered] = self.messages.as_slice() else { return false };
        let has_result = answered.blocks.iter().any(Block::is_result);
        let is_thought = |block: &Block<'_>| matches!(block, Block::Part(Part::Thinking { .. }));
        has_result && !asked.blocks.first().is_some_and(is_thought)
    }

    fn add_system_turn(&mut self, turn: &'a Turn, notes: &mut Notes) {
        let blocks: Vec<_> = turn.parts.iter().filter_map(|part| words(part, notes)).collect();
        if self.messages.is_empty() {
            self.system.extend(blocks);
            return;
        }
        let mark = |block| match block {
            Block::Part(Part::Text { text, .. }) => {
                Block::Words(Cow::Owned(format!("<system>\n{text}\n</system>")))
            }
            Block::Part(_) | Block::Words(_) => block,
        };
        self.add(Role::User, blocks.into_iter().map(mark).collect());
    }

    /// Roles take turns: what follows in the same role is one message with it.
    fn add(&mut self, role: Role, blocks: Vec<Block<'a>>) {
        if blocks.is_empty() {
            return;
        }
        match self.messages.last_mut() {
            Some(last) if last.role == role => last.blocks.extend(blocks),
            Some(_) | None => self.messages.push(Message { role, blocks, rest: None }),
        }
    }

    /// No message may end in a thought: it belongs to what was said after it.
    fn drop_last_thoughts(&mut self, notes: &mut Notes) {
        let is_thought = |block: &Block<'_>| matches!(block, Block::Part(Part::Thinking { .. }));
        for mut message in std::mem::take(&mut self.messages) {
            while message.blocks.pop_if(|block| is_thought(block)).is_some() {
                notes.dropped(Feature::Thinking);
            }
            self.add(message.role, message.blocks);
        }
    }

    /// The beginning of an answer is history to models that take none, or none beside a schema.
    fn ask_to_go_on(&mut self, call: &Call, family: Family, notes: &mut Notes) {
        let has_schema = matches!(call.output, OutputFormat::Schema { .. });
        let is_refused = has_schema && matches!(family, Family::Claude(_));
        if self.has_prefill() && (is_refused || !family.takes_prefill()) {
            notes.emulated(Feature::Prefill);
            self.add(Role::User, vec![Block::Words(Cow::Borrowed(GO_ON))]);
        }
    }

    fn tidy(&mut self) {
        if self.messages.first().is_none_or(|first| first.role != Role::User) {
            let blocks = vec![Block::Words(Cow::Borrowed(BEGINNING))];
            self.messages.insert(0, Message { role: Role::User, blocks, rest: None });
        }
        for message in &mut self.messages {
            // Stable: results keep their order, and so does the rest.
            message.blocks.sort_by_key(|block| !block.is_result());
            let has_document = message.blocks.iter().any(Block::is_document);
            if has_document && !message.blocks.iter().any(Block::is_words) {
                message.blocks.push(Block::Words(Cow::Borrowed(BESIDE_DOCUMENT)));
            }
        }
        let Some(last) = self.messages.last_mut() else { return };
        if last.role == Role::Assistant
            && let Some(Block::Part(Part::Text { text, .. })) = last.blocks.last()
        {
            // The beginning of an answer must not end in white space.
            let trimmed = Block::Words(Cow::Borrowed(text.trim_end()));
            last.blocks.pop();
            last.blocks.push(trimmed);
        }
    }
}

impl Block<'_> {
    const fn is_result(&self) -> bool {
        matches!(self, Self::Part(Part::ToolResult(_)))
    }

    const fn is_document(&self) -> bool {
        matches!(self, Self::Part(Part::Media(Media { kind: MediaKind::File, .. })))
    }

    const fn is_words(&self) -> bool {
        matches!(self, Self::Words(_) | Self::Part(Part::Text { .. }))
    }
}

/// Instructions are words alone.
fn words<'a>(part: &'a Part, notes: &mut Notes) -> Option<Block<'a>> {
    if let Part::Text { text, .. } = part {
        return (!text.trim().is_empty()).then_some(Block::Part(part));
    }
    notes.dropped(Feature::ForeignParts);
    None
}

/// A part as a block of a message, unless it cannot be one.
fn block<'a>(part: &'a Part, role: Role, notes: &mut Notes) -> Option<Block<'a>> {
    let is_kept = match part {
        Part::Text { text, .. } | Part::Refusal(text) => !text.trim().is_empty(),
        Part::Thinking { seal, .. } => {
            notes.dropped_if(Feature::Thinking, seal.is_none());
            seal.is_some() && role == Role::Assistant
        }
        Part::Media(media) => {
            let is_asked = role == Role::User;
            notes.dropped_if(Feature::ForeignParts, !is_asked);
            notes.dropped_if(Feature::ImageDetail, is_asked && media.detail.is_some());
            is_asked
        }
        Part::ToolCall(call) => {
            notes.dropped_if(Feature::Seals, call.seal.is_some());
            true
        }
        Part::ToolResult(result) => {
            let is_sound =
                |part: &Part| matches!(part, Part::Media(media) if media.kind == MediaKind::Audio);
            let sounds = result.content.iter().any(is_sound);
            notes.dropped_if(Feature::ToolResultMedia, sounds);
            true
        }
        Part::Foreign(rest) => {
            let is_ours = rest.is_of(DIALECT);
            notes.dropped_if(Feature::ForeignParts, !is_ours);
            is_ours
        }
    };
    is_kept.then_some(Block::Part(part))
}

/// Whether the conversation holds calls of tools, or their results: then the service wants tools.
pub(super) fn uses_tools(call: &Call) -> bool {
    call.turns.iter().any(|turn| has_tool_blocks(&turn.parts))
}
