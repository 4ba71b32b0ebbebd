//! A scripted week: what was planted is found, with its target, kind and span, and nothing else.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "world/kept.rs"]
mod kept;
mod world;

use failsoft_report::{Finding, InForce, Report, What, report};
use world::*;

const CALLS: i64 = 40_000;

fn told(seed: u64, noise: f64, troubles: &[Trouble]) -> Report {
    report(&mut week(seed, CALLS, noise, troubles).memory, span(), &InForce::default()).unwrap()
}

/// The one finding of this sort about this target.
fn only<'a>(report: &'a Report, what: What, target: &str) -> &'a Finding {
    let fits = |finding: &&Finding| finding.what == what && finding.target.contains(target);
    let found: Vec<&Finding> = report.findings.iter().filter(fits).collect();
    assert_eq!(found.len(), 1, "{what:?} of {target} among {}", all(report));
    found[0]
}

fn all(report: &Report) -> String {
    report
        .findings
        .iter()
        .map(|finding| format!("\n  {:?} {}", finding.what, finding.says))
        .collect()
}

fn spans(finding: &Finding, planted: (i64, i64), tolerance: i64) {
    let since = finding.since_unix_ms.unwrap() - MONDAY;
    let until = finding.until_unix_ms.unwrap() - MONDAY;
    assert!(
        (since - planted.0).abs() <= tolerance,
        "begins {} s off",
        (since - planted.0) / SECOND
    );
    assert!((until - planted.1).abs() <= tolerance, "ends {} s off", (until - planted.1) / SECOND);
}

fn proposes(finding: &Finding, path: &str) {
    let sets = || finding.proposals.iter().flat_map(|proposal| &proposal.sets);
    assert!(sets().any(|set| set.path.contains(path)), "no {path} in {:?}", finding.proposals);
}

#[test]
fn what_was_planted_is_found_with_target_kind_and_span() {
    for seed in 1..=3 {
        let troubles: [Trouble; 5] =
            [outage, slow_for_long_prompts, bad_key, full_hours, broken_region];
        let report = told(seed, 0.006, &troubles);

        let finding = only(&report, What::Outage, LARGE);
        assert_eq!(finding.kind, "overloaded");
        spans(finding, OUTAGE, 3 * MINUTE);
        proposes(finding, "routes.assistant.tiers");

        let finding = only(&report, What::SlowSpell, FAR);
        assert_eq!(finding.place, "prompts of 32k tokens and more");
        spans(finding, SPELL, 30 * MINUTE);
        proposes(finding, "timeouts.first_token");
        proposes(finding, "hedge.enabled");

        let finding = only(&report, What::Key, "aurora/");
        assert_eq!((finding.kind.as_str(), finding.place.as_str()), ("authentication", "key 77c0"));
        assert_eq!(finding.target, "aurora/aurora-large, aurora/aurora-small");
        spans(finding, BAD_KEY, HOUR);
        proposes(finding, "providers.aurora.api_keys");

        for target in [LOCAL, SMALL] {
            let finding = only(&report, What::Gathering, target);
            assert_eq!(finding.kind, "rate_limited");
            assert_eq!(finding.place, "minutes 0 to 5 of each hour");
            proposes(finding, "retry.base_throttled");
        }

        let finding = only(&report, What::ProviderOutage, "borealis-eu");
        assert_eq!(finding.kind, "network");
        spans(finding, REGION, 3 * MINUTE);
        proposes(finding, "tiers");

        assert_eq!(report.findings.len(), 6, "seed {seed}:{}", all(&report));
    }
}

/// The file holds most of these calls packed, and the others as rows.
#[test]
fn a_week_that_was_written_down_reads_like_the_week_that_was_played() {
    let troubles: [Trouble; 5] =
        [outage, slow_for_long_prompts, bad_key, full_hours, broken_region];
    let mut world = week(1, CALLS, 0.006, &troubles);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("week.db");
    kept::keep(&world, &path);
    let mut reader = failsoft_journal::Reader::open(&path).unwrap();
    let read = report(&mut reader, span(), &InForce::default()).unwrap();
    let played = report(&mut world.memory, span(), &InForce::default()).unwrap();
    assert_eq!(read.calls, played.calls);
    assert_eq!(all(&read), all(&played));
    assert_eq!(read.incidents, played.incidents);
    assert_eq!(read.findings.len(), 6, "{}", all(&read));
}

#[test]
fn each_trouble_alone_is_one_finding() {
    let alone: [(Trouble, usize); 5] = [
        (outage, 1),
        (slow_for_long_prompts, 1),
        (bad_key, 1),
        (full_hours, 2),
        (broken_region, 1),
    ];
    for (number, (trouble, findings)) in alone.into_iter().enumerate() {
        let report = told(10 + number as u64, 0.008, &[trouble]);
        assert_eq!(report.findings.len(), findings, "trouble {number}:{}", all(&report));
    }
}

#[test]
fn a_target_that_always_fails_often_is_told_although_it_is_usual_there() {
    fn always(about: About<'_>) -> Does {
        if about.target == LARGE { Does::Fails("bad_response", 0.15) } else { Does::Nothing }
    }
    let report = told(60, 0.005, &[always]);
    let finding = only(&report, What::OftenFails, LARGE);
    assert_eq!((finding.kind.as_str(), report.findings.len()), ("bad_response", 1));
    proposes(finding, "routes.assistant.tiers");
}

#[test]
fn a_week_without_trouble_claims_nothing() {
    for seed in 0..24 {
        let noise = [0.005, 0.01, 0.0075, 0.0][seed as usize % 4];
        let mut world = week(100 + seed, CALLS / 3, noise, &[]);
        let report = report(&mut world.memory, span(), &InForce::default()).unwrap();
        assert!(report.findings.is_empty(), "seed {seed}, {noise}:{}", all(&report));
        assert!(report.incidents.is_empty(), "seed {seed}, {noise}: {:?}", report.incidents);
    }
}

/// The house the world plays in, as settings.
const HOUSE: &str = r#"
[providers.aurora]
dialect = "chat_completions"
base_url = "http://127.0.0.1:9001/v1"
api_key = "none"
models."aurora-large" = {}
[providers.borealis]
dialect = "chat_completions"
base_url = "http://127.0.0.1:9002/v1"
api_key = "none"
[providers.borealis-eu]
dialect = "chat_completions"
base_url = "http://127.0.0.1:9003/v1"
api_key = "none"
[providers.cumulus]
dialect = "chat_completions"
base_url = "http://127.0.0.1:9004/v1"
api_key = "none"
[routes.assistant]
tiers = [["aurora/aurora-large", "borealis/borealis-large"]]
[routes.search]
tiers = [["aurora/aurora-small"], ["cumulus/cumulus-1", "borealis/borealis-large"]]
[routes.documents]
tiers = [["borealis/borealis-large", "aurora/aurora-large"]]
[routes.batch]
tiers = [["cumulus/cumulus-1", "borealis/borealis-large"]]
[routes.europe]
tiers = [["borealis-eu/borealis-large", "borealis-eu/borealis-small", "aurora/aurora-small"]]
"#;

fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(into)), toml::Value::Table(from)) => merge(into, from),
            (_, value) => {
                if key == "api_keys" {
                    into.remove("api_key");
                }
                into.insert(key, value);
            }
        }
    }
}

#[test]
fn every_proposal_passes_the_check_of_settings() {
    let kinds = [
        "rate_limited",
        "quota_exhausted",
        "overloaded",
        "timeout",
        "bad_request",
        "context_length_exceeded",
        "content_filtered",
        "authentication",
        "model_not_found",
        "bad_response",
    ];
    let mut world = week(
        50,
        CALLS / 2,
        0.006,
        &[outage, slow_for_long_prompts, bad_key, full_hours, broken_region],
    );
    // The outage once more in every kind there is something to say of.
    for (number, kind) in kinds.into_iter().enumerate() {
        let from = (number as i64 + 30) * 2 * HOUR;
        world.fail_all(FAR, kind, (from, from + 20 * MINUTE));
    }
    world.refuse_for_budget(&["retry", "failover", "hedge", "resume"]);
    world.flap(LARGE);
    let report = report(&mut world.memory, span(), &InForce::default()).unwrap();
    let whats = [
        What::ProviderOutage,
        What::Outage,
        What::Key,
        What::Gathering,
        What::SlowSpell,
        What::BreakerFlaps,
        What::BudgetDry,
    ];
    for what in whats {
        assert!(report.findings.iter().any(|finding| finding.what == what), "no {what:?}");
    }
    for finding in &report.findings {
        assert!(!finding.proposals.is_empty(), "nothing to do about {}", finding.says);
    }
    pass_the_check(&report);
}

/// Such routes are nobody's table, and `borealis/*` says nothing of what it would be asked for.
#[test]
fn proposals_for_routes_that_serve_models_by_name_pass_the_check_too() {
    let mut world = week(55, CALLS / 2, 0.006, &[slow_for_long_prompts, outage]);
    for recorded in &mut world.memory.calls {
        if &*recorded.call.route == "documents" {
            recorded.call.route = "borealis/*".into();
            for target in recorded.attempts.iter_mut().filter_map(|row| row.target.as_mut()) {
                target.name = format!("{}/*", target.provider).into();
            }
        }
    }
    world.fail_all("borealis/*", "overloaded", (60 * HOUR, 61 * HOUR));
    world.fail_all(LARGE, "overloaded", (80 * HOUR, 81 * HOUR));
    let report = report(&mut world.memory, span(), &InForce::default()).unwrap();
    let spell = report.findings.iter().find(|finding| finding.what == What::SlowSpell).unwrap();
    assert_eq!(spell.target, "borealis/*");
    proposes(spell, "policy.hedge.enabled");
    pass_the_check(&report);
    let sets = report.findings.iter().flat_map(|finding| &finding.proposals);
    let sets = sets.flat_map(|proposal| &proposal.sets).filter(|set| set.path.contains("tiers"));
    let values: Vec<&str> = sets.map(|set| set.value.as_str()).collect();
    assert!(!values.is_empty() && values.iter().all(|value| !value.contains('*')), "{values:?}");
}

fn pass_the_check(report: &Report) {
    let names = ["AURORA", "BOREALIS", "BOREALIS_EU", "CUMULUS"];
    let keys = |name: &str| ["1", "2"].map(|number| format!("{name}_API_KEY_{number}"));
    let env = names.into_iter().flat_map(keys).map(|name| (name, "key".to_owned()));
    let env: std::collections::BTreeMap<String, String> = env.collect();
    for proposal in report.findings.iter().flat_map(|finding| &finding.proposals) {
        let mut settings: toml::Table = toml::from_str(HOUSE).unwrap();
        merge(&mut settings, toml::from_str(&proposal.toml).unwrap());
        let text = toml::to_string(&settings).unwrap();
        let checked = failsoft_config::load(&text, std::path::Path::new("."), &env);
        let problems = checked.err().map(|problems| problems.render("proposal", &text));
        assert_eq!(problems, None, "{}", proposal.toml);
    }
}

#[test]
fn what_is_in_force_is_not_proposed() {
    let mut world = week(51, CALLS / 2, 0.006, &[slow_for_long_prompts]);
    let open = report(&mut world.memory, span(), &InForce::default()).unwrap();
    proposes(only(&open, What::SlowSpell, FAR), "hedge.enabled");
    let values = [("routes.documents.hedge.enabled".to_owned(), "true".to_owned())];
    let in_force = InForce(values.into());
    let pruned = report(&mut world.memory, span(), &in_force).unwrap();
    let sets = pruned.findings.iter().flat_map(|finding| &finding.proposals);
    assert!(!sets.flat_map(|proposal| &proposal.sets).any(|set| set.path.contains("hedge")));
}

#[test]
fn calls_that_a_bad_key_lost_are_told_with_the_key() {
    let mut world = week(52, CALLS / 2, 0.006, &[bad_key]);
    for recorded in &mut world.memory.calls {
        let refused =
            |row: &failsoft_journal::AttemptRow| row.kind.as_deref() == Some("authentication");
        if recorded.attempts.iter().any(refused) {
            recorded.attempts.retain(refused);
            (recorded.call.verdict, recorded.call.kind) =
                (Some("failed".into()), Some("authentication".into()));
        }
    }
    let report = report(&mut world.memory, span(), &InForce::default()).unwrap();
    let lost: u64 = report.incidents.iter().map(|row| row.lost).sum();
    assert!(lost > 20, "{lost} calls lost");
    assert_eq!(only(&report, What::Key, "aurora/").figures.lost, lost);
}

#[test]
fn answers_that_take_long_do_not_hide_an_outage_in_a_record_read_by_beginnings() {
    let quick = told(53, 0.006, &[outage]);
    let mut world = week(53, CALLS, 0.006, &[outage]);
    for recorded in world.memory.calls.iter_mut().step_by(3) {
        for row in &mut recorded.attempts {
            if row.outcome.as_deref() == Some("succeeded") {
                row.took_ns = Some(40 * 60 * 1_000_000_000);
            }
        }
    }
    let slow = report(&mut world.memory, span(), &InForce::default()).unwrap();
    let spans = |report: &Report| {
        let span = |row: &failsoft_report::IncidentRow| (row.since_unix_ms, row.until_unix_ms);
        report.incidents.iter().map(span).collect::<Vec<_>>()
    };
    assert_eq!(spans(&quick).len(), 1);
    assert_eq!(spans(&slow), spans(&quick));
}

#[test]
fn a_target_that_never_answered_is_no_stand_in() {
    fn others_too(about: About<'_>) -> Does {
        if about.target == LARGE { outage(about) } else { Does::Fails("permission", 1.0) }
    }
    let report = told(54, 0.0, &[others_too]);
    let sets = || report.findings.iter().flat_map(|finding| &finding.proposals);
    let tiers: Vec<&str> = sets()
        .filter(|proposal| proposal.sets.iter().any(|set| set.path.ends_with(".tiers")))
        .map(|proposal| proposal.toml.as_str())
        .collect();
    assert!(tiers.iter().all(|toml| toml.ends_with("[\"aurora/aurora-large\"]]\n")), "{tiers:?}");
}

#[test]
fn words_for_lost_calls_are_not_proposed_where_none_was_lost() {
    let mut world = week(56, CALLS, 0.0, &[outage]);
    world.memory.calls.retain(|recorded| &*recorded.call.route == "assistant");
    let report = report(&mut world.memory, span(), &InForce::default()).unwrap();
    let finding = only(&report, What::Outage, LARGE);
    assert_eq!(finding.figures.lost, 0);
    let sets = finding.proposals.iter().flat_map(|proposal| &proposal.sets);
    let paths: Vec<&str> = sets.map(|set| set.path.as_str()).collect();
    assert!(paths.iter().all(|path| !path.contains("degrade")), "{paths:?}");
}
