//! `[alerts]`.

use secrecy::{ExposeSecret as _, SecretString};

use super::Surroundings;
use super::keys::{self, Found, Need};
use super::providers::{check_name, is_local};
use crate::alerts::{AlertsSpec, WebhookSpec};
use crate::choice::Short;
use crate::report::{At, say};
use crate::spec::KeySpec;
use crate::{Alerts, BaseUrl, Webhook, base_url};

/// With fewer characters a signature says little.
const SHORTEST_SECRET: usize = 16;
/// What is longer is no name.
const LONGEST_NAME: usize = 64;

pub(super) fn check(spec: AlertsSpec, at: &At<'_>, around: Surroundings<'_>) -> Alerts {
    let AlertsSpec { name, dashboard, webhooks } = spec;
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
        at.key("name").error(
            say("the gateway cannot be called that")
                .hint(format!("write a name of up to {LONGEST_NAME} characters on one line")),
        );
    }
    let all = at.key("webhooks");
    let webhooks = webhooks
        .into_iter()
        .filter_map(|(name, spec)| check_one(&name, spec, (&all.key(&name), around)));
    Alerts { webhooks: webhooks.collect(), name, dashboard }
}

fn check_one(
    name: &str,
    spec: WebhookSpec,
    (at, around): (&At<'_>, Surroundings<'_>),
) -> Option<Webhook> {
    check_name(name, "webhook", at);
    check_bounds(&spec, at);
    let ca_file = spec.ca_file.map(|file| around.path(&file)).inspect(|file| {
        if let Err(error) = std::fs::File::open(file) {
            at.key("ca_file").error(say(format!("{} cannot be read: {error}", file.display())));
        }
    });
    let url = address(spec.url.as_ref(), (at, around));
    let secret = secret(spec.secret.as_ref(), (at, around));
    let (url, secret) = (url?, secret?);
    if !url.tls && !is_local(&url.host) {
        at.key("url")
            .warn(say(format!("alerts go to {} unencrypted", url.host)).hint("write https://"));
    }
    Some(Webhook {
        name: name.to_owned(),
        allow_private: spec.allow_private || is_local(&url.host),
        url,
        secret,
        on: spec.on.into_iter().map(Into::into).collect(),
        min_failures: u64::from(spec.min_failures),
        min_lost: u64::from(spec.min_lost),
        cooldown: spec.cooldown.0,
        keep_trying: spec.keep_trying.0,
        ca_file,
    })
}

fn check_bounds(spec: &WebhookSpec, at: &At<'_>) {
    if spec.on.is_empty() {
        at.key("on").error(
            say("a webhook that is told of nothing does nothing")
                .hint("leave `on` out to have it told of everything"),
        );
    }
    for (key, number) in [("min_failures", spec.min_failures), ("min_lost", spec.min_lost)] {
        if number == 0 {
            at.key(key).error(say("nothing happens 0 times").hint("write 1 to be told at once"));
        }
    }
    if spec.keep_trying.0.is_zero() {
        at.key("keep_trying").error(say("an alert that is tried for 0s is never sent"));
    }
}

/// Where it is. The words say nothing of an address that may be a secret.
fn address(spec: Option<&KeySpec>, (at, around): (&At<'_>, Surroundings<'_>)) -> Option<BaseUrl> {
    let here = at.key("url");
    let read = match spec {
        None if here.was_refused() => return None,
        None => {
            at.error(say("`url` is missing").hint("write url = \"https://…\""));
            return None;
        }
        Some(Short::Text(text)) => base_url::parse_exact(text),
        Some(place @ Short::Table(_)) => match keys::read(place, Need::Used, &here, around) {
            Found::Key(text) => base_url::parse_exact(text.expose_secret()),
            Found::NoKey | Found::Missing => return None,
        },
    };
    read.map_err(|words| here.error(words)).ok()
}

fn secret(
    spec: Option<&KeySpec>,
    (at, around): (&At<'_>, Surroundings<'_>),
) -> Option<SecretString> {
    let here = at.key("secret");
    let Some(spec) = spec else {
        if !here.was_refused() {
            at.error(
                say("`secret` is missing, so a receiver could not tell alerts from forgeries")
                    .hint("write secret = { env = \"NAME\" }; `openssl rand -hex 32` makes one"),
            );
        }
        return None;
    };
    let key = match keys::read(spec, Need::Used, &here, around) {
        Found::Key(key) => key,
        Found::NoKey => {
            here.error(
                say("alerts are always signed").hint("`openssl rand -hex 32` makes a secret"),
            );
            return None;
        }
        Found::Missing => return None,
    };
    if key.expose_secret().len() < SHORTEST_SECRET {
        here.error(
            say(format!("the secret is shorter than {SHORTEST_SECRET} characters"))
                .hint("`openssl rand -hex 32` makes one"),
        );
        return None;
    }
    Some(key)
}
