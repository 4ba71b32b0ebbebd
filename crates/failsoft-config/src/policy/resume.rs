//! Resume, as written.

use std::collections::BTreeMap;

use failsoft_engine::policy::Resume;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::degrade::check_texts;
use crate::report::{At, say};
use crate::{END, Texts};

/// What is done when a stream breaks off after content went to the client.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ResumeSpec {
    /// Whether the answer goes on from a target. Where not, it ends with an error.
    enabled: bool,
    /// Continuations of one call at most. They are not among `retry.max_attempts`.
    #[schemars(range(max = 5))]
    max: u8,
    /// By language (`en`, `pt-BR`), what a target is told that cannot be given the beginning of an
    /// answer; `{end}` stands for the last words the client has. Common languages are built in.
    instruction: BTreeMap<String, String>,
}

impl Default for ResumeSpec {
    fn default() -> Self {
        let resume = Resume::default();
        Self { enabled: resume.max > 0, max: resume.max, instruction: BTreeMap::new() }
    }
}

impl ResumeSpec {
    pub(crate) fn check(self, at: &At<'_>) -> (Resume, Texts) {
        let here = at.key("instruction");
        check_texts(&self.instruction, &here);
        for (language, text) in &self.instruction {
            check_places(text, &here.key(language));
        }
        let max = if self.enabled { self.max } else { 0 };
        (Resume { max }, Texts(self.instruction))
    }
}

/// A target that is not told where to go on begins anew, and its answer fits nowhere.
fn check_places(text: &str, at: &At<'_>) {
    for name in places(text).filter(|name| *name != END) {
        at.error(
            say(format!("`{name}` stands for nothing"))
                .hint(format!("`{END}` is the only one there is: the answer's last words")),
        );
    }
    if !text.trim().is_empty() && !text.contains(END) {
        at.error(
            say(format!("the text has no place for the answer's last words, `{END}`"))
                .hint(format!("write it as: … ended with \"{END}\" …")),
        );
    }
}

/// What looks like a place for something, with its braces.
fn places(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('{').filter_map(|(start, _)| {
        let length = text[start..].find('}')?;
        let place = &text[start..=start + length];
        let name = &place[1..length];
        let is_name =
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte));
        is_name.then_some(place)
    })
}
