//! Client keys: who may use the gateway. The file holds hashes, never keys.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// What every client key begins with, so that a leaked one is recognised.
const PREFIX: &str = "fs-";
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const HEAD: &str = "\
# Written by `failsoft keys`. It holds hashes, not keys: a lost key cannot be read from here,
# only revoked and replaced. Without this file, or with another pepper, no key is valid.
";

/// The keys in a file, ready to be compared with.
#[derive(Clone)]
pub struct ClientKeyFile {
    path: PathBuf,
    pepper: [u8; 32],
    keys: Vec<ClientKey>,
}

/// What the file holds of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKey {
    /// Short, and unlike every other in the file.
    pub id: String,
    /// Given by the operator.
    pub name: String,
    /// When it was made, as RFC 3339.
    pub created: String,
    hash: [u8; 32],
}

/// Why a key file could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum ClientKeyError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file is none that `failsoft keys` wrote.
    #[error("{} is damaged: {reason}; restore it, or delete it and make new keys", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The name cannot be used.
    #[error("`{0}` cannot name a key: use up to 64 letters, digits, `-`, `_`, `.` and `@`")]
    BadName(String),
    /// The name is in use.
    #[error("there is already a key `{0}`: revoke it first, or choose another name")]
    Taken(String),
    /// There is no such key.
    #[error("there is no key `{0}`: `failsoft keys list` shows all")]
    Unknown(String),
    /// The system gave no random bytes.
    #[error("the system gives no random numbers: {0}")]
    NoRandomness(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    pepper: String,
    #[serde(default)]
    keys: Vec<WrittenKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    id: String,
    name: String,
    created: String,
    hash: String,
}

impl ClientKeyFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn load(path: &Path) -> Result<Self, ClientKeyError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ClientKeyError::Read { path: path.to_owned(), error })?;
        let damaged = |reason: String| ClientKeyError::Damaged { path: path.to_owned(), reason };
        let written: Written =
            toml::from_str(&text).map_err(|error| damaged(error.message().to_owned()))?;
        let pepper =
            from_hex(&written.pepper).ok_or_else(|| damaged("the pepper is unreadable".into()))?;
        let keys: Option<Vec<ClientKey>> = written.keys.into_iter().map(WrittenKey::read).collect();
        let keys = keys.ok_or_else(|| damaged("a hash is unreadable".into()))?;
        Ok(Self { path: path.to_owned(), pepper, keys })
    }

    /// Reads a file, or begins a new one if there is none. It is written with the first key.
    ///
    /// # Errors
    /// As [`load`](Self::load), and when there are no random numbers.
    pub fn load_or_begin(path: &Path) -> Result<Self, ClientKeyError> {
        match Self::load(path) {
            Err(ClientKeyError::Read { error, .. })
                if error.kind() == std::io::ErrorKind::NotFound =>
            {
                Ok(Self { path: path.to_owned(), pepper: random()?, keys: Vec::new() })
            }
            read => read,
        }
    }

    /// What is in it, in the order made.
    #[must_use]
    pub fn keys(&self) -> &[ClientKey] {
        &self.keys
    }

    /// Makes a key and writes the file. The key is in no other place than the answer.
    ///
    /// # Errors
    /// When the name is taken or unusable, or the file cannot be written.
    pub fn add(&mut self, name: &str, now: SystemTime) -> Result<SecretString, ClientKeyError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            return Err(ClientKeyError::BadName(name.escape_debug().to_string()));
        }
        let (_lock, mut next) = self.read_again()?;
        if next.keys.iter().any(|key| key.name == name || key.id == name) {
            return Err(ClientKeyError::Taken(name.to_owned()));
        }
        let (key, hash, id) = loop {
            let key = SecretString::from(format!("{PREFIX}{}", letters(&random()?)));
            let hash = next.hash(key.expose_secret());
            let id = hex(&hash[..4]);
            if next.keys.iter().all(|other| other.id != id && other.name != id) {
                break (key, hash, id);
            }
        };
        let created = jiff::Timestamp::try_from(now).unwrap_or_default();
        let created = created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        next.keys.push(ClientKey { id, name: name.to_owned(), created, hash });
        next.save()?;
        *self = next;
        Ok(key)
    }

    /// Takes a key out, by its name or id, and writes the file.
    ///
    /// # Errors
    /// When there is no such key, or the file cannot be written.
    pub fn revoke(&mut self, name_or_id: &str) -> Result<ClientKey, ClientKeyError> {
        let (_lock, mut next) = self.read_again()?;
        let found = next.keys.iter().position(|key| key.name == name_or_id || key.id == name_or_id);
        let index =
            found.ok_or_else(|| ClientKeyError::Unknown(name_or_id.escape_debug().to_string()))?;
        let key = next.keys.remove(index);
        next.save()?;
        *self = next;
        Ok(key)
    }

    /// The name of the key, if it is one of these. The time it takes does not depend on which.
    #[must_use]
    pub fn verify(&self, key: &str) -> Option<&str> {
        let hash = self.hash(key);
        let (mut index, mut found) = (0_u32, Choice::from(0));
        for (here, known) in (0_u32..).zip(&self.keys) {
            let same = known.hash.ct_eq(&hash);
            index.conditional_assign(&here, same);
            found |= same;
        }
        let known = self.keys.get(usize::try_from(index).ok()?)?;
        bool::from(found).then_some(known.name.as_str())
    }

    fn hash(&self, key: &str) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.pepper).expect("any length");
        mac.update(key.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// What is in the file now, and a lock that keeps others from changing it meanwhile. It is on
    /// the folder, because the file itself is replaced; where folders cannot be locked, none is held.
    fn read_again(&self) -> Result<(Option<File>, Self), ClientKeyError> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let lock = File::open(folder.unwrap_or(Path::new("."))).ok();
        let lock = lock.filter(|lock| lock.lock().is_ok());
        Ok((lock, Self::load_or_begin(&self.path)?))
    }

    /// Readers see the old file or the new one, and a crash leaves one of them.
    fn save(&self) -> Result<(), ClientKeyError> {
        let fault = |error| ClientKeyError::Write { path: self.path.clone(), error };
        let written = Written {
            pepper: hex(&self.pepper),
            keys: self.keys.iter().map(WrittenKey::write).collect(),
        };
        let text = toml::to_string(&written)
            .map_err(|error| fault(std::io::Error::other(error.to_string())))?;
        let mut beside = self.path.clone().into_os_string();
        beside.push(format!(".{}.new", std::process::id()));
        let written = write_private(Path::new(&beside), &format!("{HEAD}{text}"))
            .and_then(|()| std::fs::rename(&beside, &self.path));
        written.map_err(|error| {
            let _ = std::fs::remove_file(&beside);
            fault(error)
        })
    }
}

impl std::fmt::Debug for ClientKeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientKeyFile")
            .field("path", &self.path)
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

impl WrittenKey {
    fn read(self) -> Option<ClientKey> {
        let hash = from_hex(&self.hash)?;
        Some(ClientKey { id: self.id, name: self.name, created: self.created, hash })
    }

    fn write(key: &ClientKey) -> Self {
        Self {
            id: key.id.clone(),
            name: key.name.clone(),
            created: key.created.clone(),
            hash: hex(&key.hash),
        }
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn random() -> Result<[u8; 32], ClientKeyError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| ClientKeyError::NoRandomness(error.to_string()))?;
    Ok(bytes)
}

/// Base64 for URLs, without padding.
fn letters(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            let letter = (bits >> (18 - 6 * place)) & 63;
            text.push(char::from(LETTERS[letter as usize]));
        }
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, place) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(text.get(place..place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, ClientKeyFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = ClientKeyFile::load_or_begin(&folder.path().join("keys.toml")).unwrap();
        (folder, file)
    }

    #[test]
    fn a_key_is_known_until_it_is_revoked_and_no_other_ever() {
        let (_folder, mut file) = file();
        let one = file.add("one", SystemTime::UNIX_EPOCH).unwrap();
        let two = file.add("two", SystemTime::UNIX_EPOCH).unwrap();
        let read = ClientKeyFile::load(&file.path).unwrap();
        assert_eq!(read.keys(), file.keys());
        assert_eq!(read.verify(one.expose_secret()), Some("one"));
        assert_eq!(read.verify(two.expose_secret()), Some("two"));
        let cut = &one.expose_secret()[..one.expose_secret().len() - 1];
        for stranger in
            ["", "fs-", cut, &one.expose_secret().to_lowercase(), &hex(&file.keys[0].hash)]
        {
            assert_eq!(read.verify(stranger), None, "{stranger}");
        }
        file.revoke("one").unwrap();
        let read = ClientKeyFile::load(&file.path).unwrap();
        assert_eq!(read.verify(one.expose_secret()), None);
        assert_eq!(read.verify(two.expose_secret()), Some("two"));
        assert!(matches!(file.revoke("one"), Err(ClientKeyError::Unknown(_))));
    }

    #[test]
    fn the_file_holds_no_key_and_only_its_owner_reads_it() {
        let (_folder, mut file) = file();
        let key = file.add("one", SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(key.expose_secret().len(), PREFIX.len() + 43);
        let text = std::fs::read_to_string(&file.path).unwrap();
        assert!(!text.contains(key.expose_secret()));
        assert!(text.contains("1970-01-01T00:00:00Z"), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&file.path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let shown = format!("{file:?}");
        assert!(!shown.contains(&hex(&file.pepper)) && !shown.contains("pepper"), "{shown}");
    }

    #[test]
    fn two_who_make_keys_at_once_both_keep_theirs() {
        let (_folder, file) = file();
        let made: Vec<SecretString> = std::thread::scope(|scope| {
            let make = |name: String| {
                let mut file = file.clone();
                scope.spawn(move || file.add(&name, SystemTime::UNIX_EPOCH).unwrap())
            };
            let threads: Vec<_> = (0..8).map(|number| make(format!("key-{number}"))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let read = ClientKeyFile::load(&file.path).unwrap();
        for key in made {
            assert!(read.verify(key.expose_secret()).is_some());
        }
    }

    #[test]
    fn names_are_plain_and_used_once() {
        let (_folder, mut file) = file();
        file.add("team.search", SystemTime::UNIX_EPOCH).unwrap();
        for (name, taken) in [("team.search", true), ("", false), ("a b", false), ("a\n", false)] {
            let error = file.add(name, SystemTime::UNIX_EPOCH).unwrap_err();
            assert_eq!(matches!(error, ClientKeyError::Taken(_)), taken, "{error}");
        }
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_alone() {
        let (_folder, file) = file();
        for text in ["", "pepper = \"x\"", "no toml", "pepper = 1", "keys = []"] {
            std::fs::write(&file.path, text).unwrap();
            let read = ClientKeyFile::load_or_begin(&file.path);
            assert!(matches!(read, Err(ClientKeyError::Damaged { .. })), "{text}");
        }
    }

    #[test]
    fn letters_are_those_of_base64() {
        for (bytes, expected) in [
            (b"".as_slice(), ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"\xfb\xff", "-_8"),
        ] {
            assert_eq!(letters(bytes), expected);
        }
    }
}
