//! What a call shows to those who make its answer.

use failsoft_config::Streams;
use failsoft_engine::{BarReason, CallId, Event, FailureKind, Refusal, RouteId, TargetId, Verdict};
use failsoft_provider::Reading;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::Driver;
use crate::ask::Ask;
use crate::egress::{Exchange, Whole};
use crate::generation::Generation;

impl Driver {
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
        self.log.events.iter().rev().find_map(|(_, event)| {
            if let Event::Refused { reason: Refusal::NoneCanServe(reason), .. } = event {
                return Some(*reason);
            }
            None
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

    /// Lets go of what will not be needed: a stream that has begun may stay open for long, and
    /// what came with it holds the buffers it came in.
    pub(crate) fn travel_light(&mut self) {
        let resumes =
            self.generation.route(self.route()).map_or(0, |route| route.policies.resume.max);
        if self.committed.is_some() && resumes == 0 {
            self.ask.sent.travel_without();
        } else {
            self.ask.sent.travel_light();
        }
        self.live.iter_mut().for_each(|live| live.exchange.forget_head());
    }

    /// How the route's streams are passed on.
    pub(crate) fn streams(&self) -> &Streams {
        self.generation.streams(self.route())
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
}
