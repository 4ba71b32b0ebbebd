//! What is handed over for the record.

use std::sync::Arc;

use failsoft_engine::{Event, FailureKind, Moment, Outcome, Price, TargetId, Usage, Verdict};

use crate::Trace;

/// Ties the engine's clock to the wall clock: both read at the same instant, once, at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// On the engine's clock.
    pub moment: Moment,
    /// Milliseconds since 1970 at that moment.
    pub unix_millis: i64,
}

/// The names behind the engine's numbers; one for each generation of settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// By route id.
    pub routes: Vec<String>,
    /// By target id.
    pub targets: Vec<TargetName>,
    /// By credential id: one of the targets that use it, to call it by.
    pub credentials: Vec<TargetId>,
}

/// The name of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TargetName {
    /// `provider/model`.
    pub name: String,
    /// The provider entry.
    pub provider: String,
    /// A fingerprint of the key, never the key.
    pub credential: String,
}

/// A call that has ended.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// Ties the moments to the wall clock.
    pub stamp: Stamp,
    /// The names behind the numbers.
    pub names: Arc<Names>,
    /// What the engine cannot know.
    pub facts: CallFacts,
    /// Everything that came to be, from `CallStarted` to `CallEnded`.
    pub events: Vec<(Moment, Event)>,
    /// What came over the wire, for the attempts that got that far.
    pub attempts: Vec<AttemptFacts>,
}

impl CallRecord {
    /// The target of a call that was served by its only attempt.
    #[must_use]
    pub fn served_at_once(&self) -> Option<TargetId> {
        let Some((_, Event::CallEnded { verdict: Verdict::Served { .. }, attempts: 1, .. })) =
            self.events.last()
        else {
            return None;
        };
        let mut ended = self.events.iter().rev().filter_map(|(_, event)| {
            let Event::AttemptEnded { target, outcome, .. } = event else { return None };
            Some((*target, outcome))
        });
        ended.next().filter(|(_, outcome)| matches!(outcome, Outcome::Succeeded(_))).map(|it| it.0)
    }
}

/// What the engine cannot know of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFacts {
    /// The id clients see.
    pub id: String,
    /// The model the client asked for.
    pub model: String,
    /// The client's dialect.
    pub dialect: &'static str,
    /// The client's SDK and version, from `user-agent`, cut short.
    pub client: Option<String>,
    /// How often the client had tried already.
    pub client_retries: u8,
    /// `x-failsoft-tag`.
    pub tag: Option<String>,
    /// The trace it belongs to, where calls are traced or the client sent one.
    pub trace: Option<Trace>,
    /// The request body's size in bytes.
    pub request_bytes: u64,
    /// Estimated tokens of the prompt; 0 where nobody looked.
    pub prompt_tokens: u32,
    /// The status the client got.
    pub status: u16,
}

/// What came over the wire of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttemptFacts {
    /// Which attempt.
    pub ordinal: u8,
    /// The model asked for at the target.
    pub model: String,
    /// The target's dialect, where the call was written anew in it.
    pub translated_to: Option<&'static str>,
    /// What the target's dialect has not and the call was sent without.
    pub left_out: Vec<&'static str>,
    /// The HTTP status, if one came.
    pub status: Option<u16>,
    /// The provider's own code or type.
    pub code: Option<String>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// The provider's words, secrets removed.
    pub words: Option<String>,
    /// Nanoseconds from the attempt's start to the connection, and to the head of the answer.
    pub connected_nanos: Option<u64>,
    /// See `connected_nanos`.
    pub headers_nanos: Option<u64>,
    /// Bytes of answer passed on to the client.
    pub delivered_bytes: u64,
    /// Malformed events of its stream that were left out.
    pub dropped_events: u16,
    /// Of an attempt that was to go on with a stream: the characters of the answer the client had.
    pub seam: Option<u64>,
    /// How it was asked to go on: `anew`, `prefill` or `asked`.
    pub onward: Option<&'static str>,
    /// Tokens it cost without a whole answer, as far as they are known.
    pub usage: Option<Usage>,
    /// What its model's tokens cost, if that is known.
    pub price: Option<Price>,
}

/// A change that belongs to no single call: a breaker, a throttle, a disabled key, a limit.
#[derive(Clone, Debug)]
pub struct StateRecord {
    /// Ties the moment to the wall clock.
    pub stamp: Stamp,
    /// The names behind the numbers.
    pub names: Arc<Names>,
    /// When.
    pub at: Moment,
    /// What.
    pub change: StateChange,
    /// Who did it, where an operator did: a fingerprint of the session, never its token.
    pub operator: Option<String>,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateChange {
    /// The engine said so.
    Came(Event),
    /// An operator let the gateway take no more calls.
    Drained,
    /// One kind of failure stands out at a target from here on.
    IncidentOpened {
        /// The target.
        target: TargetId,
        /// The kind of failure.
        kind: FailureKind,
    },
    /// It is over.
    IncidentClosed {
        /// The target.
        target: TargetId,
        /// The kind of failure.
        kind: FailureKind,
        /// Attempts that failed in it.
        failures: u32,
    },
}
