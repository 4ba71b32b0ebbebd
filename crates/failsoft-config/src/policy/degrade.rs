//! Degrade, as written.

use std::collections::BTreeMap;

use failsoft_engine::policy::Degrade;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Texts;
use crate::report::{At, say};

/// What is answered when nothing else can be.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DegradeSpec {
    /// By language (`en`, `pt-BR`), a text that is answered as an assistant message. Off unless
    /// set.
    reply: BTreeMap<String, String>,
    /// By language, the words of errors, when no reply is set. Common languages are built in.
    message: BTreeMap<String, String>,
}

impl DegradeSpec {
    pub(crate) fn check(self, at: &At<'_>) -> (Degrade, Texts, Texts) {
        check_texts(&self.reply, &at.key("reply"));
        check_texts(&self.message, &at.key("message"));
        let degrade = Degrade { reply: !self.reply.is_empty() };
        (degrade, Texts(self.reply), Texts(self.message))
    }
}

pub(super) fn check_texts(texts: &BTreeMap<String, String>, at: &At<'_>) {
    for (language, text) in texts {
        let here = at.key(language);
        let subtags = language.split('-');
        let is_tag = subtags.clone().all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }) && subtags.clone().next().is_some_and(|first| {
            (2..=3).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        });
        if !is_tag {
            here.error(
                say(format!("`{}` is no language tag", language.escape_debug()))
                    .hint("write \"en\", \"de\" or \"pt-BR\""),
            );
        }
        if text.trim().is_empty() {
            here.error(say("the text is empty").hint("leave the language out instead"));
        }
    }
}
