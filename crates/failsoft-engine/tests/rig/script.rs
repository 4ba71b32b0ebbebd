//! Scripts: one line for each input, and after `=>` everything that must follow from it.
//!
//! ```text
//! at 0ms arrive            => start a first
//! after 120ms fail 0 server_error => wait a backoff
//! wake in 0ms..500ms       => start a retry
//! ```
//!
//! `at` is absolute, `after` counts from the line before, `wake` goes to the moment the call asked
//! for. Call 1 may be left out: `0` is its attempt 0, `2.0` that of call 2.
//!
//! Before the first input targets may be described, and what the route prefers:
//!
//! ```text
//! prefer price
//! target a context=8000 lacks=tools+images prefill=yes requests=60/60s/1s price=150000/600000
//! at 0ms arrive input=3000 output=100 needs=images form=1 account=0 same => …
//! after 90ms told 0 requests=0/100@20s tokens=500 =>
//! after 1s done 0 3000/90 => served 0
//! ```
//!
//! Of a stream can be told that its content is held, and who could go on with it:
//!
//! ```text
//! after 300ms held 0 =>
//! after 500ms content 0 => commit 0
//! after 1s delivered 0 anywhere =>
//! after 1s fail 0 network => start a resume
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use failsoft_engine::policy::Rate;
use failsoft_engine::{
    AttemptId, CallId, Command, CredentialId, Delivery, DisabledScope, Elsewhere, Event, Failure,
    FailureKind, FormId, Input, Left, Models, Moment, Needs, Outcome, Phase, Prefer, Price,
    Profile, QuotaTold, Refusal, Repeat, Resumable, Settings, Step, Target, TargetId, Usage,
    Verdict,
};

use super::Rig;

/// Plays a script and compares everything that followed.
pub(crate) fn play(mut settings: Settings, script: &str) -> Rig {
    let script = described(&mut settings, script);
    play_on(Rig::new(settings, 7), &script)
}

/// Plays a script from where a rig stands.
pub(crate) fn play_on(rig: Rig, script: &str) -> Rig {
    let mut player = Player { rig, wakes: BTreeMap::new() };
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            continue;
        }
        let (input, expected) = line.split_once("=>").unwrap_or((line, ""));
        let found = player.line(input.trim());
        assert_eq!(found, squeeze(expected), "\nin the line `{line}`");
    }
    player.rig
}

/// Takes the lines that describe targets, and leaves those that are played.
fn described(settings: &mut Settings, script: &str) -> String {
    let lines = script.lines().map(str::trim).filter(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["prefer", what] => super::policies_of(settings).prefer = prefer(what),
            ["target", name, rest @ ..] => {
                let target = settings.targets.iter_mut().find(|target| target.key == *name);
                describe(target.expect("a target of the settings"), rest);
            }
            _ => return true,
        }
        false
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn prefer(word: &str) -> Prefer {
    let all = [Prefer::Health, Prefer::Price, Prefer::Speed];
    all.into_iter().find(|prefer| prefer.as_str() == word).unwrap()
}

fn describe(target: &mut Target, words: &[&str]) {
    for word in words {
        let (what, value) = word.split_once('=').unwrap();
        let capability = &mut target.capability;
        match what {
            "context" => capability.context = Some(value.parse().unwrap()),
            "max_output" => capability.max_output = Some(value.parse().unwrap()),
            "lacks" => capability.can = Needs::ALL.without(needs(value)),
            "requests" => target.quota.requests = Some(rate(value)),
            "tokens" => target.quota.tokens = Some(rate(value)),
            "prefill" => target.prefill = value == "yes",
            "form" => target.form = FormId(value.parse().unwrap()),
            "account" => target.credential = CredentialId(value.parse().unwrap()),
            "model" => target.model = value.parse().unwrap(),
            "name" => target.model_name = value.parse().unwrap(),
            "price" => {
                let (input, output) = value.split_once('/').unwrap();
                let (input, output) = (input.parse().unwrap(), output.parse().unwrap());
                target.price = Some(Price { input, output });
            }
            other => panic!("unknown word {other}"),
        }
    }
}

fn needs(text: &str) -> Needs {
    text.split('+').map(|need| need.parse().expect("a need")).collect()
}

/// `60/60s` or, with its burst, `60/60s/10s`.
fn rate(text: &str) -> Rate {
    let mut parts = text.split('/');
    let amount = parts.next().unwrap().parse().unwrap();
    let rate = Rate::new(amount, span(parts.next().unwrap()));
    parts.next().map_or(rate, |burst| Rate { burst: span(burst), ..rate })
}

/// `0/100@20s`: nothing left of 100, whole again in 20 s. Limit and reset may be left out.
fn left(text: &str) -> Left {
    let (text, reset) = text.split_once('@').map_or((text, None), |(text, at)| (text, Some(at)));
    let (left, limit) = text.split_once('/').map_or((text, None), |(left, of)| (left, Some(of)));
    Left {
        remaining: left.parse().unwrap(),
        limit: limit.map(|limit| limit.parse().unwrap()),
        resets_in: reset.map(span),
    }
}

fn quota_told(words: &[&str]) -> QuotaTold {
    let mut told = QuotaTold::default();
    for word in words {
        match word.split_once('=').unwrap() {
            ("requests", what) => told.requests = Some(left(what)),
            ("tokens", what) => told.tokens = Some(left(what)),
            other => panic!("unknown word {other:?}"),
        }
    }
    told
}

fn resumable(word: &str) -> Resumable {
    match word {
        "never" => Resumable::Never,
        "said" => Resumable::Said,
        "prefill" => Resumable::ByPrefill,
        "anywhere" => Resumable::Anywhere,
        other => panic!("unknown word {other:?}"),
    }
}

fn usage(text: &str) -> Usage {
    let (input, output) = text.split_once('/').unwrap();
    Usage { input: input.parse().unwrap(), output: output.parse().unwrap() }
}

struct Player {
    rig: Rig,
    wakes: BTreeMap<CallId, Option<Moment>>,
}

impl Player {
    fn line(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (now, rest) = match words.as_slice() {
            ["at", time, rest @ ..] => (Moment::ZERO + span(time), rest),
            ["after", time, rest @ ..] => (self.rig.now + span(time), rest),
            ["wake", rest @ ..] => return self.wake(rest),
            _ => panic!("a line begins with at, after or wake: {line}"),
        };
        let input = self.input(rest);
        self.step(now, input)
    }

    fn wake(&mut self, words: &[&str]) -> String {
        let (call, words) = match words {
            [call, rest @ ..] if *call != "in" => (CallId(call.parse().unwrap()), rest),
            rest => (CallId(1), rest),
        };
        let wake = self.wakes.get(&call).copied().flatten().expect("the call waits for nothing");
        if let ["in", range] = words {
            let (least, most) = range.split_once("..").unwrap();
            let waits = wake.since(self.rig.now);
            assert!((span(least)..=span(most)).contains(&waits), "wakes in {waits:?}, not {range}");
        }
        self.step(wake, Input::TimePassed { call })
    }

    fn step(&mut self, now: Moment, input: Input) -> String {
        let step = self.rig.step(now, input);
        for command in &step.commands {
            if let Command::WakeAt { call, at } = command {
                self.wakes.insert(*call, *at);
            }
        }
        told(&step, &self.rig)
    }

    fn input(&self, words: &[&str]) -> Input {
        match words {
            ["arrive", rest @ ..] => arrive(rest),
            ["connected", id] => Input::Connected { attempt: attempt(id) },
            ["held", id] => Input::ContentHeld { attempt: attempt(id) },
            ["content", id] => Input::FirstContent { attempt: attempt(id) },
            ["delivered", id, who] => {
                Input::Delivered { attempt: attempt(id), resumable: resumable(who) }
            }
            ["progress", id] => Input::Progressed { attempt: attempt(id), at: self.rig.now },
            ["progress", id, at] => {
                Input::Progressed { attempt: attempt(id), at: Moment::ZERO + span(at) }
            }
            ["done", id] => {
                Input::AttemptSucceeded { attempt: attempt(id), usage: Usage::default() }
            }
            ["done", id, used] => {
                Input::AttemptSucceeded { attempt: attempt(id), usage: usage(used) }
            }
            ["told", id, rest @ ..] => {
                Input::QuotaTold { attempt: attempt(id), told: quota_told(rest) }
            }
            ["fail", id, kind, rest @ ..] => {
                Input::AttemptFailed { attempt: attempt(id), failure: failure(kind, rest) }
            }
            ["pass"] => Input::TimePassed { call: CallId(1) },
            ["pass", call] => Input::TimePassed { call: CallId(call.parse().unwrap()) },
            ["leave"] => Input::CallerLeft { call: CallId(1) },
            ["leave", call] => Input::CallerLeft { call: CallId(call.parse().unwrap()) },
            ["off", name] => Input::TargetSwitched { target: self.target(name), enabled: false },
            ["probe", name] => Input::Probe { target: self.target(name) },
            ["on", name] => Input::TargetSwitched { target: self.target(name), enabled: true },
            other => panic!("unknown input {other:?}"),
        }
    }

    fn target(&self, name: &str) -> TargetId {
        let targets = &self.rig.engine.settings().targets;
        TargetId(targets.iter().position(|target| target.key == name).unwrap() as u16)
    }
}

fn arrive(words: &[&str]) -> Input {
    let mut arrival = super::arrival(1);
    for word in words {
        match word.split_once('=') {
            None if *word == "plain" => arrival.delivery = Delivery::Plain,
            None if *word == "unhedged" => arrival.hedge = false,
            None if *word == "same" => arrival.models = Models::Same,
            Some(("input", tokens)) => arrival.input_tokens = tokens.parse().unwrap(),
            Some(("output", tokens)) => arrival.output_tokens = Some(tokens.parse().unwrap()),
            Some(("needs", list)) => arrival.needs = needs(list),
            Some(("form", form)) => arrival.form = Some(FormId(form.parse().unwrap())),
            Some(("account", id)) => {
                arrival.bound_to = Some(CredentialId(id.parse().unwrap()));
            }
            None => arrival.call = CallId(word.parse().unwrap()),
            Some(("deadline", time)) => arrival.deadline = Some(span(time)),
            Some(("attempts", most)) => arrival.max_attempts = Some(most.parse().unwrap()),
            Some(("retries", times)) => arrival.client_retries = times.parse().unwrap(),
            Some(("profile", "batch")) => arrival.profile = Some(Profile::Batch),
            Some(("profile", "background")) => arrival.profile = Some(Profile::Background),
            Some(other) => panic!("unknown word {other:?}"),
        }
    }
    Input::CallArrived(arrival)
}

fn failure(kind: &str, words: &[&str]) -> Failure {
    let kind: FailureKind = kind.parse().unwrap();
    let mut failure = Failure::new(kind, Phase::FirstContent);
    for word in words {
        match *word {
            "connecting" => failure.phase = Phase::Connect,
            "once" => failure.repeat = Repeat::Once,
            "forbidden" => failure.repeat = Repeat::Forbidden,
            "any" => failure.elsewhere = Elsewhere::Any,
            "nowhere" => failure.elsewhere = Elsewhere::Nowhere,
            "other_credential" => failure.elsewhere = Elsewhere::OtherCredential,
            "other_model" => failure.elsewhere = Elsewhere::OtherModel,
            wait => failure.retry_after = Some(span(wait.strip_prefix("after=").unwrap())),
        }
    }
    failure
}

fn attempt(id: &str) -> AttemptId {
    let (call, ordinal) = id.split_once('.').unwrap_or(("1", id));
    AttemptId { call: CallId(call.parse().unwrap()), ordinal: ordinal.parse().unwrap() }
}

pub(crate) fn span(text: &str) -> Duration {
    if let Some(millis) = text.strip_suffix("ms") {
        return Duration::from_millis(millis.parse().unwrap());
    }
    let secs = text.strip_suffix('s').unwrap_or_else(|| panic!("a time ends with ms or s: {text}"));
    Duration::from_secs_f64(secs.parse().unwrap())
}

fn squeeze(expected: &str) -> String {
    expected.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a step said, in short words. Left out: what other lines already tell.
fn told(step: &Step, rig: &Rig) -> String {
    let name = |target: TargetId| rig.engine.settings().targets[usize::from(target.0)].key.clone();
    let mut lines: Vec<String> = Vec::new();
    for event in &step.events {
        match event {
            Event::Barred(bar) => {
                lines.push(format!("barred {} {}", name(bar.target), bar.reason.as_str()));
            }
            Event::Refused { why, reason: Refusal::NoneCanServe(bar), .. } => {
                lines.push(format!("refused {} none_can_serve {}", why.as_str(), bar.as_str()));
            }
            Event::Refused { why, reason, .. } => {
                lines.push(format!("refused {} {}", why.as_str(), reason.as_str()));
            }
            Event::Waiting { target, cause, .. } => {
                lines.push(format!("wait {} {}", name(*target), cause.as_str()));
            }
            Event::BreakerChanged(change) => {
                let cause =
                    change.cause.map_or(String::new(), |cause| format!(" {}", cause.as_str()));
                lines.push(format!("{} {}{cause}", name(change.target), change.to.as_str()));
            }
            Event::Disabled { scope, kind, .. } => lines.push(match scope {
                DisabledScope::Credential(id) => format!("disabled credential {} {kind}", id.0),
                DisabledScope::Model(target) => format!("disabled model {} {kind}", name(*target)),
            }),
            Event::LimitChanged { target, limit } => {
                lines.push(format!("limit {} {limit}", name(*target)));
            }
            Event::Probed { target } => lines.push(format!("probed {}", name(*target))),
            Event::TargetSwitched { .. } => lines.push("switched".to_owned()),
            Event::Ignored { .. } => lines.push("ignored".to_owned()),
            Event::AttemptEnded { attempt, outcome: Outcome::Failed(failure), .. }
                if failure.kind == FailureKind::Timeout =>
            {
                lines.push(format!("timeout {}", attempt.ordinal));
            }
            Event::CallStarted { .. }
            | Event::AttemptStarted { .. }
            | Event::FirstContent { .. }
            | Event::Committed { .. }
            | Event::AttemptEnded { .. }
            | Event::Throttled { .. }
            | Event::CallEnded { .. } => {}
        }
    }
    for command in &step.commands {
        match command {
            Command::Start { target, why, .. } => {
                lines.push(format!("start {} {}", name(*target), why.as_str()));
            }
            Command::Cancel { attempt, reason } => {
                lines.push(format!("cancel {} {}", attempt.ordinal, reason.as_str()));
            }
            Command::Commit { attempt } => lines.push(format!("commit {}", attempt.ordinal)),
            Command::Finish { verdict, .. } => lines.push(ending(verdict)),
            Command::WakeAt { .. } => {}
        }
    }
    lines.join("; ")
}

fn ending(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Served { attempt } => format!("served {}", attempt.ordinal),
        Verdict::Resumed { attempt } => format!("resumed {}", attempt.ordinal),
        Verdict::Degraded { kind } => format!("degraded {kind}"),
        Verdict::Failed { kind, retry_after: None, .. } => format!("failed {kind}"),
        Verdict::Failed { kind, retry_after: Some(wait), .. } => {
            format!("failed {kind} after {}s", wait.as_secs())
        }
        Verdict::Cancelled => "cancelled".to_owned(),
    }
}
