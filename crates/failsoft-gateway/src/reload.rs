//! New settings while calls go on: all of a file, or nothing of it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use failsoft_config::{Problem, Settings, Severity};

use crate::alerts::Receivers;
use crate::door::Door;
use crate::gateway::{GatewayOptions, StartError, is_open_to_all};
use crate::state::State;

/// Where settings come from, and how the last reload went.
#[derive(Debug)]
pub(crate) struct Reloads {
    file: Option<PathBuf>,
    env: BTreeMap<String, String>,
    generation: AtomicU64,
    /// The text in force.
    text: Mutex<Option<Arc<str>>>,
    last: Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    /// Of the texts last read, whether they could be used or not.
    texts: Option<u64>,
    problems: Vec<String>,
    /// Where clients and operators connect, by the text last put in force.
    addresses: (SocketAddr, SocketAddr),
}

/// What a look at the settings' files came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reloaded {
    /// New settings are in force.
    InForce,
    /// They are as they were.
    Unchanged,
    /// They cannot be used; the old ones stay in force.
    Refused,
}

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Only if a text is another than the one last read.
    IfChanged,
    /// Whatever the texts are: keys come from the environment's files too.
    Always,
}

impl Reloads {
    /// Remembers what these settings were read from as known.
    pub(crate) fn new(options: &GatewayOptions, settings: &Settings) -> Self {
        let file = options.config_file.clone();
        let text = file.as_ref().map(|file| std::fs::read_to_string(file).unwrap_or_default());
        let in_force = text.clone().or_else(|| options.settings_text.clone());
        let last = Last {
            texts: text.map(|text| digest(&text, settings)),
            problems: Vec::new(),
            addresses: (settings.server.listen, settings.server.admin),
        };
        Self {
            file,
            env: options.env.clone(),
            generation: AtomicU64::new(1),
            text: Mutex::new(in_force.map(Into::into)),
            last: Mutex::new(last),
        }
    }

    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The text in force, if there is one.
    pub(crate) fn text(&self) -> Option<Arc<str>> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The environment that settings are read with.
    pub(crate) fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// Settings put in force since the start, the first ones included.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// What is wrong with the text last read, if anything is.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.last().problems.clone()
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at the settings' file, and at the client keys'; puts them in force if they changed and
/// can be used.
pub(crate) fn reload(state: &State, look: Look) -> Reloaded {
    let reloads = &state.reloads;
    let Some(file) = &reloads.file else { return Reloaded::Unchanged };
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            let problem = format!("cannot read {}: {error}", file.display());
            return refused(state, None, vec![problem]);
        }
    };
    let present = state.failsoft.settings();
    let texts = digest(&text, &present);
    if look == Look::IfChanged && reloads.last().texts == Some(texts) {
        return Reloaded::Unchanged;
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let settings = match failsoft_config::load(&text, folder, &reloads.env) {
        Ok(settings) => settings,
        Err(problems) => {
            let problems = problems.0.iter().filter(|problem| problem.severity == Severity::Error);
            return refused(state, Some(texts), problems.map(words).collect());
        }
    };
    put_in_force(state, settings, &text, &present)
}

fn put_in_force(state: &State, mut new: Settings, text: &str, present: &Settings) -> Reloaded {
    let texts = digest(text, &new);
    let written = (new.server.listen, new.server.admin);
    // The sockets stay the ones of the start.
    (new.server.listen, new.server.admin) = (present.server.listen, present.server.admin);
    if is_open_to_all(&new.server) {
        let problem = StartError::Public(new.server.listen).to_string();
        return refused(state, Some(texts), vec![problem]);
    }
    let door = match Door::open(&new) {
        Ok(door) => door,
        Err(problem) => return refused(state, Some(texts), vec![problem.to_string()]),
    };
    let receivers = match Receivers::new(&new) {
        Ok(receivers) => receivers,
        Err(problem) => return refused(state, Some(texts), vec![problem.to_string()]),
    };
    if let Err(error) = state.failsoft.reload(new) {
        return refused(state, Some(texts), vec![error.to_string()]);
    }
    let settings = state.failsoft.settings();
    state.metrics.adopt(&settings);
    state.incidents.adopt(&settings);
    state.alerts.adopt(receivers);
    if let Some(exporter) = &state.exporter {
        exporter.adopt(settings);
    }
    state.door.store(Arc::new(door));
    let generation = state.reloads.generation.fetch_add(1, Ordering::AcqRel) + 1;
    let in_force = Some(Arc::from(text));
    *state.reloads.text.lock().unwrap_or_else(PoisonError::into_inner) = in_force;
    let mut last = state.reloads.last();
    if last.addresses != written {
        tracing::warn!("new [server] listen and admin addresses are used after a restart");
    }
    *last = Last { texts: Some(texts), problems: Vec::new(), addresses: written };
    drop(last);
    tracing::info!(generation, "new settings are in force");
    tell_warnings(&state.failsoft.settings());
    Reloaded::InForce
}

/// What works, and may surprise.
pub(crate) fn tell_warnings(settings: &Settings) {
    for warning in &settings.warnings.0 {
        tracing::warn!("{}", words(warning));
    }
}

fn refused(state: &State, texts: Option<u64>, problems: Vec<String>) -> Reloaded {
    let mut last = state.reloads.last();
    if texts.is_none() && last.problems == problems {
        return Reloaded::Refused; // the same file is still missing: it was said
    }
    for problem in &problems {
        tracing::error!(%problem, "settings were not reloaded; the old ones stay in force");
    }
    (last.texts, last.problems) = (texts, problems);
    drop(last);
    state.metrics.reload_failed();
    Reloaded::Refused
}

fn words(problem: &Problem) -> String {
    let line = (problem.line > 0).then(|| format!("line {}: ", problem.line));
    let path = (!problem.path.is_empty()).then(|| format!("{}: ", problem.path));
    let hint = problem.hint.as_ref().map(|hint| format!(" ({hint})"));
    let or_nothing = Option::unwrap_or_default;
    format!("{}{}{}{}", or_nothing(line), or_nothing(path), problem.message, or_nothing(hint))
}

/// Stands for the texts of the settings' file and the client keys'.
fn digest(text: &str, settings: &Settings) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    if let Some(keys) = &settings.server.client_keys {
        std::fs::read(&keys.file).unwrap_or_default().hash(&mut hasher);
    }
    hasher.finish()
}
