//! Where the database is and how to get there, as libpq's URLs say it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, SslNegotiation};

use crate::JournalError;

/// How long one host may take to answer, unless the URL says otherwise.
const CONNECT: Duration = Duration::from_secs(3);
/// What was sent and is not acknowledged by the other machine for so long is given up.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// A connection that is silent for so long is asked whether it lives.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// What libpq does on its own, and nobody means.
const LIBPQ_KEEPALIVE: Duration = Duration::from_secs(2 * 60 * 60);

/// Where a journal in Postgres is: `postgres://user:password@host:port/database?sslmode=…`.
///
/// Shown and printed without user, password and options. Without `sslmode`, another machine must
/// show a certificate that is valid for its name, as with `verify-full`.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    pub(super) config: Config,
    pub(super) encryption: Encryption,
    shown: String,
}

/// Whether what goes over the wire is encrypted, and what the server must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    Off,
    /// If the server has it, and whoever the server is.
    Offered,
    /// Whoever the server is.
    Anyone,
    /// A certificate of one of these authorities, whatever name it bears.
    Authority(PathBuf),
    /// A certificate for the name of the host.
    Full(Roots),
}

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    System,
    File(PathBuf),
}

impl FromStr for PostgresUrl {
    type Err = JournalError;

    /// # Errors
    /// When it is no such URL; what is said never repeats the URL, which may hold a password.
    fn from_str(url: &str) -> Result<Self, JournalError> {
        parse(url).map_err(|reason| JournalError::Url { reason })
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({})", self.shown)
    }
}

impl PostgresUrl {
    /// Whether a text asks for a journal in Postgres rather than in a file.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// How long it may take to connect, all its hosts together.
    pub(super) fn connect_time(&self) -> Duration {
        let hosts = self.config.get_hosts().len().max(1);
        let each = self.config.get_connect_timeout().copied().unwrap_or(CONNECT);
        each.saturating_mul(u32::try_from(hosts).unwrap_or(u32::MAX))
    }
}

/// What is ours of a URL, and the rest of it.
#[derive(Default)]
struct Split {
    rest: String,
    ssl_mode: Option<String>,
    ssl_root: Option<String>,
}

fn parse(url: &str) -> Result<PostgresUrl, String> {
    if !PostgresUrl::is_one(url) {
        return Err("it does not begin with postgres://".to_owned());
    }
    let split = split(url)?;
    // The parser names a parameter it does not know, and nothing else of the URL.
    let mut config = Config::from_str(&split.rest).map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        cause.unwrap_or_else(|| error.to_string())
    })?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err("it names no host".to_owned());
    }
    let encryption = encryption(&split, &config)?;
    config.ssl_mode(match encryption {
        Encryption::Off => SslMode::Disable,
        Encryption::Offered => SslMode::Prefer,
        Encryption::Anyone | Encryption::Authority(_) | Encryption::Full(_) => SslMode::Require,
    });
    if encryption == Encryption::Off {
        config.ssl_negotiation(SslNegotiation::Postgres);
    }
    with_patience(&mut config);
    let shown = shown(&config);
    Ok(PostgresUrl { config, encryption, shown })
}

fn split(url: &str) -> Result<Split, String> {
    let Some((base, query)) = url.split_once('?') else {
        return Ok(Split { rest: url.to_owned(), ..Split::default() });
    };
    let mut split = Split { rest: base.to_owned(), ..Split::default() };
    let mut mark = '?';
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let place = match name {
            "sslmode" => &mut split.ssl_mode,
            "sslrootcert" => &mut split.ssl_root,
            _ => {
                split.rest.push(mark);
                split.rest.push_str(parameter);
                mark = '&';
                continue;
            }
        };
        let value = percent_decode_str(value).decode_utf8();
        *place = Some(value.map_err(|_| format!("{name} is not UTF-8"))?.into_owned());
    }
    Ok(split)
}

fn encryption(split: &Split, config: &Config) -> Result<Encryption, String> {
    if config.get_hostaddrs().is_empty() && config.get_hosts().iter().all(is_socket) {
        return Ok(Encryption::Off);
    }
    let file = split.ssl_root.as_ref().filter(|root| *root != "system").map(PathBuf::from);
    let roots = || file.clone().map_or(Roots::System, Roots::File);
    match (split.ssl_mode.as_deref(), file.clone()) {
        (Some("disable"), _) => Ok(Encryption::Off),
        (Some("allow" | "prefer"), _) => Ok(Encryption::Offered),
        // As libpq has it: who names an authority wants it asked.
        (Some("require" | "verify-ca"), Some(file)) => Ok(Encryption::Authority(file)),
        (Some("require"), None) if split.ssl_root.is_none() => Ok(Encryption::Anyone),
        (Some("require" | "verify-ca"), None) => {
            Err("an sslmode weaker than verify-full needs sslrootcert=FILE".to_owned())
        }
        (Some("verify-full"), _) => Ok(Encryption::Full(roots())),
        (Some(_), _) => Err("sslmode is one of disable, allow, prefer, require, verify-ca and \
                             verify-full"
            .to_owned()),
        (None, None) if is_this_machine(config) => Ok(Encryption::Off),
        (None, _) => Ok(Encryption::Full(roots())),
    }
}

#[cfg(unix)]
fn is_socket(host: &Host) -> bool {
    matches!(host, Host::Unix(_))
}

#[cfg(not(unix))]
fn is_socket(_: &Host) -> bool {
    false
}

fn is_this_machine(config: &Config) -> bool {
    let address = |host: &str| host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    let host = |host: &Host| match host {
        Host::Tcp(name) => name == "localhost" || address(name),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(host) && config.get_hostaddrs().iter().all(|ip| ip.is_loopback())
}

/// Patience where the URL says nothing of it.
fn with_patience(config: &mut Config) {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNACKNOWLEDGED);
    }
    if config.get_keepalives_idle() == LIBPQ_KEEPALIVE {
        config.keepalives_idle(KEEPALIVE);
    }
    if config.get_application_name().is_none() {
        config.application_name("failsoft");
    }
}

fn shown(config: &Config) -> String {
    let host = |host: &Host| match host {
        Host::Tcp(name) if name.contains(':') => format!("[{name}]"),
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(folder) => folder.display().to_string(),
    };
    let mut hosts: Vec<String> = config.get_hosts().iter().map(host).collect();
    if hosts.is_empty() {
        hosts = config.get_hostaddrs().iter().map(ToString::to_string).collect();
    }
    let ports = config.get_ports();
    for (at, host) in hosts.iter_mut().enumerate() {
        if let Some(port) = ports.get(at).or(ports.first()) {
            host.push_str(&format!(":{port}"));
        }
    }
    let database = config.get_dbname().map_or(String::new(), |name| format!("/{name}"));
    format!("postgres://{}{database}", hosts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> PathBuf {
        PathBuf::from(path)
    }

    #[test]
    fn a_url_says_who_the_server_must_be() {
        use Encryption::{Anyone, Authority, Full, Off, Offered};
        for (rest, encryption) in [
            ("db.example/x", Full(Roots::System)),
            ("127.0.0.1:5432/x", Off),
            ("localhost,[::1]:7/x", Off),
            ("localhost,db.example/x", Full(Roots::System)),
            ("%2Fvar%2Frun/x?sslmode=require", Off),
            ("localhost/x?sslmode=verify-full", Full(Roots::System)),
            ("localhost/x?sslrootcert=/ca.pem", Full(Roots::File(file("/ca.pem")))),
            ("db.example/x?sslmode=disable", Off),
            ("db.example/x?sslmode=prefer", Offered),
            ("db.example/x?sslmode=require", Anyone),
            ("db.example/x?sslmode=require&sslrootcert=%2Fa%20b", Authority(file("/a b"))),
            ("db.example/x?sslrootcert=/c&sslmode=verify-ca", Authority(file("/c"))),
            ("db.example/x?sslmode=verify-full&sslrootcert=system", Full(Roots::System)),
            ("db.example/x?sslmode=verify-full&sslrootcert=/c", Full(Roots::File(file("/c")))),
        ] {
            let url: PostgresUrl = format!("postgres://u:p@{rest}").parse().unwrap();
            assert_eq!(url.encryption, encryption, "{rest}");
        }
    }

    #[test]
    fn what_is_shown_has_no_secrets() {
        let url = "postgresql://me:hush@one:1,[::2]:2,/tmp/db?connect_timeout=7&options=-csecret";
        let url: PostgresUrl = url.replace(",/tmp", "/tmp").parse().unwrap();
        assert_eq!(url.to_string(), "postgres://one:1,[::2]:2/tmp/db");
        assert_eq!(format!("{url:?}"), "PostgresUrl(postgres://one:1,[::2]:2/tmp/db)");
        assert_eq!(url.connect_time(), Duration::from_secs(14));
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_without_repeating_it() {
        for (url, said) in [
            ("mysql://u:hush@h/x", "does not begin with postgres://"),
            ("postgres:///x?user=hush", "names no host"),
            ("postgres://u:hush@h/x?sslmode=maybe", "sslmode is one of disable"),
            ("postgres://u:hush@h/x?sslmode=verify-ca", "needs sslrootcert=FILE"),
            ("postgres://u:hush@h/x?sslmode=require&sslrootcert=system", "weaker than verify-full"),
            ("postgres://u:hush@h/x?colour=hush2", "unknown option `colour`"),
            ("postgres://u:hush@h:seven/x", "port"),
        ] {
            let message = url.parse::<PostgresUrl>().unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
            assert!(!message.contains("hush"), "{message}");
        }
    }
}
