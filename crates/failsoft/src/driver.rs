//! One call: tells the engine what happens, does what it orders, and keeps the record.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use failsoft_engine::{
    AttemptId, BarReason, CallId, Command, Event, FailureKind, Input, Moment, Outcome, Refusal,
    RouteId, TargetId, Verdict,
};
use failsoft_journal::{AttemptFacts, CallFacts, CallRecord};
use failsoft_provider::Reading;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::ask::Ask;
use crate::client::Inner;
use crate::egress::{Exchange, Happening, NotSaid, Whole};
use crate::generation::Generation;
use crate::observe::Seen;
use crate::order::{Unsaid, Writing, order};
use crate::timer::Timer;

/// A call on its way. Dropping it before its end tells the engine that the caller left.
pub(crate) struct Driver {
    inner: Arc<Inner>,
    generation: Arc<Generation>,
    ask: Box<Ask>,
    live: Vec<Live>,
    timer: Timer,
    log: Log,
    /// The attempt whose content goes to the client.
    committed: Option<u8>,
    whole: Option<Whole>,
    verdict: Option<Verdict>,
    /// The failures read so far, for what is said to the client.
    readings: Vec<(u8, Reading)>,
    /// What becomes of seals nobody is known to have made.
    unsaid: Unsaid,
}

struct Live {
    id: AttemptId,
    exchange: Exchange,
    told: Option<tokio::time::Instant>,
}

/// What is kept of a call until it ends.
struct Log {
    targets: Vec<TargetId>,
    events: Vec<(Moment, Event)>,
    attempts: Vec<AttemptFacts>,
    facts: CallFacts,
}

/// What a call has come to.
#[derive(Debug)]
pub(crate) enum Stage {
    /// First content of a stream is here: the head can go to the client.
    Begun,
    /// It is over.
    Over(Verdict),
}

impl Driver {
    /// Brings a call before the engine.
    pub(crate) fn start(
        inner: Arc<Inner>,
        generation: Arc<Generation>,
        ask: Ask,
        facts: CallFacts,
        cx: &mut Context<'_>,
    ) -> Box<Self> {
        let arrival = ask.arrival;
        let mut driver = Box::new(Self {
            inner,
            generation,
            ask: Box::new(ask),
            live: Vec::with_capacity(1),
            timer: Timer::default(),
            log: Log {
                targets: Vec::with_capacity(2),
                events: Vec::with_capacity(8),
                attempts: Vec::with_capacity(1),
                facts,
            },
            committed: None,
            whole: None,
            verdict: None,
            readings: Vec::new(),
            unsaid: Unsaid::Kept,
        });
        driver.step(Input::CallArrived(arrival), cx);
        driver
    }

    pub(crate) fn call(&self) -> CallId {
        self.ask.arrival.call
    }

    pub(crate) fn route(&self) -> RouteId {
        self.ask.arrival.route
    }

    pub(crate) fn generation(&self) -> &Generation {
        &self.generation
    }

    pub(crate) fn attempts(&self) -> usize {
        self.log.targets.len()
    }

    /// Where an attempt went.
    pub(crate) fn target_of(&self, ordinal: u8) -> Option<TargetId> {
        self.log.targets.get(usize::from(ordinal)).copied()
    }

    /// What a failed attempt's target said.
    pub(crate) fn reading_of(&self, ordinal: u8) -> Option<&Reading> {
        self.readings.iter().find(|(other, _)| *other == ordinal).map(|(_, reading)| reading)
    }

    /// What keeps every target of the route from serving the call, if that is why it failed.
    pub(crate) fn none_can_serve(&self) -> Option<BarReason> {
        self.log.events.iter().rev().find_map(|(_, event)| match event {
            Event::Refused { reason: Refusal::NoneCanServe(reason), .. } => Some(*reason),
            _ => None,
        })
    }

    /// The attempt whose content goes to the client.
    pub(crate) fn committed(&self) -> Option<u8> {
        self.committed
    }

    /// The headers of an attempt's answer.
    pub(crate) fn headers_of(&self, ordinal: u8) -> Option<&HeaderMap> {
        self.exchange_of(ordinal)?.head().map(|(_, headers)| headers)
    }

    /// Whether an attempt's target speaks another dialect than the client.
    pub(crate) fn is_translated(&self, ordinal: u8) -> bool {
        self.exchange_of(ordinal).is_some_and(Exchange::is_translated)
    }

    /// What a call lost on its way into the dialect of an attempt's target, by name.
    pub(crate) fn left_out_of(&self, ordinal: u8) -> Option<HeaderValue> {
        let left_out = &self.exchange_of(ordinal)?.facts.left_out;
        let list = Some(left_out.join(", ")).filter(|list| !list.is_empty());
        HeaderValue::try_from(list?).ok()
    }

    fn exchange_of(&self, ordinal: u8) -> Option<&Exchange> {
        let live = self.live.iter().find(|live| live.id.ordinal == ordinal)?;
        Some(&live.exchange)
    }

    /// The winner's plain answer, or the rest of its stream.
    pub(crate) fn take_whole(&mut self) -> Option<Whole> {
        self.whole.take()
    }

    /// Lets go of what only another attempt would need: a stream that has begun may stay open for
    /// long, and these hold the buffers they came in.
    pub(crate) fn travel_light(&mut self) {
        self.ask.sent.travel_light();
        self.live.iter_mut().for_each(|live| live.exchange.forget_head());
    }

    /// The status the client gets, for the record.
    pub(crate) fn answered_with(&mut self, status: StatusCode) {
        self.log.facts.status = status.as_u16();
    }

    /// An attempt's target as clients see it: `provider/model`.
    pub(crate) fn label_of(&self, ordinal: u8) -> Option<HeaderValue> {
        self.generation.label(self.target_of(ordinal)?, &self.ask.plain_name)
    }

    /// Whether the route takes whatever model the client names.
    pub(crate) fn takes_any_model(&self) -> bool {
        self.generation.takes_any_model(self.route())
    }

    /// Whether the client's SDK, which tries three times, may do so without making more attempts
    /// of this call than we may: if there was none, or one at the only target there is.
    pub(crate) fn may_come_back(&self, kind: FailureKind) -> bool {
        let alone = self.generation.route(self.route()).is_some_and(|route| {
            route.tiers.iter().flatten().count() == 1 && route.policies.retry.max_attempts >= 3
        });
        match self.attempts() {
            0 => true,
            1 => alone && kind == FailureKind::RateLimited,
            _ => false,
        }
    }

    /// How the call ended, once it has.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    pub(crate) fn ask(&self) -> &Ask {
        &self.ask
    }

    /// Goes on until the head of an answer can be sent, or the call is over.
    pub(crate) fn poll_stage(&mut self, cx: &mut Context<'_>) -> Poll<Stage> {
        loop {
            if let Some(verdict) = self.verdict {
                return Poll::Ready(Stage::Over(verdict));
            }
            if self.committed.is_some() {
                return Poll::Ready(Stage::Begun);
            }
            if self.poll_happening(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// The next content of the committed stream; `None` when the call is over.
    pub(crate) fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if self.verdict.is_some() {
                return Poll::Ready(None);
            }
            match self.poll_happening(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(content)) => return Poll::Ready(Some(content)),
                Poll::Ready(None) => {}
            }
        }
    }

    /// Ends the call for the record. Must follow the verdict, once the status is known.
    pub(crate) fn record(&mut self) {
        let events = std::mem::take(&mut self.log.events);
        if events.is_empty() {
            return;
        }
        let record = CallRecord {
            stamp: self.inner.clock.stamp(),
            names: Arc::clone(&self.generation.names),
            facts: std::mem::take(&mut self.log.facts),
            events,
            attempts: std::mem::take(&mut self.log.attempts),
        };
        self.inner.journal.record_call(record);
    }

    /// One thing that happens: to an attempt, or that time passes.
    fn poll_happening(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        for index in 0..self.live.len() {
            if let Poll::Ready(happening) = self.live[index].exchange.poll(cx) {
                let id = self.live[index].id;
                return Poll::Ready(self.happened(id, happening, cx));
            }
        }
        if self.timer.poll(&self.inner.clock, cx).is_ready() {
            self.tell_progress(cx);
            self.step(Input::TimePassed { call: self.call() }, cx);
            return Poll::Ready(None);
        }
        Poll::Pending
    }

    fn happened(
        &mut self,
        attempt: AttemptId,
        happening: Happening,
        cx: &mut Context<'_>,
    ) -> Option<Bytes> {
        self.tell_quota(attempt, cx);
        match happening {
            Happening::Connected => self.step(Input::Connected { attempt }, cx),
            Happening::FirstContent => self.step(Input::FirstContent { attempt }, cx),
            Happening::Content(content) => {
                self.learn_seals(attempt, &content);
                return Some(content);
            }
            Happening::Whole(whole) => {
                let usage = whole.usage;
                self.learn_seals(attempt, &whole.body);
                self.whole = Some(whole);
                self.step(Input::AttemptSucceeded { attempt, usage }, cx);
            }
            Happening::Failed(reading) => {
                let failure = reading.failure;
                if reading.seal_refused {
                    self.unsaid = Unsaid::Removed;
                }
                self.readings.push((attempt.ordinal, reading));
                self.abandon(attempt);
                self.step(Input::AttemptFailed { attempt, failure }, cx);
            }
        }
        None
    }

    fn step(&mut self, input: Input, cx: &mut Context<'_>) {
        for command in self.consult(input) {
            match command {
                Command::Start { attempt, target, .. } => self.start_attempt(attempt, target, cx),
                Command::Cancel { attempt, .. } => self.abandon(attempt),
                Command::Commit { attempt } => self.commit(attempt),
                Command::WakeAt { at, .. } => self.timer.set(at),
                Command::Finish { verdict, .. } => self.finish(verdict),
            }
        }
    }

    /// Steps the engine and shows what came to be to those who watch.
    fn consult(&mut self, input: Input) -> Vec<Command> {
        let now = self.inner.clock.now();
        let step = self.inner.engine().step(now, input);
        for event in step.events {
            if let Event::AttemptStarted { target, .. } = event {
                self.log.targets.push(target);
            }
            let seen = Seen {
                at: now,
                names: &self.generation.names,
                call: Some(&self.ask.id),
                code: self.code_of(&event),
                route: Some(self.route()),
                attempts: &self.log.targets,
            };
            self.inner.observe(seen, &event);
            if is_of_a_target(&event) {
                self.inner.record_state(&self.generation.names, now, event);
            }
            self.log.events.push((now, event));
        }
        step.commands
    }

    /// The code behind the end of a failed attempt.
    fn code_of(&self, event: &Event) -> Option<&str> {
        let Event::AttemptEnded { attempt, outcome: Outcome::Failed(_), .. } = event else {
            return None;
        };
        self.reading_of(attempt.ordinal)?.code.as_deref()
    }

    fn start_attempt(&mut self, id: AttemptId, target: TargetId, cx: &mut Context<'_>) {
        let Some(place) = self.generation.place(target) else { return };
        let writing = Writing {
            ask: &self.ask,
            place,
            generation: &self.generation,
            seals: &self.inner.seals,
            unsaid: self.unsaid,
        };
        let exchange = match order(&writing) {
            Ok(order) => Exchange::start(order, id.ordinal, cx),
            Err(unfit) => {
                let model = place.model(&self.ask.plain_name);
                let (endpoint, dialect) = (&place.endpoint, place.dialect);
                let said = NotSaid { endpoint, dialect, model, unfit };
                Exchange::unfit(&said, id.ordinal)
            }
        };
        self.live.push(Live { id, exchange, told: None });
    }

    fn abandon(&mut self, id: AttemptId) {
        if let Some(index) = self.live.iter().position(|live| live.id == id) {
            self.log.attempts.push(self.live.swap_remove(index).exchange.facts);
        }
    }

    fn commit(&mut self, id: AttemptId) {
        self.committed = Some(id.ordinal);
        if let Some(live) = self.live.iter_mut().find(|live| live.id == id) {
            live.exchange.commit();
        }
    }

    fn finish(&mut self, verdict: Verdict) {
        self.verdict = Some(verdict);
        self.timer.set(None);
    }

    /// Remembers who sealed what goes to the client as it came.
    fn learn_seals(&self, attempt: AttemptId, passed: &[u8]) {
        let Some(live) = self.live.iter().find(|live| live.id == attempt) else { return };
        let place =
            self.target_of(attempt.ordinal).and_then(|target| self.generation.place(target));
        let Some(place) = place.filter(|_| !live.exchange.is_translated()) else { return };
        for seal in failsoft_wire::seals(place.dialect, passed) {
            self.inner.seals.learn(&seal, place.maker(place.model(&self.ask.plain_name)));
        }
    }

    /// Tells the engine what a target said of its quota, once.
    fn tell_quota(&mut self, attempt: AttemptId, cx: &mut Context<'_>) {
        let live = self.live.iter_mut().find(|live| live.id == attempt);
        if let Some(told) = live.and_then(|live| live.exchange.take_told()) {
            self.step(Input::QuotaTold { attempt, told }, cx);
        }
    }

    /// Tells the engine when content came last, before it judges a stall.
    fn tell_progress(&mut self, cx: &mut Context<'_>) {
        let told = self.live.iter_mut().find_map(|live| {
            let last = live.exchange.last_content()?;
            (live.told != Some(last)).then(|| {
                live.told = Some(last);
                (live.id, last)
            })
        });
        if let Some((attempt, last)) = told {
            let at = self.inner.clock.moment(last);
            self.step(Input::Progressed { attempt, at }, cx);
        }
    }
}

/// Whether an event tells of a target beyond the call it came with.
fn is_of_a_target(event: &Event) -> bool {
    matches!(
        event,
        Event::BreakerChanged(_)
            | Event::Throttled { .. }
            | Event::Disabled { .. }
            | Event::LimitChanged { .. }
            | Event::TargetSwitched { .. }
    )
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.verdict.is_none() {
            // Its commands are to cancel what lives, and that is what dropping does.
            let _ = self.consult(Input::CallerLeft { call: self.call() });
        }
        let live = std::mem::take(&mut self.live);
        self.log.attempts.extend(live.into_iter().map(|live| live.exchange.facts));
        self.record();
    }
}
