//! What a good text becomes.

#![expect(clippy::panic, reason = "a test that cannot go on says why")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use failsoft_config::{
    Cancel, Hold, ModelName, Repetition, Settings, StreamDelivery, Streams, load, load_default,
};
use failsoft_engine::{Need, Needs, Profile, RouteId, TargetId};
use failsoft_wire::Dialect;
use secrecy::ExposeSecret as _;

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn read(text: &str, pairs: &[(&str, &str)]) -> Settings {
    load(text, Path::new("/settings"), &env(pairs)).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Two entries of one dialect, one of the other, and servers without keys.
const TWO: &str = r#"
[providers.a]
dialect = "chat_completions"
base_url = "http://127.0.0.1:8000/v1"
api_keys = [{ env = "KEY_A" }, { env = "KEY_B" }]
[providers.b]
dialect = "chat_completions"
base_url = "http://127.0.0.1:8001/v1"
api_key = "none"
[providers.m]
dialect = "messages"
base_url = "http://127.0.0.1:8002"
api_key = "none"

[routes.zebra]
models = ["gpt-5*", "o9"]
tiers = [["a/big", "b/big"], ["b/*"]]
[routes.apple]
models = ["gpt-*"]
tiers = [["b/big"]]
profile = "batch"
[routes.letters]
models = ["claude-*"]
tiers = [["m/sonnet"]]
"#;
const KEYS: &[(&str, &str)] = &[("KEY_A", "sk-one"), ("KEY_B", "sk-two")];

#[test]
fn routes_keep_the_order_in_which_they_were_written() {
    let settings = read(TWO, KEYS);
    let names: Vec<&str> = settings.routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!(names, ["zebra", "apple", "letters", "a/*", "b/*", "m/*"]);
    let names: Vec<&str> = settings.providers.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "m"]);
}

#[test]
fn each_key_of_a_pool_is_a_target_with_a_credential_of_its_own() {
    let settings = read(TWO, KEYS);
    let engine = &settings.engine;
    let tiers: Vec<Vec<u16>> =
        engine.routes[0].tiers.iter().map(|tier| tier.iter().map(|id| id.0).collect()).collect();
    assert_eq!(tiers, [vec![0, 1, 2], vec![3]]);
    let [one, two] = [&engine.targets[0], &engine.targets[1]];
    assert_ne!(one.credential, two.credential);
    assert_ne!(one.key, two.key);
    assert_eq!(one.model, two.model);
    assert!(engine.targets[3].any_model && !engine.targets[2].any_model);
    assert_eq!(settings.targets[3].model, ModelName::AsAsked);
    assert_eq!(settings.targets[0].name, "a/big");
    assert_eq!(settings.targets[1].key, Some(1));
    assert_eq!(settings.targets[2].key, None);
}

#[test]
fn routes_share_a_target_while_its_breaker_and_limit_are_the_same() {
    let shared = read(TWO, KEYS);
    assert_eq!(shared.engine.routes[1].tiers, [[TargetId(2)]]);
    let apart = read(&format!("{TWO}\n[routes.apple.breaker]\nconsecutive = 9\n"), KEYS);
    let own = apart.engine.routes[1].tiers[0][0];
    assert_ne!(own, TargetId(2));
    let targets = &apart.engine.targets;
    assert_eq!(targets[usize::from(own.0)].breaker.consecutive, 9);
    assert_ne!(targets[usize::from(own.0)].key, targets[2].key);
    assert_eq!(targets[usize::from(own.0)].credential, targets[2].credential);
}

#[test]
fn a_clients_model_leads_where_the_order_says() {
    let settings = read(TWO, KEYS);
    let route = |name: &str| {
        let index = settings.routes.iter().position(|route| route.name == name);
        RouteId(u16::try_from(index.unwrap()).unwrap())
    };
    let (chat, messages) = (Dialect::ChatCompletions, Dialect::Messages);
    for (model, dialect, expected) in [
        ("zebra", chat, Some(("zebra", "zebra"))),
        ("zebra", messages, Some(("zebra", "zebra"))),
        ("gpt-5.6", chat, Some(("zebra", "gpt-5.6"))),
        ("gpt-4", chat, Some(("apple", "gpt-4"))),
        ("o9", chat, Some(("zebra", "o9"))),
        ("o9", messages, Some(("zebra", "o9"))),
        ("claude-x", messages, Some(("letters", "claude-x"))),
        ("claude-x", chat, Some(("letters", "claude-x"))),
        ("a/some/model", chat, Some(("a/*", "some/model"))),
        ("a/some", messages, Some(("a/*", "some"))),
        ("a/", chat, None),
        ("bare", chat, None),
        ("bare", messages, Some(("m/*", "bare"))),
        ("who/knows", messages, Some(("m/*", "who/knows"))),
        ("", messages, None),
        ("Zebra", chat, None),
    ] {
        let found = settings.route_for(model, dialect);
        let found = found.map(|choice| (choice.route, choice.model));
        let expected = expected.map(|(name, model)| (route(name), model.to_owned()));
        assert_eq!(found, expected, "{model} {dialect}");
    }
}

/// Of two routes with the same pattern the one whose first target speaks the dialect is taken.
#[test]
fn a_pattern_leads_to_the_route_that_speaks_the_dialect() {
    let text = format!("{TWO}\n[routes.more]\nmodels = [\"gpt-*\"]\ntiers = [[\"m/big\"]]\n");
    let settings = read(&text, KEYS);
    for (dialect, name) in [
        (Dialect::ChatCompletions, "apple"),
        (Dialect::Messages, "more"),
        (Dialect::Responses, "apple"),
        (Dialect::Embeddings, "apple"),
    ] {
        let found = settings.route_for("gpt-4", dialect).unwrap().route;
        assert_eq!(settings.routes[usize::from(found.0)].name, name, "{dialect}");
    }
}

/// Only where the targets of a route differ must a call be looked at.
#[test]
fn a_route_knows_what_its_targets_lack_for_each_dialect() {
    let text = format!(
        "{TWO}\n[routes.mixed]\ntiers = [[\"a/big\"], [\"m/sonnet\"]]\n\
         [providers.a.models.\"big\"]\nvision = false\n"
    );
    let settings = read(&text, KEYS);
    let lacking = |name: &str, dialect| {
        settings.routes.iter().find(|route| route.name == name).unwrap().lacking(dialect)
    };
    assert_eq!(lacking("apple", Dialect::ChatCompletions), Needs::NONE);
    assert!(lacking("zebra", Dialect::ChatCompletions).contains(Need::Images));
    assert!(!lacking("zebra", Dialect::ChatCompletions).contains(Need::Tools));
    assert!(lacking("mixed", Dialect::ChatCompletions).contains(Need::HostedTools));
    assert!(lacking("mixed", Dialect::Embeddings).contains(Need::Embeddings));
}

#[test]
fn policy_tables_are_laid_over_each_other_key_by_key() {
    let text = format!(
        "{TWO}
[policy.retry]
max_attempts = 5
backoff = {{ base = \"100ms\" }}
max_wait = {{ batch = \"20s\" }}
[policy.timeouts]
reply = {{ timeout = \"200s\" }}
[routes.apple.retry]
backoff = {{ cap = \"9s\" }}
max_wait = \"7s\"
[routes.zebra.timeouts]
deadline = \"90s\"
reply = {{ patience = \"50s\" }}
"
    );
    let settings = read(&text, KEYS);
    let [zebra, apple, .., hidden] = settings.engine.routes.as_slice() else { panic!() };
    let secs = Duration::from_secs;
    let default = failsoft_engine::policy::Retry::default();
    let retry = &apple.policies.retry;
    assert_eq!(apple.policies.profile, Profile::Batch);
    assert_eq!(retry.max_attempts, 5);
    assert_eq!(retry.base, Duration::from_millis(100));
    assert_eq!((retry.cap.batch, retry.cap.interactive), (secs(9), default.cap.interactive));
    assert_eq!(retry.max_wait.batch, secs(7));
    let timeouts = &zebra.policies.timeouts;
    assert_eq!(timeouts.deadline.interactive, secs(90));
    assert_eq!((timeouts.reply.patience, timeouts.reply.timeout), (secs(50), secs(200)));
    assert_eq!(timeouts.first_token, failsoft_engine::policy::Timeouts::default().first_token);
    assert_eq!(zebra.policies.retry.max_wait.batch, secs(20));
    assert_eq!(hidden.policies.retry.max_attempts, 5);
}

#[test]
fn an_empty_policy_is_the_engines_own() {
    let settings = read(TWO, KEYS);
    let policies = &settings.engine.routes[0].policies;
    assert_eq!(policies.retry, failsoft_engine::policy::Retry::default());
    assert_eq!(policies.timeouts, failsoft_engine::policy::Timeouts::default());
    assert_eq!(policies.budgets, failsoft_engine::policy::Budgets::default());
    assert_eq!(policies.throttle, failsoft_engine::policy::Throttle::default());
    assert_eq!(policies.degrade, failsoft_engine::policy::Degrade::default());
    assert_eq!(policies.hedge, failsoft_engine::policy::Hedge::default());
    assert_eq!(policies.resume, failsoft_engine::policy::Resume::default());
    assert_eq!(settings.routes[0].streams, Streams::default());
    assert_eq!(settings.engine.targets[0].breaker, failsoft_engine::policy::Breaker::default());
    assert_eq!(settings.engine.targets[0].limit, failsoft_engine::policy::Limit::default());
}

#[test]
fn keys_of_streams_stand_in_a_route_or_for_all_routes() {
    let text = format!(
        "{TWO}
[policy]
delivery = \"whole\"
hold = []
heartbeat = \"0s\"
begin_after = \"0s\"
repetition = \"allow\"
resume = {{ enabled = false, max = 4 }}
[routes.apple.resume]
enabled = true
"
    )
    .replace(
        "[routes.letters]",
        "[routes.letters]\ndelivery = \"live\"\nhold = [\"json\"]\nheartbeat = \"7s\"",
    );
    let settings = read(&text, KEYS);
    let [zebra, apple, letters, hidden, ..] = settings.routes.as_slice() else { panic!() };
    let whole = Streams {
        delivery: StreamDelivery::Whole,
        hold: Hold { tool_calls: false, json: false },
        heartbeat: None,
        begin_after: None,
        repetition: Repetition::Allow,
        instruction: Default::default(),
    };
    for route in [zebra, apple, hidden] {
        assert_eq!(route.streams, whole, "{}", route.name);
    }
    let own = Streams {
        delivery: StreamDelivery::Live,
        hold: Hold { tool_calls: false, json: true },
        heartbeat: Some(Duration::from_secs(7)),
        ..whole
    };
    assert_eq!(letters.streams, own);
    let most: Vec<u8> =
        settings.engine.routes[..3].iter().map(|route| route.policies.resume.max).collect();
    assert_eq!(most, [0, 4, 0], "none where it is off, whatever its number");
    assert_eq!(settings.warnings.0, []);
    let variables = [
        KEYS,
        &[
            ("FAILSOFT_ROUTES__APPLE__DELIVERY", "live"),
            ("FAILSOFT_ROUTES__APPLE__HOLD", "[\"json\"]"),
            ("FAILSOFT_POLICY__HEARTBEAT", "9s"),
        ],
    ]
    .concat();
    let settings = read(&text, &variables);
    let apple = &settings.routes[1].streams;
    assert_eq!((apple.delivery, apple.hold.json), (StreamDelivery::Live, true));
    assert_eq!(apple.heartbeat, Some(Duration::from_secs(9)));
}

#[test]
fn hedging_has_its_own_budget_and_warns_of_what_it_cannot_do() {
    let told = |text: &str| {
        let settings = read(&format!("{TWO}{text}"), KEYS);
        let words: Vec<String> =
            settings.warnings.0.iter().map(|problem| problem.message.clone()).collect();
        (settings, words)
    };
    let (settings, words) = told("[routes.zebra.hedge]\nenabled = true\nbudget = 0.125\n");
    assert_eq!(words, Vec::<String>::new());
    let policies = &settings.engine.routes[0].policies;
    assert!(policies.hedge.enabled);
    assert_eq!(policies.budgets.hedge.earn_milli, 125);
    let default = failsoft_engine::policy::Budgets::default();
    assert_eq!(policies.budgets.hedge.cap, default.hedge.cap);
    for (text, expected) in [
        (
            "[routes.apple.hedge]\nenabled = true\n",
            vec!["no call of `apple` is hedged: it has one target"],
        ),
        // Another key is another target, and the same provider.
        (
            "[routes.pool]\ntiers = [[\"a/big\"]]\nhedge = { enabled = true }\n",
            vec!["all targets of `pool` are of the provider `a`"],
        ),
        (
            "[routes.twins]\ntiers = [[\"b/x\", \"b/y\"]]\nhedge = { enabled = true }\n",
            vec!["all targets of `twins` are of the provider `b`"],
        ),
        (
            "[policy.hedge]\nenabled = true\n[routes.zebra.hedge]\nenabled = false\n",
            vec![
                "no call of `apple` is hedged: it has one target",
                "no call of `letters` is hedged: it has one target",
            ],
        ),
        (
            "[routes.zebra.hedge]\nenabled = true\n[providers.b.models.big]\ncancel = \"billed\"\n",
            vec![
                "`b/big` goes on with a cancelled call and bills it, so no call is hedged from it \
                 or to it",
            ],
        ),
    ] {
        assert_eq!(told(text).1, expected, "{text}");
    }
}

/// What is only known of a provider holds for the models nobody knows.
#[test]
fn a_provider_is_known_where_a_model_is_not() {
    let text = r#"
[providers.groq]
api_key = "none"
[providers.deepseek]
api_key = "none"
[providers.beta]
kind = "deepseek"
base_url = "https://api.deepseek.com/beta"
api_key = "none"
[providers.deepseek.models."deepseek-v9"]
prefill = true
"#;
    let settings = read(text, &[]);
    let [groq, deepseek, beta] = settings.providers.as_slice() else { panic!() };
    assert_eq!(groq.facts("nobody-knows-it").cancel, Cancel::Billed);
    assert_eq!(groq.facts("openai/gpt-oss-20b").cancel, Cancel::Billed);
    assert_eq!(deepseek.facts("nobody-knows-it").cancel, Cancel::Honoured);
    assert!(!deepseek.facts("deepseek-chat").prefill, "only the beta address goes on");
    assert!(deepseek.facts("deepseek-v9").prefill, "the settings stand above the table");
    assert!(beta.facts("deepseek-chat").prefill && !beta.facts("deepseek-reasoner").prefill);
}

#[test]
fn the_same_text_gives_the_same_settings() {
    let [one, two] = [read(TWO, KEYS), read(TWO, KEYS)];
    assert_eq!(one.engine, two.engine);
    assert_eq!(one.targets, two.targets);
}

#[test]
fn variables_stand_above_the_text() {
    let variables = [
        KEYS,
        &[
            ("FAILSOFT_SERVER__LISTEN", "127.0.0.1:5000"),
            ("FAILSOFT_JOURNAL__PATH", "/var/x.db"),
            ("FAILSOFT_ROUTES__APPLE__RETRY__MAX_ATTEMPTS", "7"),
            ("FAILSOFT_ROUTES__APPLE__TIERS", "[[\"a/x\"]]"),
            ("FAILSOFT_ROUTES__ZEBRA__BREAKER__RATIO", "0.25"),
            ("FAILSOFT_PROVIDERS__B__API_KEY", "sk-from-variable"),
            ("FAILSOFT_POLICY__RETRY__MAX_WAIT", "1s"),
            ("FAILSOFT_CONFIG", "elsewhere.toml"),
            ("FAILSOFT_SHARED", "/x"),
        ],
    ]
    .concat();
    let settings = read(TWO, &variables);
    assert_eq!(settings.server.listen.port(), 5000);
    assert_eq!(settings.journal.path.as_deref(), Some(Path::new("/var/x.db")));
    let [zebra, apple, ..] = settings.engine.routes.as_slice() else { panic!() };
    assert_eq!(apple.policies.retry.max_attempts, 7);
    assert_eq!(apple.policies.retry.max_wait.batch, Duration::from_secs(1));
    assert_eq!(zebra.policies.retry.max_wait.interactive, Duration::from_secs(1));
    assert_eq!(settings.engine.targets[0].breaker.ratio_milli, 250);
    assert_eq!(settings.provider_of(TargetId(2)).unwrap().keys.len(), 1);
    assert_eq!(settings.warnings.0, []);
}

#[test]
fn without_a_file_each_key_found_makes_a_provider() {
    let settings =
        load_default(&env(&[("OPENAI_API_KEY", "sk-1"), ("ANTHROPIC_API_KEY", "sk-2")])).unwrap();
    assert_eq!(settings.providers.len(), 2);
    let choice = settings.route_for("claude-x", Dialect::Messages).unwrap();
    assert_eq!(settings.routes[usize::from(choice.route.0)].name, "anthropic/*");
    assert!(settings.route_for("openai/gpt-5", Dialect::ChatCompletions).is_some());
    assert_eq!(settings.server.listen.port(), 4000);
    let problems = load_default(&env(&[])).unwrap_err();
    assert!(problems.0[0].hint.as_deref().unwrap().contains("OPENAI_API_KEY"), "{problems:?}");
}

#[test]
fn secrets_are_in_no_debug_output() {
    let text = format!("{TWO}\n[providers.b.headers]\nx-tenant = \"tenant-secret\"\n");
    let settings = read(&text, KEYS);
    let shown = format!("{settings:?} {settings:#?}");
    for secret in ["sk-one", "sk-two", "tenant-secret"] {
        assert!(!shown.contains(secret));
    }
    let problems = load(
        "[providers.openai]\napi_key = \"sk-lit eral\"\n[routes.x]\ntiers = [[\"openai/x\"]]",
        Path::new(""),
        &env(&[]),
    )
    .unwrap_err();
    assert!(!format!("{problems} {problems:?}").contains("sk-lit"), "{problems:?}");
}

/// A token stands above a key pair, and a pair is one key.
#[test]
fn requests_that_are_signed_take_their_keys_from_the_usual_variables() {
    let text = "[providers.bedrock]\nbase_url = \"https://bedrock-runtime.eu-west-1.amazonaws.com\"\n\
                [routes.r]\ntiers = [[\"bedrock/m\"]]\n";
    let pair = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "s/e+c")];
    let lent = [pair[0], pair[1], ("AWS_SESSION_TOKEN", "t")];
    let token = [pair[0], pair[1], ("AWS_BEARER_TOKEN_BEDROCK", "b")];
    for (env, key) in [(&pair[..], "AKIA:s/e+c"), (&lent, "AKIA:s/e+c:t"), (&token, "b")] {
        let settings = read(text, env);
        let keys: Vec<&str> =
            settings.providers[0].keys.iter().map(|key| key.expose_secret()).collect();
        assert_eq!(keys, [key]);
    }
}

#[test]
fn the_address_of_a_database_is_read_from_its_place_and_never_printed() {
    let url = "postgres://failsoft:hunter2@db/calls";
    let text = format!("{TWO}[journal]\nurl = {{ env = \"CALLS\" }}\n");
    let keys = [KEYS, &[("CALLS", url)]].concat();
    let journal = read(&text, &keys).journal;
    assert_eq!(journal.url.as_ref().map(|url| url.expose_secret()), Some(url));
    assert_eq!(journal.path, None);
    assert!(!format!("{journal:?}").contains("hunter2"));

    let variables = [KEYS, &[("FAILSOFT_JOURNAL__URL", url)]].concat();
    let settings = read(TWO, &variables);
    assert!(settings.journal.url.is_some() && settings.warnings.0.is_empty());

    let literal = format!("{TWO}[journal]\nurl = \"{url}\"\n");
    let warned = read(&literal, KEYS).warnings;
    assert_eq!(warned.0.len(), 1, "{warned:?}");
    let shown = warned.render("failsoft.toml", &literal);
    assert!(shown.contains("the password itself stands in the file"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let values = failsoft_config::effective(&literal, Path::new("/settings"), &env(KEYS));
    let values = values.unwrap_or_else(|problems| panic!("{problems}"));
    assert!(values.iter().all(|value| !value.value.contains("hunter2")));

    let off = format!("{text}enabled = false\n");
    let journal = read(&off, &keys).journal;
    assert!(journal.url.is_none() && journal.path.is_none());
}
