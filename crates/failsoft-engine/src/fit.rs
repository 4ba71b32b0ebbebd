//! Fit: whether a target can serve a call at all, now or later, and what keeps it from it.
//!
//! What is not known is tried. The size of a prompt is an estimate that half and double of it are
//! thought possible of: a target is left out only if half does not fit, and counts as doubtful if
//! double, and the answer beside it, does not.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::call::Call;
use crate::policy::Ask;
use crate::turn::Turn;
use crate::world::Book;
use crate::{
    Arrival, BarReason, CredentialId, Elsewhere, FailureKind, FormId, Models, Moment, Need, Needs,
    Refusal, Target, TargetId, Unsayable, Why,
};

/// Tokens of an answer that the call sets no bound to.
const TYPICAL_OUTPUT: u32 = 500;
/// A prompt that was too long for a model keeps longer ones from it for this long.
const LEARNT_FOR: Duration = Duration::from_secs(3600);
/// A call that may not fit makes a target as much dearer as one failure of late does.
const DOUBT: u64 = 5;

/// What all targets of a route have in common: most calls need not look further.
#[derive(Debug)]
pub(crate) struct Common {
    /// What all can do, in whatever form a call comes.
    can: Needs,
    /// The least that is known.
    context: u32,
    form: Option<FormId>,
    credential: Option<CredentialId>,
    model_name: Option<u16>,
}

impl Common {
    pub(crate) fn of<'a>(targets: impl Iterator<Item = &'a Target> + Clone) -> Self {
        let can = targets.clone().fold(Needs::ALL, |can, target| {
            can.both(target.capability.can).both(target.capability.own)
        });
        let contexts = targets.clone().filter_map(|target| target.capability.context);
        Self {
            can,
            context: contexts.min().unwrap_or(u32::MAX),
            form: shared(targets.clone().map(|target| target.form)),
            credential: shared(targets.clone().map(|target| target.credential)),
            model_name: shared(targets.map(|target| target.model_name)),
        }
    }
}

fn shared<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

/// What a call asks of the target that answers it.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Demand {
    needs: Needs,
    unsayable: Unsayable,
    spoken: Option<FormId>,
    input: u32,
    /// The call's own bound.
    output: Option<u32>,
    form: Option<FormId>,
    bound_to: Option<CredentialId>,
    model_name: Option<u16>,
    /// Some target of the route may be unable to serve it.
    choosy: bool,
    /// Some target of the route may be too small for it.
    large: bool,
}

impl Demand {
    pub(crate) fn new(arrival: &Arrival, book: &Book) -> Self {
        let route = usize::from(arrival.route.0);
        let first = book.settings.routes.get(route).and_then(|route| route.tiers.first()?.first());
        let model_name = match arrival.models {
            Models::Any => None,
            Models::Same => first.and_then(|first| Some(book.target(*first)?.model_name)),
        };
        let mut demand = Self {
            needs: arrival.needs,
            unsayable: arrival.unsayable,
            spoken: arrival.spoken,
            input: arrival.input_tokens,
            output: arrival.output_tokens,
            form: arrival.form,
            bound_to: arrival.bound_to,
            model_name,
            choosy: false,
            large: false,
        };
        if let Some(common) = book.common(route) {
            demand.choosy = demand.lacks_in_common(common);
            let output = demand.output.unwrap_or(TYPICAL_OUTPUT);
            demand.large = demand.at_most(output) > u64::from(common.context);
        }
        demand
    }

    fn lacks_in_common(&self, common: &Common) -> bool {
        !self.needs.without(common.can).is_empty()
            || !self.unsayable.is_empty()
            || self.input / 2 > common.context
            || (self.form.is_some() && self.form != common.form)
            || (self.bound_to.is_some() && self.bound_to != common.credential)
            || (self.model_name.is_some() && self.model_name != common.model_name)
    }

    /// What keeps a target from serving it, by what is known of the target.
    fn lacks(&self, target: &Target) -> Option<BarReason> {
        let can = &target.capability;
        if self.model_name.is_some_and(|name| name != target.model_name) {
            return Some(BarReason::OtherModel);
        }
        if self.bound_to.is_some_and(|account| account != target.credential) {
            return Some(BarReason::OtherAccount);
        }
        if self.form.is_some_and(|form| form != target.form) {
            return Some(BarReason::OtherForm);
        }
        if let Some(need) = self.needs.without(can.of(target.form, self.spoken)).iter().next() {
            return Some(BarReason::Incapable(need));
        }
        if self.spoken != Some(target.form)
            && let Some(need) = self.unsayable.of(target.form).iter().next()
        {
            return Some(BarReason::Incapable(need));
        }
        let too_small = can.context.is_some_and(|context| self.input / 2 > context);
        too_small.then_some(BarReason::ContextTooSmall)
    }

    /// Whether its text is all that fills a context: pictures, files and what the provider keeps
    /// are not in the estimate.
    fn is_told_by_its_text(&self) -> bool {
        let beside = [Need::Images, Need::Files, Need::AudioVideo, Need::ServerState];
        self.input > 0 && !beside.into_iter().any(|need| self.needs.contains(need))
    }

    /// What a quota must have room for. Most providers reserve the whole bound of an answer.
    pub(crate) fn ask(&self) -> Ask {
        let output = u64::from(self.output.unwrap_or(TYPICAL_OUTPUT));
        Ask { input: u64::from(self.input), tokens: u64::from(self.input) + output }
    }

    /// Tokens of its prompt.
    pub(crate) const fn prompt(&self) -> u32 {
        self.input
    }

    /// Tokens it is expected to cost. A high bound is seldom reached.
    pub(crate) fn weight(&self) -> u64 {
        let output = self.output.unwrap_or(TYPICAL_OUTPUT).min(TYPICAL_OUTPUT);
        (u64::from(self.input) + u64::from(output)).max(1)
    }

    /// Tokens of prompt and answer, if the estimate is half of the truth.
    fn at_most(&self, output: u32) -> u64 {
        2 * u64::from(self.input) + u64::from(output)
    }

    /// How much dearer a target is because the call may not fit.
    pub(crate) fn doubt(&self, target: &Target) -> u64 {
        let Some(context) = target.capability.context.filter(|_| self.large) else { return 1 };
        let doubtful = self.at_most(self.output_at(target)) > u64::from(context);
        if doubtful { DOUBT } else { 1 }
    }

    /// What it costs at this target, in millionths of a millionth of a US dollar.
    pub(crate) fn price(&self, target: &Target) -> Option<u128> {
        let price = target.price?;
        let output = u128::from(self.output_at(target));
        Some(u128::from(self.input) * u128::from(price.input) + output * u128::from(price.output))
    }

    fn output_at(&self, target: &Target) -> u32 {
        let output = self.output.unwrap_or(TYPICAL_OUTPUT);
        target.capability.max_output.map_or(output, |most| output.min(most))
    }
}

/// Prompts that turned out too long, by model. What asks at least as much, of prompt and of
/// answer, is kept from the model; what asks less of either is tried.
#[derive(Debug, Default, Hash)]
pub(crate) struct TooLong(BTreeMap<u16, Learnt>);

#[derive(Clone, Copy, Debug, Hash)]
struct Learnt {
    input: u32,
    output: u32,
    until: Moment,
}

impl TooLong {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A call was too long. One whose estimate says little, or a target that stands for any model,
    /// teaches nothing.
    pub(crate) fn failed(&mut self, now: Moment, demand: &Demand, target: &Target) {
        if demand.is_told_by_its_text() && !target.any_model {
            let output = demand.output.unwrap_or(0);
            let learnt = Learnt { input: demand.input, output, until: now + LEARNT_FOR };
            self.0.insert(target.model, learnt);
        }
    }

    /// A call was not too long: what was learnt lies above it.
    pub(crate) fn served(&mut self, demand: &Demand, target: &Target) {
        if let Some(learnt) = self.0.get_mut(&target.model)
            && learnt.covers(demand)
        {
            learnt.input = demand.input.saturating_add(1);
        }
    }

    fn bars(&self, now: Moment, demand: &Demand, target: &Target) -> bool {
        let learnt = self.0.get(&target.model);
        learnt.is_some_and(|learnt| now < learnt.until && learnt.covers(demand))
    }
}

impl Learnt {
    fn covers(&self, demand: &Demand) -> bool {
        demand.input >= self.input && demand.output.unwrap_or(0) >= self.output
    }
}

impl Turn<'_> {
    /// What keeps a target from ever serving this call, if anything does.
    pub(crate) fn unfit(&self, target: TargetId) -> Option<BarReason> {
        let Call { demand, failed, book, .. } = &*self.call;
        let too_long = self.world.too_long_for(book);
        if !demand.choosy && too_long.is_none() && failed.is_empty() {
            return None;
        }
        let known = book.target(target)?;
        if let Some(reason) = demand.lacks(known).filter(|_| demand.choosy) {
            return Some(reason);
        }
        let learnt = too_long.is_some_and(|learnt| learnt.bars(self.now, demand, known));
        (learnt || self.no_larger(known)).then_some(BarReason::ContextTooSmall)
    }

    /// Whether a target is known to hold no more than one that this call was too long for.
    fn no_larger(&self, target: &Target) -> bool {
        let Some(context) = target.capability.context else { return false };
        let Call { failed, book, .. } = &*self.call;
        failed.iter().filter(|it| it.failure.elsewhere == Elsewhere::LargerContext).any(|it| {
            let tried = book.target(it.target).and_then(|tried| tried.capability.context);
            tried.is_some_and(|tried| context <= tried)
        })
    }

    /// No target of the route can serve the call: its client is told at once, and why.
    pub(crate) fn turn_away(&mut self) {
        let route = std::sync::Arc::clone(&self.call.route);
        let reasons = route.tiers.iter().flatten().filter_map(|&target| self.unfit(target));
        // What the caller can mend most easily says most.
        let Some(nearest) = reasons.min_by_key(|reason| *reason != BarReason::ContextTooSmall)
        else {
            return self.give_up(&[]);
        };
        self.refuse(Why::First, Refusal::NoneCanServe(nearest));
        let kind = if nearest == BarReason::ContextTooSmall {
            FailureKind::ContextLengthExceeded
        } else {
            FailureKind::Unsupported
        };
        self.fail(kind, None);
    }
}
