//! What another target says, made into what goes on from what was delivered.

use super::delivered::{Delivered, OpenPart};
use super::seam::{Misfit, Seam};
use super::{Onward, tokens::Tokens};
use crate::neutral::{Delta, Json, PartStart, Piece, Seal, Stop, StopReason, ToolCall};
use crate::reply::Flaw;

/// A restart says again at least so many times what it was asked to.
const RESTART: usize = 2;

/// A target that goes on.
#[derive(Debug)]
pub(super) struct Leg {
    onward: Onward,
    seam: Seam,
    /// Characters it was asked to repeat, white space apart.
    asked_again: usize,
    incoming: Incoming,
    /// What is open at the client, once all that was passed on is there.
    open: Option<OpenPart>,
    /// A text of this target's ended: the next is another part.
    is_text_over: bool,
    /// It said something that the client had not.
    has_added: bool,
    may_add_nothing: bool,
}

/// The part that comes.
#[derive(Debug)]
enum Incoming {
    Nothing,
    Text,
    /// Passed on as it comes.
    Live,
    /// Left out.
    Dropped,
    /// Held until it can be compared with the calls that went out.
    Call(Box<Asked>),
}

/// A tool call that comes.
#[derive(Debug)]
struct Asked {
    start: PartStart,
    call: ToolCall,
}

impl From<Misfit> for Flaw {
    fn from(Misfit: Misfit) -> Self {
        Self::DoesNotFit
    }
}

impl Leg {
    pub(super) fn new(onward: Onward, delivered: &Delivered) -> Self {
        let text = delivered.text();
        let words = delivered.last_words();
        let seam = match onward {
            Onward::Anew => Seam::plain(text),
            Onward::Prefill { echoes } => Seam::prefill(text, echoes),
            Onward::Asked => Seam::asked(words),
        };
        Self {
            onward,
            seam,
            asked_again: words.chars().filter(|char| !char.is_whitespace()).count(),
            incoming: Incoming::Nothing,
            open: delivered.open(),
            is_text_over: false,
            has_added: false,
            may_add_nothing: matches!(onward, Onward::Prefill { .. })
                || (delivered.is_text_whole() && delivered.has_calls()),
        }
    }

    /// Bytes that are held.
    pub(super) fn held(&self) -> usize {
        let arguments = match &self.incoming {
            Incoming::Call(asked) => asked.call.arguments.len(),
            Incoming::Nothing | Incoming::Text | Incoming::Live | Incoming::Dropped => 0,
        };
        self.seam.held() + arguments
    }

    /// Whether it may end without having said anything.
    pub(super) const fn may_add_nothing(&self) -> bool {
        self.may_add_nothing
    }

    /// Whether it began something else behind its text.
    pub(super) const fn is_text_whole(&self) -> bool {
        self.is_text_over || matches!(self.incoming, Incoming::Call(_))
    }

    /// Takes what comes, and appends what goes on from what was delivered.
    pub(super) fn take(
        &mut self,
        delta: Delta,
        (delivered, tokens): (&Delivered, &Tokens),
        out: &mut Vec<Delta>,
    ) -> Result<(), Flaw> {
        match delta {
            Delta::PartBegin { choice: 0, start } => self.begin(start, delivered, out),
            Delta::Piece { choice: 0, piece } => self.piece(piece, delivered, out),
            Delta::PartEnd { choice: 0 } => self.end_part(delivered, out),
            Delta::Finish { choice: 0, stop } => self.finish(stop, delivered, out),
            Delta::Begin(_) if !delivered.has_any() => {
                out.push(delta);
                Ok(())
            }
            Delta::End => {
                self.end_seam(delivered, out)?;
                out.push(Delta::Usage(tokens.total()));
                out.push(Delta::End);
                Ok(())
            }
            Delta::Begin(_)
            | Delta::Usage(_)
            | Delta::PartBegin { .. }
            | Delta::Piece { .. }
            | Delta::PartEnd { .. }
            | Delta::Finish { .. } => Ok(()),
        }
    }

    fn begin(
        &mut self,
        start: PartStart,
        delivered: &Delivered,
        out: &mut Vec<Delta>,
    ) -> Result<(), Flaw> {
        let is_told = !delivered.is_empty() || delivered.has_calls() || self.is_in_text();
        self.incoming = match start {
            PartStart::Text => Incoming::Text,
            PartStart::Thinking { .. } if is_told => Incoming::Dropped,
            PartStart::Refusal if !delivered.is_empty() => return Err(Flaw::DoesNotFit),
            PartStart::ToolCall { ref id, ref name, is_custom, ref rest } => {
                self.end_seam(delivered, out)?;
                let call = ToolCall {
                    id: id.clone(),
                    name: name.clone(),
                    arguments: String::new(),
                    seal: None,
                    is_custom,
                    rest: rest.clone(),
                };
                Incoming::Call(Box::new(Asked { start, call }))
            }
            PartStart::Thinking { .. }
            | PartStart::Refusal
            | PartStart::Media(_)
            | PartStart::Foreign(_) => {
                if !matches!(start, PartStart::Thinking { .. }) {
                    self.end_seam(delivered, out)?;
                }
                self.close(out);
                out.push(Delta::PartBegin { choice: 0, start });
                self.open = Some(OpenPart::Other);
                self.has_added = true;
                Incoming::Live
            }
        };
        Ok(())
    }

    fn piece(
        &mut self,
        piece: Piece,
        delivered: &Delivered,
        out: &mut Vec<Delta>,
    ) -> Result<(), Flaw> {
        let is_open = self.open_text();
        match (&mut self.incoming, piece) {
            (Incoming::Text, Piece::Text(words)) => return self.text(words, delivered, out),
            // They count from where this target began.
            (Incoming::Text, Piece::Citation(mut citation)) if is_open => {
                if !delivered.is_empty() {
                    citation.span = None;
                }
                out.push(Delta::Piece { choice: 0, piece: Piece::Citation(citation) });
            }
            (Incoming::Text, piece @ Piece::Logprobs(_)) if is_open => {
                out.push(Delta::Piece { choice: 0, piece });
            }
            (Incoming::Live, piece) => out.push(Delta::Piece { choice: 0, piece }),
            (Incoming::Call(asked), Piece::Arguments(more)) => {
                asked.call.arguments.push_str(&more);
            }
            (Incoming::Call(asked), Piece::Seal(seal)) => {
                let known =
                    asked.call.seal.get_or_insert(Seal { value: String::new(), ..seal.clone() });
                known.value.push_str(&seal.value);
            }
            (Incoming::Nothing | Incoming::Dropped | Incoming::Text | Incoming::Call(_), _) => {}
        }
        Ok(())
    }

    const fn is_in_text(&self) -> bool {
        matches!(self.open, Some(OpenPart::Text))
    }

    /// Whether words of this target's text are on their way.
    const fn open_text(&self) -> bool {
        self.is_in_text() && self.seam.is_settled() && self.has_added
    }

    fn text(
        &mut self,
        words: String,
        delivered: &Delivered,
        out: &mut Vec<Delta>,
    ) -> Result<(), Flaw> {
        if self.seam.is_settled() {
            self.add(words, out);
            return Ok(());
        }
        let mut new = String::new();
        self.seam.push(delivered.text(), &words, &mut new)?;
        self.add(new, out);
        Ok(())
    }

    /// Words that the client has not.
    fn add(&mut self, words: String, out: &mut Vec<Delta>) {
        if words.is_empty() {
            return;
        }
        if self.open != Some(OpenPart::Text) || self.is_text_over {
            self.close(out);
            out.push(Delta::PartBegin { choice: 0, start: PartStart::Text });
            self.open = Some(OpenPart::Text);
        }
        self.is_text_over = false;
        self.has_added = true;
        out.push(Delta::Piece { choice: 0, piece: Piece::Text(words) });
    }

    /// Something else than text comes, or nothing more.
    fn end_seam(&mut self, delivered: &Delivered, out: &mut Vec<Delta>) -> Result<(), Flaw> {
        if self.seam.is_settled() {
            return Ok(());
        }
        if self.must_still_repeat() && delivered.is_text_whole() {
            return Ok(());
        }
        let mut new = String::new();
        self.seam.end(delivered.text(), &mut new)?;
        self.add(new, out);
        Ok(())
    }

    /// Whether it did not say a word of those it was asked to repeat.
    fn must_still_repeat(&self) -> bool {
        self.seam.must_repeat() && self.seam.is_untouched()
    }

    fn end_part(&mut self, delivered: &Delivered, out: &mut Vec<Delta>) -> Result<(), Flaw> {
        match std::mem::replace(&mut self.incoming, Incoming::Nothing) {
            Incoming::Text => self.is_text_over = self.open_text(),
            Incoming::Live => self.close(out),
            Incoming::Call(asked) => self.call(*asked, delivered, out),
            Incoming::Nothing | Incoming::Dropped => {}
        }
        Ok(())
    }

    /// A call is whole: it goes out if it did not before.
    fn call(
        &mut self,
        Asked { mut start, call }: Asked,
        delivered: &Delivered,
        out: &mut Vec<Delta>,
    ) {
        if delivered.calls().any(|known| is_same(&known, &call)) {
            return;
        }
        if let PartStart::ToolCall { id, .. } = &mut start {
            while delivered.knows_call(id) {
                id.push_str("_2");
            }
        }
        self.close(out);
        self.has_added = true;
        out.push(Delta::PartBegin { choice: 0, start });
        out.push(Delta::Piece { choice: 0, piece: Piece::Arguments(call.arguments) });
        out.extend(call.seal.map(|seal| Delta::Piece { choice: 0, piece: Piece::Seal(seal) }));
        out.push(Delta::PartEnd { choice: 0 });
    }

    fn finish(
        &mut self,
        mut stop: Stop,
        delivered: &Delivered,
        out: &mut Vec<Delta>,
    ) -> Result<(), Flaw> {
        if !(self.may_add_nothing || self.has_added) && self.must_still_repeat() {
            return Err(Flaw::DoesNotFit);
        }
        self.end_seam(delivered, out)?;
        match stop.reason {
            // It began at the beginning, and was allowed less than what was to be said.
            StopReason::Length
                if self.seam.overlap() > RESTART * self.asked_again && self.restarts() =>
            {
                return Err(Flaw::DoesNotFit);
            }
            StopReason::Filtered | StopReason::Refused
                if !self.has_added && !delivered.is_empty() =>
            {
                return Err(Flaw::DoesNotFit);
            }
            StopReason::Done if delivered.has_calls() => stop = Stop::of(StopReason::ToolCalls),
            StopReason::Done
            | StopReason::Length
            | StopReason::ContextFull
            | StopReason::ToolCalls
            | StopReason::Sequence
            | StopReason::Filtered
            | StopReason::Refused
            | StopReason::Paused
            | StopReason::Other => {}
        }
        self.close(out);
        out.push(Delta::Finish { choice: 0, stop });
        Ok(())
    }

    const fn restarts(&self) -> bool {
        matches!(self.onward, Onward::Asked)
    }

    /// Ends what is open at the client.
    fn close(&mut self, out: &mut Vec<Delta>) {
        if self.open.take().is_some() {
            out.push(Delta::PartEnd { choice: 0 });
        }
        self.is_text_over = false;
    }
}

/// Whether two calls ask for the same.
fn is_same(one: &ToolCall, other: &ToolCall) -> bool {
    let value = |call: &ToolCall| {
        let json = call.object().as_ref().map(Json::as_str).map(serde_json::from_str);
        json.and_then(Result::<serde_json::Value, _>::ok)
    };
    one.name == other.name
        && one.is_custom == other.is_custom
        && (one.arguments == other.arguments
            || (!one.is_custom && value(one).is_some() && value(one) == value(other)))
}
