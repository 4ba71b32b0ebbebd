//! What commands share: finding settings, telling what is wrong with them, and printing.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use failsoft_config::{Problems, Settings, Source, SourceError};

/// Something that was asked for did not work.
pub(crate) const FAILED: u8 = 1;
/// The arguments or the settings are wrong.
pub(crate) const BAD_USAGE: u8 = 2;

/// Where settings come from.
#[derive(Debug, clap::Args)]
pub(crate) struct SettingsArgs {
    /// The settings [default: $FAILSOFT_CONFIG, else ./failsoft.toml, else the keys in the
    /// environment].
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
}

/// The variables of the environment; those that are no text are left out.
pub(crate) fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

impl SettingsArgs {
    /// The text of the settings; why there is none is told.
    pub(crate) fn find(&self, env: &BTreeMap<String, String>) -> Result<Source, ExitCode> {
        Source::find(self.config.as_deref(), env).map_err(|error| {
            match error {
                SourceError::Nothing(problems) => tell(&problems, "", ""),
                SourceError::Unreadable { .. } => eprintln!("error: {error}"),
            }
            ExitCode::from(BAD_USAGE)
        })
    }

    /// The settings; warnings and what is wrong with them is told.
    pub(crate) fn load(
        &self,
        env: &BTreeMap<String, String>,
    ) -> Result<(Source, Settings), ExitCode> {
        let source = self.find(env)?;
        match source.load(env) {
            Ok(settings) => {
                tell(&settings.warnings, &source.name(), &source.text);
                Ok((source, settings))
            }
            Err(problems) => {
                tell(&problems, &source.name(), &source.text);
                Err(ExitCode::from(BAD_USAGE))
            }
        }
    }
}

/// Tells problems to a person.
pub(crate) fn tell(problems: &Problems, name: &str, text: &str) {
    if !problems.0.is_empty() {
        eprintln!("{}", problems.render(name, text));
    }
}

/// Prints what a command was asked for. A reader that stops reading is no failure.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Prints one machine-readable document.
pub(crate) fn print_json(document: &serde_json::Value) {
    print(&format!("{document:#}"));
}
