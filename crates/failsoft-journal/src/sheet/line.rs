//! One call of a sheet: which of its fields are shared texts, steady numbers, or its own.

use std::borrow::Cow;
use std::sync::Arc;

use failsoft_engine::{Event, Grounds, Moment, Outcome, TargetId, Usage, Verdict};

use crate::recorded::{LONGEST, bounded, cost, left_out, nanos, place, wall};
use crate::text::{self, LABEL, NAME, WORDS};
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

/// … and those that each call brings along.
pub(super) const BROUGHT: [usize; TEXTS - LASTING.len()] = [1, 5, 6, 11, 15, 17];
const MODEL: usize = 0;
const CLIENT: usize = 1;
const TAG: usize = 2;
const ATTEMPT_MODEL: usize = 3;
const LEFT_OUT: usize = 4;
const CODE: usize = 5;

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

/// A healthy call, borrowed.
///
/// It is told straight from the call's events, and tells what [`CallRecord::recorded`] does.
pub(crate) struct Line<'a> {
    pub(super) id: &'a str,
    pub(super) started_ms: i64,
    pub(super) names: &'a Arc<Names>,
    pub(super) lasting: [Option<&'a str>; LASTING.len()],
    pub(super) brought: [Option<Cow<'a, str>>; BROUGHT.len()],
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
        Self {
            id: &record.facts.id,
            started_ms: 0,
            names: &record.names,
            lasting: [None; LASTING.len()],
            brought: [const { None }; BROUGHT.len()],
            steady: [NONE; STEADY],
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
        self.mark_present();
        Some(())
    }

    /// When the call came.
    pub(crate) const fn started_ms(&self) -> i64 {
        self.started_ms
    }

    /// A text that came with a call, as it may stand in the table.
    pub(super) fn told(number: usize, text: &str) -> Cow<'_, str> {
        // What was left out is called by names of our own.
        if number == LEFT_OUT { Cow::Borrowed(text) } else { text::label(text, NAME) }
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
        self.brought[MODEL] = Some(Cow::Borrowed(&facts.model));
        self.lasting[DIALECT] = Some(facts.dialect);
        self.brought[CLIENT] = facts.client.as_deref().map(Cow::Borrowed);
        self.brought[TAG] = facts.tag.as_deref().map(Cow::Borrowed);
        self.steady[CLIENT_RETRIES] = u64::from(facts.client_retries);
        self.steady[STATUS] = u64::from(facts.status);
        self.steady[WAITED] = 0;
        self.steady[PROMPT_TOKENS] = u64::from(facts.prompt_tokens);
        self.steady[REQUEST_BYTES] = bounded(facts.request_bytes);
    }

    /// What the only attempt used, if it answered the call and there is nothing else to tell.
    fn events(&mut self, record: &'a CallRecord, started: Moment) -> Option<Usage> {
        let (mut ordinal, mut used, mut is_served) = (None, None, false);
        let mut is_only = |of: u8| *ordinal.get_or_insert(of) == of;
        for (step, (at, event)) in record.events.iter().enumerate() {
            let (step, offset) = (u64::from(place(step)), || between(started, *at));
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
                Event::AttemptStarted { attempt, target, why, grounds }
                    if is_only(attempt.ordinal) =>
                {
                    self.target(&record.names, target)?;
                    self.lasting[WHY] = Some(why.as_str());
                    self.grounds = grounds;
                    self.steady[START_STEP] = step;
                    self.numbers[STARTED] = offset();
                }
                Event::FirstContent { attempt, after } if is_only(attempt.ordinal) => {
                    self.numbers[ATTEMPT_FIRST_CONTENT] = nanos(after);
                }
                Event::Committed { attempt } if is_only(attempt.ordinal) => {
                    self.steady[COMMIT_STEP] = step;
                    self.numbers[COMMITTED] = offset();
                    if self.numbers[FIRST_CONTENT] == NONE {
                        self.numbers[FIRST_CONTENT] = self.numbers[COMMITTED];
                    }
                }
                Event::AttemptEnded {
                    attempt,
                    target,
                    outcome: Outcome::Succeeded(usage),
                    took,
                } if is_only(attempt.ordinal) => {
                    self.target(&record.names, target)?;
                    self.lasting[OUTCOME] = Some("succeeded");
                    self.steady[END_STEP] = step;
                    self.numbers[ATTEMPT_TOOK] = nanos(took);
                    used = Some(usage);
                }
                Event::CallEnded {
                    verdict: verdict @ Verdict::Served { attempt },
                    took,
                    attempts: 1,
                    ..
                } => {
                    self.lasting[VERDICT] = Some(verdict.as_str());
                    self.steady[ANSWER] = u64::from(attempt.ordinal);
                    self.numbers[TOOK] = nanos(took);
                    is_served = true;
                }
                Event::LimitChanged { .. } => {}
                _ => return None,
            }
        }
        self.steady[ORDINAL] = u64::from(ordinal?);
        used.filter(|_| is_served)
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
        self.numbers[INPUT] = usage.map_or(NONE, |usage| u64::from(usage.input));
        self.numbers[OUTPUT] = usage.map_or(NONE, |usage| u64::from(usage.output));
        self.numbers[DELIVERED] = 0;
        self.steady[DROPPED_EVENTS] = 0;
        let Some(facts) = facts else { return Some(()) };
        if u64::from(facts.ordinal) != self.steady[ORDINAL] {
            return None;
        }
        self.brought[ATTEMPT_MODEL] = Some(Cow::Borrowed(&facts.model));
        self.lasting[TRANSLATED_TO] = facts.translated_to;
        self.lasting[ONWARD] = facts.onward;
        self.brought[CODE] = facts.code.as_deref().map(Cow::Borrowed);
        self.brought[LEFT_OUT] = left_out(Some(facts)).map(Cow::Owned);
        self.steady[ATTEMPT_STATUS] = facts.status.map_or(NONE, u64::from);
        self.steady[DROPPED_EVENTS] = u64::from(facts.dropped_events);
        self.steady[SEAM] = facts.seam.map_or(NONE, bounded);
        self.numbers[CONNECTED] = facts.connected_nanos.map_or(NONE, bounded);
        self.numbers[HEADERS] = facts.headers_nanos.map_or(NONE, bounded);
        self.numbers[COST] = cost(usage, Some(facts)).unwrap_or(NONE);
        self.numbers[DELIVERED] = bounded(facts.delivered_bytes);
        self.request_id = facts.request_id.as_deref().map(|id| text::label(id, LABEL));
        self.words = facts.words.as_deref().map(|words| text::sentence(words, WORDS));
        Some(())
    }

    fn mark_present(&mut self) {
        let mut present = 0;
        for (index, number) in self.numbers.iter().enumerate() {
            present |= u64::from(*number != NONE) << index;
        }
        let own = [self.request_id.is_some(), self.words.is_some(), !self.grounds.is_empty()];
        for (index, is_there) in own.into_iter().chain([self.trace.is_some()]).enumerate() {
            present |= u64::from(is_there) << (NUMBERS + index);
        }
        self.steady[PRESENT] = present;
    }
}

/// Nanoseconds from one moment to a later one.
fn between(from: Moment, to: Moment) -> u64 {
    to.as_nanos().saturating_sub(from.as_nanos()).min(LONGEST)
}

/// Times lie close to each other: what is left of them is short.
pub(super) fn guess(numbers: &[u64; NUMBERS], number: usize) -> u64 {
    let close = match number {
        COMMITTED => FIRST_CONTENT,
        ATTEMPT_FIRST_CONTENT => COMMITTED,
        ATTEMPT_TOOK => TOOK,
        HEADERS => CONNECTED,
        _ => return 0,
    };
    if numbers[close] == NONE { 0 } else { numbers[close] }
}
