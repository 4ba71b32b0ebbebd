//! Breaker: a target that keeps failing is left alone, and probed until it is well.

mod figures;

use std::time::Duration;

use self::figures::probes;
use super::silence::Silence;
use super::window::{Count, Window};
use crate::random::scaled;
use crate::{BreakerState, Grounds, Measure, Moment, TripCause};

/// When a target's breaker opens, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Breaker {
    /// Whether it ever opens.
    pub enabled: bool,
    /// Hard failures in a row that open it.
    pub consecutive: u32,
    /// The share of hard failures in the window that opens it, in thousandths …
    pub ratio_milli: u32,
    /// … once the window holds this many outcomes.
    pub min_calls: u32,
    /// Length of the window; it is kept as ten buckets.
    pub window: Duration,
    /// Attempts sent without any first content …
    pub stall_sends: u32,
    /// … for this long open it.
    pub stall_silence: Duration,
    /// How long it stays open the first time; doubled each time.
    pub open_base: Duration,
    /// The longest it stays open on its own count.
    pub open_cap: Duration,
    /// The longest it stays open because the target said so.
    pub hint_cap: Duration,
    /// How long a probe may take before another is sent.
    pub probe_timeout: Duration,
    /// Probes that must succeed before it closes.
    pub successes: u32,
}

impl Default for Breaker {
    /// n = 20 and 50% trips falsely at a true failure rate of 10% in 7 of a million looks; five in
    /// a row catches low traffic (exact binomial).
    fn default() -> Self {
        Self {
            enabled: true,
            consecutive: 5,
            ratio_milli: 500,
            min_calls: 20,
            window: Duration::from_secs(30),
            stall_sends: 10,
            stall_silence: Duration::from_secs(5),
            open_base: Duration::from_secs(5),
            open_cap: Duration::from_secs(120),
            hint_cap: Duration::from_secs(300),
            probe_timeout: Duration::from_secs(30),
            successes: 2,
        }
    }
}

/// A healthy time after which one of the doublings of the open time is forgiven.
const FORGIVE_AFTER: Duration = Duration::from_secs(60);

/// What an attempt says about the health of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// It answered.
    Success,
    /// It is sick.
    Hard,
    /// It is overfull: counts for the ratio, not for the failures in a row.
    Crowded,
    /// It says nothing about health: the permit comes back and nothing else changes.
    Neutral,
}

/// What is known when an attempt reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) now: Moment,
    pub(crate) evidence: Evidence,
    /// How long the target asked to be left alone.
    pub(crate) hint: Option<Duration>,
    /// Decides where in `[½, 1]` of its length an open time falls.
    pub(crate) draw: u64,
}

/// A change of state, not yet tied to a target's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) from: BreakerState,
    pub(crate) to: BreakerState,
    pub(crate) until: Option<Moment>,
    pub(crate) cause: Option<TripCause>,
}

/// Leave to send one attempt. It carries the generation it was given in, and is given back once.
#[derive(Debug, Hash)]
#[must_use]
pub(crate) struct BreakerPermit {
    generation: u32,
    /// Which probe it is, if it is one.
    pub(crate) probe: Option<u32>,
    answered: bool,
    /// The number its send goes by.
    sent: u32,
}

/// The state of one target's breaker.
#[derive(Debug, Hash)]
pub(crate) struct BreakerCell {
    rules: Breaker,
    state: State,
    generation: u32,
    window: Window,
    in_row: u32,
    silence: Silence,
    /// How often the open time has been doubled.
    doublings: u32,
    closed_at: Moment,
    /// What its state was changed by.
    grounds: Grounds,
}

#[derive(Debug, Hash)]
enum State {
    Closed,
    Open { since: Moment, until: Moment },
    HalfOpen { probe: Option<Probe>, issued: u32, successes: u32 },
}

#[derive(Clone, Copy, Debug, Hash)]
struct Probe {
    number: u32,
    expires: Moment,
}

impl BreakerCell {
    pub(crate) fn new(rules: Breaker) -> Self {
        Self {
            rules,
            state: State::Closed,
            generation: 0,
            window: Window::default(),
            in_row: 0,
            silence: Silence::default(),
            doublings: 0,
            closed_at: Moment::ZERO,
            grounds: Grounds::NONE,
        }
    }

    /// New rules from here on; a breaker that is switched off closes.
    pub(crate) fn follow(&mut self, rules: &Breaker, now: Moment) -> Option<Change> {
        if self.rules == *rules {
            return None;
        }
        if self.rules.window != rules.window {
            self.window = Window::default();
        }
        self.rules = rules.clone();
        let from = self.state();
        if rules.enabled || from == BreakerState::Closed {
            return None;
        }
        self.close(now);
        self.grounds = Grounds::NONE;
        Some(Change { from, to: BreakerState::Closed, until: None, cause: None })
    }

    pub(crate) fn state(&self) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Until when it bars, while it is open.
    pub(crate) fn open_until(&self) -> Option<Moment> {
        match self.state {
            State::Open { until, .. } => Some(until),
            State::Closed | State::HalfOpen { .. } => None,
        }
    }

    /// Since when it is open, if that was long enough ago for an early probe.
    pub(crate) fn panic_since(&self, now: Moment) -> Option<Moment> {
        match self.state {
            State::Open { since, .. } if now.since(since) >= self.rules.open_base / 2 => {
                Some(since)
            }
            State::Open { .. } | State::Closed | State::HalfOpen { .. } => None,
        }
    }

    pub(crate) fn stall_silence(&self) -> Duration {
        self.rules.stall_silence
    }

    /// Which attempt of its history a draw for it belongs to.
    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// Opens if attempts went out and nothing came back for `silence`.
    pub(crate) fn notice(&mut self, now: Moment, silence: Duration, draw: u64) -> Option<Change> {
        let stalled = matches!(self.state, State::Closed)
            && self.rules.enabled
            && self.silence.reaches(now, self.rules.stall_sends, silence);
        if !stalled {
            return None;
        }
        let report = Report { now, evidence: Evidence::Hard, hint: None, draw };
        Some(self.open(TripCause::Stall, report))
    }

    /// Whether an attempt may pass; otherwise when it may, if that is known.
    pub(crate) fn check(&self, now: Moment) -> Result<(), Option<Moment>> {
        match self.state {
            State::Closed => Ok(()),
            State::Open { until, .. } if now >= until => Ok(()),
            State::Open { until, .. } => Err(Some(until)),
            State::HalfOpen { probe: Some(probe), .. } if now < probe.expires => Err(None),
            State::HalfOpen { .. } => Ok(()),
        }
    }

    /// Gives the permit that `check` promised, or, asked in panic, an early probe.
    pub(crate) fn take(&mut self, now: Moment, tells: bool) -> (BreakerPermit, Option<Change>) {
        let change = self.half_open(now);
        let sent = self.silence.send(now, tells);
        let expires = now + self.rules.probe_timeout;
        let probe = match &mut self.state {
            State::HalfOpen { probe, issued, .. } => {
                *issued = issued.wrapping_add(1);
                *probe = Some(Probe { number: *issued, expires });
                Some(*issued)
            }
            State::Closed | State::Open { .. } => None,
        };
        (BreakerPermit { generation: self.generation, probe, answered: false, sent }, change)
    }

    /// First content came: the evidence counts now, the permit stays with the attempt.
    pub(crate) fn answered(
        &mut self,
        permit: &mut BreakerPermit,
        report: Report,
    ) -> Option<Change> {
        self.silence.hear(permit.sent);
        if permit.answered {
            return None;
        }
        permit.answered = true;
        self.return_probe(permit);
        self.record(permit.generation, report)
    }

    /// The attempt is over. `heard`: something came back from the target.
    pub(crate) fn finish(
        &mut self,
        permit: BreakerPermit,
        report: Report,
        heard: bool,
    ) -> Option<Change> {
        if heard {
            self.silence.hear(permit.sent);
        }
        self.return_probe(&permit);
        if permit.answered && report.evidence == Evidence::Success {
            return None;
        }
        self.record(permit.generation, report)
    }

    /// An open breaker is to be probed, whenever it would have been.
    pub(crate) fn half_open(&mut self, now: Moment) -> Option<Change> {
        let State::Open { until, .. } = self.state else { return None };
        let early = until.since(now);
        self.grounds = Grounds::NONE.with(Measure::ProbesNeeded, self.rules.successes);
        if !early.is_zero() {
            self.grounds = self.grounds.span(Measure::GateLeftMs, early);
        }
        self.begin(State::HalfOpen { probe: None, issued: 0, successes: 0 });
        Some(Change {
            from: BreakerState::Open,
            to: BreakerState::HalfOpen,
            until: None,
            cause: None,
        })
    }

    /// A probe that is not the one out any more has no place to give back.
    fn return_probe(&mut self, permit: &BreakerPermit) {
        let State::HalfOpen { probe, .. } = &mut self.state else { return };
        let holds = permit.generation == self.generation
            && probe.is_some_and(|out| Some(out.number) == permit.probe);
        if holds {
            *probe = None;
        }
    }

    fn record(&mut self, generation: u32, report: Report) -> Option<Change> {
        if generation != self.generation || !self.rules.enabled {
            return None;
        }
        match report.evidence {
            Evidence::Neutral => None,
            Evidence::Success => self.succeeded(report.now),
            Evidence::Hard | Evidence::Crowded => self.failed(report),
        }
    }

    fn succeeded(&mut self, now: Moment) -> Option<Change> {
        self.in_row = 0;
        match &mut self.state {
            State::Closed => {
                self.window.add(now, self.rules.window, Count { all: 1, hard: 0 });
                None
            }
            State::Open { .. } => None,
            State::HalfOpen { successes, .. } => {
                *successes = successes.saturating_add(1);
                if *successes < self.rules.successes {
                    return None;
                }
                self.grounds = probes(*successes, &self.rules);
                self.close(now);
                Some(Change {
                    from: BreakerState::HalfOpen,
                    to: BreakerState::Closed,
                    until: None,
                    cause: None,
                })
            }
        }
    }

    fn failed(&mut self, report: Report) -> Option<Change> {
        match self.state {
            State::Open { .. } => return None,
            State::HalfOpen { .. } => return Some(self.open(TripCause::Probe, report)),
            State::Closed => {}
        }
        self.window.add(report.now, self.rules.window, Count { all: 1, hard: 1 });
        if report.evidence == Evidence::Hard {
            self.in_row = self.in_row.saturating_add(1);
        }
        if self.rules.consecutive > 0 && self.in_row >= self.rules.consecutive {
            return Some(self.open(TripCause::Consecutive, report));
        }
        let seen = self.window.sum(report.now, self.rules.window);
        let ratio_reached =
            u64::from(seen.hard) * 1000 >= u64::from(seen.all) * u64::from(self.rules.ratio_milli);
        let enough = seen.all >= self.rules.min_calls.max(1);
        (enough && ratio_reached).then(|| self.open(TripCause::Ratio, report))
    }

    fn open(&mut self, cause: TripCause, report: Report) -> Change {
        let from = self.state();
        self.grounds = self.evidence(cause, report);
        if from == BreakerState::Closed {
            let forgiven = report.now.since(self.closed_at).as_nanos() / FORGIVE_AFTER.as_nanos();
            let forgiven = u32::try_from(forgiven).unwrap_or(u32::MAX);
            self.doublings = self.doublings.saturating_sub(forgiven);
        }
        if self.doublings > 0 {
            self.grounds = self.grounds.with(Measure::OpenedBefore, self.doublings);
        }
        let factor = 1_u32.checked_shl(self.doublings).unwrap_or(u32::MAX);
        let full = self.rules.open_base.saturating_mul(factor).min(self.rules.open_cap);
        let length = full / 2 + scaled(full / 2, report.draw);
        let hint = report.hint.unwrap_or_default().min(self.rules.hint_cap);
        let until = report.now + length.max(hint);
        self.doublings = self.doublings.saturating_add(1).min(31);
        self.begin(State::Open { since: report.now, until });
        Change { from, to: BreakerState::Open, until: Some(until), cause: Some(cause) }
    }

    fn close(&mut self, now: Moment) {
        self.begin(State::Closed);
        self.closed_at = now;
    }

    /// Evidence of the old generation says nothing about the new one.
    fn begin(&mut self, state: State) {
        self.state = state;
        self.generation = self.generation.wrapping_add(1);
        self.window = Window::default();
        self.in_row = 0;
        self.silence.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A breaker, its permits by name, and the time.
    struct Bench {
        cell: BreakerCell,
        permits: std::collections::BTreeMap<u32, BreakerPermit>,
        next: u32,
    }

    impl Bench {
        fn new(rules: Breaker) -> Self {
            Self { cell: BreakerCell::new(rules), permits: Default::default(), next: 0 }
        }

        fn send(&mut self, secs: u64) -> u32 {
            assert_eq!(self.cell.check(at(secs)), Ok(()), "barred at {secs} s");
            let (permit, _) = self.cell.take(at(secs), true);
            self.permits.insert(self.next, permit);
            self.next += 1;
            self.next - 1
        }

        fn end(&mut self, secs: u64, name: u32, evidence: Evidence) -> Option<Change> {
            let permit = self.permits.remove(&name).unwrap();
            self.cell.finish(permit, report(secs, evidence), evidence != Evidence::Neutral)
        }

        fn content(&mut self, secs: u64, name: u32) -> Option<Change> {
            let permit = self.permits.get_mut(&name).unwrap();
            self.cell.answered(permit, report(secs, Evidence::Success))
        }

        fn fail(&mut self, secs: u64, times: u32) -> Option<Change> {
            (0..times).fold(None, |_, _| {
                let name = self.send(secs);
                self.end(secs, name, Evidence::Hard)
            })
        }
    }

    fn at(secs: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(secs)
    }

    fn report(secs: u64, evidence: Evidence) -> Report {
        Report { now: at(secs), evidence, hint: None, draw: u64::MAX }
    }

    fn opened() -> Bench {
        let mut bench = Bench::new(Breaker::default());
        assert_eq!(bench.fail(1, 5).unwrap().cause, Some(TripCause::Consecutive));
        bench
    }

    #[test]
    fn what_opened_it_leaves_room_for_the_time_that_is_left() {
        let mut bench = opened();
        let probe = bench.send(10);
        bench.end(10, probe, Evidence::Hard);
        for _ in 0..2 {
            let probe = bench.send(60);
            bench.content(60, probe);
        }
        assert_eq!(bench.cell.state(), BreakerState::Closed);
        bench.fail(61, 4);
        let last = bench.send(61);
        let permit = bench.permits.remove(&last).unwrap();
        let hint = Some(Duration::from_secs(7));
        let change =
            bench.cell.finish(permit, Report { hint, ..report(61, Evidence::Hard) }, true).unwrap();
        let left = change.until.unwrap().since(at(61));
        let told = bench.cell.grounds().span(Measure::GateLeftMs, left);
        assert_eq!(told.of(Measure::AskedMs), Some(7_000));
        assert_eq!(told.of(Measure::OpenedBefore), Some(2));
        assert_eq!(told.of(Measure::GateLeftMs), Some(left.as_millis() as u32));
    }

    #[test]
    fn a_success_between_failures_starts_the_row_anew() {
        let mut bench = Bench::new(Breaker::default());
        bench.fail(1, 4);
        let good = bench.send(1);
        bench.content(1, good);
        assert_eq!(bench.fail(1, 4), None);
        assert!(bench.fail(1, 1).is_some());
    }

    #[test]
    fn overloads_count_for_the_ratio_alone() {
        let mut bench = Bench::new(Breaker::default());
        for sent in 1..=20 {
            let name = bench.send(1);
            let change = bench.end(1, name, Evidence::Crowded);
            assert_eq!(change.is_some(), sent == 20, "after {sent}");
        }
    }

    #[test]
    fn neutral_outcomes_change_nothing_and_return_the_probe() {
        let mut bench = opened();
        let probe = bench.send(10);
        assert_eq!(bench.cell.check(at(10)), Err(None));
        assert_eq!(bench.end(10, probe, Evidence::Neutral), None);
        assert_eq!(bench.cell.state(), BreakerState::HalfOpen);
        assert_eq!(bench.cell.check(at(10)), Ok(()));
    }

    /// A known library counts everything that is not handled as a success.
    #[test]
    fn a_cancelled_probe_does_not_close_it() {
        let mut bench = opened();
        for _ in 0..5 {
            let probe = bench.send(10);
            bench.end(10, probe, Evidence::Neutral);
        }
        assert_eq!(bench.cell.state(), BreakerState::HalfOpen);
    }

    /// Another closes because a call from before the trip succeeds late.
    #[test]
    fn a_late_success_from_before_the_trip_closes_nothing() {
        let mut bench = Bench::new(Breaker::default());
        let old: Vec<u32> = (0..5).map(|_| bench.send(0)).collect();
        bench.fail(1, 5);
        let probe = bench.send(10);
        for name in old {
            assert_eq!(bench.content(11, name), None);
            assert_eq!(bench.end(12, name, Evidence::Success), None);
        }
        assert_eq!(bench.cell.state(), BreakerState::HalfOpen);
        bench.content(12, probe);
        assert_eq!(bench.cell.state(), BreakerState::HalfOpen, "one success is not two");
    }

    /// A third takes the answer of a stream from before the trip for that of its probe.
    #[test]
    fn a_late_failure_from_before_the_trip_fails_no_probe() {
        let mut bench = Bench::new(Breaker::default());
        let old = bench.send(0);
        bench.fail(1, 5);
        let _probe = bench.send(10);
        assert_eq!(bench.end(11, old, Evidence::Hard), None);
        assert_eq!(bench.cell.state(), BreakerState::HalfOpen);
    }

    /// And a fourth lets calls from before the trip give back probes they never had.
    #[test]
    fn permits_from_before_the_trip_add_no_probes() {
        let mut bench = Bench::new(Breaker::default());
        let old: Vec<u32> = (0..5).map(|_| bench.send(0)).collect();
        bench.fail(1, 5);
        let _probe = bench.send(10);
        for name in old {
            bench.end(11, name, Evidence::Neutral);
            assert_eq!(bench.cell.check(at(11)), Err(None), "a second probe slipped in");
        }
    }

    /// Results of a past generation are dropped, also when the state is the same again.
    #[test]
    fn a_result_of_a_past_closed_state_counts_for_nothing() {
        let mut bench = Bench::new(Breaker::default());
        let old: Vec<u32> = (0..5).map(|_| bench.send(0)).collect();
        bench.fail(1, 5);
        for _ in 0..2 {
            let probe = bench.send(10);
            bench.content(10, probe);
        }
        assert_eq!(bench.cell.state(), BreakerState::Closed);
        for name in old {
            assert_eq!(bench.end(11, name, Evidence::Hard), None);
        }
        assert_eq!(bench.cell.state(), BreakerState::Closed);
    }

    #[test]
    fn a_probe_that_does_not_come_back_is_replaced() {
        let mut bench = opened();
        let lost = bench.send(10);
        assert_eq!(bench.cell.check(at(39)), Err(None));
        let second = bench.send(40);
        bench.end(41, lost, Evidence::Neutral);
        assert_eq!(bench.cell.check(at(41)), Err(None), "the lost one gave back another's place");
        bench.end(41, second, Evidence::Neutral);
        assert_eq!(bench.cell.check(at(41)), Ok(()));
    }

    #[test]
    fn each_failed_probe_doubles_the_time_up_to_the_cap() {
        let mut bench = opened();
        let mut now = 1;
        for expected in [10, 20, 40, 80, 120, 120] {
            now = bench.cell.open_until().unwrap().as_nanos() / 1_000_000_000 + 1;
            let probe = bench.send(now);
            let change = bench.end(now, probe, Evidence::Hard).unwrap();
            assert_eq!(change.until.unwrap().since(at(now)).as_secs_f64().round() as u64, expected);
        }
        assert!(now > 200);
    }

    #[test]
    fn doublings_are_forgiven_one_by_one_while_it_is_well() {
        let mut bench = opened();
        let probe = bench.send(10);
        bench.end(10, probe, Evidence::Hard);
        for _ in 0..2 {
            let probe = bench.send(30);
            bench.content(30, probe);
        }
        // Twice opened: four times the base at once, twice after one healthy minute.
        let change = bench.fail(95, 5).unwrap();
        assert_eq!(change.until.unwrap().since(at(95)).as_secs_f64().round() as u64, 10);
    }

    #[test]
    fn a_hint_lengthens_the_time_but_not_beyond_its_cap() {
        for (hint, expected) in [(60, 60), (100_000, 300), (1, 5)] {
            let mut bench = Bench::new(Breaker { consecutive: 1, ..Breaker::default() });
            let name = bench.send(0);
            let permit = bench.permits.remove(&name).unwrap();
            let hint = Some(Duration::from_secs(hint));
            let change =
                bench.cell.finish(permit, Report { hint, ..report(0, Evidence::Hard) }, true);
            let length = change.unwrap().until.unwrap().since(at(0));
            assert_eq!(length.as_secs_f64().round() as u64, expected);
        }
    }

    #[test]
    fn silence_opens_it_only_if_enough_was_sent_and_long_enough_ago() {
        let silence = Duration::from_secs(5);
        let mut bench = Bench::new(Breaker::default());
        for _ in 0..9 {
            bench.send(0);
        }
        assert_eq!(bench.cell.notice(at(60), silence, 0), None, "nine are too few");
        bench.send(1);
        assert_eq!(bench.cell.notice(at(4), silence, 0), None, "too soon");
        assert_eq!(bench.cell.notice(at(5), silence, 0).unwrap().cause, Some(TripCause::Stall));
        let mut bench = Bench::new(Breaker::default());
        for name in 0..20 {
            bench.send(0);
            bench.content(name.into(), name);
        }
        assert_eq!(bench.cell.notice(at(60), silence, 0), None, "it answered");
    }

    #[test]
    fn old_outcomes_leave_the_window() {
        let mut bench = Bench::new(Breaker { consecutive: 100, ..Breaker::default() });
        assert_eq!(bench.fail(1, 19), None);
        assert_eq!(bench.fail(40, 1), None, "nineteen were forgotten");
        assert_eq!(bench.fail(41, 18), None);
        assert_eq!(bench.fail(42, 1).unwrap().cause, Some(TripCause::Ratio));
    }

    #[test]
    fn switched_off_it_never_opens() {
        let mut bench = Bench::new(Breaker { enabled: false, ..Breaker::default() });
        assert_eq!(bench.fail(1, 100), None);
        let mut bench = opened();
        let off = Breaker { enabled: false, ..Breaker::default() };
        assert_eq!(bench.cell.follow(&off, at(2)).unwrap().to, BreakerState::Closed);
    }
}
