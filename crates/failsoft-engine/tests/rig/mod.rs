//! What the tests of the engine share: small settings, and an engine whose every step is watched.
#![allow(dead_code, reason = "each test crate uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken test must stop")]
#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::too_many_lines,
    clippy::too_many_arguments,
    reason = "the model is naive on purpose: one long list of rules"
)]

pub(crate) mod checker;
pub(crate) mod script;
mod seams;
pub(crate) mod world;

use std::sync::Arc;
use std::time::Duration;

use checker::Checker;
use failsoft_engine::policy::{
    Breaker, Budgets, Degrade, Hedge, Limit, Quota, Resume, Retry, Throttle, Timeouts,
};
use failsoft_engine::{
    Arrival, CallId, Cancel, Capability, CredentialId, Delivery, Engine, FormId, Input, Moment,
    Policies, Prefer, Profile, Route, RouteId, Settings, Step, Target, TargetId,
};

/// The default policies.
pub(crate) fn policies() -> Policies {
    Policies {
        profile: Profile::Interactive,
        prefer: Prefer::Health,
        retry: Retry::default(),
        budgets: Budgets::default(),
        timeouts: Timeouts::default(),
        throttle: Throttle::default(),
        hedge: Hedge::default(),
        resume: Resume::default(),
        degrade: Degrade::default(),
    }
}

/// One route over these tiers; a target is its name, each with a key and a model of its own.
pub(crate) fn settings(tiers: &[&[&str]]) -> Settings {
    let names: Vec<&str> = tiers.iter().flat_map(|tier| tier.iter().copied()).collect();
    let targets = names.iter().enumerate().map(|(index, name)| target(index as u16, name));
    let mut next = 0..;
    let mut ids = |tier: &[&str]| tier.iter().map(|_| TargetId(next.next().unwrap())).collect();
    let tiers = tiers.iter().map(|tier| ids(tier)).collect();
    let route = Route { name: "assistant".to_owned(), tiers, policies: policies() };
    Settings { targets: targets.collect(), routes: vec![Arc::new(route)] }
}

pub(crate) fn target(number: u16, name: &str) -> Target {
    Target {
        key: name.to_owned(),
        credential: CredentialId(number),
        model: number,
        any_model: false,
        breaker: Breaker::default(),
        limit: Limit::default(),
        model_name: number,
        form: FormId(0),
        capability: Capability::default(),
        provider: number,
        prefill: false,
        cancel: Cancel::Honoured,
        price: None,
        quota: Quota::default(),
    }
}

/// The first route's policies, to be changed before the engine is made.
pub(crate) fn policies_of(settings: &mut Settings) -> &mut Policies {
    &mut Arc::get_mut(&mut settings.routes[0]).unwrap().policies
}

pub(crate) fn arrival(call: u128) -> Arrival {
    Arrival::new(CallId(call), RouteId(0), Delivery::Streamed)
}

pub(crate) fn at(after: Duration) -> Moment {
    Moment::ZERO + after
}

/// An engine whose every step is checked against the naive model.
pub(crate) struct Rig {
    pub(crate) engine: Engine,
    pub(crate) checker: Checker,
    pub(crate) now: Moment,
}

impl Rig {
    pub(crate) fn new(settings: Settings, seed: u64) -> Self {
        let settings = Arc::new(settings);
        let engine = Engine::new(Arc::clone(&settings), seed);
        Self { engine, checker: Checker::new(&settings), now: Moment::ZERO }
    }

    pub(crate) fn step(&mut self, now: Moment, input: Input) -> Step {
        self.now = now;
        let step = self.engine.step(now, input.clone());
        self.checker.check(now, &input, &step, &self.engine);
        step
    }
}
