//! Records as the engine's driver would hand them over.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test uses its own part")]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use failsoft_engine::*;
use failsoft_journal::*;

/// 2026-11-23 14:02:03 UTC.
pub const NOON: i64 = 1_795_442_523_000;
pub const DAY: Duration = Duration::from_secs(86_400);
/// Longer than any store takes; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub fn options(path: &Path) -> Options {
    Options {
        path: path.to_owned(),
        keep: DAY * 36_500,
        max_size: 1 << 40,
        sync: false,
        queue: 100_000,
    }
}

/// All calls of a journal in the order they were recorded.
pub fn all_calls(path: &Path) -> Vec<Recorded> {
    let mut calls = Vec::new();
    let all = Span { since_ms: i64::MIN, until_ms: i64::MAX };
    let mut reader = Reader::open(path).expect("the journal opens");
    let shown = reader.calls(all, &mut |recorded| {
        calls.push(recorded);
        ControlFlow::Continue(())
    });
    shown.expect("the journal is read");
    calls
}

/// Their ids.
pub fn ids(path: &Path) -> Vec<String> {
    all_calls(path).into_iter().map(|recorded| recorded.call.id).collect()
}

/// What a journal holds of some time, counted.
#[derive(Debug, Default)]
pub struct Summed {
    pub calls: u64,
    pub failed: u64,
    pub attempts: u64,
    /// Changes of breakers, keys, models and switches.
    pub changes: u64,
    pub dropped: Dropped,
}

/// Counts what a reader sees.
pub fn summed(path: &Path, since_ms: i64, until_ms: i64) -> Summed {
    let mut reader = Reader::open(path).unwrap();
    let span = Span { since_ms, until_ms };
    let mut sum = Summed::default();
    let mut call = |recorded: Recorded| {
        sum.calls += 1;
        sum.failed += u64::from(recorded.call.verdict.as_deref() == Some("failed"));
        sum.attempts += recorded.attempts.len() as u64;
        ControlFlow::Continue(())
    };
    reader.calls(span, &mut call).unwrap();
    let mut change = |state: StateRow| {
        sum.changes += u64::from(matches!(
            &*state.what,
            "breaker" | "key_disabled" | "model_disabled" | "switched"
        ));
        ControlFlow::Continue(())
    };
    reader.states(span, &mut change).unwrap();
    sum.dropped = reader.dropped(span).unwrap();
    sum
}

/// The same for every record, as settings that stay the same.
pub fn names() -> Arc<Names> {
    static NAMES: LazyLock<Arc<Names>> = LazyLock::new(new_names);
    Arc::clone(&NAMES)
}

fn new_names() -> Arc<Names> {
    let target = |name: &str| TargetName {
        name: name.to_owned(),
        provider: name.split('/').next().unwrap_or_default().to_owned(),
        credential: "3f9a".to_owned(),
    };
    Arc::new(Names {
        routes: vec!["assistant".to_owned(), "search".to_owned()],
        targets: vec![
            target("anthropic/claude-sonnet-5-5"),
            target("openai/gpt-5.6"),
            target("local/llama-4"),
            target("groq/llama-4-maverick"),
        ],
        credentials: (0..4).map(TargetId).collect(),
    })
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn at(ms: u64) -> Moment {
    Moment::from_nanos(ms * 1_000_000)
}

/// Three dollars for a million tokens read, fifteen for those written.
const PRICE: Option<Price> = Some(Price { input: 3_000_000, output: 15_000_000 });

/// Behind most first attempts.
const FIRST: [(Measure, u32); 6] = [
    (Measure::DeadlineLeftMs, 120_000),
    (Measure::AttemptsLeft, 3),
    (Measure::TargetsLooked, 2),
    (Measure::TargetsOpen, 2),
    (Measure::Tier, 0),
    (Measure::ExpectedFirstContentMs, 380),
];

const BACKOFF: [(Measure, u32); 5] = [
    (Measure::BackoffNumber, 1),
    (Measure::BackoffMostMs, 500),
    (Measure::BackoffMs, 412),
    (Measure::WaitAllowedMs, 3_000),
    (Measure::DeadlineLeftMs, 119_588),
];

/// Writes a call event by event.
pub struct Telling {
    pub record: CallRecord,
    call: CallId,
    started: u64,
    /// Behind the next decision.
    grounds: Grounds,
}

impl Telling {
    /// A call that came `started` ms after [`NOON`].
    pub fn new(id: &str, started: u64) -> Self {
        let call = CallId(u128::from(started));
        let facts = CallFacts {
            id: id.to_owned(),
            model: "assistant".to_owned(),
            dialect: "chat_completions",
            client: Some("OpenAI/Python 2.8.0".to_owned()),
            client_retries: 0,
            tag: None,
            request_bytes: 4_213,
            trace: None,
            prompt_tokens: 0,
            status: 200,
        };
        let record = CallRecord {
            stamp: Stamp { moment: Moment::ZERO, unix_millis: NOON },
            names: names(),
            facts,
            events: Vec::with_capacity(8),
            attempts: Vec::with_capacity(1),
        };
        let telling = Self { record, call, started, grounds: Grounds::NONE };
        let deadline = at(started + 120_000);
        telling.then(
            0,
            Event::CallStarted {
                call,
                route: RouteId(0),
                profile: Profile::Interactive,
                delivery: Delivery::Streamed,
                deadline,
                max_attempts: 3,
            },
        )
    }

    /// The figures behind the decision that is told next.
    pub fn by(mut self, figures: &[(Measure, u32)]) -> Self {
        let told =
            |grounds: Grounds, (measure, figure): &(Measure, u32)| grounds.with(*measure, *figure);
        self.grounds = figures.iter().fold(Grounds::NONE, told);
        self
    }

    pub fn then(mut self, after: u64, event: Event) -> Self {
        self.grounds = Grounds::NONE;
        self.record.events.push((at(self.started + after), event));
        self
    }

    pub fn id(&self, ordinal: u8) -> AttemptId {
        AttemptId { call: self.call, ordinal }
    }

    pub fn start(self, after: u64, ordinal: u8, target: u16, why: Why) -> Self {
        let attempt = self.id(ordinal);
        let grounds = self.grounds;
        self.then(after, Event::AttemptStarted { attempt, target: TargetId(target), why, grounds })
    }

    pub fn first_content(self, after: u64, ordinal: u8, since: u64) -> Self {
        let attempt = self.id(ordinal);
        self.then(after, Event::FirstContent { attempt, after: ms(since) })
            .then(after, Event::Committed { attempt })
    }

    pub fn end(self, after: u64, ordinal: u8, target: u16, ended: (Outcome, u64)) -> Self {
        let attempt = self.id(ordinal);
        let (outcome, took) = ended;
        let target = TargetId(target);
        self.then(after, Event::AttemptEnded { attempt, target, outcome, took: ms(took) })
    }

    pub fn barred(self, after: u64, target: u16, reason: BarReason, until: Option<u64>) -> Self {
        let until = until.map(|until| at(self.started + until));
        let (call, grounds) = (self.call, self.grounds);
        self.then(
            after,
            Event::Barred(Bar { call, target: TargetId(target), reason, until, grounds }),
        )
    }

    pub fn refused(self, after: u64, why: Why, reason: Refusal) -> Self {
        let (call, grounds) = (self.call, self.grounds);
        self.then(after, Event::Refused { call, why, reason, grounds })
    }

    pub fn waiting(self, after: u64, target: u16, until: u64, cause: WaitCause) -> Self {
        let (call, until, grounds) = (self.call, at(self.started + until), self.grounds);
        self.then(after, Event::Waiting { call, target: TargetId(target), until, cause, grounds })
    }

    pub fn fact(mut self, fact: AttemptFacts) -> Self {
        self.record.attempts.push(fact);
        self
    }

    pub fn verdict(self, after: u64, verdict: Verdict, attempts: u8) -> CallRecord {
        let call = self.call;
        self.then(after, Event::CallEnded { call, verdict, took: ms(after), attempts }).record
    }
}

pub fn succeeded() -> Outcome {
    Outcome::Succeeded(Usage { input: 1_234, output: 210 })
}

/// Its prompt was read in vain.
pub fn cancelled(reason: CancelReason) -> Outcome {
    Outcome::Cancelled { reason, usage: Usage { input: 1_234, output: 0 } }
}

pub fn failed(kind: FailureKind) -> Outcome {
    Outcome::Failed(Failure::new(kind, Phase::FirstContent))
}

/// Served by its first attempt.
pub fn healthy(id: &str, started: u64) -> CallRecord {
    let took = 800 + started % 700;
    let first = 200 + started % 300;
    let target = u16::from(started.is_multiple_of(7));
    let telling = Telling::new(id, started)
        .start(0, 0, target, Why::First)
        .first_content(first, 0, first)
        .end(took, 0, target, (succeeded(), took))
        .fact(AttemptFacts {
            model: "claude-sonnet-5-5".to_owned(),
            status: Some(200),
            request_id: Some("req_011CVtQb8Hq2".to_owned()),
            connected_nanos: Some(12_000_000),
            headers_nanos: Some(180_000_000),
            delivered_bytes: 2_048,
            ..AttemptFacts::default()
        });
    let attempt = telling.id(0);
    telling.verdict(took, Verdict::Served { attempt }, 1)
}

/// Failed after one attempt.
pub fn broken(id: &str, started: u64, kind: FailureKind) -> CallRecord {
    let telling = Telling::new(id, started)
        .start(0, 0, 0, Why::First)
        .end(300, 0, 0, (failed(kind), 300))
        .refused(300, Why::Retry, Refusal::Budget);
    let attempt = Some(telling.id(0));
    let mut record = telling.verdict(300, Verdict::Failed { kind, retry_after: None, attempt }, 1);
    record.facts.status = 503;
    record
}

/// A change of a breaker.
pub fn trip(at_ms: u64) -> Event {
    Event::BreakerChanged(BreakerChange {
        target: TargetId(0),
        from: BreakerState::Closed,
        to: BreakerState::Open,
        until: Some(at(at_ms + 5_000)),
        cause: Some(TripCause::Consecutive),
        grounds: Grounds::NONE,
    })
}

/// The same, to be recorded.
pub fn tripped(at_ms: u64) -> StateRecord {
    let stamp = Stamp { moment: Moment::ZERO, unix_millis: NOON };
    let change = StateChange::Came(trip(at_ms));
    StateRecord { stamp, names: names(), at: at(at_ms), change, operator: None }
}

/// Patience, a failure, a wait, a breaker, and an answer from elsewhere.
pub fn rescued(id: &str, started: u64) -> CallRecord {
    let overloaded = Failure {
        retry_after: Some(ms(2_000)),
        ..Failure::new(FailureKind::Overloaded, Phase::FirstContent)
    };
    let telling = Telling::new(id, started)
        .by(&FIRST)
        .start(0, 0, 0, Why::First)
        .end(412, 0, 0, (Outcome::Failed(overloaded), 412))
        .then(
            412,
            Event::BreakerChanged(BreakerChange {
                target: TargetId(0),
                from: BreakerState::Closed,
                to: BreakerState::Open,
                until: Some(at(started + 5_412)),
                cause: Some(TripCause::Consecutive),
 grounds: Grounds::NONE,
            }),
        )
        .then(412, Event::Throttled { target: TargetId(0), until: at(started + 2_412), grounds: Grounds::NONE })
        .by(&[(Measure::BudgetLeftMilli, 400), (Measure::BudgetNeededMilli, 1_000)])
        .refused(412, Why::Retry, Refusal::Budget)
        .by(&[(Measure::FailuresInRow, 5), (Measure::FailuresInRowLimit, 5), (Measure::GateLeftMs, 5_000)])
        .barred(412, 0, BarReason::Breaker, Some(5_412))
        .by(&BACKOFF)
        .waiting(412, 1, 824, WaitCause::Backoff)
        .by(&[(Measure::BudgetLeftMilli, 49_500), (Measure::DeadlineLeftMs, 119_176), (Measure::AttemptsLeft, 2), (Measure::TargetsLooked, 4), (Measure::TargetsOpen, 3), (Measure::Tier, 0)])
        .start(824, 1, 1, Why::Failover)
        .barred(8_824, 3, BarReason::CredentialDisabled, None)
        .by(&[(Measure::WaitedMs, 8_000), (Measure::PatienceMs, 8_000), (Measure::BudgetLeftMilli, 48_500), (Measure::DeadlineLeftMs, 111_176), (Measure::AttemptsLeft, 1), (Measure::TargetsLooked, 4), (Measure::TargetsOpen, 1)])
        .start(8_824, 2, 2, Why::Patience)
        .first_content(9_310, 2, 486)
        .end(9_310, 1, 1, (cancelled(CancelReason::Lost), 8_486))
        .end(11_204, 2, 2, (succeeded(), 2_380))
        .fact(AttemptFacts {
            ordinal: 0,
            model: "claude-sonnet-5-5".to_owned(),
            status: Some(529),
            code: Some("overloaded_error".to_owned()),
            request_id: Some("req_011CVtQb8Hq2XyZ".to_owned()),
            words: Some("Overloaded. Please try again later;\n see the status page for the state of this incident and what to do".to_owned()),
            ..AttemptFacts::default()
        })
        .fact(AttemptFacts { ordinal: 1, connected_nanos: Some(31_000_000), status: Some(200), price: PRICE, ..AttemptFacts::default() })
        .fact(AttemptFacts { ordinal: 2, connected_nanos: Some(9_000_000), status: Some(200), price: PRICE, ..AttemptFacts::default() });
    let attempt = telling.id(2);
    let mut record = telling.verdict(11_204, Verdict::Served { attempt }, 3);
    record.facts.tag = Some("team=search".to_owned());
    record.facts.client_retries = 1;
    record.facts.prompt_tokens = 1_180;
    record.facts.trace = Some(Trace {
        id: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736,
        parent: Some(7),
        sampled: true,
    });
    record
}

/// A stream that broke off and went on, after the beginning of the answer had been refused.
pub fn resumed(id: &str, started: u64) -> CallRecord {
    let broke = Outcome::Failed(Failure::new(FailureKind::ServerError, Phase::Content));
    let seam = AttemptFacts { seam: Some(1_234), ..AttemptFacts::default() };
    let telling = Telling::new(id, started)
        .start(0, 0, 0, Why::First)
        .first_content(300, 0, 300)
        .end(2_500, 0, 0, (broke, 2_500))
        .start(2_500, 1, 1, Why::Resume)
        .end(2_600, 1, 1, (failed(FailureKind::Unsupported), 100))
        .start(2_600, 2, 1, Why::Resume)
        .first_content(3_100, 2, 500)
        .end(4_000, 2, 1, (succeeded(), 1_400))
        .fact(AttemptFacts {
            status: Some(200),
            dropped_events: 2,
            usage: Some(Usage { input: 1_200, output: 310 }),
            ..AttemptFacts::default()
        })
        .fact(AttemptFacts {
            ordinal: 1,
            status: Some(400),
            onward: Some("prefill"),
            ..seam.clone()
        })
        .fact(AttemptFacts { ordinal: 2, status: Some(200), onward: Some("asked"), ..seam });
    let attempt = telling.id(2);
    telling.verdict(4_000, Verdict::Resumed { attempt }, 3)
}

/// A stream that broke off and was not continued.
pub fn cut(id: &str, started: u64) -> CallRecord {
    let broke = Outcome::Failed(Failure::new(FailureKind::Network, Phase::Content));
    let telling = Telling::new(id, started)
        .start(0, 0, 1, Why::First)
        .first_content(300, 0, 300)
        .end(900, 0, 1, (broke, 900))
        .refused(900, Why::Resume, Refusal::NotResumable);
    let attempt = Some(telling.id(0));
    let kind = FailureKind::Network;
    telling.verdict(900, Verdict::Failed { kind, retry_after: None, attempt }, 1)
}

/// A second target beside one that was slower than usual, and won.
pub fn hedged(id: &str, started: u64) -> CallRecord {
    let slow = [
        (Measure::WaitedMs, 900),
        (Measure::HedgeDelayMs, 900),
        (Measure::HedgeSamples, 320),
        (Measure::BudgetLeftMilli, 3_400),
        (Measure::AttemptsLeft, 2),
        (Measure::TargetsLooked, 2),
        (Measure::TargetsOpen, 1),
    ];
    let fact = |ordinal: u8| AttemptFacts {
        ordinal,
        connected_nanos: Some(14_000_000),
        status: Some(200),
        price: PRICE,
        ..AttemptFacts::default()
    };
    let telling = Telling::new(id, started)
        .by(&FIRST)
        .start(0, 0, 0, Why::First)
        .by(&slow)
        .start(900, 1, 1, Why::Hedge)
        .first_content(1_250, 1, 350)
        .end(1_250, 0, 0, (cancelled(CancelReason::Lost), 1_250))
        .end(2_900, 1, 1, (succeeded(), 2_000))
        .fact(fact(0))
        .fact(fact(1));
    let attempt = telling.id(1);
    telling.verdict(2_900, Verdict::Served { attempt }, 2)
}

/// A second target beside one that was slower than usual, and came first all the same.
pub fn outrun(id: &str, started: u64) -> CallRecord {
    let telling = Telling::new(id, started)
        .start(0, 0, 0, Why::First)
        .start(900, 1, 1, Why::Hedge)
        .first_content(1_000, 0, 1_000)
        .end(1_000, 1, 1, (cancelled(CancelReason::Lost), 100))
        .end(2_000, 0, 0, (succeeded(), 2_000));
    let attempt = telling.id(0);
    telling.verdict(2_000, Verdict::Served { attempt }, 2)
}

/// Its client went away in the middle of the answer.
pub fn left(id: &str, started: u64) -> CallRecord {
    let fact = AttemptFacts {
        status: Some(200),
        connected_nanos: Some(180_000_000),
        delivered_bytes: 4_096,
        usage: Some(Usage { input: 1_234, output: 96 }),
        price: PRICE,
        ..AttemptFacts::default()
    };
    let telling = Telling::new(id, started)
        .by(&FIRST)
        .start(0, 0, 0, Why::First)
        .first_content(700, 0, 700)
        .end(1_900, 0, 0, (cancelled(CancelReason::CallerLeft), 1_900))
        .fact(fact);
    telling.verdict(1_900, Verdict::Cancelled, 1)
}

/// The operator's text stood in for an answer.
pub fn degraded(id: &str, started: u64) -> CallRecord {
    let telling = Telling::new(id, started)
        .by(&FIRST)
        .start(0, 0, 1, Why::First)
        .end(30_000, 0, 1, (failed(FailureKind::Timeout), 30_000))
        .by(&[(Measure::ExtrasInFlight, 50), (Measure::ExtrasAllowed, 50)])
        .refused(30_000, Why::Failover, Refusal::ExtrasInFlight)
        .by(&[(Measure::LimitInUse, 12), (Measure::LimitAllowed, 12)])
        .barred(30_000, 2, BarReason::Limit, None)
        .by(&[
            (Measure::TokensNeeded, 1_734),
            (Measure::TokensLeft, 210),
            (Measure::GateLeftMs, 41_000),
        ])
        .barred(30_000, 3, BarReason::Quota, Some(71_000))
        .fact(AttemptFacts { connected_nanos: Some(2_000_000), ..AttemptFacts::default() });
    let verdict = Verdict::Degraded { kind: FailureKind::Timeout };
    telling.verdict(30_000, verdict, 1)
}

/// All that could be tried was tried.
pub fn exhausted(id: &str, started: u64) -> CallRecord {
    let limited = Failure {
        retry_after: Some(ms(40_000)),
        ..Failure::new(FailureKind::RateLimited, Phase::FirstContent)
    };
    let telling = Telling::new(id, started)
        .by(&[(Measure::WindowFailed, 11), (Measure::WindowSeen, 20), (Measure::WindowLimitMilli, 500), (Measure::WindowMs, 30_000)])
        .barred(0, 0, BarReason::Breaker, Some(3_000))
        .by(&FIRST)
        .start(0, 0, 1, Why::First)
        .end(95, 0, 1, (Outcome::Failed(limited), 95))
        .by(&[(Measure::WaitMs, 40_000), (Measure::WaitAllowedMs, 3_000)])
        .refused(95, Why::Retry, Refusal::WaitTooLong)
        .start(95, 1, 2, Why::Failover)
        .end(5_096, 1, 2, (Outcome::Failed(Failure::new(FailureKind::Network, Phase::Connect)), 5_001))
        .barred(5_096, 3, BarReason::Throttle, Some(44_000))
        .by(&[(Measure::TargetsLooked, 4), (Measure::TargetsOpen, 0)])
        .refused(5_096, Why::Failover, Refusal::NoTarget)
        .fact(AttemptFacts {
            status: Some(429),
            code: Some("rate_limit_exceeded".to_owned()),
            request_id: Some("req_9f".to_owned()),
            words: Some("Rate limit reached for gpt-5.6 on tokens per min (TPM): Limit 30000, Used 29481, Requested 2211.".to_owned()),
            ..AttemptFacts::default()
        })
        .fact(AttemptFacts {
            ordinal: 1,
            translated_to: Some("messages"),
            left_out: vec!["seed", "logprobs"],
            ..AttemptFacts::default()
        });
    let attempt = Some(telling.id(0));
    let verdict =
        Verdict::Failed { kind: FailureKind::RateLimited, retry_after: Some(ms(30_000)), attempt };
    let mut record = telling.verdict(5_096, verdict, 2);
    record.facts.status = 503;
    record
}

/// A day with an outage in its third hour.
pub fn a_day(recorder: &Recorder) {
    for minute in 0..1_440_u64 {
        for call in 0..20 {
            let started = minute * 60_000 + call * 2_500;
            let id = format!("0199c3{minute:08x}{call:018x}");
            let outage = (130..190).contains(&minute);
            recorder.record_call(match (outage, call) {
                (true, 0..12) => rescued(&id, started),
                (true, 12) => exhausted(&id, started),
                (_, 19) if minute % 3 == 0 => rescued(&id, started),
                (_, 3) if minute % 97 == 0 => broken(&id, started, FailureKind::BadRequest),
                _ => healthy(&id, started),
            });
        }
        if minute % 240 == 131 {
            recorder.record_state(tripped(minute * 60_000));
        }
    }
}

/// Looks until the counters say so; the writing thread is what is waited for.
pub fn until(recorder: &Recorder, what: &str, is_so: impl Fn(Counters) -> bool) -> Counters {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let counters = recorder.counters();
        if is_so(counters) {
            return counters;
        }
        assert!(Instant::now() < deadline, "never {what}: {counters:?}");
        std::thread::yield_now();
    }
}
