//! What is known of a provider before the first call.

use failsoft_wire::{Dialect, Flaw};

use crate::classify::rule::Quirks;
use crate::classify::{self, Answer, Reading};
use crate::flaw;

/// A company's service, or a kind of server people run themselves.
#[derive(Debug)]
pub struct Provider {
    /// The name used in settings, e.g. the part before the slash of a target.
    pub id: &'static str,
    /// What it speaks.
    pub dialect: Dialect,
    /// Where it is, as its SDK takes it: with `/v1` for `chat_completions`, without for
    /// `messages`. `None` where every account has its own address.
    pub base_url: Option<&'static str>,
    /// How its key is sent, if there is one.
    pub auth: Auth,
    /// The environment variable its SDK reads the key from. `None` for servers that need no key.
    pub key_env: Option<&'static str>,
    /// Headers it wants on every request unless the client sent its own.
    pub default_headers: &'static [(&'static str, &'static str)],
    /// What this provider alone says.
    pub(crate) quirks: Quirks,
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// This header holds the key alone.
    Header(&'static str),
    /// There is no key.
    None,
}

impl Provider {
    /// The path to append to a base URL of its form, e.g. `/chat/completions` after `…/v1`.
    #[must_use]
    pub const fn endpoint(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::ChatCompletions => "/chat/completions",
            Dialect::Messages => "/v1/messages",
        }
    }

    /// Reads a failure: a status of 400 or more, an error inside a 200, or one in a stream.
    ///
    /// The order of the rules is fixed: is it what the wire promises, exact codes, quota before
    /// rate, context before size, content, credentials, models, overload, and the status last.
    #[must_use]
    pub fn read_failure(&self, answer: &Answer<'_>) -> Reading {
        classify::read(answer, &self.quirks)
    }

    /// Reads what the wire found wrong with a 200; `answer` holds the body, or what came last.
    ///
    /// An error object is read as [`Self::read_failure`] reads it; any other flaw has a stable
    /// code: `empty_answer`, `truncated`, `no_end`, `not_json`, `html`, `wrong_shape`,
    /// `broken_off`, `invalid_tool_arguments`.
    #[must_use]
    pub fn read_flaw(&self, flaw: &Flaw, answer: &Answer<'_>) -> Reading {
        flaw::read(flaw, answer, &self.quirks)
    }
}
