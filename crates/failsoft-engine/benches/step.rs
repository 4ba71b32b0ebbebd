//! What a call costs inside the engine, with few and with many others in flight.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use failsoft_engine::policy::{
    Breaker, Budgets, Degrade, Hedge, Limit, Quota, Resume, Retry, Throttle, Timeouts,
};
use failsoft_engine::{
    Arrival, AttemptId, CallId, Cancel, Capability, CredentialId, Delivery, Engine, Failure,
    FailureKind, FormId, Input, Moment, Phase, Policies, Prefer, Profile, Route, RouteId, Settings,
    Target, TargetId, Usage,
};

const IN_FLIGHT: [u128; 3] = [10, 1_000, 100_000];

/// Two tiers of two targets, with room for everybody.
fn settings(hedge: bool) -> Arc<Settings> {
    let targets =
        ["a#0/m", "a#1/m", "b#0/m", "c#0/m"].iter().enumerate().map(|(index, key)| Target {
            key: (*key).to_owned(),
            credential: CredentialId(index as u16),
            model: index as u16,
            any_model: false,
            breaker: Breaker::default(),
            limit: Limit { max: 1_000_000, ..Limit::default() },
            model_name: index as u16,
            form: FormId(0),
            capability: Capability::default(),
            provider: index as u16,
            prefill: false,
            cancel: Cancel::Honoured,
            price: None,
            quota: Quota::default(),
        });
    let mut policies = Policies {
        profile: Profile::Interactive,
        prefer: Prefer::Health,
        retry: Retry::default(),
        budgets: Budgets::default(),
        timeouts: Timeouts::default(),
        throttle: Throttle::default(),
        hedge: Hedge { enabled: hedge, ..Hedge::default() },
        resume: Resume::default(),
        degrade: Degrade::default(),
    };
    policies.budgets.failover.floor = Duration::from_nanos(1000);
    let tiers = vec![vec![TargetId(0), TargetId(1)], vec![TargetId(2), TargetId(3)]];
    let route = Route { name: "assistant".to_owned(), tiers, policies };
    Arc::new(Settings { routes: vec![Arc::new(route)], targets: targets.collect() })
}

struct Bench {
    engine: Engine,
    next: u128,
    now: u64,
}

impl Bench {
    fn with(in_flight: u128, hedge: bool) -> Self {
        let mut bench = Self { engine: Engine::new(settings(hedge), 1), next: 0, now: 0 };
        for _ in 0..in_flight {
            let attempt = bench.arrive();
            bench.tell(Input::Connected { attempt });
        }
        assert_eq!(bench.engine.in_flight() as u128, in_flight);
        bench
    }

    fn tell(&mut self, input: Input) {
        self.now += 1000;
        black_box(self.engine.step(Moment::from_nanos(self.now), input));
    }

    fn arrive(&mut self) -> AttemptId {
        self.next += 1;
        let call = CallId(self.next);
        self.tell(Input::CallArrived(Arrival {
            input_tokens: 1000,
            ..Arrival::new(call, RouteId(0), Delivery::Streamed)
        }));
        AttemptId { call, ordinal: 0 }
    }

    /// Four steps: arrived, connected, first content, whole.
    fn served(&mut self) {
        let attempt = self.arrive();
        self.tell(Input::Connected { attempt });
        self.tell(Input::FirstContent { attempt });
        self.tell(Input::AttemptSucceeded { attempt, usage: Usage::default() });
    }

    /// Five steps: one overload, then another target answers.
    fn failed_over(&mut self) {
        let first = self.arrive();
        let failure = Failure::new(FailureKind::Overloaded, Phase::FirstContent);
        self.tell(Input::AttemptFailed { attempt: first, failure });
        let attempt = AttemptId { call: first.call, ordinal: 1 };
        self.tell(Input::Connected { attempt });
        self.tell(Input::FirstContent { attempt });
        self.tell(Input::AttemptSucceeded { attempt, usage: Usage::default() });
    }
}

fn steps(criterion: &mut Criterion) {
    type Way = (&'static str, u64, fn(&mut Bench), bool);
    let ways: [Way; 3] = [
        ("served", 4, Bench::served, false),
        ("failed_over", 5, Bench::failed_over, false),
        ("served_and_watched", 4, Bench::served, true),
    ];
    for (name, count, way, hedge) in ways {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(count));
        group.warm_up_time(Duration::from_millis(300));
        group.measurement_time(Duration::from_secs(1));
        for in_flight in IN_FLIGHT {
            let mut bench = Bench::with(in_flight, hedge);
            group.bench_function(BenchmarkId::new("in_flight", in_flight), |bencher| {
                bencher.iter(|| way(&mut bench));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
