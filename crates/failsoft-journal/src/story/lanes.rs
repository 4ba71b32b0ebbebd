//! What each attempt did when: the same for a terminal and for a page that draws it.

use serde::Serialize;

use super::StoryAttempt;

/// An attempt on the time line. Times count from the call's start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lane {
    /// Which attempt; the first is 0.
    pub ordinal: u64,
    /// Where it went.
    pub target: Option<String>,
    /// `first`, `retry`, `failover`, `patience`, `hedge` or `resume`.
    pub why: Option<String>,
    /// `succeeded`, `failed` or `cancelled`.
    pub outcome: Option<String>,
    /// When its content began to go to the client.
    pub committed_ms: Option<f64>,
    /// What it did, without gaps.
    pub segments: Vec<Segment>,
}

/// A part of a time line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Segment {
    /// What went on.
    pub kind: SegmentKind,
    /// From when.
    pub start_ms: f64,
    /// Until when.
    pub end_ms: f64,
}

/// What goes on in a part of a time line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    /// The connection is being made.
    Connecting,
    /// The request is sent, and no content is here.
    Waiting,
    /// Content comes, and is held back.
    Held,
    /// Content comes and goes to the client.
    Content,
    /// Content comes that goes to nobody.
    Unused,
    /// The call waits, and no attempt is on its way.
    Pause,
}

impl Lane {
    pub(super) fn of(attempt: &StoryAttempt) -> Self {
        let start = attempt.started_ms.unwrap_or_default();
        let end = start + attempt.took_ms.unwrap_or_default();
        let since = |ms: Option<f64>| ms.map(|ms| (start + ms).clamp(start, end));
        let connected = since(attempt.connected_ms);
        let first = since(attempt.first_content_ms);
        let committed = attempt.committed_ms.map(|ms| ms.clamp(start, end));
        // A connection that was kept is there at once.
        let sent = connected.or(first).unwrap_or(if attempt.phase.as_deref() == Some("connect") {
            end
        } else {
            start
        });
        let content = first.or(committed).unwrap_or(end);
        let (held, passed) = match committed {
            Some(committed) => (SegmentKind::Held, committed),
            None => (SegmentKind::Unused, end),
        };
        let ends = [
            (SegmentKind::Connecting, sent),
            (SegmentKind::Waiting, content),
            (held, passed),
            (SegmentKind::Content, end),
        ];
        let mut segments = Vec::new();
        let mut at = start;
        for (kind, until) in ends {
            let until = until.max(at);
            if until > at {
                segments.push(Segment { kind, start_ms: round(at), end_ms: round(until) });
            }
            at = until;
        }
        Self {
            ordinal: attempt.ordinal,
            target: attempt.target.clone(),
            why: attempt.why.clone(),
            outcome: attempt.outcome.clone(),
            committed_ms: attempt.committed_ms,
            segments,
        }
    }
}

pub(super) fn round(ms: f64) -> f64 {
    (ms * 1_000.0).round() / 1_000.0
}
