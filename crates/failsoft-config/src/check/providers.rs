//! `[providers.NAME]`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use failsoft_provider::{ALL, Auth, generic, known};
use failsoft_wire::Dialect;
use secrecy::{ExposeSecret, SecretString};

use super::Surroundings;
use super::keys::{self, Found, Need};
use crate::choice::Short;
use crate::nearest::{nearest, suggest};
use crate::report::{At, say};
use crate::spec::{KeySpec, ModelSpec, ProviderSpec};
use crate::{BaseUrl, Provider, base_url};

/// Headers that are failsoft's own business, or the connection's.
const OWN_HEADERS: [&str; 16] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-amz-date",
    "x-amz-security-token",
    "x-api-key",
    "x-goog-api-key",
];

/// The entries, usable or not.
pub(super) struct Checked {
    /// In the order written.
    pub(super) usable: Vec<Provider>,
    /// Every name that was written.
    pub(super) names: BTreeSet<String>,
}

impl Checked {
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.usable.iter().position(|provider| provider.name == name)
    }
}

pub(super) fn check(
    mut specs: BTreeMap<String, ProviderSpec>,
    used: &BTreeSet<String>,
    at: &At<'_>,
    around: Surroundings<'_>,
) -> Checked {
    let order: Vec<&str> = at
        .table()
        .map(|table| table.0.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|entry| entry.key.as_str())
        .collect();
    let mut usable = Vec::new();
    for name in order {
        let Some(spec) = specs.remove(name) else { continue };
        let need = if used.contains(name) { Need::Used } else { Need::Unused };
        usable.extend(check_one(name, spec, need, (&at.key(name), around)));
    }
    let names = at.table().map(|table| table.0.iter().map(|entry| entry.key.clone()).collect());
    Checked { usable, names: names.unwrap_or_default() }
}

fn check_one(
    name: &str,
    spec: ProviderSpec,
    need: Need,
    (at, around): (&At<'_>, Surroundings<'_>),
) -> Option<Provider> {
    check_name(name, "provider", at);
    let known = find_known(name, &spec, at)?;
    let dialect = spec.dialect.map_or(known.dialect, |dialect| dialect.0);
    let base_url = find_base_url(known, &spec, at);
    check_headers(&spec.headers, at);
    // Everything else is checked before a missing key ends it.
    let keys = read_keys(known, &spec, need, (at, around));
    let base_url = base_url?;
    if !known.dialects().contains(&dialect) && dialect != known.dialect && spec.base_url.is_none() {
        at.key("dialect").error(
            say(format!("{} speaks {} at its usual address", known.id, known.dialect))
                .hint("give the `base_url` where it speaks the other dialect"),
        );
    }
    check_path(&base_url, dialect, at);
    let keys = keys?;
    if !keys.is_empty() && !base_url.tls && !is_local(&base_url.host) {
        at.key("base_url").warn(
            say(format!("the key goes to {} unencrypted", base_url.host)).hint("write https://"),
        );
    }
    Some(Provider {
        name: name.to_owned(),
        known,
        dialect,
        allow_private: spec.allow_private || is_local(&base_url.host),
        base_url,
        keys,
        headers: spec.headers.into_iter().collect(),
        ca_file: spec.ca_file.map(|file| around.path(&file)).inspect(|file| {
            if let Err(error) = std::fs::File::open(file) {
                at.key("ca_file").error(say(format!("{} cannot be read: {error}", file.display())));
            }
        }),
        region: spec.region,
        quota: spec.quota.check(&at.key("quota")),
        models: check_models(spec.models, &at.key("models")),
    })
}

pub(super) fn check_name(name: &str, what: &str, at: &At<'_>) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
        at.error(
            say(format!("`{}` cannot name a {what}", name.escape_debug()))
                .hint("use up to 64 letters, digits, `-`, `_` and `.`"),
        );
    }
}

fn find_known(
    name: &str,
    spec: &ProviderSpec,
    at: &At<'_>,
) -> Option<&'static failsoft_provider::Provider> {
    if let Some(kind) = &spec.kind {
        let found = known(kind);
        if found.is_none() {
            at.key("kind").error(
                say(format!("`{}` is no known provider", kind.escape_debug())).hint_if(suggest(
                    kind,
                    ALL.iter().map(|known| known.id),
                    "known",
                )),
            );
        }
        return found;
    }
    if let Some(found) = known(name) {
        return Some(found);
    }
    if let (Some(dialect), Some(_)) = (spec.dialect, &spec.base_url) {
        return Some(generic(dialect.0));
    }
    if ["kind", "dialect", "base_url"].iter().any(|key| at.key(key).was_refused()) {
        return None;
    }
    let missing = match (spec.dialect.is_some(), spec.base_url.is_some()) {
        (false, false) => "`dialect` and `base_url`",
        (false, true) => "a `dialect`",
        (true, _) => "a `base_url`",
    };
    let hint = nearest(name, ALL.iter().map(|known| known.id)).map_or_else(
        || "or say with `kind` which known provider it is".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    let words =
        say(format!("`{}` is no known provider, so it needs {missing}", name.escape_debug()));
    at.error(words.hint(hint));
    None
}

fn find_base_url(
    known: &failsoft_provider::Provider,
    spec: &ProviderSpec,
    at: &At<'_>,
) -> Option<BaseUrl> {
    let written = spec.base_url.as_deref().or(known.base_url);
    if written.is_none() && !at.key("base_url").was_refused() {
        at.error(
            say(format!("`base_url` is missing: every account of {} has its own", known.id))
                .hint("write base_url = \"https://…\""),
        );
    }
    written.and_then(|text| base_url::parse(text).ok())
}

fn check_path(base_url: &BaseUrl, dialect: Dialect, at: &At<'_>) {
    let here = at.key("base_url");
    if !here.is_written() {
        return;
    }
    let warn = |would: &str, hint: &str| {
        here.warn(say(format!("calls would go to {would}")).hint(hint.to_owned()));
    };
    match dialect {
        Dialect::Messages if base_url.path.ends_with("/v1") => warn(
            "/v1/v1/messages: the path is added to the address",
            "leave out the /v1 at its end",
        ),
        Dialect::ChatCompletions if base_url.path.is_empty() => warn(
            "/chat/completions, and most servers listen on /v1/chat/completions",
            "let the address end with /v1",
        ),
        Dialect::Responses if base_url.path.is_empty() => warn(
            "/responses, and most servers listen on /v1/responses",
            "let the address end with /v1",
        ),
        Dialect::GenerateContent if base_url.path.is_empty() => warn(
            "/models/MODEL:generateContent, and servers listen behind a version",
            "let the address end with /v1beta",
        ),
        Dialect::BedrockConverse if base_url.path.ends_with("/model") => warn(
            "/model/model/MODEL/converse: the path is added to the address",
            "leave out the /model at its end",
        ),
        Dialect::ChatCompletions
        | Dialect::Messages
        | Dialect::Responses
        | Dialect::GenerateContent
        | Dialect::BedrockConverse
        | Dialect::Embeddings => {}
    }
}

fn check_headers(headers: &BTreeMap<String, String>, at: &At<'_>) {
    for (name, value) in headers {
        let here = at.key("headers").key(name);
        let lower = name.to_ascii_lowercase();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            here.error(say(format!("`{}` is no header name", name.escape_debug())));
        } else if OWN_HEADERS.contains(&lower.as_str()) || lower.starts_with("x-failsoft-") {
            let is_key = matches!(lower.as_str(), "authorization" | "x-api-key" | "x-goog-api-key");
            let hint = is_key.then(|| "write the key as `api_key`".to_owned());
            here.error(say(format!("`{name}` is set by failsoft")).hint_if(hint));
        }
        if !value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)) {
            here.error(say("the value holds signs no header can carry"));
        }
    }
}

/// The keys; `None` when one is missing, which was reported.
fn read_keys(
    known: &failsoft_provider::Provider,
    spec: &ProviderSpec,
    need: Need,
    (at, around): (&At<'_>, Surroundings<'_>),
) -> Option<Vec<SecretString>> {
    let found: Vec<(Found, At<'_>)> = match (&spec.api_key, &spec.api_keys) {
        (Some(_), Some(_)) => {
            at.key("api_keys").error(
                say("`api_key` and `api_keys` cannot both be given")
                    .hint("put all into `api_keys`"),
            );
            return None;
        }
        (Some(key), None) => {
            let here = at.key("api_key");
            vec![(keys::read(key, need, &here, around), here)]
        }
        (None, Some(pool)) => read_pool(pool, need, (at, around)),
        (None, None) if ["api_key", "api_keys"].iter().any(|key| at.key(key).was_refused()) => {
            return None;
        }
        (None, None) => match known.key_env {
            Some(name) => {
                let signs = matches!(known.auth, Auth::SigV4 { .. });
                let token = around.env.get(name).is_some_and(|value| !value.trim().is_empty());
                let pair = || keys::pair_from_variables(at, around);
                let pair = if signs && !token { pair() } else { None };
                let found = pair.unwrap_or_else(|| keys::from_variable(name, need, at, around));
                vec![(found, at.clone())]
            }
            None if known.auth == Auth::None || known.base_url.is_some() => Vec::new(),
            None => {
                at.warn(
                    say("no `api_key` is given, so calls carry none")
                        .hint("write { env = \"NAME\" }, { file = \"PATH\" } or \"none\""),
                );
                Vec::new()
            }
        },
    };
    distinct(found)
}

fn read_pool<'a>(
    pool: &[KeySpec],
    need: Need,
    (at, around): (&At<'a>, Surroundings<'_>),
) -> Vec<(Found, At<'a>)> {
    let list = at.key("api_keys");
    if pool.is_empty() {
        list.error(
            say("the pool is empty").hint("write api_key = \"none\" if the server takes no key"),
        );
    }
    pool.iter()
        .enumerate()
        .map(|(index, key)| {
            let here = list.index(index);
            if matches!(key, Short::Text(text) if text == "none") {
                here.error(say("\"none\" cannot stand in a pool").hint("write api_key = \"none\""));
            }
            (keys::read(key, need, &here, around), here)
        })
        .collect()
}

fn distinct(found: Vec<(Found, At<'_>)>) -> Option<Vec<SecretString>> {
    let mut keys: Vec<SecretString> = Vec::new();
    let mut complete = true;
    for (found, here) in found {
        match found {
            Found::Key(key) => {
                let twin = keys.iter().any(|k| k.expose_secret() == key.expose_secret());
                if twin {
                    here.warn(say("the same key stands in the pool before, and counts once"));
                } else {
                    keys.push(key);
                }
            }
            Found::NoKey => {}
            Found::Missing => complete = false,
        }
    }
    complete.then_some(keys)
}

/// Whether a host is this machine, or an address someone wrote out.
pub(super) fn is_local(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn check_models(models: BTreeMap<String, ModelSpec>, at: &At<'_>) -> Vec<(String, ModelSpec)> {
    for (name, spec) in &models {
        let here = at.key(name);
        for (key, tokens) in [("context", spec.context), ("max_output", spec.max_output)] {
            if tokens == Some(0) {
                here.key(key).error(say("no model holds 0 tokens").hint("leave it out"));
            }
        }
        let half = spec.price.filter(|price| price.input.is_some() != price.output.is_some());
        let refused =
            ["input", "output"].iter().any(|key| here.key("price").key(key).was_refused());
        if half.is_some() && !refused {
            here.key("price")
                .error(say("half a price says nothing").hint("give both `input` and `output`"));
        }
    }
    models.into_iter().collect()
}
