//! A plan: faults one after the other, each for so many attempts or so long.
//!
//! `once:reset+fail-500` resets the first attempt and answers 500 ever after;
//! `first-2:fail-503` is healthy from the third attempt on. `cut-after-40~echoes` also says how the
//! model goes on when the conversation holds the beginning of its answer.

use std::str::FromStr;
use std::time::Duration;

use crate::fault::{Fault, UnknownFault};
use crate::onward::Onward;
use crate::scenario::Manner;
use crate::span;

/// How long a step of a plan lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Span {
    /// For ever.
    #[default]
    Always,
    /// So many attempts.
    Times(u64),
    /// So long, from its first attempt on.
    For(Duration),
    /// Until so long after the start.
    Until(Duration),
}

/// One step of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What is played.
    pub fault: Option<Fault>,
    /// How long.
    pub span: Span,
    /// How it differs from the model's manner.
    pub manner: Manner,
}

/// Steps in order; healthy when they are used up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan(pub Vec<Step>);

impl FromStr for Plan {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        text.split('+').map(step).collect::<Result<_, _>>().map(Self)
    }
}

impl Plan {
    /// The plan a model's name stands for. A name that is no fault's is a healthy model's; one that
    /// says it wants to be a fault and is none is an error.
    ///
    /// # Errors
    /// The part that is no fault.
    pub fn of_model(name: &str) -> Result<Self, UnknownFault> {
        let meant = ["once:", "first-", "for-", "fail-"].iter().any(|word| name.starts_with(word))
            || name.contains(['+', '~']);
        match name.parse() {
            Err(unknown) if meant => Err(unknown),
            plan => Ok(plan.unwrap_or_default()),
        }
    }
}

fn step(text: &str) -> Result<Step, UnknownFault> {
    let unknown = || UnknownFault(text.to_owned());
    let (span, fault) = match text.split_once(':') {
        None => (Span::Always, text),
        Some(("once", fault)) => (Span::Times(1), fault),
        Some((prefix, fault)) => (prefixed(prefix).ok_or_else(unknown)?, fault),
    };
    let (fault, onward) = played(fault).ok_or_else(unknown)?;
    Ok(Step { fault, span, manner: Manner { onward, ..Manner::default() } })
}

/// A fault, manners of going on, or both, joined by `~`.
pub(crate) fn played(text: &str) -> Option<(Option<Fault>, Option<Onward>)> {
    let (mut fault, mut onward) = (None, None);
    for word in text.split('~') {
        match onward.unwrap_or(Onward::default()).with(word) {
            Some(with) => onward = Some(with),
            None if fault.is_none() => fault = Some(word.parse().ok()?),
            None => return None,
        }
    }
    Some((fault, onward))
}

fn prefixed(prefix: &str) -> Option<Span> {
    if let Some(times) = prefix.strip_prefix("first-") {
        return times.parse().ok().map(Span::Times);
    }
    prefix.strip_prefix("for-").and_then(span::parse).map(Span::For)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_say_how_long_a_fault_lasts() {
        let spans = |text: &str| -> Vec<_> {
            let plan: Plan = text.parse().expect(text);
            plan.0.iter().map(|step| (step.fault.map(|f| f.to_string()), step.span)).collect()
        };
        let named = |name: &str, span| (Some(name.to_owned()), span);
        assert_eq!(spans("reset"), [named("reset", Span::Always)]);
        assert_eq!(
            spans("once:reset+first-2:fail-500+for-10s:silent"),
            [
                named("reset", Span::Times(1)),
                named("fail-500", Span::Times(2)),
                named("silent", Span::For(Duration::from_secs(10))),
            ]
        );
    }

    #[test]
    fn a_step_can_also_say_how_the_model_goes_on() {
        let plan: Plan = "once:cut-after-40~no-prefill+echoes".parse().expect("two steps");
        let shown: Vec<_> = plan.0.iter().map(|step| (step.fault, step.manner.onward)).collect();
        let onward = |text: &str| text.parse().ok();
        assert_eq!(shown, [(Some(Fault::Cut(40)), onward("no-prefill")), (None, onward("echoes"))]);
    }

    #[test]
    fn the_public_failover_benchmark_can_be_played() {
        let plays = [
            ("S01", "once:fail-429-ra2"),
            ("S02", "fail-429"),
            ("S03", "once:fail-500"),
            ("S04 and S16", "fail-503"),
            ("S05", "once:reset"),
            ("S06", "silent"),
            ("S07", "slow-20s"),
            ("S08 and S14", "cut-after-40"),
            ("the fallback of S08", "bench"),
            ("the fallback of S14", "no-prefill~bench"),
            ("S09", "stall-after-20"),
            ("S10", "bad-chunk-10"),
            ("S11", "no-done"),
            ("S12", "context-length"),
            ("S13", "content-policy"),
            ("S15", "for-60s:fail-503"),
        ];
        for (scenario, model) in plays {
            let plan = Plan::of_model(model).expect(scenario);
            assert!(!plan.0.is_empty(), "{scenario}: {model}");
        }
    }

    #[test]
    fn other_names_are_healthy_and_misspelt_faults_are_told() {
        for name in ["gpt-5.6", "claude-sonnet-5-5", "llama:70b", "first"] {
            assert_eq!(Plan::of_model(name), Ok(Plan::default()), "{name}");
        }
        for name in [
            "fail-5000",
            "once:fail",
            "first-x:reset",
            "for-5:reset",
            "reset+what",
            "reset~what",
            "reset~close",
        ] {
            assert!(Plan::of_model(name).is_err(), "{name}");
        }
    }
}
