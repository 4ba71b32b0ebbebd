//! A stream, read.

use super::super::ids::Ids;
use super::super::reply::{Candidate, Chunk, read_usage};
use super::super::verdict;
use crate::neutral::{Delta, Opening, Part, PartStart, Piece, Stop, StopReason, ToolCall};
use crate::sse::Frame;
use crate::translate::ReadDeltas;

/// What has been read of a stream.
#[derive(Debug, Default)]
pub(crate) struct DeltaReader {
    ids: Option<Ids>,
    choices: Vec<Progress>,
    has_ended: bool,
}

/// How far a choice is.
#[derive(Debug, Default)]
struct Progress {
    open: Option<Open>,
    /// The open text so far: spans of its sources count its bytes.
    text: String,
    /// Characters of the texts before it.
    before: u32,
    has_calls: bool,
    /// A pause may be followed by more, so it counts at the end only.
    paused: Option<Stop>,
    is_finished: bool,
}

/// What grows over several chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
}

impl ReadDeltas for DeltaReader {
    fn read(&mut self, frame: &Frame, out: &mut Vec<Delta>) {
        let data = frame.data().unwrap_or_default();
        let Ok(Some(chunk)) = Chunk::read(data) else { return };
        if chunk.candidates.is_none() && chunk.usage.is_none() {
            return;
        }
        let is_first = self.ids.is_none();
        let ids = self.ids.get_or_insert_with(|| {
            let id = chunk.id();
            let ids = Ids::of_answer(id.as_deref());
            let (model, rest) = (chunk.model(), chunk.rest());
            out.push(Delta::Begin(Opening { id, model, created: None, rest }));
            ids
        });
        let choices = &mut self.choices;
        let mut has_finish = false;
        Candidate::each(chunk.candidates, ids, |index, candidate| {
            let at = index as usize;
            if choices.len() <= at {
                choices.resize_with(at + 1, Progress::default);
            }
            has_finish |= candidate.finish.is_some();
            if let Some(progress) = choices.get_mut(at) {
                progress.take(index, candidate, out);
            }
        });
        // It comes with every chunk, and the last one counts.
        let is_late = choices.iter().any(|progress| progress.is_finished);
        if let Some(usage) = chunk.usage.filter(|_| is_first || has_finish || is_late) {
            out.push(Delta::Usage(read_usage(usage)));
        }
    }

    fn end(&mut self, out: &mut Vec<Delta>) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        for (choice, progress) in (0..).zip(&mut self.choices) {
            progress.close(choice, out);
            if let Some(stop) = progress.paused.take() {
                out.push(Delta::Finish { choice, stop });
            }
        }
        out.push(Delta::End);
    }

    // Everything is given on at once.
    fn waits(&self) -> bool {
        false
    }
}

impl Progress {
    fn take(&mut self, choice: u32, candidate: Candidate<'_>, out: &mut Vec<Delta>) {
        if self.is_finished {
            return;
        }
        for part in candidate.parts {
            self.part(choice, part, out);
        }
        if self.open == Some(Open::Text) && !candidate.sources.is_empty() {
            let citations = candidate.sources.of_text(&self.text, self.before);
            let citations = citations.into_iter();
            out.extend(citations.map(|citation| piece(choice, Piece::Citation(citation))));
        }
        out.extend(candidate.logprobs.map(|json| piece(choice, Piece::Logprobs(json))));
        if let Some(word) = candidate.finish {
            let stop = verdict::stop(word, self.has_calls);
            if stop.reason == StopReason::Paused {
                self.paused = Some(stop);
                return;
            }
            self.close(choice, out);
            self.is_finished = true;
            self.paused = None;
            out.push(Delta::Finish { choice, stop });
        }
    }

    fn part(&mut self, choice: u32, part: Part, out: &mut Vec<Delta>) {
        match part {
            Part::Text { text, .. } if text.is_empty() => {}
            Part::Text { text, .. } => {
                if self.open != Some(Open::Text) {
                    self.close(choice, out);
                    self.open = Some(Open::Text);
                    out.push(Delta::PartBegin { choice, start: PartStart::Text });
                }
                self.text.push_str(&text);
                out.push(piece(choice, Piece::Text(text)));
            }
            Part::Thinking { text, seal, rest } => {
                if self.open != Some(Open::Thinking) {
                    self.close(choice, out);
                    self.open = Some(Open::Thinking);
                    out.push(Delta::PartBegin { choice, start: PartStart::Thinking { rest } });
                }
                if !text.is_empty() {
                    out.push(piece(choice, Piece::Text(text)));
                }
                if let Some(seal) = seal {
                    out.push(piece(choice, Piece::Seal(seal)));
                    self.close(choice, out);
                }
            }
            Part::ToolCall(call) => self.call(choice, call, out),
            Part::Media(media) => self.whole(choice, PartStart::Media(media), out),
            Part::Foreign(rest) => self.whole(choice, PartStart::Foreign(rest), out),
            Part::Refusal(_) | Part::ToolResult(_) => {}
        }
    }

    /// Calls come whole.
    fn call(&mut self, choice: u32, call: ToolCall, out: &mut Vec<Delta>) {
        let ToolCall { id, name, arguments, seal, is_custom, rest } = call;
        self.has_calls = true;
        self.close(choice, out);
        let start = PartStart::ToolCall { id, name, is_custom, rest };
        out.push(Delta::PartBegin { choice, start });
        out.push(piece(choice, Piece::Arguments(arguments)));
        out.extend(seal.map(|seal| piece(choice, Piece::Seal(seal))));
        out.push(Delta::PartEnd { choice });
    }

    fn whole(&mut self, choice: u32, start: PartStart, out: &mut Vec<Delta>) {
        self.close(choice, out);
        out.push(Delta::PartBegin { choice, start });
        out.push(Delta::PartEnd { choice });
    }

    fn close(&mut self, choice: u32, out: &mut Vec<Delta>) {
        let more = u32::try_from(self.text.chars().count()).unwrap_or(u32::MAX);
        self.before = self.before.saturating_add(more);
        self.text.clear();
        if self.open.take().is_some() {
            out.push(Delta::PartEnd { choice });
        }
    }
}

const fn piece(choice: u32, piece: Piece) -> Delta {
    Delta::Piece { choice, piece }
}
