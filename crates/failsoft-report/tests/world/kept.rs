//! A week of the small world as a gateway would have recorded it: events, handed to a real journal.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use failsoft_engine::{
    AttemptId, Bar, BarReason, BreakerChange, BreakerState, CallId, Delivery, Event, Failure,
    FailureKind, Grounds, Moment, Outcome, Phase, Profile, RouteId, TargetId, Usage, Verdict, Why,
};
use failsoft_journal::{
    CallFacts, CallRecord, Journal, Names, Options, Recorded, Stamp, StateChange, StateRecord,
    TargetName, TargetRow,
};

use crate::world::{MONDAY, World};

/// Writes the week into a file, and waits until it is there.
pub(crate) fn keep(world: &World, path: &Path) {
    let century = Duration::from_secs(100 * 365 * 86_400);
    let options = Options {
        path: path.to_owned(),
        keep: century,
        max_size: u64::MAX,
        sync: false,
        queue: 1_000_000,
    };
    let journal = Journal::open(options).unwrap();
    let recorder = journal.recorder();
    let mut seen = Seen::default();
    seen.learn(world);
    for (number, recorded) in world.memory.calls.iter().enumerate() {
        recorder.record_call(seen.call(number as u128 + 1, recorded));
    }
    for state in &world.memory.states {
        let target = seen.target(state.target.as_ref().unwrap());
        let change = StateChange::Came(Event::BreakerChanged(BreakerChange {
            target,
            from: breaker(state.from_state.as_deref()),
            to: breaker(state.to_state.as_deref()),
            until: None,
            cause: None,
            grounds: Grounds::NONE,
        }));
        let (stamp, names) = (STAMP, Arc::clone(&seen.names));
        recorder.record_state(StateRecord {
            stamp,
            names,
            at: moment(state.at_ms),
            change,
            operator: None,
        });
    }
    let counters = journal.close();
    assert_eq!((counters.dropped_healthy, counters.dropped_failed), (0, 0));
}

const STAMP: Stamp = Stamp { moment: Moment::ZERO, unix_millis: MONDAY };

fn moment(unix_ms: i64) -> Moment {
    Moment::from_nanos((unix_ms - MONDAY) as u64 * 1_000_000)
}

fn breaker(name: Option<&str>) -> BreakerState {
    let all = [BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen];
    all.into_iter().find(|state| Some(state.as_str()) == name).unwrap()
}

/// The names behind the numbers of events.
#[derive(Default)]
struct Seen {
    routes: Vec<String>,
    targets: Vec<TargetRow>,
    names: Arc<Names>,
}

impl Seen {
    fn learn(&mut self, world: &World) {
        let of_calls = world.memory.calls.iter().flat_map(|recorded| {
            let barred = recorded.steps.iter().filter_map(|step| step.target.as_ref());
            recorded.attempts.iter().filter_map(|attempt| attempt.target.as_ref()).chain(barred)
        });
        let of_states = world.memory.states.iter().filter_map(|state| state.target.as_ref());
        for target in of_calls.chain(of_states) {
            if !self.targets.contains(target) {
                self.targets.push(target.clone());
            }
        }
        for recorded in &world.memory.calls {
            if !self.routes.iter().any(|route| **route == *recorded.call.route) {
                self.routes.push(recorded.call.route.to_string());
            }
        }
        let name = |row: &TargetRow| TargetName {
            name: row.name.to_string(),
            provider: row.provider.to_string(),
            credential: row.credential.to_string(),
        };
        self.names = Arc::new(Names {
            routes: self.routes.clone(),
            targets: self.targets.iter().map(name).collect(),
            credentials: Vec::new(),
        });
    }

    fn target(&self, row: &TargetRow) -> TargetId {
        TargetId(self.targets.iter().position(|target| target == row).unwrap() as u16)
    }

    fn call(&self, number: u128, recorded: &Recorded) -> CallRecord {
        let row = &recorded.call;
        let call = CallId(number);
        let came = moment(row.started_ms);
        let route = self.routes.iter().position(|route| **route == *row.route).unwrap();
        let mut events = vec![(
            came,
            Event::CallStarted {
                call,
                route: RouteId(route as u16),
                profile: Profile::Interactive,
                delivery: Delivery::Streamed,
                deadline: Moment::NEVER,
                max_attempts: 3,
            },
        )];
        for step in &recorded.steps {
            let bar = Bar {
                call,
                target: self.target(step.target.as_ref().unwrap()),
                reason: BarReason::Breaker,
                until: None,
                grounds: Grounds::NONE,
            };
            events.push((came + Duration::from_nanos(step.at_ns), Event::Barred(bar)));
        }
        for attempt in &recorded.attempts {
            self.attempt(came, call, attempt, &mut events);
        }
        let last = recorded.attempts.last().map(|last| AttemptId { call, ordinal: last.ordinal });
        let verdict = match (row.verdict.as_deref(), last) {
            (Some("served"), Some(attempt)) => Verdict::Served { attempt },
            _ => Verdict::Failed {
                kind: kind(row.kind.as_deref()).unwrap_or(FailureKind::Overloaded),
                retry_after: None,
                attempt: last,
            },
        };
        let took = Duration::from_nanos(row.took_ns.unwrap());
        let attempts = recorded.attempts.len() as u8;
        events.push((came + took, Event::CallEnded { call, verdict, took, attempts }));
        let facts = CallFacts {
            id: row.id.clone(),
            model: row.model.to_string(),
            dialect: "chat_completions",
            prompt_tokens: row.prompt_tokens,
            status: row.status,
            ..CallFacts::default()
        };
        let (stamp, names) = (STAMP, Arc::clone(&self.names));
        CallRecord { stamp, names, facts, events, attempts: Vec::new() }
    }

    fn attempt(
        &self,
        came: Moment,
        call: CallId,
        row: &failsoft_journal::AttemptRow,
        events: &mut Vec<(Moment, Event)>,
    ) {
        let attempt = AttemptId { call, ordinal: row.ordinal };
        let target = self.target(row.target.as_ref().unwrap());
        let why = if row.ordinal == 0 { Why::First } else { Why::Failover };
        let sent = came + Duration::from_nanos(row.started_ns.unwrap());
        events.push((sent, Event::AttemptStarted { attempt, target, why, grounds: Grounds::NONE }));
        if let Some(after) = row.first_content_ns.map(Duration::from_nanos) {
            events.push((sent + after, Event::FirstContent { attempt, after }));
            events.push((sent + after, Event::Committed { attempt }));
        }
        let outcome = match kind(row.kind.as_deref()) {
            Some(kind) => Outcome::Failed(Failure::new(kind, Phase::FirstContent)),
            None => Outcome::Succeeded(Usage {
                input: row.input_tokens.unwrap(),
                output: row.output_tokens.unwrap(),
            }),
        };
        let took = Duration::from_nanos(row.took_ns.unwrap());
        events.push((sent + took, Event::AttemptEnded { attempt, target, outcome, took }));
    }
}

fn kind(name: Option<&str>) -> Option<FailureKind> {
    let name = name?;
    FailureKind::ALL.into_iter().find(|kind| kind.as_str() == name)
}
