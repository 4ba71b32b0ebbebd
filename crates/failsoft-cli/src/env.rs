//! `failsoft env`: the lines that point SDKs at the gateway.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

use crate::settings::{SettingsArgs, environment, print};

/// What `env` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct EnvArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The language of the lines.
    #[arg(long, value_enum, default_value_t = Shell::Sh)]
    shell: Shell,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Shell {
    /// sh, bash, zsh
    Sh,
    /// fish
    Fish,
    /// `PowerShell`
    Powershell,
    /// A file of NAME=value lines
    Dotenv,
}

/// Prints the lines.
pub(crate) fn run(args: &EnvArgs) -> ExitCode {
    let (_, settings) = match args.settings.load(&environment()) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let lines = sdk_variables(settings.server.listen).into_iter().fold(
        String::new(),
        |mut lines, (name, value)| {
            let _ = match args.shell {
                Shell::Sh => writeln!(lines, "export {name}={value}"),
                Shell::Fish => writeln!(lines, "set -gx {name} {value}"),
                Shell::Powershell => writeln!(lines, "$env:{name} = \"{value}\""),
                Shell::Dotenv => writeln!(lines, "{name}={value}"),
            };
            lines
        },
    );
    print(&lines);
    eprintln!(
        "{}",
        if settings.server.client_keys.is_some() {
            "# give each SDK a client key as its API key: failsoft keys create NAME"
        } else {
            "# the SDKs want some API key too; any will do, the gateway puts in its own"
        }
    );
    ExitCode::SUCCESS
}

/// The variables from which SDKs of each dialect read their address.
pub(crate) fn sdk_variables(listen: SocketAddr) -> Vec<(&'static str, String)> {
    let origin = format!("http://{}", reachable(listen));
    vec![
        ("OPENAI_BASE_URL", format!("{origin}/v1")),
        ("ANTHROPIC_BASE_URL", origin.clone()),
        ("GOOGLE_GEMINI_BASE_URL", origin),
    ]
}

/// Nobody can connect to "every address".
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sdks_are_sent_to_an_address_they_can_reach() {
        for (listen, expected) in [
            ("127.0.0.1:4000", "http://127.0.0.1:4000"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:4000", "http://[::1]:4000"),
        ] {
            let variables = sdk_variables(listen.parse().unwrap());
            assert!(variables.contains(&("OPENAI_BASE_URL", format!("{expected}/v1"))));
            assert!(variables.contains(&("ANTHROPIC_BASE_URL", expected.to_owned())));
        }
    }
}
