//! One call of a sheet: which of its fields are shared texts, steady numbers, or its own.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use failsoft_engine::{AttemptId, Event, Grounds, Moment, Outcome, TargetId, Usage, Verdict, Why};

use crate::recorded::{LONGEST, bounded, cost, left_out, nanos, place, wall};
use crate::text::{self, LABEL, WORDS};
use crate::{AttemptFacts, CallFacts, CallRecord, Names, words};

/// No number. What is kept is never so large.
pub(super) const NONE: u64 = u64::MAX;

/// Texts that many calls share.
pub(super) const TEXTS: usize = 18;
/// Numbers that are mostly those of the call before.
pub(super) const STEADY: usize = 16;
/// Numbers of its own.
pub(super) const NUMBERS: usize = 14;
/// Texts of its own, the figures of its attempt the last.
pub(super) const OWN: usize = 3;

/// The last steady number: which of its own a call has.
pub(super) const PRESENT: usize = STEADY - 1;
/// Which of its own are its figures.
pub(super) const FIGURES: usize = OWN - 1;

/// Where the texts stand that lie in the program or among the names of the settings …
pub(super) const LASTING: [usize; 12] = [0, 2, 3, 4, 7, 8, 9, 10, 12, 13, 14, 16];
const ROUTE: usize = 0;
const DIALECT: usize = 1;
const DELIVERY: usize = 2;
const PROFILE: usize = 3;
const VERDICT: usize = 4;
const TARGET: usize = 5;
const PROVIDER: usize = 6;
const CREDENTIAL: usize = 7;
const WHY: usize = 8;
const OUTCOME: usize = 9;
const TRANSLATED_TO: usize = 10;
const ONWARD: usize = 11;

/// … those that each call brings along …
pub(super) const BROUGHT: [usize; 5] = [1, 5, 6, 11, 17];
const MODEL: usize = 0;
const CLIENT: usize = 1;
const TAG: usize = 2;
const ATTEMPT_MODEL: usize = 3;
const CODE: usize = 4;

/// … and the one that is put together for it.
pub(super) const LEFT_OUT: usize = 15;

const CLIENT_RETRIES: usize = 0;
const MAX_ATTEMPTS: usize = 1;
const DEADLINE: usize = 2;
const STATUS: usize = 3;
const ANSWER: usize = 4;
const WAITED: usize = 5;
const ORDINAL: usize = 6;
const START_STEP: usize = 7;
const COMMIT_STEP: usize = 8;
const END_STEP: usize = 9;
const ATTEMPT_STATUS: usize = 10;
const DROPPED_EVENTS: usize = 11;
const SEAM: usize = 12;
const PROMPT_TOKENS: usize = 13;
const REQUEST_BYTES: usize = 14;

pub(super) const FIRST_CONTENT: usize = 0;
pub(super) const TOOK: usize = 1;
pub(super) const STARTED: usize = 2;
pub(super) const CONNECTED: usize = 3;
pub(super) const HEADERS: usize = 4;
pub(super) const COMMITTED: usize = 5;
pub(super) const ATTEMPT_FIRST_CONTENT: usize = 6;
pub(super) const ATTEMPT_TOOK: usize = 7;
pub(super) const INPUT: usize = 8;
pub(super) const OUTPUT: usize = 9;
pub(super) const COST: usize = 10;
pub(super) const DELIVERED: usize = 11;
pub(super) const RETRY_AFTER: usize = 12;
pub(super) const CALL_RETRY_AFTER: usize = 13;

/// Where an event stands in its call: its place, and nanoseconds since the start.
#[derive(Clone, Copy)]
struct Here {
    step: u64,
    offset: u64,
}

/// A healthy call, borrowed.
///
/// It is told straight from the call's events, and tells what [`CallRecord::recorded`] does.
pub(crate) struct Line<'a> {
    pub(super) id: &'a str,
    pub(super) started_ms: i64,
    pub(super) names: &'a Arc<Names>,
    pub(super) lasting: [Option<&'a str>; LASTING.len()],
    pub(super) brought: [Option<&'a str>; BROUGHT.len()],
    pub(super) left_out: Option<String>,
    pub(super) steady: [u64; STEADY],
    pub(super) numbers: [u64; NUMBERS],
    pub(super) request_id: Option<Cow<'a, str>>,
    pub(super) words: Option<Cow<'a, str>>,
    pub(super) grounds: Grounds,
    pub(super) trace: Option<u128>,
}

impl<'a> Line<'a> {
    /// A line for a call, as yet without what its events and its attempts tell.
    pub(crate) fn begin(record: &'a CallRecord) -> Self {
        let mut steady = [NONE; STEADY];
        steady[PRESENT] = 0;
        Self {
            id: &record.facts.id,
            started_ms: 0,
            names: &record.names,
            lasting: [None; LASTING.len()],
            brought: [None; BROUGHT.len()],
            left_out: None,
            steady,
            numbers: [NONE; NUMBERS],
            request_id: None,
            words: None,
            grounds: Grounds::NONE,
            trace: record.facts.trace.map(|trace| trace.id),
        }
    }

    /// Tells the call, if it was served by its only attempt and there is nothing beside. In its
    /// place, because a line is large.
    pub(crate) fn tell(&mut self, record: &'a CallRecord) -> Option<()> {
        let [(started, _), ..] = record.events[..] else { return None };
        let facts = match &record.attempts[..] {
            [] => None,
            [facts] => Some(facts),
            _ => return None,
        };
        self.started_ms = wall(record.stamp, started);
        self.call(&record.facts);
        let used = self.events(record, started)?;
        self.attempt(facts, used)?;
        self.mark_own();
        Some(())
    }

    /// When the call came.
    pub(crate) const fn started_ms(&self) -> i64 {
        self.started_ms
    }

    /// Which of the numbers and texts of its own it has, as bits.
    pub(super) const fn present(&self) -> u64 {
        self.steady[PRESENT]
    }

    /// What a number is likely to be, from those before it.
    pub(super) fn guess(&self, number: usize) -> u64 {
        guess(&self.numbers, number)
    }

    fn call(&mut self, facts: &'a CallFacts) {
        self.lasting[ROUTE] = Some("");
        self.brought[MODEL] = Some(&facts.model);
        self.lasting[DIALECT] = Some(facts.dialect);
        self.brought[CLIENT] = facts.client.as_deref();
        self.brought[TAG] = facts.tag.as_deref();
        self.steady[CLIENT_RETRIES] = u64::from(facts.client_retries);
        self.steady[STATUS] = u64::from(facts.status);
        self.steady[WAITED] = 0;
        self.steady[PROMPT_TOKENS] = u64::from(facts.prompt_tokens);
        self.steady[REQUEST_BYTES] = bounded(facts.request_bytes);
    }

    /// What the only attempt used, if it answered the call and there is nothing else to tell.
    fn events(&mut self, record: &'a CallRecord, started: Moment) -> Option<Usage> {
        let mut used = None;
        for (step, (at, event)) in record.events.iter().enumerate() {
            let here = Here { step: u64::from(place(step)), offset: between(started, *at) };
            match *event {
                Event::CallStarted { route, profile, delivery, deadline, max_attempts, .. } => {
                    let name = record.names.routes.get(usize::from(route.0));
                    self.lasting[ROUTE] = Some(name.map_or("", String::as_str));
                    self.lasting[PROFILE] = Some(profile.as_str());
                    self.lasting[DELIVERY] = Some(words::delivery(delivery));
                    self.steady[MAX_ATTEMPTS] = u64::from(max_attempts);
                    let is_known = deadline != Moment::NEVER;
                    self.steady[DEADLINE] = if is_known { between(*at, deadline) } else { NONE };
                }
                Event::AttemptStarted { attempt, target, why, grounds } => {
                    self.begun(here, (attempt, why, grounds))?;
                    self.target(&record.names, target)?;
                }
                Event::FirstContent { attempt, after } => {
                    self.is_only(attempt)?;
                    self.number(ATTEMPT_FIRST_CONTENT, nanos(after));
                }
                Event::Committed { attempt } => self.committed(here, attempt)?,
                Event::AttemptEnded { attempt, target, outcome, took } => {
                    let Outcome::Succeeded(usage) = outcome else { return None };
                    self.ended(here, (attempt, took))?;
                    self.target(&record.names, target)?;
                    used = Some(usage);
                }
                Event::CallEnded { verdict, took, attempts, .. } => {
                    self.served(verdict, (took, attempts))?;
                }
                Event::LimitChanged { .. } => {}
                Event::Barred(_)
                | Event::Refused { .. }
                | Event::Waiting { .. }
                | Event::BreakerChanged(_)
                | Event::Throttled { .. }
                | Event::Disabled { .. }
                | Event::TargetSwitched { .. }
                | Event::Probed { .. }
                | Event::Ignored { .. } => return None,
            }
        }
        used.filter(|_| self.lasting[VERDICT].is_some())
    }

    /// There is one attempt, and this is it.
    fn is_only(&mut self, attempt: AttemptId) -> Option<()> {
        let ordinal = u64::from(attempt.ordinal);
        if self.steady[ORDINAL] == NONE {
            self.steady[ORDINAL] = ordinal;
        }
        (self.steady[ORDINAL] == ordinal).then_some(())
    }

    fn begun(
        &mut self,
        here: Here,
        (attempt, why, grounds): (AttemptId, Why, Grounds),
    ) -> Option<()> {
        self.is_only(attempt)?;
        self.lasting[WHY] = Some(why.as_str());
        self.grounds = grounds;
        self.steady[START_STEP] = here.step;
        self.number(STARTED, here.offset);
        Some(())
    }

    fn committed(&mut self, here: Here, attempt: AttemptId) -> Option<()> {
        self.is_only(attempt)?;
        self.steady[COMMIT_STEP] = here.step;
        self.number(COMMITTED, here.offset);
        if self.numbers[FIRST_CONTENT] == NONE {
            self.number(FIRST_CONTENT, here.offset);
        }
        Some(())
    }

    fn ended(&mut self, here: Here, (attempt, took): (AttemptId, Duration)) -> Option<()> {
        self.is_only(attempt)?;
        self.lasting[OUTCOME] = Some("succeeded");
        self.steady[END_STEP] = here.step;
        self.number(ATTEMPT_TOOK, nanos(took));
        Some(())
    }

    fn served(&mut self, verdict: Verdict, (took, attempts): (Duration, u8)) -> Option<()> {
        let Verdict::Served { attempt } = verdict else { return None };
        self.lasting[VERDICT] = Some(verdict.as_str());
        self.steady[ANSWER] = u64::from(attempt.ordinal);
        self.number(TOOK, nanos(took));
        (attempts == 1).then_some(())
    }

    fn target(&mut self, names: &'a Names, id: TargetId) -> Option<()> {
        let target = names.targets.get(usize::from(id.0))?;
        self.lasting[TARGET] = Some(&target.name);
        self.lasting[PROVIDER] = Some(&target.provider);
        self.lasting[CREDENTIAL] = Some(&target.credential);
        Some(())
    }

    /// What came over the wire of the only attempt.
    fn attempt(&mut self, facts: Option<&'a AttemptFacts>, used: Usage) -> Option<()> {
        let read = facts.and_then(|facts| facts.usage);
        let usage = Some(used).filter(|used| *used != Usage::default()).or(read);
        if let Some(usage) = usage {
            self.number(INPUT, u64::from(usage.input));
            self.number(OUTPUT, u64::from(usage.output));
        }
        self.number(DELIVERED, 0);
        self.steady[DROPPED_EVENTS] = 0;
        let Some(facts) = facts else { return Some(()) };
        if u64::from(facts.ordinal) != self.steady[ORDINAL] {
            return None;
        }
        self.brought[ATTEMPT_MODEL] = Some(&facts.model);
        self.lasting[TRANSLATED_TO] = facts.translated_to;
        self.lasting[ONWARD] = facts.onward;
        self.brought[CODE] = facts.code.as_deref();
        self.left_out = left_out(Some(facts));
        self.steady[ATTEMPT_STATUS] = facts.status.map_or(NONE, u64::from);
        self.steady[DROPPED_EVENTS] = u64::from(facts.dropped_events);
        self.steady[SEAM] = facts.seam.map_or(NONE, bounded);
        self.maybe(CONNECTED, facts.connected_nanos.map(bounded));
        self.maybe(HEADERS, facts.headers_nanos.map(bounded));
        self.maybe(COST, cost(usage, Some(facts)));
        self.number(DELIVERED, bounded(facts.delivered_bytes));
        self.request_id = facts.request_id.as_deref().map(|id| text::label(id, LABEL));
        self.words = facts.words.as_deref().map(|words| text::sentence(words, WORDS));
        Some(())
    }

    fn number(&mut self, index: usize, number: u64) {
        self.numbers[index] = number;
        self.steady[PRESENT] |= 1 << index;
    }

    fn maybe(&mut self, index: usize, number: Option<u64>) {
        if let Some(number) = number {
            self.number(index, number);
        }
    }

    /// What else it has of its own.
    fn mark_own(&mut self) {
        let own = u64::from(self.request_id.is_some())
            | u64::from(self.words.is_some()) << 1
            | u64::from(!self.grounds.is_empty()) << FIGURES
            | u64::from(self.trace.is_some()) << OWN;
        self.steady[PRESENT] |= own << NUMBERS;
    }
}

/// Nanoseconds from one moment to a later one.
fn between(from: Moment, to: Moment) -> u64 {
    to.as_nanos().saturating_sub(from.as_nanos()).min(LONGEST)
}

/// Times lie close to each other: what is left of them is short. Each number is guessed to be one
/// that is told before it, or 0 where there is none.
const CLOSE: [Option<usize>; NUMBERS] = {
    let mut close = [None; NUMBERS];
    close[COMMITTED] = Some(FIRST_CONTENT);
    close[ATTEMPT_FIRST_CONTENT] = Some(COMMITTED);
    close[ATTEMPT_TOOK] = Some(TOOK);
    close[HEADERS] = Some(CONNECTED);
    close
};

pub(super) fn guess(numbers: &[u64; NUMBERS], number: usize) -> u64 {
    let Some(close) = CLOSE[number] else { return 0 };
    if numbers[close] == NONE { 0 } else { numbers[close] }
}
