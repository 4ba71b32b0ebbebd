//! `[journal]`.

use secrecy::{ExposeSecret, SecretString};

use super::Surroundings;
use super::keys::{Found, Need, from_file, from_variable};
use crate::Journal;
use crate::choice::Short;
use crate::report::{At, say};
use crate::spec::{JournalSpec, UrlSpec};

/// Less than this an empty file already takes, with its log beside it.
const SMALLEST: usize = 1_000_000;

pub(crate) fn check(spec: &JournalSpec, at: &At<'_>, around: Surroundings<'_>) -> Journal {
    if spec.path.is_empty() {
        at.key("path")
            .error(say("the path is empty").hint("write `enabled = false` to keep no record"));
    }
    if spec.keep.0.is_zero() {
        at.key("keep").error(
            say("rows that are kept for 0s are no record").hint("write `enabled = false` instead"),
        );
    }
    if spec.max_size.0 < SMALLEST {
        at.key("max_size").error(
            say("a record of that size holds next to nothing").hint("write \"1MB\" or more"),
        );
    }
    if spec.url.is_some() && at.key("path").is_written() {
        at.key("path").error(
            say("the record is kept in a file or in a database, not in both")
                .hint("leave out `path` or `url`"),
        );
    }
    let url = spec.url.as_ref().filter(|_| spec.enabled);
    let url = url.and_then(|url| read_url(url, &at.key("url"), around));
    Journal {
        path: (spec.enabled && spec.url.is_none()).then(|| around.path(&spec.path)),
        url,
        keep: spec.keep.0,
        max_size: spec.max_size.0 as u64,
        sync: spec.sync,
    }
}

/// The address of a database; its words are never repeated, since a password may be among them.
fn read_url(spec: &UrlSpec, at: &At<'_>, around: Surroundings<'_>) -> Option<SecretString> {
    let found = match spec {
        Short::Text(text) => {
            if text.contains('@') && has_password(text) && !at.is_variable() {
                at.warn(
                    say("the password itself stands in the file, where others may read it")
                        .hint("write { env = \"NAME\" } or { file = \"PATH\" }"),
                );
            }
            Found::Key(SecretString::from(text.as_str()))
        }
        Short::Table(place) => match (&place.env, &place.file) {
            (Some(name), None) => from_variable(name, Need::Used, &at.key("env"), around),
            (None, Some(file)) => from_file(&around.path(file), Need::Used, &at.key("file")),
            (None, None) if at.has_errors_below() => Found::Missing,
            (Some(_), Some(_)) | (None, None) => {
                at.error(
                    say("it does not say in which one place the address is")
                        .hint("write { env = \"NAME\" } or { file = \"PATH\" }"),
                );
                Found::Missing
            }
        },
    };
    let url = match found {
        Found::Key(url) => url,
        Found::NoKey | Found::Missing => return None,
    };
    let known = ["postgres://", "postgresql://"];
    if known.iter().any(|scheme| url.expose_secret().starts_with(scheme)) {
        return Some(url);
    }
    at.error(
        say("this is no address of a database").hint("write \"postgres://USER@HOST/DATABASE\""),
    );
    None
}

fn has_password(url: &str) -> bool {
    let address = url.split_once("://").map_or(url, |(_, address)| address);
    let person = address.rsplit_once('@').map_or("", |(person, _)| person);
    person.split_once(':').is_some_and(|(_, password)| !password.is_empty())
}
