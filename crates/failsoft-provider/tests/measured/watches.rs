//! What the engine makes of silence: the rows in which nothing answers at all.

use std::sync::Arc;
use std::time::Duration;

use failsoft_engine::policy::{
    Breaker, Budgets, Degrade, Hedge, Limit, Quota, Resume, Retry, Throttle, Timeouts,
};
use failsoft_engine::{
    Arrival, CallId, Cancel, Capability, Command, CredentialId, Delivery, Engine, Event, Failure,
    FailureKind, FormId, Input, Moment, Outcome, Phase, Policies, Prefer, Profile, Route, RouteId,
    Settings, Step, Target, TargetId, Verdict,
};

/// Where the silence begins, or who ends the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    Connecting,
    Waiting,
    Streaming,
    Deadline,
    CallerLeft,
}

/// Lets a call run into it, with one target and the usual policies.
pub(crate) fn failure_of(silence: Silence) -> Failure {
    let mut engine = Engine::new(Arc::new(settings()), 1);
    let mut arrival = Arrival::new(CallId(1), RouteId(0), Delivery::Streamed);
    if silence == Silence::Deadline {
        arrival.deadline = Some(Duration::from_secs(7));
    }
    let step = engine.step(Moment::ZERO, Input::CallArrived(arrival));
    let start = |command: &Command| match command {
        Command::Start { attempt, .. } => Some(*attempt),
        _ => None,
    };
    let attempt = step.commands.iter().find_map(start).unwrap();
    let connected = Input::Connected { attempt };
    let inputs = match silence {
        Silence::Connecting => vec![],
        Silence::Waiting | Silence::Deadline => vec![connected],
        Silence::Streaming => vec![connected, Input::FirstContent { attempt }],
        Silence::CallerLeft => vec![connected, Input::CallerLeft { call: CallId(1) }],
    };
    let mut wake = wish(&step);
    for input in inputs {
        let step = engine.step(Moment::ZERO, input);
        if let Some(failure) = ending(&step) {
            return failure;
        }
        wake = wish(&step).or(wake);
    }
    loop {
        let step = engine.step(wake.unwrap(), Input::TimePassed { call: CallId(1) });
        if let Some(failure) = ending(&step) {
            return failure;
        }
        wake = wish(&step);
    }
}

fn ending(step: &Step) -> Option<Failure> {
    step.events.iter().find_map(|event| match event {
        Event::AttemptEnded { outcome: Outcome::Failed(failure), .. } => Some(*failure),
        Event::CallEnded { verdict: Verdict::Failed { kind, .. }, .. } => {
            Some(Failure::new(*kind, Phase::FirstContent))
        }
        Event::CallEnded { verdict: Verdict::Cancelled, .. } => {
            Some(Failure::new(FailureKind::Cancelled, Phase::FirstContent))
        }
        _ => None,
    })
}

fn wish(step: &Step) -> Option<Moment> {
    step.commands.iter().rev().find_map(|command| match command {
        Command::WakeAt { at, .. } => *at,
        _ => None,
    })
}

fn settings() -> Settings {
    let policies = Policies {
        profile: Profile::Interactive,
        prefer: Prefer::Health,
        retry: Retry::default(),
        budgets: Budgets::default(),
        timeouts: Timeouts::default(),
        throttle: Throttle::default(),
        hedge: Hedge::default(),
        resume: Resume::default(),
        degrade: Degrade::default(),
    };
    let target = Target {
        key: "one".to_owned(),
        credential: CredentialId(0),
        model: 0,
        any_model: false,
        model_name: 0,
        form: FormId(0),
        capability: Capability::default(),
        provider: 0,
        prefill: false,
        cancel: Cancel::Honoured,
        price: None,
        breaker: Breaker::default(),
        limit: Limit::default(),
        quota: Quota::default(),
    };
    let route = Route { name: "one".to_owned(), tiers: vec![vec![TargetId(0)]], policies };
    Settings { routes: vec![Arc::new(route)], targets: vec![target] }
}
