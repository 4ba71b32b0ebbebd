//! Scenarios as people write them, and everything that can be wrong with one.

use super::*;
use crate::plan::{Span, Step};

#[test]
fn a_scenario_says_for_each_model_what_it_plays_and_how() {
    let scenario: Scenario = r#"
        token_delay = "15ms"

        [models.primary]
        provider = "groq"
        first_token = "80ms..200ms"
        steps = [
          { fault = "fail-503", for = "60s" },
          { fault = "slow-2s~no-prefill", times = 3, provider = "azure" },
          { fault = "reset", until = "2m" },
        ]

        [models."gpt-5.6"]
        fault = "once:reset+healthy"

        [default]
        onward = "no-prefill~restarts"
        text = "hello there"
    "#
    .parse()
    .expect("a good scenario");
    assert_eq!(scenario.manner.token_delay, Some(Duration::from_millis(15)));
    let primary = &scenario.models["primary"];
    let latency = Latency { min: Duration::from_millis(80), max: Duration::from_millis(200) };
    assert_eq!(primary.manner.first_token, Some(latency));
    assert_eq!(primary.manner.provider, Imitated::named("groq"));
    let spans: Vec<_> = primary.plan.0.iter().map(|step| step.span).collect();
    assert_eq!(
        spans,
        [Span::For(Duration::from_secs(60)), Span::Times(3), Span::Until(Duration::from_secs(120))]
    );
    assert_eq!(primary.plan.0[1].manner.provider, Imitated::named("azure"));
    let [once, healthy]: &[Step; 2] =
        scenario.models["gpt-5.6"].plan.0.as_slice().try_into().expect("two steps");
    assert_eq!((once.span, healthy.span), (Span::Times(1), Span::Always));
    assert_eq!(primary.plan.0[1].manner.onward, "no-prefill".parse().ok());
    let default = scenario.default.expect("a default").manner;
    assert_eq!(default.text.as_deref(), Some("hello there"));
    assert_eq!(default.onward, "no-prefill~restarts".parse().ok());
}

#[test]
fn every_problem_is_told_at_once_with_its_line_and_what_would_be_right() {
    let text = r#"token_delay = 15
colour = "red"
[models.a]
provider = "acme"
fault = "fail-5000"
[models.b]
steps = [
  { fault = "reset", times = 0 },
  { times = 2 },
  { fault = "silent", for = "5", until = "1s" },
]
first_token = "2s..1s"
[models.c]
fault = "reset"
steps = []
[models]
d = 3
"#;
    let error = text.parse::<Scenario>().expect_err("many problems");
    let told = error.to_string();
    for expected in [
        "line 1, token_delay: expected a text in quotes, found integer",
        "line 2, colour: unknown key, known here are: models, default, provider, first_token, \
         token_delay, ping_every, gate, text",
        "line 4, models.a.provider: `acme` is not imitated, choose one of: openai, anthropic, \
         azure, groq, mistral, openrouter, cerebras, vllm",
        "line 5, models.a.fault: `fail-5000` is no fault; `failsoft fake --list` names them all",
        "line 8, models.b.steps[0].times: expected a number of attempts, 1 or more, found integer",
        "line 9, models.b.steps[1]: a step needs a `fault`; `healthy` is one too",
        "line 10, models.b.steps[2]: `times`, `for` and `until` exclude each other, keep one",
        "line 10, models.b.steps[2].for: `5` is no duration, write it like \"15ms\", \"2s\" or \
         \"1m\"",
        "line 12, models.b.first_token: `2s..1s` ends before it begins",
        "line 14, models.c.fault: `fault` and `steps` exclude each other, keep one",
    ] {
        assert!(told.contains(expected), "missing: {expected}\n{told}");
    }
}

#[test]
fn text_that_is_no_toml_is_told_by_line() {
    let error = "a = 1\nb = = 2\n".parse::<Scenario>().expect_err("no TOML");
    assert!(error.0.iter().any(|problem| problem.line == 2), "{error}");
}

#[test]
fn a_range_of_latencies_gives_each_attempt_its_own_inside_it() {
    let range = Latency { min: Duration::from_millis(80), max: Duration::from_millis(200) };
    let drawn: Vec<_> = (0..100).map(|serial| range.of_attempt(serial)).collect();
    assert!(drawn.iter().all(|latency| (range.min..=range.max).contains(latency)));
    assert!(drawn.iter().any(|latency| *latency < Duration::from_millis(100)));
    assert!(drawn.iter().any(|latency| *latency > Duration::from_millis(180)));
    let fixed = Latency { min: range.min, max: range.min };
    assert_eq!(fixed.of_attempt(7), range.min);
}
