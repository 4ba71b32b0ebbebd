//! One call: tells the engine what happens, does what it orders, and keeps the record.

mod costs;
mod demand;
mod resuming;
mod telling;
mod views;

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use failsoft_engine::policy::ContentFilter;
use failsoft_engine::{
    AttemptId, Command, Delivery, Event, Input, Moment, Outcome, Resumable, TargetId, Verdict, Why,
};
use failsoft_journal::{AttemptFacts, CallFacts, CallRecord};
use failsoft_provider::Reading;
use failsoft_wire::Splicer;
use tokio::time::Instant;

use self::demand::Demand;
use self::resuming::Continuation;
use crate::ask::Ask;
use crate::client::Inner;
use crate::egress::{Exchange, Happening, NotSaid, Refusals, Whole, usage_of};
use crate::generation::Generation;
use crate::heartbeat::Heartbeat;
use crate::observe::Seen;
use crate::order::{Unsaid, Writing, order};
use crate::timer::Timer;
use crate::trace_context;

/// A call on its way. Dropping it before its end tells the engine that the caller left.
pub(crate) struct Driver {
    inner: Arc<Inner>,
    generation: Arc<Generation>,
    ask: Box<Ask>,
    live: Vec<Live>,
    timer: Timer,
    log: Log,
    /// The attempt whose content came first to the client.
    committed: Option<u8>,
    /// The attempt that goes on with it now.
    leg: Option<AttemptId>,
    /// What goes to the client, between two attempts.
    thread: Option<Box<Splicer>>,
    told_resumable: Resumable,
    heartbeat: Heartbeat,
    demand: Demand,
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
    told: Option<Instant>,
    /// Tokens of the answer that others wrote before it.
    written_before: u32,
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
    /// The head of a stream must go to the client: first content is here, or proxies will not wait
    /// for it any longer.
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
        let begin_after = match arrival.delivery {
            Delivery::Plain => None,
            Delivery::Streamed => generation.streams(arrival.route).begin_after,
        };
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
            leg: None,
            thread: None,
            told_resumable: Resumable::Never,
            heartbeat: Heartbeat::new(begin_after),
            demand: Demand::default(),
            whole: None,
            verdict: None,
            readings: Vec::new(),
            unsaid: Unsaid::Kept,
        });
        driver.step(Input::CallArrived(arrival), cx);
        driver
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
                return self.heartbeat.poll(cx).map(|()| Stage::Begun);
            }
        }
    }

    /// The head goes to the client, and a sign of life with it if there is nothing else.
    pub(crate) fn begun(&mut self) {
        let every = self.streams().heartbeat;
        self.heartbeat.beat(every);
        if self.committed.is_none() {
            self.heartbeat.beat_now();
        }
    }

    /// The next content of the committed stream; `None` when the call is over.
    pub(crate) fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        std::task::ready!(self.demand.poll(cx));
        loop {
            if self.verdict.is_some() {
                return Poll::Ready(None);
            }
            match self.poll_happening(cx) {
                Poll::Ready(Some(content)) => {
                    self.heartbeat.heard();
                    self.demand.met();
                    return Poll::Ready(Some(content));
                }
                Poll::Ready(None) => {}
                Poll::Pending => {
                    self.demand.waits();
                    std::task::ready!(self.heartbeat.poll(cx));
                    if let Some(sign) = self.ask.sent.dialect.heartbeat() {
                        return Poll::Ready(Some(Bytes::from_static(sign)));
                    }
                }
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
        self.inner.ended(record);
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
            self.tell_delivered(cx);
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
            Happening::ContentHeld => self.step(Input::ContentHeld { attempt }, cx),
            Happening::FirstContent => self.step(Input::FirstContent { attempt }, cx),
            Happening::Words(content) => return Some(content),
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
                self.learn_refusals(attempt, &reading);
                self.tell_delivered(cx);
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
                Command::Start { attempt, target, why } => {
                    if why == Why::Resume {
                        self.leg = Some(attempt);
                    }
                    self.start_attempt(attempt, target, cx);
                }
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
            self.inner.observe(&seen, &event);
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
        let generation = Arc::clone(&self.generation);
        let Some(place) = generation.place(target) else { return };
        let continuation = self.continuation(place);
        let written_before = self.thread.as_deref().map_or(0, |thread| thread.usage().output);
        let writing = Writing {
            ask: &self.ask,
            place,
            generation: &self.generation,
            seals: &self.inner.seals,
            unsaid: self.unsaid,
            refusals: self.refusals(),
            continuation: continuation.as_ref().map(|continuation| &continuation.call),
        };
        let mut exchange = match order(&writing) {
            Ok(mut order) => {
                if let Some(trace) = &self.ask.trace {
                    trace_context::name(id, trace, &mut order.headers);
                }
                match continuation {
                    Some(Continuation { onward, .. }) => self.go_on(&mut order, place, onward),
                    None if order.delivery == Delivery::Streamed && self.thread.is_none() => {
                        self.begin(&mut order, place);
                    }
                    None => {}
                }
                Exchange::start(order, id.ordinal, cx)
            }
            Err(unfit) => {
                let model = place.model(&self.ask.plain_name);
                let (endpoint, dialect) = (&place.endpoint, place.dialect);
                let said = NotSaid { endpoint, dialect, model, unfit };
                Exchange::unfit(&said, id.ordinal)
            }
        };
        exchange.facts.price = generation.price(place, &exchange.facts.model);
        self.live.push(Live { id, exchange, told: None, written_before });
    }

    fn refusals(&self) -> Refusals {
        let route = self.generation.route(self.route());
        let kind = route.map(|route| route.policies.retry.content_filter);
        if kind == Some(ContentFilter::Failover) { Refusals::Failures } else { Refusals::Answers }
    }

    fn abandon(&mut self, id: AttemptId) {
        if let Some(index) = self.live.iter().position(|live| live.id == id) {
            let live = self.live.swap_remove(index);
            let (facts, splicer) = self.facts_of(live);
            if self.leg == Some(id) {
                // Another may go on with it.
                self.thread = splicer.or_else(|| self.thread.take());
            }
            self.log.attempts.push(facts);
        }
    }

    fn commit(&mut self, id: AttemptId) {
        self.committed.get_or_insert(id.ordinal);
        self.leg = Some(id);
        if let Some(live) = self.live.iter_mut().find(|live| live.id == id) {
            live.exchange.commit();
        }
    }

    fn finish(&mut self, verdict: Verdict) {
        let is_answered = matches!(verdict, Verdict::Served { .. } | Verdict::Resumed { .. });
        if let Some(thread) = self.thread.as_deref_mut().filter(|_| is_answered) {
            thread.end_at_bound();
            let usage = usage_of(thread.usage());
            self.whole = Some(Whole { body: thread.passable(), usage });
        }
        self.verdict = Some(verdict);
        self.timer.set(None);
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
            | Event::Probed { .. }
    )
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.verdict.is_none() {
            // Its commands are to cancel what lives, and that is what dropping does.
            let _ = self.consult(Input::CallerLeft { call: self.call() });
        }
        let live = std::mem::take(&mut self.live);
        for live in live {
            let (facts, _) = self.facts_of(live);
            self.log.attempts.push(facts);
        }
        self.record();
    }
}
