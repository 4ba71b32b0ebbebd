//! One choice of a streamed answer: its parts are put one behind the other.

use std::collections::VecDeque;

use crate::dialect::chat_completions::kept::mark;
use crate::neutral::{Citation, Delta, Json, Media, PartStart, Piece, Rest, Seal, Stop};
use crate::scan::is_json;

/// More calls than this are an attack, not an answer.
const MAX_CALLS: usize = 1024;

/// So often a call is looked at to see whether it is whole while another waits.
const MAX_LOOKS: u32 = 64;

/// Words of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    Text,
    Refusal,
    /// Thoughts, and the key that holds them.
    Thinking(&'static str),
}

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Words(Words),
    Call(usize),
}

/// What waits until the open part ends.
#[derive(Debug)]
enum Waiting {
    Words(Words, String),
    Call(usize),
    Media(Media),
}

/// A tool call.
#[derive(Debug, Default)]
struct Call {
    index: Option<u32>,
    id: String,
    name: String,
    arguments: String,
    seal: Option<Seal>,
    is_custom: bool,
    is_elder: bool,
    looks: u32,
}

/// A piece of a tool call.
#[derive(Debug, Default)]
pub(super) struct Fragment {
    pub(super) index: Option<u32>,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
    pub(super) seal: Option<Seal>,
    pub(super) is_custom: bool,
    pub(super) is_elder: bool,
}

/// What came of a choice so far.
#[derive(Debug, Default)]
pub(super) struct Choice {
    number: u32,
    open: Option<Open>,
    waiting: VecDeque<Waiting>,
    calls: Vec<Call>,
    /// Sources that came before the text they belong to.
    citations: Vec<Citation>,
    stop: Option<Stop>,
}

impl Choice {
    pub(super) fn new(number: u32) -> Self {
        Self { number, ..Self::default() }
    }

    pub(super) const fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes words.
    pub(super) fn say(&mut self, kind: Words, words: String, out: &mut Vec<Delta>) {
        if words.is_empty() {
            return;
        }
        if self.open == Some(Open::Words(kind)) && self.waiting.is_empty() {
            return self.piece(Piece::Text(words), out);
        }
        match self.waiting.back_mut() {
            Some(Waiting::Words(known, text)) if *known == kind => text.push_str(&words),
            Some(_) | None => self.waiting.push_back(Waiting::Words(kind, words)),
        }
        self.advance(out);
    }

    /// Takes a medium.
    pub(super) fn show(&mut self, media: Media, out: &mut Vec<Delta>) {
        self.waiting.push_back(Waiting::Media(media));
        self.advance(out);
    }

    /// Takes a source of the text.
    pub(super) fn cite(&mut self, citation: Citation, out: &mut Vec<Delta>) {
        if self.open == Some(Open::Words(Words::Text)) {
            self.piece(Piece::Citation(citation), out);
        } else {
            self.citations.push(citation);
        }
    }

    /// Takes log probabilities of what was just said.
    pub(super) fn weigh(&mut self, logprobs: Json, out: &mut Vec<Delta>) {
        if self.open.is_some() {
            self.piece(Piece::Logprobs(logprobs), out);
        }
    }

    /// Takes a piece of a tool call.
    pub(super) fn call(&mut self, fragment: Fragment, out: &mut Vec<Delta>) {
        let Some(at) = self.call_of(&fragment) else { return };
        let Some(call) = self.calls.get_mut(at) else { return };
        if call.name.is_empty() {
            call.name = fragment.name;
        }
        if call.id.is_empty() {
            call.id = fragment.id;
        }
        call.arguments.push_str(&fragment.arguments);
        if self.open == Some(Open::Call(at)) {
            if !fragment.arguments.is_empty() {
                self.piece(Piece::Arguments(fragment.arguments), out);
            }
            if let Some(seal) = fragment.seal {
                self.piece(Piece::Seal(seal), out);
            }
        } else if fragment.seal.is_some() {
            call.seal = fragment.seal;
        }
        self.advance(out);
    }

    /// The call a piece belongs to. Some servers leave the index out, some give every call the
    /// same one, some repeat id and name in every piece or invent a new id each time.
    fn call_of(&mut self, fragment: &Fragment) -> Option<usize> {
        let belongs = |call: &Call| {
            call.is_elder == fragment.is_elder
                && fragment.index.is_none_or(|index| call.index.unwrap_or(0) == index)
        };
        if let Some(at) = self.calls.iter().rposition(belongs) {
            let known = self.calls.get(at)?;
            let is_new_id = !fragment.id.is_empty() && fragment.id != known.id;
            let is_other = is_new_id && !known.id.is_empty() && !fragment.name.is_empty();
            if !(is_other && known.is_finished()) {
                return Some(at);
            }
        }
        if self.calls.len() >= MAX_CALLS {
            return None;
        }
        let (is_custom, is_elder) = (fragment.is_custom, fragment.is_elder);
        self.calls.push(Call { index: fragment.index, is_custom, is_elder, ..Call::default() });
        let at = self.calls.len() - 1;
        self.waiting.push_back(Waiting::Call(at));
        Some(at)
    }

    /// Ends the open part if something waits and it is whole, and begins what waits.
    fn advance(&mut self, out: &mut Vec<Delta>) {
        while let Some(next) = self.waiting.front() {
            let is_named = |at: usize| self.calls.get(at).is_some_and(|call| !call.name.is_empty());
            if let Waiting::Call(at) = next
                && !is_named(*at)
            {
                return;
            }
            if let Some(Open::Call(at)) = self.open
                && !self.calls.get_mut(at).is_none_or(Call::is_whole)
            {
                return;
            }
            self.begin_next(out);
        }
    }

    /// Ends the open part and begins the next one.
    fn begin_next(&mut self, out: &mut Vec<Delta>) {
        self.close(out);
        let choice = self.number;
        match self.waiting.pop_front() {
            Some(Waiting::Words(kind, words)) => {
                out.push(Delta::PartBegin { choice, start: start(kind) });
                self.open = Some(Open::Words(kind));
                self.piece(Piece::Text(words), out);
                if kind == Words::Text {
                    for citation in std::mem::take(&mut self.citations) {
                        self.piece(Piece::Citation(citation), out);
                    }
                }
            }
            Some(Waiting::Call(at)) => self.begin_call(at, out),
            Some(Waiting::Media(media)) => {
                out.push(Delta::PartBegin { choice, start: PartStart::Media(media) });
                out.push(Delta::PartEnd { choice });
            }
            None => {}
        }
    }

    fn begin_call(&mut self, at: usize, out: &mut Vec<Delta>) {
        let choice = self.number;
        let Some(call) = self.calls.get_mut(at) else { return };
        if call.id.is_empty() {
            call.id = format!("call_{choice}_{at}");
        }
        let mut rest = Rest::default();
        if call.is_elder {
            mark(&mut rest, "function_call");
        }
        let start = PartStart::ToolCall {
            id: call.id.clone(),
            name: call.name.clone(),
            is_custom: call.is_custom,
            rest,
        };
        out.push(Delta::PartBegin { choice, start });
        self.open = Some(Open::Call(at));
        let (arguments, seal) = (call.arguments.clone(), call.seal.take());
        if !arguments.is_empty() {
            self.piece(Piece::Arguments(arguments), out);
        }
        if let Some(seal) = seal {
            self.piece(Piece::Seal(seal), out);
        }
    }

    /// The choice said why it ends: nothing more is waited for.
    pub(super) fn finish(&mut self, stop: Option<Stop>, out: &mut Vec<Delta>) {
        self.flush(out);
        self.stop = stop.or_else(|| self.stop.take());
    }

    /// The stream is over.
    pub(super) fn end(&mut self, out: &mut Vec<Delta>) {
        self.flush(out);
        let choice = self.number;
        out.extend(self.stop.take().map(|stop| Delta::Finish { choice, stop }));
    }

    fn flush(&mut self, out: &mut Vec<Delta>) {
        while !self.waiting.is_empty() {
            self.begin_next(out);
        }
        self.close(out);
    }

    fn close(&mut self, out: &mut Vec<Delta>) {
        if self.open.take().is_some() {
            out.push(Delta::PartEnd { choice: self.number });
        }
    }

    fn piece(&self, piece: Piece, out: &mut Vec<Delta>) {
        out.push(Delta::Piece { choice: self.number, piece });
    }
}

impl Call {
    /// Whether its arguments are all there, as far as can be seen while another waits.
    fn is_whole(&mut self) -> bool {
        if self.is_custom {
            return true;
        }
        if self.looks >= MAX_LOOKS || !self.arguments.trim_ascii_end().ends_with('}') {
            return false;
        }
        self.looks += 1;
        is_json(self.arguments.as_bytes())
    }

    /// No arguments, or JSON.
    fn is_finished(&self) -> bool {
        self.arguments.trim_ascii().is_empty() || is_json(self.arguments.as_bytes())
    }
}

fn start(kind: Words) -> PartStart {
    match kind {
        Words::Text => PartStart::Text,
        Words::Refusal => PartStart::Refusal,
        Words::Thinking(key) => {
            let mut rest = Rest::default();
            mark(&mut rest, key);
            PartStart::Thinking { rest }
        }
    }
}
