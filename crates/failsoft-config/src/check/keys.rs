//! Where the keys of a provider are, and what they are.

use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::Surroundings;
use crate::choice::Short;
use crate::nearest::nearest;
use crate::report::{At, Words, say};
use crate::spec::KeySpec;

/// A key's worth of text; a longer file is not a key file.
const LONGEST_KEY: u64 = 16 * 1024;

/// How a missing key is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// A route needs the provider.
    Used,
    /// Nothing but the name `provider/model` leads to it.
    Unused,
}

impl Need {
    fn tell(self, at: &At<'_>, words: Words) {
        match self {
            Self::Used => at.error(words),
            Self::Unused => at.warn(words),
        }
    }
}

/// What a written key turned out to be.
pub(super) enum Found {
    Key(SecretString),
    /// The server takes none.
    NoKey,
    /// It was reported.
    Missing,
}

/// Reads one `api_key`.
pub(super) fn read(spec: &KeySpec, need: Need, at: &At<'_>, around: Surroundings<'_>) -> Found {
    match spec {
        Short::Text(text) if text == "none" => Found::NoKey,
        Short::Text(text) => {
            if !text.is_empty() && !at.is_variable() {
                at.warn(
                    say("the key itself stands in the file, where others may read it")
                        .hint("write { env = \"NAME\" } or { file = \"PATH\" }"),
                );
            }
            checked(text, "the key", at)
        }
        Short::Table(place) => match (&place.env, &place.file) {
            (Some(name), None) => from_variable(name, need, &at.key("env"), around),
            (None, Some(file)) => from_file(&around.path(file), need, &at.key("file")),
            (Some(_), Some(_)) => {
                at.error(
                    say("the key cannot come from a variable and a file").hint("leave one out"),
                );
                Found::Missing
            }
            (None, None) if at.has_errors_below() => Found::Missing,
            (None, None) => {
                at.error(
                    say("it does not say where the key is")
                        .hint("write { env = \"NAME\" } or { file = \"PATH\" }"),
                );
                Found::Missing
            }
        },
    }
}

/// Reads a key from an environment variable.
pub(super) fn from_variable(
    name: &str,
    need: Need,
    at: &At<'_>,
    around: Surroundings<'_>,
) -> Found {
    let shown = name.escape_debug();
    match around.env.get(name).map(|value| value.trim()) {
        Some("") => {
            need.tell(at, say(format!("the environment variable `{shown}` is empty")));
            Found::Missing
        }
        Some(value) => checked(value, &format!("the environment variable `{shown}`"), at),
        None => {
            let near = nearest(name, around.env.keys().map(String::as_str));
            let hint = near.map_or_else(
                || format!("set it: export {shown}=…"),
                |near| format!("did you mean `{near}`? Or set it: export {shown}=…"),
            );
            need.tell(at, say(format!("the environment variable `{shown}` is not set")).hint(hint));
            Found::Missing
        }
    }
}

/// A key pair for signing, from the variables every tool that signs reads it from.
pub(super) fn pair_from_variables(at: &At<'_>, around: Surroundings<'_>) -> Option<Found> {
    let value = |name: &str| {
        around.env.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    };
    let [id, secret, token] = failsoft_provider::sign::KEY_PAIR;
    let pair = [Some(value(id)?), Some(value(secret)?), value(token)];
    let key = pair.into_iter().flatten().collect::<Vec<_>>().join(":");
    Some(checked(&key, &format!("the key pair in `{id}` and `{secret}`"), at))
}

/// Reads a key from a file that holds nothing else.
pub(super) fn from_file(path: &Path, need: Need, at: &At<'_>) -> Found {
    let shown = path.display();
    let text = match std::fs::metadata(path) {
        Ok(data) if data.len() > LONGEST_KEY => {
            at.error(say(format!("{shown} is too large for a key")));
            return Found::Missing;
        }
        Ok(data) => {
            warn_of_open_file(&data, path, at);
            std::fs::read_to_string(path)
        }
        Err(error) => Err(error),
    };
    match text {
        Ok(text) if text.trim().is_empty() => {
            need.tell(at, say(format!("{shown} is empty")));
            Found::Missing
        }
        Ok(text) => checked(text.trim(), &shown.to_string(), at),
        Err(error) => {
            need.tell(at, say(format!("{shown} cannot be read: {error}")));
            Found::Missing
        }
    }
}

#[cfg(unix)]
fn warn_of_open_file(data: &std::fs::Metadata, path: &Path, at: &At<'_>) {
    use std::os::unix::fs::PermissionsExt;
    if data.permissions().mode() & 0o077 != 0 {
        let shown = path.display();
        at.warn(
            say(format!("other users of this machine may read {shown}"))
                .hint(format!("chmod 600 {shown}")),
        );
    }
}

#[cfg(not(unix))]
fn warn_of_open_file(_: &std::fs::Metadata, _: &Path, _: &At<'_>) {}

/// A key goes out as a header's value.
fn checked(key: &str, whose: &str, at: &At<'_>) -> Found {
    if key.is_empty() {
        at.error(
            say(format!("{whose} is empty")).hint("write \"none\" if the server takes no key"),
        );
        return Found::Missing;
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        at.error(say(format!("{whose} holds spaces, line breaks or other signs no key has")));
        return Found::Missing;
    }
    Found::Key(SecretString::from(key))
}

/// Eight letters that tell keys apart in records and tell nothing of them.
pub(crate) fn fingerprint(key: &SecretString) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(b"failsoft credential").expect("any length");
    mac.update(key.expose_secret().as_bytes());
    mac.finalize().into_bytes().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
