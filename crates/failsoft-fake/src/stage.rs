//! The stage: which step of its plan each model has come to.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::fault::{Fault, UnknownFault};
use crate::plan::{Plan, Span};
use crate::scenario::{Manner, Part, Scenario};

/// The scenario being played, and how far it has come.
pub(crate) struct Stage {
    scenario: Scenario,
    started: Instant,
    progress: BTreeMap<String, Progress>,
}

/// What one attempt is answered with.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) fault: Fault,
    pub(crate) manner: Manner,
}

#[derive(Default)]
struct Progress {
    step: usize,
    used: u64,
    since: Option<Instant>,
}

impl Stage {
    pub(crate) fn new(scenario: Scenario, now: Instant) -> Self {
        Self { scenario, started: now, progress: BTreeMap::new() }
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// Plays the scenario from its beginning.
    pub(crate) fn restart(&mut self, now: Instant) {
        self.started = now;
        self.progress.clear();
    }

    pub(crate) fn replace(&mut self, scenario: Scenario, now: Instant) {
        self.scenario = scenario;
        self.restart(now);
    }

    pub(crate) fn models(&self) -> impl Iterator<Item = &str> {
        self.scenario.models.keys().map(String::as_str)
    }

    /// The next turn of a model; `plan`, when the request itself brings one, goes before the
    /// scenario's.
    pub(crate) fn turn(
        &mut self,
        now: Instant,
        model: &str,
        plan: Option<&str>,
    ) -> Result<Turn, UnknownFault> {
        let listed = self.scenario.models.get(model).or(self.scenario.default.as_ref());
        let part = match (plan, listed) {
            (Some(plan), listed) => Part {
                plan: plan.parse()?,
                manner: listed.map(|part| part.manner.clone()).unwrap_or_default(),
            },
            (None, Some(part)) => part.clone(),
            (None, None) => Part { plan: Plan::of_model(model)?, manner: Manner::default() },
        };
        let progress = self.progress.entry(plan.unwrap_or(model).to_owned()).or_default();
        let manner = part.manner.over(&self.scenario.manner);
        Ok(progress.next(now, self.started, &part.plan, manner))
    }
}

impl Progress {
    fn next(&mut self, now: Instant, started: Instant, plan: &Plan, manner: Manner) -> Turn {
        while let Some(step) = plan.0.get(self.step) {
            let since = *self.since.get_or_insert(now);
            let over = match step.span {
                Span::Always => false,
                Span::Times(times) => self.used >= times,
                Span::For(span) => now.duration_since(since) >= span,
                Span::Until(span) => now.duration_since(started) >= span,
            };
            if !over {
                self.used += 1;
                let fault = step.fault.unwrap_or(Fault::Healthy);
                return Turn { fault, manner: step.manner.over(&manner) };
            }
            *self = Self { step: self.step + 1, ..Self::default() };
        }
        Turn { fault: Fault::Healthy, manner }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Plays attempts at these milliseconds and writes down the faults.
    fn play(scenario: &str, model: &str, at: &[u64]) -> String {
        let start = Instant::now();
        let mut stage = Stage::new(scenario.parse().expect("a good scenario"), start);
        let turns = at.iter().map(|at| {
            let turn = stage.turn(start + Duration::from_millis(*at), model, None);
            turn.expect("a known fault").fault.to_string()
        });
        turns.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn steps_follow_each_other_by_count_and_by_time() {
        let cases = [
            ("once:reset", "reset healthy healthy"),
            ("first-2:fail-500+once:silent", "fail-500 fail-500 silent"),
            ("fail-503", "fail-503 fail-503 fail-503"),
            ("for-10s:fail-503", "fail-503 fail-503 healthy"),
            ("anything", "healthy healthy healthy"),
        ];
        for (model, played) in cases {
            assert_eq!(play("", model, &[0, 9_999, 10_000]), played, "{model}");
        }
    }

    #[test]
    fn for_counts_from_the_first_attempt_and_until_from_the_start() {
        let scenario =
            |span| format!("[models.m]\nsteps = [{{ fault = \"reset\", {span} = \"2s\" }}]");
        assert_eq!(play(&scenario("for"), "m", &[1_500, 3_400, 3_500]), "reset reset healthy");
        assert_eq!(play(&scenario("until"), "m", &[1_500, 2_000]), "reset healthy");
    }

    #[test]
    fn models_have_their_own_progress_and_a_restart_forgets_it() {
        let now = Instant::now();
        let mut stage = Stage::new(Scenario::default(), now);
        let play = |stage: &mut Stage, plan| {
            stage.turn(now, "m", plan).expect("a known fault").fault.to_string()
        };
        assert_eq!(play(&mut stage, Some("once:reset")), "reset");
        assert_eq!(play(&mut stage, Some("once:reset")), "healthy");
        assert_eq!(play(&mut stage, Some("once:close")), "close");
        assert_eq!(play(&mut stage, None), "healthy");
        stage.restart(now);
        assert_eq!(play(&mut stage, Some("once:reset")), "reset");
    }
}
