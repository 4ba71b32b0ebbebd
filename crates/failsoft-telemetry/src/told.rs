//! A call as its record tells it, laid out for spans and log records.

use std::time::Duration;

use failsoft_engine::{
    AttemptId, CallId, Delivery, Event, Moment, Outcome, Profile, RouteId, TargetId, Usage,
    Verdict, Why,
};
use failsoft_journal::{AttemptFacts, CallRecord, TargetName, Trace};

/// A call and its attempts.
pub(crate) struct Told<'a> {
    pub(crate) record: &'a CallRecord,
    pub(crate) call: CallId,
    pub(crate) trace: Trace,
    pub(crate) route: Option<&'a str>,
    pub(crate) delivery: Option<Delivery>,
    pub(crate) profile: Option<Profile>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) started: Moment,
    pub(crate) ended: Moment,
    /// Between attempts, all together.
    pub(crate) waited: Duration,
    pub(crate) legs: Vec<Leg<'a>>,
}

/// An attempt.
pub(crate) struct Leg<'a> {
    pub(crate) id: AttemptId,
    pub(crate) target: TargetId,
    pub(crate) name: Option<&'a TargetName>,
    pub(crate) why: Why,
    pub(crate) started: Moment,
    pub(crate) ended: Option<Moment>,
    pub(crate) first_content: Option<Duration>,
    pub(crate) outcome: Option<Outcome>,
    /// How long the call waited before it, and for what.
    pub(crate) waited: Option<(Duration, &'static str)>,
    pub(crate) facts: Option<&'a AttemptFacts>,
}

impl<'a> Told<'a> {
    /// `None` for a record without a beginning, which no driver makes.
    pub(crate) fn of(record: &'a CallRecord, sampled: impl Fn(u128) -> bool) -> Option<Self> {
        let &(started, Event::CallStarted { call, route, profile, delivery, .. }) =
            record.events.first()?
        else {
            return None;
        };
        let own = || {
            let trace = Trace::of_call(call, false);
            Trace { sampled: sampled(trace.id), ..trace }
        };
        let RouteId(place) = route;
        let mut told = Self {
            record,
            call,
            trace: record.facts.trace.unwrap_or_else(own),
            route: record.names.routes.get(usize::from(place)).map(String::as_str),
            delivery: Some(delivery),
            profile: Some(profile),
            verdict: None,
            started,
            ended: record.events.last().map_or(started, |(at, _)| *at),
            waited: Duration::ZERO,
            legs: Vec::with_capacity(record.attempts.len().max(1)),
        };
        told.fold();
        Some(told)
    }

    fn fold(&mut self) {
        let mut waiting: Option<(Moment, &'static str)> = None;
        for (at, event) in &self.record.events {
            if let Event::AttemptStarted { attempt, target, why, .. } = *event {
                let waited = waiting.take().map(|(since, cause)| (at.since(since), cause));
                self.waited += waited.map_or(Duration::ZERO, |(time, _)| time);
                let started = *at;
                let leg = self.leg(attempt, target);
                (leg.why, leg.started, leg.waited) = (why, started, waited);
            } else if let Event::Waiting { cause, .. } = event {
                let since = waiting.map_or(*at, |(since, _)| since);
                waiting = Some((since, cause.as_str()));
            } else if let Event::FirstContent { attempt, after } = event {
                let known = self.legs.iter_mut().find(|leg| leg.id == *attempt);
                known.into_iter().for_each(|leg| leg.first_content = Some(*after));
            } else if let Event::AttemptEnded { attempt, target, outcome, .. } = *event {
                let leg = self.leg(attempt, target);
                (leg.outcome, leg.ended) = (Some(outcome), Some(*at));
            } else if let Event::CallEnded { verdict, .. } = event {
                self.verdict = Some(*verdict);
                let last = waiting.take().map_or(Duration::ZERO, |(since, _)| at.since(since));
                self.waited += last;
            }
        }
    }

    fn leg(&mut self, id: AttemptId, target: TargetId) -> &mut Leg<'a> {
        let place = self.legs.iter().position(|leg| leg.id == id).unwrap_or_else(|| {
            let facts = self.record.attempts.iter().find(|facts| facts.ordinal == id.ordinal);
            self.legs.push(Leg {
                id,
                target,
                name: self.record.names.targets.get(usize::from(target.0)),
                why: Why::First,
                started: self.started,
                ended: None,
                first_content: None,
                outcome: None,
                waited: None,
                facts,
            });
            self.legs.len() - 1
        });
        &mut self.legs[place]
    }

    /// Whether anything failed, waited, or was refused, begun beside or ended in another way.
    pub(crate) fn is_eventful(record: &CallRecord) -> bool {
        let is_usual = |event: &Event| {
            if let Event::AttemptStarted { why, .. } = event {
                *why == Why::First
            } else if let Event::AttemptEnded { outcome, .. } = event {
                matches!(outcome, Outcome::Succeeded(_))
            } else if let Event::CallEnded { verdict, .. } = event {
                matches!(verdict, Verdict::Served { .. })
            } else {
                matches!(
                    event,
                    Event::CallStarted { .. }
                        | Event::FirstContent { .. }
                        | Event::Committed { .. }
                        | Event::LimitChanged { .. }
                )
            }
        };
        !record.events.iter().all(|(_, event)| is_usual(event))
    }

    /// Nanoseconds since 1970.
    pub(crate) fn wall(&self, at: Moment) -> u64 {
        let stamp = self.record.stamp;
        let since = u64::try_from(at.since(stamp.moment).as_nanos()).unwrap_or(u64::MAX);
        u64::try_from(stamp.unix_millis)
            .unwrap_or(0)
            .saturating_mul(1_000_000)
            .saturating_add(since)
    }

    /// The attempt whose answer, or failure, the client got; else the last.
    pub(crate) fn answer(&self) -> Option<&Leg<'a>> {
        let said = match self.verdict {
            Some(Verdict::Served { attempt } | Verdict::Resumed { attempt }) => Some(attempt),
            Some(Verdict::Failed { attempt, .. }) => attempt,
            Some(Verdict::Degraded { .. } | Verdict::Cancelled) | None => None,
        };
        let said = said.and_then(|said| self.legs.iter().find(|leg| leg.id == said));
        said.or(self.legs.last())
    }

    /// From the call's start to the first content its client got.
    pub(crate) fn first_content(&self) -> Option<Duration> {
        let committed = self.record.events.iter().find_map(|(at, event)| {
            matches!(event, Event::Committed { .. }).then_some(at.since(self.started))
        });
        committed.filter(|_| self.delivery == Some(Delivery::Streamed))
    }
}

impl Leg<'_> {
    /// What it read and wrote, as far as that is known.
    pub(crate) fn usage(&self) -> Option<Usage> {
        let said = match self.outcome? {
            Outcome::Succeeded(usage) | Outcome::Cancelled { usage, .. } => Some(usage),
            Outcome::Failed(_) => self.facts?.usage,
        };
        said.filter(|usage| usage.input > 0 || usage.output > 0)
    }

    /// Its estimated cost in billionths of a US dollar.
    pub(crate) fn cost(&self) -> Option<u64> {
        let (usage, price) = (self.usage()?, self.facts?.price?);
        // Prices are millionths of a dollar for a million tokens.
        let input = u64::from(usage.input).saturating_mul(price.input);
        let output = u64::from(usage.output).saturating_mul(price.output);
        Some(input.saturating_add(output) / 1000)
    }

    /// How it ended, in one word.
    pub(crate) const fn ending(&self) -> &'static str {
        match self.outcome {
            Some(Outcome::Succeeded(_)) => "succeeded",
            Some(Outcome::Failed(_)) => "failed",
            Some(Outcome::Cancelled { .. }) => "cancelled",
            None => "unknown",
        }
    }

    /// The provider's own code, if it looks like one: words do not belong here.
    pub(crate) fn code(&self) -> Option<&str> {
        let is_code =
            |code: &&str| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_graphic());
        self.facts?.code.as_deref().filter(is_code)
    }
}
