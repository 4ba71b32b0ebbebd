//! A stream, written: every event is a response that holds what came.

use super::super::ids::Ids;
use super::super::keys::HERE;
use super::super::reply::{Beside, write_candidate, write_closing, write_part};
use crate::dialect::Thread;
use crate::neutral::{
    Citation, Delta, Json, Maker, Opening, Part, PartStart, Piece, Rest, Seal, Stop, ToolCall,
    Usage,
};
use crate::translate::{Presented, WriteDeltas};
use crate::write::Writer;

/// What is held back of a stream.
#[derive(Debug)]
pub(crate) struct DeltaWriter {
    presented: Presented,
    opening: Opening,
    choices: Vec<Held>,
    usage: Option<Usage>,
    ids: Ids,
}

/// What is held back of a choice.
#[derive(Debug, Default)]
struct Held {
    open: Option<Open>,
    /// Characters of all texts, and of those before the open one.
    chars: u32,
    before: u32,
    /// Of the open text.
    citations: Vec<Citation>,
    stop: Option<Stop>,
}

/// The open part.
#[derive(Debug)]
enum Open {
    Text,
    Refusal,
    Thinking {
        has_text: bool,
    },
    /// Calls go out whole.
    Call(ToolCall),
    Whole,
}

impl DeltaWriter {
    pub(crate) fn new(presented: Presented) -> Self {
        let ids = Ids::of_answer(Some(&presented.id));
        Self { presented, opening: Opening::default(), choices: Vec::new(), usage: None, ids }
    }
}

impl WriteDeltas for DeltaWriter {
    fn write(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin(opening) => {
                self.ids = Ids::of_answer(opening.id.as_deref().or(Some(&self.presented.id)));
                self.opening = opening.clone();
            }
            Delta::PartBegin { choice, start } => self.begin(*choice, start, out),
            Delta::Piece { choice, piece } => self.piece(*choice, piece, out),
            Delta::PartEnd { choice } => self.part_end(*choice, out),
            Delta::Finish { choice, stop } => self.held(*choice).stop = Some(stop.clone()),
            Delta::Usage(usage) => self.usage = Some(usage.clone()),
            Delta::End => self.end(out),
        }
    }

    fn pick_up(&mut self, _thread: &Thread) {
        // They went out when they came.
        self.choices.iter_mut().for_each(|held| held.citations.clear());
    }

    fn made_by(&mut self, maker: Option<Maker>) {
        self.presented.maker = maker;
    }
}

impl DeltaWriter {
    fn held(&mut self, choice: u32) -> &mut Held {
        let at = choice as usize;
        if self.choices.len() <= at {
            self.choices.resize_with(at + 1, Held::default);
        }
        &mut self.choices[at]
    }

    fn begin(&mut self, choice: u32, start: &PartStart, out: &mut Vec<u8>) {
        let open = match start {
            PartStart::Text => Open::Text,
            PartStart::Refusal => Open::Refusal,
            PartStart::Thinking { .. } => Open::Thinking { has_text: false },
            PartStart::ToolCall { id, name, is_custom, rest } => Open::Call(ToolCall {
                id: id.clone(),
                name: name.clone(),
                arguments: String::new(),
                seal: None,
                is_custom: *is_custom,
                rest: rest.clone(),
            }),
            PartStart::Media(media) => {
                self.send(choice, &Part::Media(media.clone()), out);
                Open::Whole
            }
            PartStart::Foreign(rest) => {
                if rest.is_of(HERE) {
                    self.send(choice, &Part::Foreign(rest.clone()), out);
                }
                Open::Whole
            }
        };
        self.held(choice).open = Some(open);
    }

    fn piece(&mut self, choice: u32, piece: &Piece, out: &mut Vec<u8>) {
        match piece {
            Piece::Text(text) => self.text(choice, text, out),
            Piece::Arguments(more) => {
                if let Some(Open::Call(call)) = &mut self.held(choice).open {
                    call.arguments.push_str(more);
                }
            }
            Piece::Seal(seal) => self.seal(choice, seal, out),
            Piece::Citation(citation) => self.held(choice).citations.push(citation.clone()),
            Piece::Logprobs(json) => self.logprobs(choice, json, out),
        }
    }

    fn part_end(&mut self, choice: u32, out: &mut Vec<u8>) {
        let held = self.held(choice);
        let before = std::mem::replace(&mut held.before, held.chars);
        let citations = std::mem::take(&mut held.citations);
        if let Some(Open::Call(call)) = held.open.take() {
            self.send(choice, &Part::ToolCall(call), out);
        }
        if !citations.is_empty() {
            let citations = citations.iter().map(|citation| (before, citation)).collect();
            let beside = Beside { citations, ..plain(choice) };
            self.response(out, |list| write_candidate(list, &beside, no_words), None);
        }
    }

    fn text(&mut self, choice: u32, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let held = self.held(choice);
        let is_thought = match &mut held.open {
            Some(Open::Thinking { has_text }) => {
                *has_text = true;
                true
            }
            Some(Open::Text) => {
                let more = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
                held.chars = held.chars.saturating_add(more);
                false
            }
            Some(Open::Refusal | Open::Call(_) | Open::Whole) | None => false,
        };
        self.event(choice, out, |parts| {
            parts.object(|object| {
                object.text("text", text);
                if is_thought {
                    object.value("thought", true);
                }
            });
        });
    }

    /// Of a thought that went out already it follows alone, as it does at Google.
    fn seal(&mut self, choice: u32, seal: &Seal, out: &mut Vec<u8>) {
        let maker = self.presented.maker;
        let is_thought = match &mut self.held(choice).open {
            Some(Open::Call(call)) => {
                call.seal = Some(seal.clone());
                return;
            }
            Some(Open::Thinking { has_text }) => *has_text,
            Some(Open::Text | Open::Refusal | Open::Whole) | None => return,
        };
        let written = super::super::seal::for_client(seal, maker);
        self.event(choice, out, |parts| {
            parts.object(|object| {
                object.text("text", "");
                if is_thought {
                    object.value("thought", true);
                }
                object.text("thoughtSignature", &written);
            });
        });
    }

    fn logprobs(&mut self, choice: u32, json: &Json, out: &mut Vec<u8>) {
        let beside = Beside { logprobs: Some(json), ..plain(choice) };
        self.response(out, |list| write_candidate(list, &beside, no_words), None);
    }

    /// Sends a whole part.
    fn send(&mut self, choice: u32, part: &Part, out: &mut Vec<u8>) {
        let mut ids = std::mem::replace(&mut self.ids, Ids::of_conversation());
        let presented = self.presented.clone();
        self.event(choice, out, |parts| write_part(parts, (part, None), &mut ids, &presented));
        self.ids = ids;
    }

    /// An event with these parts.
    fn event(&self, choice: u32, out: &mut Vec<u8>, parts: impl FnOnce(&mut Writer<'_>)) {
        let beside = plain(choice);
        self.response(out, |list| write_candidate(list, &beside, parts), None);
    }

    /// The last event: why each choice ended, and the tokens.
    fn end(&mut self, out: &mut Vec<u8>) {
        let write = |list: &mut Writer<'_>| {
            for (index, held) in (0..).zip(&self.choices) {
                let beside = Beside { stop: held.stop.as_ref(), ..plain(index) };
                write_candidate(list, &beside, no_words);
            }
        };
        self.response(out, write, self.usage.as_ref());
    }

    fn response(
        &self,
        out: &mut Vec<u8>,
        candidates: impl FnOnce(&mut Writer<'_>),
        usage: Option<&Usage>,
    ) {
        out.extend_from_slice(b"data: ");
        let start = out.len();
        Writer::new(out).object(|object| {
            object.key("candidates").array(candidates);
            let ends = (self.opening.id.as_deref(), self.opening.model.as_deref());
            write_closing(object, usage, ends, &self.presented);
            object.rest(&self.opening.rest, HERE);
        });
        // What models wrote as JSON may hold line breaks between its values, but an event may not.
        for byte in out.get_mut(start..).unwrap_or_default() {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        out.extend_from_slice(b"\n\n");
    }
}

const fn plain(index: u32) -> Beside<'static> {
    Beside { index, stop: None, logprobs: None, citations: Vec::new(), rest: None::<&Rest> }
}

/// Where there is nothing to say: the SDKs take no content for a broken answer.
fn no_words(parts: &mut Writer<'_>) {
    parts.object(|object| object.text("text", ""));
}
