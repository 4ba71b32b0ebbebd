//! A small world on virtual time: clients that ask, targets that answer, fail or hang, and a
//! driver that does what the engine says and wakes it exactly when it asked to be woken.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use failsoft_engine::{
    Arrival, AttemptId, CallId, Command, Delivery, Engine, Event, Failure, FailureKind, Input,
    Left, Moment, Phase, QuotaTold, Repeat, Resumable, Settings, Step, TargetId, Usage, Verdict,
    Why,
};

use super::Rig;

/// Repeatable dice.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides.max(1)
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.roll(100) < chance
    }

    pub(crate) fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.roll(most - least + 1))
    }
}

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Answer {
        first: Duration,
        whole: Duration,
    },
    Fail {
        after: Duration,
        failure: Failure,
    },
    BreakOff {
        first: Duration,
        after: Duration,
        failure: Failure,
    },
    /// Falls silent after its first content.
    Stall {
        first: Duration,
    },
    Hang,
}

/// How targets behave: which target, when.
pub(crate) type Nature = Box<dyn FnMut(&mut Dice, &str, Moment) -> Fate>;

pub(crate) struct World {
    pub(crate) rig: Rig,
    pub(crate) dice: Dice,
    /// Whether providers say what was used and what is left; with dice of their own.
    pub(crate) tells: Option<Dice>,
    /// Whether content is held, and who could go on is told; with dice of their own.
    pub(crate) delivers: Option<Dice>,
    /// Who could go on with every stream, where no dice are thrown for it.
    pub(crate) resumable: Option<Resumable>,
    twin: Engine,
    nature: Nature,
    queue: BTreeMap<(Moment, u64), Input>,
    next: u64,
    wakes: BTreeMap<CallId, Moment>,
    dead: BTreeSet<AttemptId>,
    delivery: BTreeMap<CallId, Delivery>,
    pub(crate) verdicts: BTreeMap<CallId, (Moment, Verdict)>,
    pub(crate) trips: Vec<Moment>,
    pub(crate) sent: BTreeMap<String, Vec<Moment>>,
}

impl World {
    pub(crate) fn new(settings: Settings, seed: u64, nature: Nature) -> Self {
        let twin = Engine::new(std::sync::Arc::new(settings.clone()), seed);
        Self {
            rig: Rig::new(settings, seed),
            dice: Dice(seed),
            tells: None,
            delivers: None,
            resumable: None,
            twin,
            nature,
            queue: BTreeMap::new(),
            next: 0,
            wakes: BTreeMap::new(),
            dead: BTreeSet::new(),
            delivery: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            trips: Vec::new(),
            sent: BTreeMap::new(),
        }
    }

    pub(crate) fn at(&mut self, when: Moment, input: Input) {
        self.next += 1;
        self.queue.insert((when, self.next), input);
    }

    pub(crate) fn arrive(&mut self, when: Moment, arrival: Arrival) {
        self.delivery.insert(arrival.call, arrival.delivery);
        self.at(when, Input::CallArrived(arrival));
    }

    /// Lives until nothing more is to come.
    pub(crate) fn run(&mut self) {
        while let Some(((now, _), input)) = self.queue.pop_first() {
            if !self.is_due(now, &input) {
                continue;
            }
            let step = self.rig.step(now, input.clone());
            let again = self.twin.step(now, input);
            assert_eq!(format!("{step:?}"), format!("{again:?}"), "12: same inputs, other words");
            self.obey(now, &step);
            assert_eq!(self.rig.checker.overdue(now), [], "7: past its deadline at {now:?}");
        }
        assert_eq!(self.rig.engine.state_hash(), self.twin.state_hash(), "12: another state");
        assert_eq!(self.rig.engine.in_flight(), 0, "27: attempts left over");
        assert_eq!(self.rig.engine.calls(), 0, "8: calls without an end");
    }

    fn is_due(&mut self, now: Moment, input: &Input) -> bool {
        match input {
            Input::TimePassed { call } => self.wakes.get(call) == Some(&now),
            Input::Connected { attempt }
            | Input::ContentHeld { attempt }
            | Input::FirstContent { attempt }
            | Input::Delivered { attempt, .. }
            | Input::Progressed { attempt, .. }
            | Input::AttemptSucceeded { attempt, .. }
            | Input::AttemptFailed { attempt, .. }
            | Input::QuotaTold { attempt, .. } => {
                // Now and then what was cancelled still speaks.
                !self.dead.contains(attempt) || self.dice.percent(10)
            }
            Input::CallArrived(_)
            | Input::CallerLeft { .. }
            | Input::SettingsChanged(_)
            | Input::TargetSwitched { .. }
            | Input::Probe { .. } => true,
        }
    }

    fn obey(&mut self, now: Moment, step: &Step) {
        for event in &step.events {
            if let Event::BreakerChanged(change) = event
                && change.cause.is_some()
            {
                self.trips.push(now);
            }
        }
        for command in &step.commands {
            match *command {
                Command::Start { attempt, target, why } => {
                    self.send(now, (attempt, why), target);
                }
                Command::Cancel { attempt, .. } => {
                    self.dead.insert(attempt);
                }
                Command::WakeAt { call, at: Some(at) } => {
                    self.wakes.insert(call, at);
                    self.at(at.max(now), Input::TimePassed { call });
                }
                Command::WakeAt { call, at: None } => {
                    self.wakes.remove(&call);
                }
                Command::Finish { call, verdict } => {
                    self.wakes.remove(&call);
                    self.verdicts.insert(call, (now, verdict));
                }
                Command::Commit { .. } => {}
            }
        }
    }

    fn send(&mut self, now: Moment, (attempt, why): (AttemptId, Why), target: TargetId) {
        let key = self.rig.checker.key_of(attempt.call, target);
        self.sent.entry(key.clone()).or_default().push(now);
        let mut fate = (self.nature)(&mut self.dice, &key, now);
        if let Some(dice) = self.delivers.as_mut().filter(|_| why == Why::Resume)
            && dice.percent(20)
        {
            fate = refused(dice);
        }
        let streamed = self.delivery[&attempt.call] == Delivery::Streamed;
        self.at(now + Duration::from_millis(20), Input::Connected { attempt });
        let mut usage = Usage::default();
        if let Some(dice) = &mut self.tells {
            let when = now + dice.millis(20, 400);
            let told = any_told(dice);
            if dice.percent(50) {
                usage = Usage { input: dice.roll(9000) as u32, output: dice.roll(3000) as u32 };
            }
            if dice.percent(30) {
                self.at(when, Input::QuotaTold { attempt, told });
            }
        }
        match fate {
            Fate::Hang => {}
            Fate::Stall { first } => {
                if streamed {
                    self.stream(now, attempt, (first, first + Duration::from_secs(10)));
                }
            }
            Fate::Fail { after, failure } => {
                self.at(now + after, Input::AttemptFailed { attempt, failure });
            }
            Fate::Answer { first, whole } => {
                if streamed {
                    self.stream(now, attempt, (first, whole));
                    self.progress(now + first, now + whole, attempt);
                }
                self.at(now + whole, Input::AttemptSucceeded { attempt, usage });
            }
            Fate::BreakOff { first, after, failure } => {
                if streamed {
                    self.stream(now, attempt, (first, after));
                    self.progress(now + first, now + after, attempt);
                }
                self.at(now + after, Input::AttemptFailed { attempt, failure });
            }
        }
    }

    /// When content comes and when some of it can go out, and who could go on from there.
    fn stream(&mut self, now: Moment, attempt: AttemptId, (first, end): (Duration, Duration)) {
        let Some(dice) = &mut self.delivers else {
            self.at(now + first, Input::FirstContent { attempt });
            if let Some(resumable) = self.resumable {
                self.at(now + first, Input::Delivered { attempt, resumable });
            }
            return;
        };
        let mut soon = Vec::new();
        let later =
            |dice: &mut Dice| first + (end.saturating_sub(first) * dice.roll(120) as u32) / 100;
        let is_held = dice.percent(30);
        let begins = if is_held { later(dice) } else { first };
        if is_held {
            soon.push((first, Input::ContentHeld { attempt }));
        }
        soon.push((begins, Input::FirstContent { attempt }));
        for _ in 0..dice.roll(4) {
            let when = if dice.percent(60) { begins } else { later(dice) };
            let resumable = match dice.roll(8) {
                0 => Resumable::Never,
                7 => Resumable::Said,
                1 | 2 => Resumable::ByPrefill,
                _ => Resumable::Anywhere,
            };
            soon.push((when, Input::Delivered { attempt, resumable }));
        }
        // What would come after its end does not come.
        for (when, input) in soon.into_iter().filter(|(when, _)| *when <= end) {
            self.at(now + when, input);
        }
    }

    fn progress(&mut self, from: Moment, to: Moment, attempt: AttemptId) {
        let mut at = from + Duration::from_secs(3);
        while at < to {
            self.at(at, Input::Progressed { attempt, at });
            at = at + Duration::from_secs(3);
        }
    }

    /// Calls that ended without an answer, or only after their deadline.
    pub(crate) fn lost(&self) -> usize {
        let served =
            |verdict: &Verdict| matches!(verdict, Verdict::Served { .. } | Verdict::Resumed { .. });
        self.verdicts.values().filter(|(_, verdict)| !served(verdict)).count()
    }
}

/// What headers may say: mostly plenty, now and then nothing left.
pub(crate) fn any_told(dice: &mut Dice) -> QuotaTold {
    let mut any = || {
        let left = Left {
            remaining: if dice.percent(15) { 0 } else { dice.roll(200) },
            limit: dice.percent(70).then(|| dice.roll(200)),
            resets_in: dice.percent(70).then(|| dice.millis(0, 20_000)),
        };
        dice.percent(60).then_some(left)
    };
    QuotaTold { requests: any(), tokens: any() }
}

/// A quick, healthy answer.
pub(crate) fn healthy(dice: &mut Dice) -> Fate {
    let first = dice.millis(200, 1500);
    Fate::Answer { first, whole: first + dice.millis(500, 4000) }
}

/// The continuation is not taken as it was written.
fn refused(dice: &mut Dice) -> Fate {
    let failure = Failure::new(FailureKind::BadRequest, Phase::FirstContent);
    Fate::Fail { after: dice.millis(5, 200), failure: Failure { repeat: Repeat::Once, ..failure } }
}

/// Fails at once with this kind.
pub(crate) fn failing(dice: &mut Dice, kind: FailureKind) -> Fate {
    let failure = Failure::new(kind, Phase::FirstContent);
    Fate::Fail { after: dice.millis(5, 200), failure }
}
