//! What an operator wants to hear of, and how it is told.

use bytes::Bytes;
use failsoft_config::AlertKind;
use failsoft_journal::Name;
use jiff::Timestamp;
use serde::Serialize;

/// The version of what is sent; a reader that knows it understands all later ones with the same.
const VERSION: u8 = 1;

/// Something that stands, or stood, out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Matter {
    pub(crate) subject: Subject,
    /// The kind of failure; of lost calls the latest.
    pub(crate) failure: Name,
    /// The first failure that belongs to it, in milliseconds since 1970.
    pub(crate) since_ms: i64,
    /// The last one; of a key, when it is tried again.
    pub(crate) until_ms: i64,
    /// Failed attempts.
    pub(crate) failures: u64,
    /// All attempts meanwhile.
    pub(crate) attempts: u64,
    /// Calls that got no real answer.
    pub(crate) lost: u64,
    /// What the failed attempts cost in billionths of a US dollar, as far as it is known.
    pub(crate) cost_nanos: Option<u64>,
}

/// What it is about; two matters with the same subject are the same matter, at two times.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// One kind of failure at one target.
    Incident { target: Name, failure: Name },
    /// A key that is out of use, called by a fingerprint and a target that uses it.
    Key { target: Name, credential: Name },
    /// Lost calls of a route.
    Lost { route: Name },
    /// Nothing: somebody wants to see an alert arrive.
    Test,
}

/// Which end of it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It begins.
    Opened,
    /// It is over.
    Closed,
}

/// Who tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Letterhead {
    /// What the gateway is called.
    pub(crate) gateway: String,
    /// Where people find the dashboard.
    pub(crate) dashboard: Option<String>,
}

/// An alert as it is sent: the same bytes with every attempt.
#[derive(Debug)]
pub(crate) struct Message {
    /// The same with every attempt, and no other alert's.
    pub(crate) id: String,
    /// The same when a matter opens and when it closes.
    pub(crate) episode: String,
    pub(crate) stage: Stage,
    pub(crate) weight: Weight,
    pub(crate) body: Bytes,
}

/// What is given up first when nobody takes alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// An incident, which the report still tells of.
    Plain,
    /// Somebody must act.
    Critical,
}

impl Subject {
    /// Its kind in the settings; `None` for a test, which everybody gets.
    pub(crate) const fn kind(&self) -> Option<AlertKind> {
        match self {
            Self::Incident { .. } => Some(AlertKind::Incident),
            Self::Key { .. } => Some(AlertKind::KeyDisabled),
            Self::Lost { .. } => Some(AlertKind::CallsLost),
            Self::Test => None,
        }
    }

    /// Whether its end is told.
    pub(crate) const fn closes(&self) -> bool {
        match self {
            Self::Incident { .. } | Self::Lost { .. } => true,
            Self::Key { .. } | Self::Test => false,
        }
    }

    const fn weight(&self) -> Weight {
        match self {
            Self::Incident { .. } => Weight::Plain,
            Self::Key { .. } | Self::Lost { .. } | Self::Test => Weight::Critical,
        }
    }
}

impl Matter {
    /// The alert that tells of it, by the name it was first told by.
    pub(crate) fn message(&self, stage: Stage, head: &Letterhead, episode: String) -> Message {
        let id = format!("{episode}-{}", stage.as_str());
        let body = Body::new(self, stage, head, (&id, &episode));
        // A struct of texts and numbers can always be written.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        Message { id, episode, stage, weight: self.subject.weight(), body: body.into() }
    }

    /// Names it: whoever sees the same matter begin at the same time gives it the same name.
    pub(crate) fn episode(&self, head: &Letterhead) -> String {
        use sha2::{Digest as _, Sha256};
        let said = format!("{:?}", (&head.gateway, &self.subject, self.since_ms));
        Sha256::digest(said).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A sentence for people.
    fn sentence(&self, stage: Stage) -> String {
        let (since, until) = (clock(self.since_ms), clock(self.until_ms));
        let Self { failures, attempts, lost, failure, .. } = self;
        match (&self.subject, stage) {
            (Subject::Incident { target, .. }, Stage::Opened) => format!(
                "{target}: {failure} since {since}, {failures} of {attempts} attempts failed so \
                 far, {lost} calls lost"
            ),
            (Subject::Incident { target, .. }, Stage::Closed) => format!(
                "{target}: {failure} is over, {since} to {until}, {failures} of {attempts} \
                 attempts failed, {lost} calls lost"
            ),
            (Subject::Key { target, credential }, Stage::Opened | Stage::Closed) => format!(
                "a key of {target} ({credential}) is out of use: {failure}; it is tried again at \
                 {until}"
            ),
            (Subject::Lost { route }, Stage::Opened) => format!(
                "calls to {route} get no real answer since {since}, {lost} lost so far: {failure}"
            ),
            (Subject::Lost { route }, Stage::Closed) => format!(
                "calls to {route} are no longer lost: {lost} got no real answer, {since} to {until}"
            ),
            (Subject::Test, Stage::Opened | Stage::Closed) => {
                "a test: alerts from here arrive".to_owned()
            }
        }
    }
}

impl Stage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
        }
    }
}

/// The document, as `docs/alerts.md` describes it.
#[derive(Serialize)]
struct Body<'a> {
    version: u8,
    id: &'a str,
    episode: &'a str,
    kind: &'static str,
    state: &'static str,
    gateway: &'a str,
    text: String,
    target: Option<&'a str>,
    route: Option<&'a str>,
    credential: Option<&'a str>,
    failure: Option<&'a str>,
    since: String,
    until: Option<String>,
    failures: u64,
    attempts: u64,
    calls_lost: u64,
    cost_usd: Option<f64>,
    dashboard: Option<&'a str>,
}

impl<'a> Body<'a> {
    fn new(
        matter: &'a Matter,
        stage: Stage,
        head: &'a Letterhead,
        (id, episode): (&'a str, &'a str),
    ) -> Self {
        let (mut target, mut route, mut credential) = (None, None, None);
        match &matter.subject {
            Subject::Incident { target: name, .. } => target = Some(&**name),
            Subject::Key { target: name, credential: key } => {
                (target, credential) = (Some(&**name), Some(&**key));
            }
            Subject::Lost { route: name } => route = Some(&**name),
            Subject::Test => {}
        }
        let has_end = stage == Stage::Closed || matches!(matter.subject, Subject::Key { .. });
        #[expect(clippy::cast_precision_loss, reason = "a sum for people")]
        let dollars = |nanos: u64| nanos as f64 / 1e9;
        Self {
            version: VERSION,
            id,
            episode,
            kind: matter.subject.kind().map_or("test", AlertKind::as_str),
            state: stage.as_str(),
            gateway: &head.gateway,
            text: matter.sentence(stage),
            target,
            route,
            credential,
            failure: Some(&*matter.failure).filter(|failure| !failure.is_empty()),
            since: moment(matter.since_ms),
            until: has_end.then(|| moment(matter.until_ms)),
            failures: matter.failures,
            attempts: matter.attempts,
            calls_lost: matter.lost,
            cost_usd: matter.cost_nanos.map(dollars),
            dashboard: head.dashboard.as_deref(),
        }
    }
}

/// As RFC 3339 writes it, in UTC.
fn moment(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).unwrap_or_default().to_string()
}

/// For people.
fn clock(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).unwrap_or_default().strftime("%H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident() -> Matter {
        let (target, failure): (Name, Name) = ("aurora/aurora-large".into(), "overloaded".into());
        Matter {
            subject: Subject::Incident { target, failure: failure.clone() },
            failure,
            since_ms: 1_796_047_320_000,
            until_ms: 1_796_049_060_500,
            failures: 212,
            attempts: 900,
            lost: 0,
            cost_nanos: Some(1_250_000_000),
        }
    }

    fn read(message: &Message) -> serde_json::Value {
        serde_json::from_slice(&message.body).unwrap()
    }

    #[test]
    fn the_document_says_what_happened() {
        let dashboard = Some("https://failsoft.example".to_owned());
        let head = Letterhead { gateway: "eu-1".to_owned(), dashboard };
        let [opened, closed] = [Stage::Opened, Stage::Closed]
            .map(|stage| incident().message(stage, &head, incident().episode(&head)));
        let expected = serde_json::json!({
            "version": 1, "id": closed.id, "episode": closed.episode,
            "kind": "incident", "state": "closed", "gateway": "eu-1",
            "text": "aurora/aurora-large: overloaded is over, 14:02:00 UTC to 14:31:00 UTC, \
                     212 of 900 attempts failed, 0 calls lost",
            "target": "aurora/aurora-large", "route": null, "credential": null,
            "failure": "overloaded",
            "since": "2026-11-30T14:02:00Z", "until": "2026-11-30T14:31:00.5Z",
            "failures": 212, "attempts": 900, "calls_lost": 0, "cost_usd": 1.25,
            "dashboard": "https://failsoft.example",
        });
        assert_eq!(read(&closed), expected);
        assert_eq!(opened.episode, closed.episode);
        assert_ne!(opened.id, closed.id);
        assert_eq!(read(&opened)["until"], serde_json::Value::Null);
    }

    #[test]
    fn a_matter_that_begins_anew_has_another_name() {
        let head = Letterhead::default();
        let name = |matter: &Matter| matter.episode(&head);
        let (first, mut grown, mut later) = (incident(), incident(), incident());
        (grown.failures, later.since_ms) = (1, first.since_ms + 1);
        assert_eq!(name(&first), name(&grown));
        assert_ne!(name(&first), name(&later));
    }

    #[test]
    fn every_subject_has_its_words_in_each_stage() {
        let subjects = [
            Subject::Key { target: "aurora/a".into(), credential: "ab12cd34".into() },
            Subject::Lost { route: "assistant".into() },
            Subject::Test,
        ];
        for subject in subjects {
            let matter = Matter { subject, ..incident() };
            for stage in [Stage::Opened, Stage::Closed] {
                let message = matter.message(stage, &Letterhead::default(), String::new());
                let text = read(&message)["text"].as_str().unwrap().to_owned();
                assert!(text.len() > 20 && !text.ends_with('.'), "{text}");
                assert_eq!(message.weight, Weight::Critical);
            }
        }
    }
}
