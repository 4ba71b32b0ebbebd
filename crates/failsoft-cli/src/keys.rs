//! `failsoft keys`: client keys.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use failsoft_config::Source;
use failsoft_config::client_keys::{ClientKey, ClientKeyError, ClientKeyFile};
use secrecy::ExposeSecret as _;
use serde_json::{Value as Json, json};

use crate::settings::{BAD_USAGE, FAILED, SettingsArgs, environment, print, print_json};

/// Where keys are kept when the settings do not say it.
const USUAL: &str = "client-keys.toml";

/// What `keys` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    settings: SettingsArgs,
    /// The file of keys [default: the one the settings name, else client-keys.toml beside them].
    #[arg(long, value_name = "FILE", global = true)]
    file: Option<PathBuf>,
    /// Print one machine-readable document.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make a key. It is shown once.
    Create {
        /// Whose it is.
        name: String,
    },
    /// List the keys.
    List,
    /// Take a key out; it is refused from the next reload on.
    Revoke {
        /// Its name or id.
        name: String,
    },
}

/// Does it.
pub(crate) fn run(args: &KeysArgs) -> ExitCode {
    let (file, named) = match find_file(args) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let done = match &args.what {
        What::Create { name } => create(&file, name, args.json).inspect(|()| {
            if !named {
                eprintln!("to ask clients for it, write in [server]: client_keys = {{ file = \"{USUAL}\" }}");
            }
        }),
        What::List => list(&file, args.json),
        What::Revoke { name } => revoke(&file, name, args.json),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(code_of(&error))
        }
    }
}

const fn code_of(error: &ClientKeyError) -> u8 {
    match error {
        ClientKeyError::BadName(_) => BAD_USAGE,
        ClientKeyError::Read { .. }
        | ClientKeyError::Write { .. }
        | ClientKeyError::Damaged { .. }
        | ClientKeyError::Taken(_)
        | ClientKeyError::Unknown(_)
        | ClientKeyError::NoRandomness(_) => FAILED,
    }
}

/// The file, and whether anybody named it. Keys can be made before the settings are good.
fn find_file(args: &KeysArgs) -> Result<(PathBuf, bool), ExitCode> {
    if let Some(file) = &args.file {
        return Ok((file.clone(), true));
    }
    let env = environment();
    let source = match (Source::find(args.settings.config.as_deref(), &env), &args.settings.config)
    {
        (Ok(source), _) => source,
        (Err(_), None) => return Ok((PathBuf::from(USUAL), false)),
        (Err(error), Some(_)) => {
            eprintln!("error: {error}");
            return Err(ExitCode::from(BAD_USAGE));
        }
    };
    let named = source.client_keys_file(&env);
    let is_named = named.is_some();
    Ok((named.unwrap_or_else(|| source.folder.join(USUAL)), is_named))
}

fn create(file: &Path, name: &str, json: bool) -> Result<(), ClientKeyError> {
    let mut keys = ClientKeyFile::load_or_begin(file)?;
    let secret = keys.add(name, SystemTime::now())?;
    let made = keys.keys().last();
    if json {
        let mut document = made.map_or(Json::Null, document);
        document["key"] = secret.expose_secret().into();
        document["file"] = file.display().to_string().into();
        print_json(&document);
    } else {
        eprintln!("the key of {name}, shown this once; its hash is in {}:", file.display());
        print(secret.expose_secret());
    }
    Ok(())
}

fn list(file: &Path, json: bool) -> Result<(), ClientKeyError> {
    let keys = ClientKeyFile::load_or_begin(file)?;
    if json {
        print_json(&json!({
            "file": file.display().to_string(),
            "keys": keys.keys().iter().map(document).collect::<Vec<_>>(),
        }));
    } else if keys.keys().is_empty() {
        eprintln!("there are no keys in {}; make one: failsoft keys create NAME", file.display());
    } else {
        let width = keys.keys().iter().map(|key| key.name.len()).max().unwrap_or(0).max(4);
        let mut table = format!("{:width$}  {:8}  CREATED\n", "NAME", "ID");
        for key in keys.keys() {
            table.push_str(&format!("{:width$}  {:8}  {}\n", key.name, key.id, key.created));
        }
        print(&table);
    }
    Ok(())
}

fn revoke(file: &Path, name: &str, json: bool) -> Result<(), ClientKeyError> {
    let mut keys = ClientKeyFile::load_or_begin(file)?;
    let gone = keys.revoke(name)?;
    if json {
        print_json(&document(&gone));
    } else {
        eprintln!("revoked {} ({}) in {}", gone.name, gone.id, file.display());
    }
    Ok(())
}

fn document(key: &ClientKey) -> Json {
    json!({ "id": key.id, "name": key.name, "created": key.created })
}
