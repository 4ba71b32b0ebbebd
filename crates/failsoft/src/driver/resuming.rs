//! How another target goes on with a stream that broke off.

use std::task::Context;

use failsoft_config::{Repetition, StreamDelivery};
use failsoft_engine::{Input, Resumable};
use failsoft_wire::neutral::Call;
use failsoft_wire::{Hold, Onward, Reach, Splicer, continued, may_prefill};

use super::Driver;
use crate::demands::asks_for_json;
use crate::egress::Order;
use crate::generation::Place;
use crate::instruction::instruction;
use crate::order::presented;

/// What a target is asked that goes on.
pub(super) struct Continuation {
    pub(super) call: Call,
    pub(super) onward: Onward,
}

impl Driver {
    /// The call that asks this target to go on. `None` if the call cannot be understood here.
    pub(super) fn continuation(&self, place: &Place) -> Option<Continuation> {
        let thread = self.thread.as_deref()?;
        let call = self.ask.sent.neutral()?;
        let delivered = thread.delivered();
        let model = place.model(&self.ask.plain_name);
        let prefill = self.generation.facts(place, model).prefill
            && self.inner.prefills.allows(place.maker(model))
            && may_prefill(call, place.dialect, model);
        let onward = thread.onward(prefill, place.endpoint.known.prefill().echoes);
        let own = &self.streams().instruction;
        let words = match onward {
            Onward::Asked => {
                instruction(own, delivered.text(), delivered.last_words(), &self.ask.languages)
            }
            Onward::Anew | Onward::Prefill { .. } => String::new(),
        };
        let call = continued(call, delivered, onward, &words);
        Some(Continuation { call, onward })
    }

    /// What goes to the client, from its beginning.
    pub(super) fn begin(&self, order: &mut Order, place: &Place) {
        let is_json = asks_for_json(&self.ask.sent);
        let (client, hold) = (self.ask.sent.dialect, self.hold(is_json));
        let presented = presented(&self.ask, place);
        let mut splicer = Splicer::new(client, place.dialect, presented, hold, is_json);
        if self.streams().repetition == Repetition::Allow {
            splicer = splicer.with_repetition();
        }
        let asked = &self.ask.arrival;
        splicer = splicer.with_bound(asked.output_tokens, asked.input_tokens);
        if !order.may_resume {
            splicer = splicer.without_resumption();
        }
        order.splicer = Some(Box::new(splicer));
    }

    /// What goes to the client, from where it broke off.
    pub(super) fn go_on(&mut self, order: &mut Order, place: &Place, onward: Onward) {
        let Some(mut splicer) = self.thread.take() else { return };
        // In the client's own dialect seals go on as they are, and are remembered.
        let is_translated = self.ask.sent.dialect.reach(place.dialect) == Reach::Translated;
        let maker = is_translated.then(|| place.maker(place.model(&self.ask.plain_name)));
        order.seam = Some(splicer.delivered().text().chars().count() as u64);
        order.onward = Some(word(onward));
        splicer.resume(place.dialect, onward, maker);
        order.splicer = Some(splicer);
    }

    /// Tells the engine who could go on if the answer broke now.
    pub(super) fn tell_delivered(&mut self, cx: &mut Context<'_>) {
        let Some(leg) = self.leg else { return };
        let live = self.live.iter().find(|live| live.id == leg);
        let Some(splicer) = live.and_then(|live| live.exchange.splicer()) else { return };
        let resumable = match splicer.resumable() {
            failsoft_wire::Resumable::Never => Resumable::Never,
            failsoft_wire::Resumable::Said => Resumable::Said,
            // Nobody here understands the call, so nobody can be told what is missing.
            failsoft_wire::Resumable::ByPrefill | failsoft_wire::Resumable::Anywhere
                if self.ask.sent.neutral().is_none() =>
            {
                Resumable::Never
            }
            failsoft_wire::Resumable::ByPrefill => Resumable::ByPrefill,
            failsoft_wire::Resumable::Anywhere => Resumable::Anywhere,
        };
        if self.told_resumable != resumable {
            self.told_resumable = resumable;
            self.step(Input::Delivered { attempt: leg, resumable }, cx);
        }
    }

    /// What of this call's answer waits until it is whole.
    fn hold(&self, is_json: bool) -> Hold {
        let streams = self.streams();
        Hold {
            tool_calls: streams.hold.tool_calls,
            text: streams.hold.json && is_json,
            everything: streams.delivery == StreamDelivery::Whole,
        }
    }
}

/// As the record says it.
const fn word(onward: Onward) -> &'static str {
    match onward {
        Onward::Anew => "anew",
        Onward::Prefill { .. } => "prefill",
        Onward::Asked => "asked",
    }
}
