//! Schema, reference and examples say the same as the code.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on says why")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use failsoft_config::{
    AlertKind, Cancel, ErrorDetail, GenAiNames, Hold, LogFormat, LogLevel, ModelFacts,
    OtlpProtocol, Repetition, Settings, StreamDelivery, Streams, ValueOrigin, effective, load,
};
use failsoft_engine::policy::{
    Breaker, Budget, Budgets, ContentFilter, FirstToken, Hedge, Limit, PerProfile, Quota, Rate,
    Resume, Retry, Throttle, Timeouts,
};
use failsoft_engine::{Policies, Prefer, Price, Profile};
use secrecy::ExposeSecret;
use serde_json::Value as Json;

const GOOD: &str = include_str!("good.toml");

fn env() -> BTreeMap<String, String> {
    [
        "ALERTS_SIGNING_SECRET",
        "ANTHROPIC_API_KEY",
        "FAILSOFT_ADMIN_TOKEN",
        "OPENAI_KEY_A",
        "OPENAI_KEY_B",
        "OTEL_TOKEN",
    ]
    .map(|name| (name.to_owned(), format!("sk-{name}")))
    .into()
}

/// A folder with the files that the good text names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in
        [("local.key", "sk-local\n"), ("authority.pem", ""), ("client-keys.toml", "")]
    {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    folder
}

fn good(folder: &Path) -> Settings {
    load(GOOD, folder, &env())
        .unwrap_or_else(|problems| panic!("{}", problems.render("good", GOOD)))
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn every_key_reaches_its_setting() {
    let folder = folder();
    let settings = good(folder.path());
    let policies = &settings.engine.routes[0].policies;
    assert_eq!(*policies, expected_policies());
    let targets = &settings.engine.targets;
    assert_eq!(targets[0].breaker, expected_breaker());
    assert_eq!(
        targets[0].limit,
        Limit {
            enabled: false,
            min: 3,
            max: 100,
            window: secs(4),
            min_outcomes: 12,
            bad_milli: 200
        }
    );
    let route = &settings.routes[0];
    assert_eq!(route.reply.0.keys().collect::<Vec<_>>(), ["de", "en"]);
    assert_eq!(route.message.0.keys().collect::<Vec<_>>(), ["en", "pt-BR"]);
    let Streams { delivery, hold, heartbeat, begin_after, repetition, instruction } =
        &route.streams;
    assert_eq!((*delivery, *repetition), (StreamDelivery::Whole, Repetition::Allow));
    assert_eq!(*hold, Hold { tool_calls: true, json: true });
    assert_eq!((*heartbeat, *begin_after), (Some(secs(10)), Some(secs(30))));
    assert_eq!(instruction.0["de"], "Nach „{end}“ weiter.");
    let claude = &settings.routes[1].streams;
    assert_eq!(*claude, Streams { heartbeat: Some(secs(20)), ..Streams::default() });
    assert_eq!(settings.engine.routes[1].policies.resume, Resume { max: 1 });
    let words: Vec<&str> = settings.warnings.0.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        words,
        [
            "the key goes to models.internal unencrypted",
            "`local/llama-4` goes on with a cancelled call and bills it, so no call is hedged from \
             it or to it"
        ]
    );
}

#[test]
fn alerts_reach_their_settings_and_secrets_no_page() {
    let folder = folder();
    let alerts = good(folder.path()).alerts;
    assert_eq!((alerts.name.as_str(), alerts.webhooks.len()), ("gateway-eu", 1));
    assert_eq!(alerts.dashboard.as_deref(), Some("https://failsoft.example"));
    let ops = &alerts.webhooks[0];
    assert_eq!(
        (ops.url.host.as_str(), ops.url.path.as_str()),
        ("hooks.example", "/failsoft?team=a")
    );
    assert_eq!(ops.on, [AlertKind::Incident, AlertKind::CallsLost]);
    assert_eq!((ops.min_failures, ops.min_lost), (5, 2));
    assert_eq!((ops.cooldown, ops.keep_trying), (secs(600), secs(1200)));
    assert!(ops.allow_private && ops.ca_file.is_some());
    let shown = format!("{ops:?} {:?}", effective(GOOD, folder.path(), &env()).unwrap());
    assert!(!shown.contains("team=a") && !shown.contains("sk-"), "{shown}");
}

fn expected_policies() -> Policies {
    Policies {
        profile: Profile::Background,
        prefer: Prefer::Price,
        retry: Retry {
            max_attempts: 4,
            base: Duration::from_millis(250),
            base_throttled: secs(2),
            cap: PerProfile { interactive: secs(4), background: secs(6), batch: secs(60) },
            max_wait: PerProfile {
                background: secs(20),
                ..failsoft_engine::policy::Retry::default().max_wait
            },
            tier_wait: secs(1),
            content_filter: ContentFilter::Failover,
        },
        budgets: expected_budgets(),
        timeouts: Timeouts {
            connect: secs(3),
            first_token: FirstToken { patience: secs(5), timeout: secs(20) },
            reply: FirstToken { patience: secs(30), timeout: secs(90) },
            stall: secs(10),
            total: secs(300),
            deadline: PerProfile {
                interactive: secs(100),
                background: secs(200),
                batch: secs(900),
            },
        },
        throttle: Throttle { assumed: secs(2), assumed_cap: secs(30), disabled_for: secs(600) },
        hedge: Hedge { enabled: true, quantile_milli: 900 },
        resume: Resume { max: 3 },
        degrade: failsoft_engine::policy::Degrade { reply: true },
    }
}

fn expected_budgets() -> Budgets {
    Budgets {
        retry: Budget {
            earn_milli: 200,
            cap: 20,
            floor: secs(5),
            min_in_flight: 4,
            in_flight_milli: 300,
        },
        failover: Budget {
            earn_milli: 600,
            cap: 60,
            floor: secs(0),
            min_in_flight: 40,
            in_flight_milli: 900,
        },
        resume: Budget {
            earn_milli: 300,
            cap: 30,
            floor: secs(20),
            min_in_flight: 6,
            in_flight_milli: 400,
        },
        hedge: Budget {
            earn_milli: 20,
            cap: 8,
            floor: secs(60),
            min_in_flight: 5,
            in_flight_milli: 100,
        },
    }
}

fn expected_breaker() -> Breaker {
    Breaker {
        enabled: true,
        consecutive: 4,
        ratio_milli: 400,
        min_calls: 10,
        window: secs(20),
        stall_sends: 8,
        stall_silence: secs(4),
        open_base: secs(4),
        open_cap: secs(90),
        hint_cap: secs(200),
        probe_timeout: secs(20),
        successes: 3,
    }
}

#[test]
fn sections_reach_their_settings() {
    let folder = folder();
    let settings = good(folder.path());
    let server = &settings.server;
    assert_eq!((server.listen.port(), server.admin.port()), (4000, 4001));
    assert_eq!(server.errors, ErrorDetail::Detailed);
    assert_eq!((server.max_body, server.max_connections), (16 << 20, 500));
    assert_eq!((server.read_timeout, server.drain), (secs(10), secs(60)));
    assert_eq!(server.client_keys.as_ref().unwrap().file, folder.path().join("client-keys.toml"));
    let token = server.admin_token.as_ref().map(ExposeSecret::expose_secret);
    assert_eq!(token, Some("sk-FAILSOFT_ADMIN_TOKEN"));
    let journal = &settings.journal;
    assert_eq!(journal.path.as_deref(), Some(folder.path().join("calls.db").as_path()));
    assert_eq!((journal.keep, journal.sync), (secs(7 * 86_400), true));
    assert_eq!((journal.max_size, journal.url.is_none()), (2 << 30, true));
    assert!(!server.metrics);
    assert_eq!((settings.log.format, settings.log.level), (LogFormat::Json, LogLevel::Warn));
    let telemetry = settings.telemetry.as_ref().unwrap();
    assert_eq!(
        (telemetry.endpoint.host.as_str(), telemetry.endpoint.port),
        ("collector.internal", 4317)
    );
    assert_eq!((telemetry.protocol, telemetry.sample_millionths), (OtlpProtocol::Grpc, 50_000));
    assert_eq!(telemetry.service_name, "gateway");
    let headers = telemetry.headers.iter();
    let headers: Vec<_> = headers.map(|(name, it)| (name.as_str(), it.expose_secret())).collect();
    assert_eq!(headers, [("x-tenant", "search"), ("authorization", "sk-OTEL_TOKEN")]);
    let [anthropic, europe, local] = settings.providers.as_slice() else { panic!() };
    assert_eq!((anthropic.known.id, europe.known.id), ("anthropic", "openai"));
    assert_eq!((anthropic.keys.len(), europe.keys.len(), local.keys.len()), (1, 2, 1));
    assert_eq!(europe.headers, [("x-team".to_owned(), "search".to_owned())]);
    assert_eq!((local.base_url.host.as_str(), local.base_url.port), ("models.internal", 8000));
    assert_eq!((local.base_url.path.as_str(), local.base_url.tls), ("/v1", false));
    assert!(local.allow_private && !europe.allow_private);
    assert_eq!(local.ca_file, Some(folder.path().join("authority.pem")));
    let facts = ModelFacts {
        context: Some(131_072),
        prefill: true,
        tools: false,
        vision: false,
        cancel: Cancel::Billed,
        ..ModelFacts::default()
    };
    assert_eq!(local.facts("llama-4"), facts);
    let family = local.facts("llama-5");
    assert_eq!(family.max_output, Some(8192));
    assert!(!(family.files || family.audio || family.json_schema || family.reasoning));
    assert_eq!(family.price, Some(Price { input: 250_000, output: 1_000_000 }));
    assert_eq!(local.facts("qwen"), ModelFacts::default());
    assert_eq!(local.region.as_deref(), Some("eu-central-1"));
    let rate = |amount| Rate { amount, per: secs(60), burst: secs(2) };
    assert_eq!(local.quota, Quota { requests: Some(rate(500)), tokens: Some(rate(200_000)) });
    // What the table knows stays where the settings say nothing.
    assert!(anthropic.facts("claude-sonnet-5-5").context.is_some());
}

/// A reload must not see a change where there is none.
#[test]
fn the_same_text_gives_the_same_engine_settings() {
    let folder = folder();
    assert_eq!(good(folder.path()).engine, good(folder.path()).engine);
}

#[test]
fn a_key_file_that_others_may_read_is_told() {
    let folder = folder();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.path().join("local.key");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let settings = good(folder.path());
        let told = settings.warnings.0.iter().any(|p| p.message.contains("other users"));
        assert!(told, "{:?}", settings.warnings);
    }
}

#[test]
fn the_good_text_has_every_key_of_the_schema() {
    let schema = failsoft_config::schema();
    let text: Json = toml::from_str(GOOD).unwrap();
    let mut missing = Vec::new();
    // What stands in one place has its other place in no one text beside it.
    let elsewhere = serde_json::json!({
        "admin_token": { "file": "PATH" },
        "url": { "env": "NAME", "file": "PATH" },
    });
    for section in ["server", "journal", "log", "telemetry", "alerts"] {
        let written = [&text[section], &elsewhere];
        look_for(&schema, &schema["properties"][section], &written, &mut missing);
    }
    for section in ["providers", "routes"] {
        let entries: Vec<&Json> = text[section].as_object().unwrap().values().collect();
        let shape = &schema["properties"][section]["additionalProperties"];
        look_for(&schema, shape, &entries, &mut missing);
    }
    assert!(missing.is_empty(), "{missing:?}");
}

fn look_for(root: &Json, shape: &Json, values: &[&Json], missing: &mut Vec<String>) {
    let shape = match shape.get("$ref").and_then(Json::as_str) {
        Some(pointer) => root.pointer(&pointer[1..]).unwrap(),
        None => shape,
    };
    for (key, below) in shape.get("properties").and_then(Json::as_object).into_iter().flatten() {
        let found: Vec<&Json> = values.iter().filter_map(|value| value.get(key)).collect();
        if found.is_empty() {
            missing.push(key.clone());
        } else if found.iter().any(|value| value.is_object()) {
            look_for(root, below, &found, missing);
        }
    }
}

#[test]
fn every_default_of_the_schema_is_the_one_in_force() {
    let schema = failsoft_config::schema();
    let policy = &schema["properties"]["policy"]["default"];
    let sections: Vec<String> = policy
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| format!("{name} = {}", inline(value)))
        .collect();
    assert_eq!(sections.len(), 14);
    let providers = "[providers.anthropic]\n[routes.a]\ntiers = [[\"anthropic/x\"]]\n";
    let bare = load(providers, Path::new(""), &env()).unwrap();
    let told = format!("{providers}[policy]\n{}", sections.join("\n"));
    let told = load(&told, Path::new(""), &env()).unwrap();
    assert_eq!(told.engine, bare.engine);
    assert_eq!(told.routes[0].streams, bare.routes[0].streams);
    assert_eq!(bare.routes[0].streams, Streams::default());
    assert_eq!(bare.engine.routes[0].policies.retry, Retry::default());
}

fn inline(value: &Json) -> String {
    match value {
        Json::Object(object) => {
            let entries: Vec<String> =
                object.iter().map(|(key, value)| format!("{key} = {}", inline(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            value.to_string()
        }
    }
}

#[test]
fn each_value_in_force_has_its_origin_and_no_secret() {
    let folder = folder();
    let text =
        format!("{GOOD}\n[providers.literal]\nkind = \"anthropic\"\napi_key = \"sk-literal\"\n");
    let mut env = env();
    env.insert("FAILSOFT_SERVER__DRAIN".to_owned(), "9s".to_owned());
    let values = effective(&text, folder.path(), &env).unwrap();
    let find = |path: &str| {
        let found = values.iter().find(|value| value.path == path);
        let found = found.unwrap_or_else(|| panic!("{path} is missing"));
        (found.value.as_str(), &found.origin)
    };
    let line = |text: &str| GOOD.lines().position(|line| line == text).unwrap() + 1;
    let attempts = line("max_attempts = 2");
    assert_eq!(
        find("server.drain"),
        ("\"9s\"", &ValueOrigin::Variable("FAILSOFT_SERVER__DRAIN".to_owned()))
    );
    assert_eq!(find("policy.retry.max_attempts"), ("2", &ValueOrigin::Text { line: attempts }));
    assert_eq!(
        find("routes.claude.retry.max_attempts"),
        ("2", &ValueOrigin::Policy { line: attempts })
    );
    assert_eq!(find("routes.claude.retry.tier_wait"), ("\"3s\"", &ValueOrigin::BuiltIn));
    assert_eq!(find("routes.assistant.retry.max_wait.background").0, "\"20s\"");
    assert_eq!(find("providers.literal.api_key").0, "(hidden)");
    assert_eq!(find("providers.europe.headers.x-team").0, "(hidden)");
    assert_eq!(find("providers.literal.base_url").1, &ValueOrigin::BuiltIn);
    let shown = format!("{values:?}");
    assert!(!shown.contains("sk-"), "{shown}");
}

/// `FAILSOFT_BLESS=1 cargo test -p failsoft-config` and `cargo xtask generate` write them.
#[test]
fn the_documents_are_up_to_date() {
    let docs = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"));
    let schema = serde_json::to_string_pretty(&failsoft_config::schema()).unwrap() + "\n";
    for (name, made) in
        [("configuration.md", failsoft_config::reference()), ("failsoft.schema.json", schema)]
    {
        let path = docs.join(name);
        if std::env::var_os("FAILSOFT_BLESS").is_some() {
            std::fs::create_dir_all(&docs).unwrap();
            std::fs::write(&path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == made, "docs/{name} is out of date: run `cargo xtask generate`");
    }
}

/// OpenTelemetry gave these names a meaning everywhere; what is written stands above them.
#[test]
fn the_usual_variables_say_where_traces_go() {
    let text = "[providers.openai]\napi_key = \"none\"\n";
    let telemetry = |text: &str, env: &[(&str, &str)]| {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        load(text, Path::new(""), &env.collect()).unwrap()
    };
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317");
    assert!(telemetry(text, &[]).telemetry.is_none());
    assert!(telemetry(text, &[endpoint, ("OTEL_SDK_DISABLED", "true")]).telemetry.is_none());
    let env = [
        endpoint,
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x, X-A=b"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.0001"),
        ("OTEL_SERVICE_NAME", "edge"),
        ("OTEL_SEMCONV_STABILITY_OPT_IN", "http, gen_ai_latest_experimental"),
    ];
    let settings = telemetry(text, &env);
    let told = settings.telemetry.as_ref().unwrap();
    assert_eq!((told.endpoint.port, told.protocol), (4317, OtlpProtocol::Grpc));
    assert_eq!((told.sample_millionths, told.service_name.as_str()), (100, "edge"));
    assert_eq!(told.names, GenAiNames::Latest);
    let headers: Vec<_> =
        told.headers.iter().map(|(name, it)| (name.as_str(), it.expose_secret())).collect();
    assert_eq!(headers, [("authorization", "Bearer x"), ("x-a", "b")]);
    assert!(!format!("{told:?}").contains("Bearer"));
    let written = format!(
        "{text}[telemetry]\nendpoint = \"http://h:1\"\nprotocol = \"http\"\nsample = 1\nservice_name = \"s\""
    );
    let told = telemetry(&written, &env).telemetry.unwrap();
    assert_eq!((told.endpoint.port, told.protocol), (1, OtlpProtocol::Http));
    assert_eq!((told.sample_millionths, told.service_name.as_str()), (1_000_000, "s"));
    // A variable nobody here wrote must not keep the gateway from starting.
    let odd = telemetry(text, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector")]);
    assert!(odd.telemetry.is_none() && odd.warnings.0.len() == 1, "{:?}", odd.warnings);
    let odd = telemetry(text, &[endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]);
    assert!(odd.telemetry.is_some() && odd.warnings.0.len() == 1, "{:?}", odd.warnings);
}
