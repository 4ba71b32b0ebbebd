//! Which settings a command reads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::load::{default_text, load_journal, read_layers};
use crate::report::Report;
use crate::{Journal, Origin, Problems, Settings, load};

/// The name of the variable that says where the settings are.
const VARIABLE: &str = "FAILSOFT_CONFIG";
/// Where they are when nobody says so.
const USUAL: &str = "failsoft.toml";

/// A settings text, and where it came from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it came from.
    pub origin: Origin,
    /// The text; for [`Origin::Environment`] what a file would say.
    pub text: String,
    /// What relative paths are relative to.
    pub folder: PathBuf,
}

/// Why there is no settings text.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file that was asked for cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// There is no file, and no key in the environment.
    #[error("{0}")]
    Nothing(Problems),
}

impl Source {
    /// The file asked for, else `FAILSOFT_CONFIG`, else `./failsoft.toml` if there is one, else
    /// what the keys in the environment give.
    ///
    /// # Errors
    /// When a file cannot be read, or there is neither a file nor a key.
    pub fn find(asked: Option<&Path>, env: &BTreeMap<String, String>) -> Result<Self, SourceError> {
        let named = env.get(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        if let Some(path) = asked.map(Path::to_owned).or(named) {
            return Self::read(&path);
        }
        if Path::new(USUAL).exists() {
            return Self::read(Path::new(USUAL));
        }
        let text = default_text(env).map_err(SourceError::Nothing)?;
        Ok(Self { origin: Origin::Environment, text, folder: PathBuf::new() })
    }

    /// The text of this file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| SourceError::Unreadable { path: path.to_owned(), error })?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { origin: Origin::File(path.to_owned()), text, folder })
    }

    /// What to call it in messages.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.origin {
            Origin::File(path) => path.display().to_string(),
            Origin::Environment => "environment".to_owned(),
        }
    }

    /// Where client keys are kept, whatever else is wrong with the text.
    #[must_use]
    pub fn client_keys_file(&self, env: &BTreeMap<String, String>) -> Option<PathBuf> {
        let root = read_layers(&self.text, env, &Report::new(&self.text))?;
        let keys = root.table()?.node("server")?.table()?.node("client_keys")?;
        Some(self.folder.join(keys.table()?.node("file")?.text()?))
    }

    /// Its settings.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn load(&self, env: &BTreeMap<String, String>) -> Result<Settings, Problems> {
        load(&self.text, &self.folder, env)
    }

    /// Where the record is, whatever is wrong beside it: whoever reads the record needs no keys.
    /// `None` when the text is beyond reading.
    #[must_use]
    pub fn journal(&self, env: &BTreeMap<String, String>) -> Option<Journal> {
        load_journal(&self.text, &self.folder, env)
    }
}
