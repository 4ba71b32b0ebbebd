//! Everything that goes to one client of one streamed call.

mod passing;
mod writing;

use bytes::Bytes;

use super::continued::surely_written;
use super::delivered::{Delivered, OpenPart};
use super::gate::Gate;
use super::leg::Leg;
use super::likeness::Likeness;
use super::out::Out;
use super::queue::{Queue, Told, Unit};
use super::repetition::Tail;
use super::tokens::Tokens;
use super::{Hold, Onward, Resumable};
use crate::dialect::Thread;
use crate::neutral::{Delta, Maker, Stop, StopReason};
use crate::reply::{Flaw, TokenCount};
use crate::sse::Frame;
use crate::translate::{Presented, ReadDeltas, WriteDeltas};
use crate::{Dialect, Meaning, Reach};

/// What of an answer goes to its client.
#[derive(Debug)]
pub struct Splicer {
    client: Dialect,
    presented: Presented,
    hold: Hold,
    is_json: bool,
    reader: Box<dyn ReadDeltas>,
    /// None while frames pass as they come.
    writer: Option<Box<dyn WriteDeltas>>,
    /// What their frames alone said.
    thread: Thread,
    /// None while the first target speaks.
    leg: Option<Leg>,
    gate: Gate,
    queue: Queue,
    out: Out,
    delivered: Delivered,
    tokens: Tokens,
    /// Of what is held.
    tail: Tail,
    /// Whose seals come, if they are not told apart yet.
    maker: Option<Option<Maker>>,
    scratch: Vec<Delta>,
    likeness: Likeness,
    has_content: bool,
    has_released: bool,
    /// The last frame said something that its reader gives on later.
    waited: bool,
    /// The last frame that went out said nothing that its reader had not given on.
    is_exact: bool,
    may_repeat: bool,
    /// Tokens its caller allows the answer.
    bound: Option<u32>,
    /// Estimated tokens of its prompt.
    prompt: u32,
}

impl Splicer {
    /// For a client of one dialect and its first target. `is_json`: the call asked for JSON, so
    /// only a prefill can continue it.
    #[must_use]
    pub fn new(
        client: Dialect,
        target: Dialect,
        presented: Presented,
        hold: Hold,
        is_json: bool,
    ) -> Self {
        let passes = client.reach(target) == Reach::AsItIs;
        let writer = (!passes).then(|| client.events(presented.clone()));
        Self {
            client,
            presented,
            hold,
            is_json,
            reader: target.deltas(),
            writer,
            thread: Thread::new(client),
            leg: None,
            gate: Gate::new(hold),
            queue: Queue::default(),
            out: Out::default(),
            delivered: Delivered::default(),
            tokens: Tokens::default(),
            tail: Tail::default(),
            maker: None,
            scratch: Vec::with_capacity(4),
            likeness: Likeness::default(),
            has_content: false,
            has_released: false,
            waited: false,
            is_exact: true,
            may_repeat: false,
            bound: None,
            prompt: 0,
        }
    }

    /// The same for a call that nobody will go on with: of what was delivered little is kept.
    #[must_use]
    pub fn without_resumption(mut self) -> Self {
        self.delivered.set_odd();
        self
    }

    /// The same for a call whose answer may be one thing over and over.
    #[must_use]
    pub fn with_repetition(self) -> Self {
        Self { may_repeat: true, ..self }
    }

    /// The same for a call that allows its answer so many tokens, and whose prompt has about so many.
    #[must_use]
    pub fn with_bound(self, bound: Option<u32>, prompt: u32) -> Self {
        Self { bound, prompt, ..self }
    }

    /// Takes the next frame if it differs from the last one in its words alone, which makes it
    /// content, as nearly all of a stream is; nobody needs to read it then. Any other comes back.
    ///
    /// # Errors
    /// As for [`take`](Self::take).
    pub fn take_alike(&mut self, frame: Frame) -> Result<Option<Frame>, Flaw> {
        let Some(words) = self.likeness.words(&frame) else { return Ok(Some(frame)) };
        let words = words.to_owned();
        self.pass_words(frame, words).map(|()| None)
    }

    /// Takes the next frame of the present target, and what it means, which is neither an error nor
    /// malformed.
    ///
    /// # Errors
    /// When the answer turns out to be none: a continuation that does not fit, tool arguments that
    /// are no JSON, repetition without end.
    pub fn take(&mut self, frame: Frame, meaning: Meaning) -> Result<(), Flaw> {
        self.has_content |= meaning == Meaning::Content;
        // What is written anew is text anyhow, and so is what is like a frame that was.
        let frame = if self.writer.is_none() { frame.in_utf8() } else { frame };
        let mut deltas = std::mem::take(&mut self.scratch);
        self.reader.read(&frame, &mut deltas);
        let taken = if self.writer.is_none() {
            self.compare(&frame, &deltas);
            self.pass(frame, &meaning, &mut deltas)
        } else {
            self.translate(&mut deltas)
        };
        deltas.clear();
        self.scratch = deltas;
        taken
    }

    /// The present target's answer is whole; `marker` is the end marker it left out.
    ///
    /// # Errors
    /// When it turns out to be none, as with a frame.
    pub fn end(&mut self, marker: Option<&'static [u8]>) -> Result<(), Flaw> {
        let mut deltas = std::mem::take(&mut self.scratch);
        self.reader.end(&mut deltas);
        if self.writer.is_some() {
            self.translate(&mut deltas)?;
            self.has_released = true;
            return self.release();
        }
        for delta in &deltas {
            self.see(delta);
            self.gate.see(delta)?;
        }
        self.release()?;
        for delta in deltas {
            self.delivered.record(delta);
        }
        self.out.push(marker.map(Bytes::from_static).unwrap_or_default());
        self.has_released = true;
        Ok(())
    }

    /// What can go to the client now.
    pub fn passable(&mut self) -> Bytes {
        self.out.take()
    }

    /// Whether something can go to the client now.
    #[must_use]
    pub fn has_passable(&self) -> bool {
        !self.out.is_empty()
    }

    /// Bytes that were made and not taken, and what is held.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let leg = self.leg.as_ref().map_or(0, Leg::held);
        self.out.len() + self.queue.size() + self.gate.held() + leg
    }

    /// Whether content of the present target has come.
    #[must_use]
    pub const fn has_content(&self) -> bool {
        self.has_content
    }

    /// Whether something of the present target's could go to the client, be it taken or not.
    #[must_use]
    pub const fn has_released(&self) -> bool {
        self.has_released
    }

    /// Whether the present target may end without a word: everything was said.
    #[must_use]
    pub fn may_add_nothing(&self) -> bool {
        self.leg.as_ref().is_some_and(Leg::may_add_nothing)
    }

    /// Who could go on if the present target broke now.
    #[must_use]
    pub fn resumable(&self) -> Resumable {
        let is_known = self.writer.is_some() || (self.is_exact && self.thread.is_continuable());
        let is_fit = is_known && self.delivered.is_resumable() && self.repeats().is_ok();
        if !is_fit || self.client == Dialect::Embeddings {
            Resumable::Never
        } else if self.has_said_all() {
            Resumable::Said
        } else if self.is_json && !self.delivered.is_empty() {
            Resumable::ByPrefill
        } else {
            Resumable::Anywhere
        }
    }

    /// Whether all that the caller's bound allows was delivered, whoever said it.
    fn has_said_all(&self) -> bool {
        let reaches = |bound| surely_written(&self.delivered) >= bound;
        !self.delivered.is_empty() && self.bound.is_some_and(reaches)
    }

    /// Whether a target that goes on has said all that the caller's bound allows.
    #[must_use]
    pub fn is_past_bound(&self) -> bool {
        self.leg.is_some() && self.resumable() == Resumable::Said
    }

    /// Ends an answer of which all was said that its caller's bound allows, and that nobody ended.
    /// What comes of it is [`Self::passable`].
    pub fn end_at_bound(&mut self) {
        // Who is left before its end has told nothing of what it read.
        self.tokens.assume(self.prompt);
        self.resume(self.client, Onward::Prefill { echoes: false }, None);
        let stop = Stop::of(StopReason::Length);
        let mut deltas = vec![Delta::Finish { choice: 0, stop }, Delta::End];
        // What ends in this way was judged before.
        let _ = self.translate(&mut deltas).and_then(|()| self.release());
    }

    /// What the client has.
    #[must_use]
    pub const fn delivered(&self) -> &Delivered {
        &self.delivered
    }

    /// How the next target should be asked to go on: whether it takes a prefill, and whether it is
    /// known to repeat one.
    #[must_use]
    pub fn onward(&self, prefill: bool, echoes: bool) -> Onward {
        match self.delivered.onward(prefill, echoes) {
            // Where JSON goes on cannot be said in words.
            Onward::Asked if self.is_json && prefill => Onward::Prefill { echoes },
            onward @ (Onward::Anew | Onward::Prefill { .. } | Onward::Asked) => onward,
        }
    }

    /// Tokens of all targets together, as far as they said; estimated where one broke.
    #[must_use]
    pub fn usage(&self) -> TokenCount {
        self.tokens.count()
    }

    /// Another target goes on. What was held of the broken one is forgotten.
    pub fn resume(&mut self, target: Dialect, onward: Onward, maker: Option<Maker>) {
        let ended_text = self.queue.ends_a_part() && self.delivered.open() == Some(OpenPart::Text);
        let is_over = self.leg.as_ref().is_some_and(Leg::is_text_whole);
        let is_whole = ended_text || is_over || self.delivered.open().is_none();
        self.delivered.set_text_whole(is_whole || self.delivered.is_text_whole());
        self.tokens.next();
        self.likeness = Likeness::default();
        self.queue.take();
        self.gate = Gate::new(self.hold);
        self.reader = target.deltas();
        self.leg = Some(Leg::new(onward, &self.delivered));
        (self.has_content, self.has_released, self.waited) = (false, false, false);
        let writer = self.writer.get_or_insert_with(|| {
            let mut writer = self.client.events(self.presented.clone());
            let mut void = Vec::new();
            if self.delivered.has_any() {
                self.delivered.replay(|delta| {
                    writer.write(delta, &mut void);
                    void.clear();
                });
                writer.pick_up(&self.thread);
            }
            writer
        });
        // Thoughts that are open are another's.
        if self.delivered.open() == Some(OpenPart::Other) {
            self.maker = Some(maker);
        } else {
            self.maker = None;
            writer.made_by(maker);
        }
    }

    fn see(&mut self, delta: &Delta) {
        self.tokens.see(delta);
        if self.gate.is_shut() {
            self.tail.see(delta);
        }
    }

    /// Everything that was held goes out.
    fn release(&mut self) -> Result<(), Flaw> {
        for unit in self.queue.take() {
            match unit {
                Unit::Frame(Told { frame, deltas, waits }) => {
                    self.is_exact = !waits;
                    self.deliver(frame, deltas.into_iter());
                }
                Unit::Piece(delta) => self.put(delta),
            }
        }
        self.repeats()
    }

    fn repeats(&self) -> Result<(), Flaw> {
        let repeats = self.delivered.repeats() || self.tail.repeats();
        if repeats && !self.may_repeat { Err(Flaw::Repeats) } else { Ok(()) }
    }
}
