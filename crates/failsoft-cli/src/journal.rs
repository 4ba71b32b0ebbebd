//! What the commands that read the journal share: where it is, and how it is shown.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use failsoft_config::Source;
use failsoft_journal::{JournalError, Page, PostgresUrl, Reader, Style};
use secrecy::{ExposeSecret, SecretString};

use crate::settings::{FAILED, SettingsArgs, environment};

/// Where the gateway keeps its record when nobody says otherwise.
const USUAL: &str = "failsoft.db";

/// Where the journal is.
#[derive(Debug, clap::Args)]
pub(crate) struct JournalArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The journal: a file, or postgres://USER@HOST/DATABASE [default: the one the settings name].
    #[arg(long, value_name = "PATH|URL")]
    journal: Option<PathBuf>,
}

impl JournalArgs {
    /// Opens the journal for reading; why that fails is told.
    pub(crate) fn open(&self) -> Result<Reader, ExitCode> {
        let opened = match self.place() {
            Place::File(path) => Reader::open(path),
            Place::Database(url) => {
                url.expose_secret().parse().and_then(|url: PostgresUrl| Reader::connect(&url))
            }
        };
        opened.map_err(|error| told(&error))
    }

    /// The settings file that was asked for.
    pub(crate) fn config(&self) -> Option<&std::path::Path> {
        self.settings.config.as_deref()
    }

    /// Reading a record needs no keys, so settings that lack one still say where it is.
    fn place(&self) -> Place {
        if let Some(given) = &self.journal {
            return match given.to_str().filter(|text| PostgresUrl::is_one(text)) {
                Some(url) => Place::Database(url.into()),
                None => Place::File(given.clone()),
            };
        }
        let env = environment();
        let named = || {
            let source = Source::find(self.settings.config.as_deref(), &env).ok()?;
            let journal = source.journal(&env)?;
            journal.path.map(Place::File).or(journal.url.map(Place::Database))
        };
        named().unwrap_or_else(|| Place::File(PathBuf::from(USUAL)))
    }
}

/// Where a journal is.
enum Place {
    File(PathBuf),
    Database(SecretString),
}

/// Where the settings keep the record, without the password.
pub(crate) fn place(journal: &failsoft_config::Journal) -> String {
    match (&journal.path, &journal.url) {
        (Some(path), _) => path.display().to_string(),
        (None, Some(url)) => match url.expose_secret().parse::<PostgresUrl>() {
            Ok(url) => url.to_string(),
            Err(error) => format!("NONE: {error}"),
        },
        (None, None) => "none".to_owned(),
    }
}

/// Tells why the journal says nothing.
pub(crate) fn told(error: &JournalError) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(FAILED)
}

/// Standard output as a page: as wide as the terminal, in colour where one is.
pub(crate) fn page() -> Page {
    let terminal = std::io::stdout().is_terminal();
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let width = width.unwrap_or_else(|| match terminal {
        true => console::Term::stdout().size().1.clamp(60, 160),
        false => 100,
    });
    Page::new(if colour { Style::Colour } else { Style::Plain }, width).local()
}

/// Milliseconds since 1970.
pub(crate) fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
