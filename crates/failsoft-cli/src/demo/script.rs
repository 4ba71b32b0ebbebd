//! The script: what breaks when, and the settings that are to bear it.

use std::fmt::Write as _;
use std::time::Duration;

use failsoft_fake::Dialect;

/// A stretch of the demo with one kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spell {
    Healthy,
    Outage,
    RateLimit,
    Slow,
}

/// One part of the script: until this share of the time, this happens.
struct Scene {
    until: f64,
    spell: Spell,
    fault: &'static str,
}

/// In thirtieths, because thirty seconds is the usual length.
const SCENES: [Scene; 8] = [
    scene(5.0, Spell::Healthy, "healthy"),
    scene(7.0, Spell::Outage, "reset"),
    scene(12.0, Spell::Outage, "fail-503"),
    scene(15.0, Spell::Healthy, "healthy"),
    scene(19.0, Spell::RateLimit, "fail-429-ra4"),
    scene(21.0, Spell::Healthy, "healthy"),
    scene(26.0, Spell::Slow, "slow-4s"),
    scene(30.0, Spell::Healthy, "healthy"),
];

/// The model of the provider that fails, and of the one that stands by.
pub(crate) const AURORA: &str = "aurora-large";
const BOREALIS: &str = "borealis-large";

/// The key the traffic through failsoft shows; the other traffic shows another.
pub(crate) const KEY_OF_GATEWAY: &str = "sk-demo-through-failsoft";

/// A wait made shorter, so that a run of half a minute shows it, and the usual one.
pub(crate) struct Shortened {
    pub(crate) what: &'static str,
    pub(crate) here: &'static str,
    pub(crate) usual: &'static str,
}

/// All that [`settings`] shortens.
pub(crate) const SHORTENED: [Shortened; 4] = [
    shortened("patience with a late first word", "1 s", "8 s"),
    shortened("wait for a busy provider before the next", "0.4 s", "3 s"),
    shortened("failing provider left alone", "1 to 2 s", "5 s to 2 min"),
    shortened("first retry after at most", "0.1 s", "0.5 s"),
];

impl Spell {
    pub(crate) const TROUBLED: [Self; 3] = [Self::Outage, Self::RateLimit, Self::Slow];

    /// What is going on at this moment of a run this long.
    pub(crate) fn at(now: Duration, length: Duration) -> Self {
        let share = now.as_secs_f64() / length.as_secs_f64() * 30.0;
        SCENES.iter().find(|scene| share < scene.until).map_or(Self::Healthy, |scene| scene.spell)
    }

    /// Its stable name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Outage => "outage",
            Self::RateLimit => "rate_limit",
            Self::Slow => "slow",
        }
    }

    /// What people read.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Healthy => "aurora is healthy",
            Self::Outage => "OUTAGE: aurora resets connections, then answers 503",
            Self::RateLimit => "RATE LIMIT: aurora answers 429, come back in 4 s",
            Self::Slow => "SLOW: aurora's first word takes 4 s",
        }
    }
}

/// The scenario of the provider that fails.
pub(crate) fn of_aurora(length: Duration) -> String {
    let mut scenario = format!(
        "token_delay = \"5ms\"\nfirst_token = \"120ms..300ms\"\n[models.{AURORA}]\nsteps = [\n"
    );
    for scene in &SCENES {
        let until = length.mul_f64(scene.until / 30.0).as_millis();
        let _ = writeln!(scenario, "  {{ fault = \"{}\", until = \"{until}ms\" }},", scene.fault);
    }
    scenario.push_str("]\n");
    scenario
}

/// The scenario of the provider that stands by: healthy, and a little slower.
pub(crate) fn of_borealis() -> &'static str {
    "token_delay = \"5ms\"\nfirst_token = \"180ms..400ms\"\n"
}

/// The dialects the demo's traffic speaks.
pub(crate) const DIALECTS: [Dialect; 2] = [Dialect::ChatCompletions, Dialect::Messages];

/// The route that calls of this dialect ask for.
pub(crate) const fn route(dialect: Dialect) -> &'static str {
    if matches!(dialect, Dialect::Messages) { "assistant-messages" } else { "assistant" }
}

/// The gateway's settings: each dialect with aurora first and borealis behind it.
pub(crate) fn settings(
    aurora: impl Fn(Dialect) -> String,
    borealis: impl Fn(Dialect) -> String,
) -> String {
    let mut settings = "[server]
listen = \"127.0.0.1:0\"
admin = \"127.0.0.1:0\"
drain = \"1s\"

[journal]
path = \"demo.db\"

[policy.timeouts]
first_token = { patience = \"1s\", timeout = \"10s\" }
reply = { patience = \"1500ms\", timeout = \"10s\" }
deadline = \"20s\"

[policy.retry]
tier_wait = \"400ms\"
backoff = { base = \"100ms\", cap = \"1s\" }

[policy.breaker]
open = { base = \"1s\", cap = \"2s\" }
"
    .to_owned();
    for dialect in DIALECTS {
        let suffix = if dialect == Dialect::Messages { "-messages" } else { "" };
        for (name, url) in [("aurora", aurora(dialect)), ("borealis", borealis(dialect))] {
            let _ = write!(
                settings,
                "\n[providers.{name}{suffix}]\ndialect = \"{}\"\nbase_url = \"{url}\"\napi_key = \
                 \"{KEY_OF_GATEWAY}\"\n",
                dialect.as_str()
            );
        }
        let _ = write!(
            settings,
            "\n[routes.{}]\ntiers = [[\"aurora{suffix}/{AURORA}\"], [\"borealis{suffix}/{BOREALIS}\"]]\n",
            route(dialect)
        );
    }
    settings
}

const fn shortened(what: &'static str, here: &'static str, usual: &'static str) -> Shortened {
    Shortened { what, here, usual }
}

const fn scene(until: f64, spell: Spell, fault: &'static str) -> Scene {
    Scene { until, spell, fault }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use failsoft_fake::Scenario;

    use super::*;

    #[test]
    fn scenarios_and_settings_of_the_demo_are_good_ones() {
        let scenario: Scenario =
            of_aurora(Duration::from_secs(30)).parse().expect("a good scenario");
        assert_eq!(scenario.models[AURORA].plan.0.len(), SCENES.len());
        assert!(of_borealis().parse::<Scenario>().is_ok());
        let url = |dialect| {
            let path = if dialect == Dialect::Messages { "" } else { "/v1" };
            format!("http://127.0.0.1:1{path}")
        };
        let text = settings(url, url);
        let settings = failsoft_config::load(&text, Path::new("/tmp"), &BTreeMap::new());
        let settings = settings.map_err(|problems| problems.to_string()).expect("good settings");
        for dialect in DIALECTS {
            assert!(settings.route_for(route(dialect), dialect).is_some());
        }
    }

    #[test]
    fn spells_follow_each_other_at_any_length() {
        let length = Duration::from_secs(60);
        let at = |seconds| Spell::at(Duration::from_secs(seconds), length);
        assert_eq!(
            [at(0), at(12), at(25), at(31), at(43), at(53), at(99)],
            [
                Spell::Healthy,
                Spell::Outage,
                Spell::Healthy,
                Spell::RateLimit,
                Spell::Slow,
                Spell::Healthy,
                Spell::Healthy
            ]
        );
    }
}
