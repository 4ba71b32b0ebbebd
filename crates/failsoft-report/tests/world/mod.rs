//! A small world that plays weeks of traffic into a journal in memory, with troubles on order.
#![allow(dead_code, unreachable_pub, reason = "each test uses its own part")]

use std::collections::BTreeMap;

use failsoft_journal::{
    AttemptRow, CallRow, Memory, Name, Recorded, Span, StateRow, StepRow, TargetRow,
};

/// 2026-11-23, a Monday, 00:00 UTC.
pub const MONDAY: i64 = 1_795_392_000_000;
pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

pub const LARGE: &str = "aurora/aurora-large";
pub const SMALL: &str = "aurora/aurora-small";
pub const FAR: &str = "borealis/borealis-large";
pub const EU_LARGE: &str = "borealis-eu/borealis-large";
pub const EU_SMALL: &str = "borealis-eu/borealis-small";
pub const LOCAL: &str = "cumulus/cumulus-1";

/// Routes with their targets in order.
const ROUTES: [(&str, &[&str]); 5] = [
    ("assistant", &[LARGE, FAR]),
    ("search", &[SMALL, LOCAL, FAR]),
    ("documents", &[FAR, LARGE]),
    ("batch", &[LOCAL, FAR]),
    ("europe", &[EU_LARGE, EU_SMALL, SMALL]),
];

/// A week in which nothing is wrong but a failure now and then.
pub fn span() -> Span {
    Span { since_ms: MONDAY, until_ms: MONDAY + 7 * DAY }
}

/// An attempt about to be made.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Since Monday.
    pub at: i64,
    pub target: &'a str,
    pub key: &'a str,
    pub tokens: u32,
}

/// What a trouble does to an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Does {
    Nothing,
    /// It fails in this way, so often.
    Fails(&'static str, f64),
    /// Its first content takes so many times longer.
    Slows(f64),
}

/// A trouble on order.
pub type Trouble = fn(About<'_>) -> Does;

pub const OUTAGE: (i64, i64) = (DAY + 14 * HOUR + 2 * MINUTE, DAY + 14 * HOUR + 31 * MINUTE);
pub const SPELL: (i64, i64) = (2 * DAY + 9 * HOUR, 2 * DAY + 15 * HOUR);
pub const BAD_KEY: (i64, i64) = (3 * DAY + 6 * HOUR, 4 * DAY + 12 * HOUR);
pub const REGION: (i64, i64) =
    (5 * DAY + 18 * HOUR + 10 * MINUTE, 5 * DAY + 18 * HOUR + 50 * MINUTE);

const fn within(span: (i64, i64), at: i64) -> bool {
    span.0 <= at && at < span.1
}

pub fn outage(about: About<'_>) -> Does {
    if about.target == LARGE && within(OUTAGE, about.at) {
        Does::Fails("overloaded", 0.97)
    } else {
        Does::Nothing
    }
}

pub fn slow_for_long_prompts(about: About<'_>) -> Does {
    if about.target == FAR && about.tokens >= 32_000 && within(SPELL, about.at) {
        Does::Slows(9.0)
    } else {
        Does::Nothing
    }
}

pub fn bad_key(about: About<'_>) -> Does {
    if about.key == "77c0" && within(BAD_KEY, about.at) {
        Does::Fails("authentication", 1.0)
    } else {
        Does::Nothing
    }
}

pub fn full_hours(about: About<'_>) -> Does {
    if [LOCAL, SMALL].contains(&about.target) && about.at % HOUR < 5 * MINUTE {
        Does::Fails("rate_limited", 0.6)
    } else {
        Does::Nothing
    }
}

pub fn broken_region(about: About<'_>) -> Does {
    if about.target.starts_with("borealis-eu/") && within(REGION, about.at) {
        Does::Fails("network", 1.0)
    } else {
        Does::Nothing
    }
}

/// Numbers that look drawn and are the same for the same seed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From 0 to 1.
    pub fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[(self.share() * from.len() as f64) as usize]
    }

    /// A number around 0, nearly always within 3.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}

/// What the world remembers between calls.
pub struct World {
    dice: Dice,
    noise: f64,
    troubles: Vec<Trouble>,
    names: BTreeMap<&'static str, Name>,
    /// Failures in a row, and until when nobody is sent there.
    breakers: BTreeMap<&'static str, (u32, i64)>,
    /// Until when a key is out of use.
    disabled: BTreeMap<&'static str, i64>,
    pub memory: Memory,
}

/// Plays a week with about so many calls.
pub fn week(seed: u64, calls: i64, noise: f64, troubles: &[Trouble]) -> World {
    let mut world = World {
        dice: Dice::new(seed),
        noise,
        troubles: troubles.to_vec(),
        names: BTreeMap::new(),
        breakers: BTreeMap::new(),
        disabled: BTreeMap::new(),
        memory: Memory::default(),
    };
    let mut at = 0.0;
    while at < (7 * DAY) as f64 {
        // More by day than by night.
        let of_day = (at / DAY as f64).fract();
        let busy = 1.0 + 0.7 * ((of_day - 0.3) * std::f64::consts::TAU).sin();
        at += -(1.0 - world.dice.share()).ln() * (7 * DAY) as f64 / calls as f64 / busy;
        world.call(at as i64);
    }
    world
}

struct Made {
    row: AttemptRow,
    ended: i64,
    failed: bool,
}

impl World {
    fn call(&mut self, at: i64) {
        let (route, targets) = *self.dice.pick(&ROUTES);
        let long = if route == "documents" { 0.4 } else { 0.05 };
        let tokens = match self.dice.share() < long {
            true => 33_000.0 + 60_000.0 * self.dice.share(),
            false => 300.0 * (1.2 * self.dice.normal()).exp() + 100.0,
        } as u32;
        let mut attempts: Vec<Made> = Vec::new();
        let mut now = at;
        let mut steps = Vec::new();
        for target in targets.iter().chain(targets).take(4) {
            if attempts.len() == 3 {
                break;
            }
            if self.breakers.get(target).is_some_and(|(_, until)| *until > now) {
                steps.push(self.barred(target, now - at));
                continue;
            }
            let why = if attempts.is_empty() { "first" } else { "failover" };
            let Some(made) = self.attempt((at, now), target, tokens, (attempts.len() as u8, why))
            else {
                continue;
            };
            now = made.ended + 50;
            let failed = made.failed;
            attempts.push(made);
            if !failed {
                break;
            }
        }
        let served = attempts.last().is_some_and(|made| !made.failed);
        let kind = attempts.last().and_then(|made| made.row.kind.clone());
        let last = attempts.last().map(|made| made.row.ordinal);
        let call = CallRow {
            id: format!("call-{at}"),
            started_ms: MONDAY + at,
            route: self.name(route),
            model: self.name(route),
            dialect: self.name("chat_completions"),
            delivery: Some(self.name("streamed")),
            prompt_tokens: tokens,
            verdict: Some(self.name(if served { "served" } else { "failed" })),
            kind: kind.filter(|_| !served),
            status: if served { 200 } else { 503 },
            answer_ordinal: last,
            first_content_ns: attempts.last().and_then(|made| made.row.first_content_ns),
            took_ns: Some((now - at) as u64 * 1_000_000),
            ..CallRow::default()
        };
        let attempts = attempts.into_iter().map(|made| made.row).collect();
        self.memory.calls.push(Recorded { call, attempts, steps });
    }

    fn attempt(
        &mut self,
        (came, now): (i64, i64),
        target: &'static str,
        tokens: u32,
        (ordinal, why): (u8, &'static str),
    ) -> Option<Made> {
        let key = self.key(target, now)?;
        let about = About { at: now, target, key, tokens };
        let (mut kind, mut slower) = (None, 1.0);
        for trouble in self.troubles.clone() {
            match trouble(about) {
                Does::Fails(fails, share) if self.dice.share() < share => kind = Some(fails),
                Does::Slows(times) => slower = times,
                Does::Fails(..) | Does::Nothing => {}
            }
        }
        if kind.is_none() && self.dice.share() < self.noise {
            kind = Some(*self.dice.pick(&["overloaded", "server_error", "timeout", "network"]));
        }
        let usual = 400.0 * (1.0 + f64::from(tokens) / 20_000.0);
        let first_content = usual * slower * (0.4 * self.dice.normal()).exp();
        let took = if kind.is_some() { 200.0 } else { first_content + 3_000.0 } as i64;
        self.remember(target, key, kind, now + took);
        let ns = |ms: f64| (ms * 1e6) as u64;
        let provider = target.split_once('/').map_or(target, |(provider, _)| provider);
        let row = AttemptRow {
            ordinal,
            target: Some(TargetRow {
                name: self.name(target),
                provider: self.name(provider),
                credential: self.name(key),
            }),
            why: Some(self.name(why)),
            started_ns: Some((now - came) as u64 * 1_000_000),
            first_content_ns: kind.is_none().then(|| ns(first_content)),
            took_ns: Some(took as u64 * 1_000_000),
            outcome: Some(self.name(if kind.is_some() { "failed" } else { "succeeded" })),
            kind: kind.map(|kind| self.name(kind)),
            phase: kind.map(|_| self.name("first_content")),
            input_tokens: kind.is_none().then_some(tokens),
            output_tokens: kind.is_none().then_some(200),
            ..AttemptRow::default()
        };
        Some(Made { row, ended: now + took, failed: kind.is_some() })
    }

    /// Targets of `aurora` have two keys, which take turns.
    fn key(&mut self, target: &str, now: i64) -> Option<&'static str> {
        let keys: &[&str] = match target.split('/').next() {
            Some("aurora") => &["3f9a", "77c0"],
            Some("borealis") => &["b0b0"],
            Some("borealis-eu") => &["e0e0"],
            _ => &["1111"],
        };
        let well: Vec<&'static str> = keys
            .iter()
            .copied()
            .filter(|key| self.disabled.get(key).is_none_or(|until| *until <= now))
            .collect();
        if well.is_empty() { None } else { Some(*self.dice.pick(&well)) }
    }

    fn remember(&mut self, target: &'static str, key: &'static str, kind: Option<&str>, at: i64) {
        let breaker = self.breakers.entry(target).or_default();
        match kind {
            None => *breaker = (0, 0),
            Some("authentication") => {
                self.disabled.insert(key, at + 5 * MINUTE);
            }
            Some("rate_limited") => {}
            Some(_) => {
                breaker.0 += 1;
                if breaker.0 < 5 {
                    return;
                }
                let was_closed = breaker.1 == 0;
                breaker.1 = at + MINUTE;
                let target = self.row(target);
                self.memory.states.push(StateRow {
                    at_ms: MONDAY + at,
                    what: "breaker".into(),
                    target: Some(target),
                    from_state: Some(if was_closed { "closed" } else { "half_open" }.into()),
                    to_state: Some("open".into()),
                    ..StateRow::default()
                });
            }
        }
    }

    /// Lets all attempts at a target fail in this way for a while, and their calls with them.
    pub fn fail_all(&mut self, target: &str, kind: &str, span: (i64, i64)) {
        for recorded in &mut self.memory.calls {
            if !(MONDAY + span.0..MONDAY + span.1).contains(&recorded.call.started_ms) {
                continue;
            }
            for attempt in &mut recorded.attempts {
                if attempt.target.as_ref().is_some_and(|at| &*at.name == target) {
                    attempt.outcome = Some("failed".into());
                    attempt.kind = Some(kind.into());
                    attempt.first_content_ns = None;
                    recorded.call.verdict = Some("failed".into());
                    recorded.call.kind = Some(kind.into());
                }
            }
        }
    }

    /// Lets budgets refuse some attempts of each sort.
    pub fn refuse_for_budget(&mut self, whys: &[&str]) {
        for (number, recorded) in self.memory.calls.iter_mut().take(400).enumerate() {
            recorded.steps.push(StepRow {
                what: "refused".into(),
                why: Some(whys[number % whys.len()].into()),
                reason: Some("budget".into()),
                ..StepRow::default()
            });
        }
    }

    /// Lets a breaker open and close six times in half an hour.
    pub fn flap(&mut self, target: &'static str) {
        for number in 0..12 {
            let (from, to) =
                if number % 2 == 0 { ("closed", "open") } else { ("half_open", "closed") };
            let target = self.row(target);
            self.memory.states.push(StateRow {
                at_ms: MONDAY + DAY + number * 150 * SECOND,
                what: "breaker".into(),
                target: Some(target),
                from_state: Some(from.into()),
                to_state: Some(to.into()),
                ..StateRow::default()
            });
        }
    }

    fn row(&mut self, target: &'static str) -> TargetRow {
        let provider = target.split_once('/').map_or(target, |(provider, _)| provider);
        TargetRow {
            name: self.name(target),
            provider: self.name(provider),
            credential: Name::default(),
        }
    }

    fn barred(&mut self, target: &'static str, after: i64) -> StepRow {
        StepRow {
            at_ns: after as u64 * 1_000_000,
            what: self.name("barred"),
            target: Some(self.row(target)),
            reason: Some(self.name("breaker")),
            ..StepRow::default()
        }
    }

    fn name(&mut self, text: &'static str) -> Name {
        self.names.entry(text).or_insert_with(|| text.into()).clone()
    }
}
