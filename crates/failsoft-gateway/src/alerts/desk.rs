//! What one receiver is told, and what it is spared: too small, not asked for, or just told.

use std::collections::BTreeMap;

use failsoft_config::Webhook;

use super::matter::{Letterhead, Matter, Subject};

/// What one receiver was told.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// Matters it was told of and that are not over, each by the name it was told by: when a
    /// matter began may be known better at its end.
    told: BTreeMap<Subject, String>,
    /// When it was told last of matters that are over.
    rested: BTreeMap<Subject, i64>,
}

impl Desk {
    /// The name of the matter, if it is to be told now that it stands. Asked again and again while
    /// it does.
    pub(crate) fn stands(
        &mut self,
        (rules, head): (&Webhook, &Letterhead),
        matter: &Matter,
        now_ms: i64,
    ) -> Option<String> {
        let subject = &matter.subject;
        let asked_for = subject.kind().is_none_or(|kind| rules.on.contains(&kind));
        let large = match subject {
            Subject::Incident { .. } => matter.failures >= rules.min_failures,
            Subject::Lost { .. } => matter.lost >= rules.min_lost,
            Subject::Key { .. } | Subject::Test => true,
        };
        if !asked_for
            || !large
            || self.told.contains_key(subject)
            || self.rests(rules, subject, now_ms)
        {
            return None;
        }
        let episode = matter.episode(head);
        if subject.closes() {
            self.told.insert(subject.clone(), episode.clone());
        } else {
            self.rested.insert(subject.clone(), now_ms);
        }
        Some(episode)
    }

    /// The name it heard of a matter by, if it is to be told that it is over: only if it heard of
    /// it.
    pub(crate) fn over(
        &mut self,
        rules: &Webhook,
        subject: &Subject,
        now_ms: i64,
    ) -> Option<String> {
        let cooldown = millis(rules);
        self.rested.retain(|_, since| now_ms.saturating_sub(*since) < cooldown);
        let episode = self.told.remove(subject)?;
        self.rested.insert(subject.clone(), now_ms);
        Some(episode)
    }

    fn rests(&self, rules: &Webhook, subject: &Subject, now_ms: i64) -> bool {
        let since = self.rested.get(subject);
        since.is_some_and(|since| now_ms.saturating_sub(*since) < millis(rules))
    }
}

fn millis(rules: &Webhook) -> i64 {
    i64::try_from(rules.cooldown.as_millis()).unwrap_or(i64::MAX)
}
