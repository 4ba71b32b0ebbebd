//! `[server]`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use secrecy::{ExposeSecret, SecretString};

use super::Surroundings;
use super::keys::{self, Found, Need};
use crate::report::{At, Words, say};
use crate::spec::{ErrorsSpec, KeySpec, ServerSpec};
use crate::{ClientKeys, ErrorDetail, Server};

/// Of the token that opens the dashboard, in signs.
const SHORTEST_TOKEN: usize = 16;

/// Reads `127.0.0.1:4000`, `[::1]:4000`, `localhost:4000`.
pub(crate) fn address(text: &str) -> Result<SocketAddr, Words> {
    let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    local.as_deref().unwrap_or(text).parse().map_err(|_| {
        let words = say(format!("`{}` is no address", text.escape_debug()));
        let port = text.trim_start_matches(':');
        if port.parse::<u16>().is_ok() {
            words.hint(format!("write \"127.0.0.1:{port}\""))
        } else if text.parse::<IpAddr>().is_ok() {
            words.hint("add the port, as in \"127.0.0.1:4000\"")
        } else {
            words.hint("write an IP address and a port, as in \"127.0.0.1:4000\"")
        }
    })
}

pub(super) fn check(spec: ServerSpec, at: &At<'_>, around: Surroundings<'_>) -> Server {
    // Unreadable ones were reported and taken out before.
    let unreadable = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listen = address(&spec.listen).unwrap_or(unreadable);
    let admin = address(&spec.admin).unwrap_or(unreadable);
    let client_keys = spec.client_keys.map(|keys| ClientKeys { file: around.path(&keys.file) });
    check_addresses(listen, admin, client_keys.is_some(), at);
    if let Some(ClientKeys { file }) = &client_keys
        && !file.exists()
    {
        at.key("client_keys").key("file").warn(
            say(format!("there is no file {}, so no client can come in", file.display()))
                .hint("`failsoft keys create NAME` writes it"),
        );
    }
    let admin_token =
        spec.admin_token.and_then(|token| admin_token(&token, &at.key("admin_token"), around));
    if spec.max_body.0 == 0 {
        at.key("max_body").error(say("with a `max_body` of 0 no request would pass"));
    }
    if spec.read_timeout.0.is_zero() {
        at.key("read_timeout").error(say("with a `read_timeout` of 0s no request would pass"));
    }
    if spec.max_connections == 0 {
        at.key("max_connections").error(say("with 0 connections nobody can come in"));
    }
    Server {
        listen,
        admin,
        client_keys,
        admin_token,
        errors: match spec.errors {
            ErrorsSpec::Plain => ErrorDetail::Plain,
            ErrorsSpec::Detailed => ErrorDetail::Detailed,
        },
        max_body: spec.max_body.0,
        read_timeout: spec.read_timeout.0,
        drain: spec.drain.0,
        max_connections: usize::try_from(spec.max_connections).unwrap_or(usize::MAX),
        metrics: spec.metrics,
    }
}

fn admin_token(spec: &KeySpec, at: &At<'_>, around: Surroundings<'_>) -> Option<SecretString> {
    let Found::Key(token) = keys::read(spec, Need::Used, at, around) else { return None };
    if token.expose_secret().len() < SHORTEST_TOKEN {
        at.error(
            say(format!("a token of fewer than {SHORTEST_TOKEN} signs can be guessed"))
                .hint("make one with: openssl rand -hex 32"),
        );
        return None;
    }
    Some(token)
}

fn check_addresses(listen: SocketAddr, admin: SocketAddr, keys: bool, at: &At<'_>) {
    let overlap =
        listen.ip() == admin.ip() || listen.ip().is_unspecified() || admin.ip().is_unspecified();
    if listen.port() == admin.port() && listen.port() != 0 && overlap {
        let written = ["admin", "listen"].map(|key| at.key(key));
        let here = written.iter().find(|at| at.is_written()).unwrap_or(at);
        here.error(
            say(format!("clients and operators cannot share port {}", admin.port()))
                .hint("give `admin` a port of its own"),
        );
    }
    if !listen.ip().is_loopback() && !keys {
        at.key("listen").error(
            say(format!("{listen} can be reached from other machines, and nobody asks for a key"))
                .hint("add client_keys = { file = \"client-keys.toml\" } and run `failsoft keys create NAME`, \
                    or listen on 127.0.0.1"),
        );
    }
    if !admin.ip().is_loopback() {
        at.key("admin").warn(
            say(format!(
                "{admin} shows health and metrics to other machines, without asking for a key"
            ))
            .hint("listen on 127.0.0.1 unless a firewall stands before it"),
        );
    }
}
