//! How an alert is tried: by the engine that decides for calls, with one route to one target.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use failsoft::Reply;
use failsoft_engine::policy::{
    Breaker, Budget, Budgets, Degrade, FirstToken, Hedge, Limit, PerProfile, Quota, Resume, Retry,
    Throttle, Timeouts,
};
use failsoft_engine::{
    Cancel, Capability, CredentialId, Elsewhere, Failure, FailureKind, FormId, Needs, Phase,
    Policies, Prefer, Profile, Repeat, Route, Settings, Target, TargetId,
};
use failsoft_provider::{TransportFault, read_retry_after, read_transport};

/// The settings say how long one alert is tried; nothing here ends it before.
const LONG: Duration = Duration::from_secs(30 * 86_400);
/// Alerts are told to people: a receiver that is back after a minute is early enough.
const CAP: Duration = Duration::from_secs(60);

/// One route whose only target is the receiver.
pub(crate) fn settings() -> Arc<Settings> {
    let route = Route {
        name: "webhook".to_owned(),
        tiers: vec![vec![TargetId(0)]],
        policies: Policies {
            profile: Profile::Batch,
            prefer: Prefer::Health,
            retry: Retry {
                max_attempts: 100,
                base: Duration::from_secs(1),
                base_throttled: Duration::from_secs(2),
                cap: always(CAP),
                max_wait: always(LONG),
                tier_wait: LONG,
                ..Retry::default()
            },
            budgets: budgets(),
            timeouts: timeouts(),
            throttle: Throttle::default(),
            hedge: Hedge { enabled: false, ..Hedge::default() },
            resume: Resume { max: 0 },
            degrade: Degrade { reply: false },
        },
    };
    Arc::new(Settings { routes: vec![Arc::new(route)], targets: vec![receiver()] })
}

fn receiver() -> Target {
    Target {
        key: "webhook".to_owned(),
        credential: CredentialId(0),
        model: 0,
        any_model: true,
        model_name: 0,
        form: FormId(0),
        capability: Capability {
            can: Needs::ALL,
            own: Needs::ALL,
            context: None,
            max_output: None,
        },
        provider: 0,
        prefill: false,
        cancel: Cancel::Honoured,
        price: None,
        breaker: Breaker { open_cap: CAP, successes: 1, ..Breaker::default() },
        limit: Limit { enabled: false, ..Limit::default() },
        quota: Quota::default(),
    }
}

/// One alert at a time is tried, so nothing needs a budget.
fn budgets() -> Budgets {
    let ample = Budget {
        earn_milli: 1_000,
        cap: 1_000,
        floor: Duration::from_secs(1),
        min_in_flight: 1_000,
        in_flight_milli: 1_000,
    };
    Budgets { retry: ample, failover: ample, resume: ample, hedge: ample }
}

/// The carrier hangs up on a receiver that is silent, see `delivery.rs`.
fn timeouts() -> Timeouts {
    let never = FirstToken { patience: LONG, timeout: LONG };
    Timeouts {
        connect: LONG,
        first_token: never,
        reply: never,
        stall: LONG,
        total: LONG,
        deadline: always(LONG),
    }
}

const fn always(length: Duration) -> PerProfile {
    PerProfile { interactive: length, background: length, batch: length }
}

/// What an answer means.
pub(crate) fn read(reply: &Reply, now: SystemTime) -> Result<(), Failure> {
    let asked = reply.headers.get(http::header::RETRY_AFTER).and_then(|text| text.to_str().ok());
    let retry_after = asked.and_then(|text| read_retry_after(text, now));
    let again = |kind| Failure { retry_after, ..Failure::new(kind, Phase::FirstContent) };
    match reply.status.as_u16() {
        200..=299 => Ok(()),
        300..=399 => Err(read_transport(TransportFault::Redirected, Phase::FirstContent)),
        429 => Err(again(FailureKind::RateLimited)),
        // A receiver that is rolled out is not found for a moment.
        404 | 408 | 409 | 421 | 425 | 500..=599 => Err(again(FailureKind::ServerError)),
        _ => Err(Failure {
            repeat: Repeat::Forbidden,
            elsewhere: Elsewhere::Nowhere,
            ..Failure::new(FailureKind::BadRequest, Phase::FirstContent)
        }),
    }
}
