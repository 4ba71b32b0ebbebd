//! Settings that would help, each with its reason in numbers.

use failsoft_journal::page::count;
use failsoft_journal::words::{KINDS, say};

use crate::finding::{Proposal, Towards, quoted};
use crate::scene::{Scene, is_any_model};
use crate::slow::Usual;

/// What proposals are made from.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) usual: &'a Usual,
}

/// Failures of one kind at a target.
#[derive(Clone, Copy)]
pub(crate) struct Trouble<'a> {
    pub(crate) target: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) failures: u64,
    pub(crate) lost: u64,
}

const ALL_SIZES: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

impl Known<'_> {
    /// What helps against failures of a kind.
    pub(crate) fn against(self, trouble: Trouble<'_>) -> Vec<Proposal> {
        match trouble.kind {
            "rate_limited" => {
                self.quota(trouble).into_iter().chain(self.elsewhere(trouble)).collect()
            }
            "authentication" | "permission" | "quota_exhausted" => {
                vec![self.keys(trouble), leave_alone(trouble)]
            }
            "timeout" => self
                .patience(trouble, &ALL_SIZES)
                .into_iter()
                .chain(self.elsewhere(trouble))
                .collect(),
            "content_filtered" => vec![self.around_filters(trouble)],
            "context_length_exceeded" | "payload_too_large" => {
                self.elsewhere(trouble).or_else(|| self.reply(trouble)).into_iter().collect()
            }
            "bad_request" | "not_found" | "unsupported" | "conflict" | "cancelled" => {
                vec![tell_callers(trouble)]
            }
            _ => {
                let elsewhere = self.elsewhere(trouble).or_else(|| self.reply(trouble));
                let sooner = (trouble.failures >= 20).then(|| open_sooner(trouble));
                match trouble.lost {
                    0 => sooner.into_iter().chain(elsewhere).collect(),
                    _ => elsewhere.into_iter().chain(sooner).collect(),
                }
            }
        }
    }

    /// Another target for a route, of another provider entry.
    pub(crate) fn elsewhere(self, trouble: Trouble<'_>) -> Option<Proposal> {
        let route = self.scene.route_of(trouble.target).filter(|route| !is_any_model(route))?;
        let provider = self.scene.provider_of(trouble.target);
        let other = self.scene.stand_in(route, &provider)?;
        let list = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            format!("[{}]", names.join(", "))
        };
        let used: Vec<&str> =
            self.scene.targets_of(route).into_iter().map(|name| &**name).collect();
        let tiers = format!("[{}, {}]", list(&used), list(&[other]));
        let reason = format!(
            "{} of its attempts at {} failed ({}), and {} calls were lost; {other}, which route \
             {route} does not use, answered most of its own",
            count(trouble.failures),
            trouble.target,
            say(KINDS, trouble.kind),
            count(trouble.lost),
        );
        Some(Proposal::new(reason, &[(&["routes", route, "tiers"], tiers, Towards::This)]))
    }

    /// An answer of the operator's own where calls were lost and nothing else is left.
    fn reply(self, trouble: Trouble<'_>) -> Option<Proposal> {
        if trouble.lost == 0 {
            return None;
        }
        let route = self.scene.route_of(trouble.target)?;
        let reason = format!(
            "route {route} has no target that stood in while {} attempts at {} failed; with a \
             reply of your own, the {} calls that were lost would have got these words",
            count(trouble.failures),
            trouble.target,
            count(trouble.lost),
        );
        let words = quoted("I can't answer right now. Please try again in a minute.");
        let path = policy_of(route, &["degrade", "reply"]);
        Some(Proposal::new(reason, &[(&path, format!("{{ en = {words} }}"), Towards::This)]))
    }

    /// Hold calls back before the provider refuses them.
    pub(crate) fn quota(self, trouble: Trouble<'_>) -> Option<Proposal> {
        let provider = self.scene.provider_of(trouble.target);
        let of_provider = self.scene.keys.iter().filter(|((entry, _), _)| *entry == provider);
        let (key, rate) = of_provider
            .filter_map(|((_, key), seen)| Some((key, seen.a_minute()?)))
            .max_by_key(|(_, rate)| *rate)?;
        let reason = format!(
            "{} attempts were refused as too many; in the minutes in which that happened, {} a \
             minute went through with key {key}: held to that, calls wait or go elsewhere before \
             they are refused",
            count(trouble.failures),
            count(rate),
        );
        let path = ["providers", &provider, "quota", "requests"];
        Some(Proposal::new(reason, &[(&path, quoted(&format!("{rate}/min")), Towards::Less)]))
    }

    /// A pool, so that one key is not all.
    pub(crate) fn keys(self, trouble: Trouble<'_>) -> Proposal {
        let provider = self.scene.provider_of(trouble.target);
        let variable: String = provider
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        let reason = format!(
            "{} attempts failed because of a key of {provider} ({}); replace it, and with several \
             keys (in place of `api_key`) the others go on meanwhile",
            count(trouble.failures),
            say(KINDS, trouble.kind),
        );
        let keys = format!(
            "[{{ env = {} }}, {{ env = {} }}]",
            quoted(&format!("{variable}_API_KEY_1")),
            quoted(&format!("{variable}_API_KEY_2"))
        );
        Proposal::new(reason, &[(&["providers", &provider, "api_keys"], keys, Towards::This)])
    }

    /// Clocks that fit what the target usually takes.
    pub(crate) fn patience(self, trouble: Trouble<'_>, sizes: &[u8]) -> Option<Proposal> {
        let route = self.scene.route_of(trouble.target)?;
        let (median, usual) = self.usual.of(trouble.target, sizes, 0.99)?;
        let patience = (usual * 1.25 / 1_000.0).ceil().clamp(2.0, 60.0);
        let timeout = (patience * 3.0).max(10.0);
        let reason = format!(
            "first content from {} usually comes within {:.1} s (half of it) to {:.1} s (99 %); \
             {} attempts took far longer: start another target after {patience:.0} s and give up \
             after {timeout:.0} s",
            trouble.target,
            median / 1_000.0,
            usual / 1_000.0,
            count(trouble.failures),
        );
        let path = |key| policy_of(route, &["timeouts", "first_token", key]);
        let seconds = |seconds: f64| quoted(&format!("{seconds:.0}s"));
        Some(Proposal::new(
            reason,
            &[
                (&path("patience"), seconds(patience), Towards::Less),
                (&path("timeout"), seconds(timeout), Towards::Less),
            ],
        ))
    }

    /// A second attempt beside the late ones.
    pub(crate) fn hedge(self, trouble: Trouble<'_>) -> Option<Proposal> {
        let route = self.scene.route_of(trouble.target)?;
        let reason = format!(
            "{} first contents from {} came after more than four times the usual; a hedge starts \
             another target beside such an attempt, for at most 5 % more tokens",
            count(trouble.failures),
            trouble.target,
        );
        let path = policy_of(route, &["hedge", "enabled"]);
        Some(Proposal::new(reason, &[(&path, "true".to_owned(), Towards::This)]))
    }

    /// Waits spread so widely that calls do not come back all at once.
    pub(crate) fn spread(self, trouble: Trouble<'_>) -> Option<Proposal> {
        let route = self.scene.route_of(trouble.target)?;
        let reason = format!(
            "{} attempts at {} were refused as too many at the same minutes of every hour; a \
             longer first step spreads those that come again over more of the minute",
            count(trouble.failures),
            trouble.target,
        );
        let path = policy_of(route, &["retry", "base_throttled"]);
        Some(Proposal::new(reason, &[(&path, quoted("5s"), Towards::More)]))
    }

    fn around_filters(self, trouble: Trouble<'_>) -> Proposal {
        let reason = format!(
            "{} calls were stopped by a content filter of {}; another target may answer them, if \
             you want filters to be routed around",
            count(trouble.failures),
            trouble.target,
        );
        let path = ["policy", "retry", "content_filter"];
        Proposal::new(reason, &[(&path, quoted("failover"), Towards::This)])
    }
}

/// Probes that prove more, after a longer rest.
pub(crate) fn steadier(target: &str, openings: u64) -> Proposal {
    let reason = format!(
        "the breaker of {target} opened {openings} times within an hour after it had closed: a \
         longer rest and more probes let it close once, when the target is well",
    );
    Proposal::new(
        reason,
        &[
            (&["policy", "breaker", "open", "base"], quoted("15s"), Towards::More),
            (&["policy", "breaker", "probe", "successes"], "4".to_owned(), Towards::More),
        ],
    )
}

/// A larger share for extra attempts of this sort.
pub(crate) fn larger_budget(why: &str, refused: u64, calls: u64) -> Option<Proposal> {
    let (budget, ratio) = match why {
        "retry" => ("retry", "0.2"),
        "failover" | "patience" => ("failover", "1.0"),
        "resume" => ("resume", "1.0"),
        "hedge" => {
            let reason =
                format!("{} hedges were not made because their budget was spent", count(refused));
            let path = ["policy", "hedge", "budget"];
            return Some(Proposal::new(reason, &[(&path, "0.1".to_owned(), Towards::More)]));
        }
        _ => return None,
    };
    let reason = format!(
        "{} attempts ({why}) of {} calls were not made because the budget was empty; a larger \
         share lets more of them through, and more load on what still answers",
        count(refused),
        count(calls),
    );
    let path = ["policy", "budget", budget, "ratio"];
    Some(Proposal::new(reason, &[(&path, ratio.to_owned(), Towards::More)]))
}

/// Where a policy of a route is set. One that serves models by name has no table of its own.
fn policy_of<'a>(route: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let table = if is_any_model(route) { vec!["policy"] } else { vec!["routes", route] };
    [&table, rest].concat()
}

fn open_sooner(trouble: Trouble<'_>) -> Proposal {
    let reason = format!(
        "{} attempts at {} failed before it was left alone each time; a breaker that opens after \
         3 in a row spares some of them",
        count(trouble.failures),
        trouble.target,
    );
    let path = ["policy", "breaker", "consecutive"];
    Proposal::new(reason, &[(&path, "3".to_owned(), Towards::Less)])
}

fn leave_alone(trouble: Trouble<'_>) -> Proposal {
    let reason = format!(
        "a refused key was tried again {} times; an hour's rest costs fewer attempts, and a \
         reload brings a new key in at once",
        count(trouble.failures),
    );
    let path = ["policy", "throttle", "disabled_for"];
    Proposal::new(reason, &[(&path, quoted("1h"), Towards::More)])
}

fn tell_callers(trouble: Trouble<'_>) -> Proposal {
    let reason = format!(
        "{} calls failed at {} by their own fault ({}); with the provider's words whoever calls \
         can see why",
        count(trouble.failures),
        trouble.target,
        say(KINDS, trouble.kind),
    );
    let path = ["server", "errors"];
    Proposal::new(reason, &[(&path, quoted("detailed"), Towards::This)])
}
