//! The faults, their names, and what each does to an answer.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::span;

/// One way to answer, mostly a bad one. Written and read by its name, as in [`FAULTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A proper answer.
    Healthy,
    /// A proper answer that calls a tool.
    Tools,
    /// A proper answer that calls two tools.
    TwoTools,
    /// A proper answer that says some words and then calls two tools.
    TextTools,
    /// A proper answer to a prompt that was partly cached.
    Cached,
    /// A proper answer in which the model declines.
    Refusal,
    /// A proper answer cut short by `max_tokens`.
    Length,
    /// An HTTP error with the imitated provider's body and headers.
    Status {
        /// The status, 400 to 599.
        status: u16,
        /// What `Retry-After` says; the header is absent without it.
        retry_after: Option<Duration>,
    },
    /// An HTTP error about something in particular.
    Trouble(Trouble),
    /// A TCP reset before any byte.
    Reset,
    /// An orderly close before any byte.
    Close,
    /// Bytes that are not HTTP.
    Garbage,
    /// Nothing at all.
    Silent,
    /// Headers at once, the first token late.
    Slow(Duration),
    /// Nothing until then, then a proper answer.
    Late(Duration),
    /// Proper, with this pause before each token.
    SlowTokens(Duration),
    /// Headers, then keep-alives only.
    PingsOnly,
    /// Headers, some keep-alives, and a proper HTTP end.
    PingsEnd,
    /// Headers and the frames that announce an answer, then nothing.
    RoleOnly,
    /// So many tokens, then silence on an open connection.
    Stall {
        /// Tokens before the silence.
        after: usize,
        /// How long it lasts before the connection is closed.
        lasting: Duration,
    },
    /// So many tokens, then closed without the terminating chunk.
    Cut(usize),
    /// So many tokens and half of the next event, inside a character if it has wide ones, then closed.
    CutInside(usize),
    /// So many tokens, then a TCP reset.
    ResetAfter(usize),
    /// So many tokens, then a proper HTTP end without a finish.
    End(usize),
    /// So many tokens, then an error inside the answer of status 200.
    InbandError(usize),
    /// This event of the stream, counted from one, is not JSON.
    BadChunk(usize),
    /// This frame of a binary stream, counted from one, has a checksum that is wrong.
    BadCrc(usize),
    /// All but the end marker.
    NoDone,
    /// The end marker without a finish reason.
    NoFinish,
    /// Twenty tokens, then a finish whose reason is an error.
    FinishError,
    /// The same few words over and over, to the request's bound or 64 KiB.
    Repeat,
    /// A well-formed answer that says nothing.
    Empty,
    /// Status 200 and no body.
    EmptyBody,
    /// JSON cut in half, its length announced truthfully.
    TruncatedJson,
    /// Half of the body whose full length was announced, then closed.
    ShortBody,
    /// A web page of this status.
    Html(u16),
    /// The right bytes under the wrong content type.
    WrongType,
    /// A plain answer though a stream was asked for.
    IgnoresStream,
    /// An error object under status 200.
    ErrorIn200,
    /// A redirect to another path of the same host.
    Redirect,
    /// A proper answer, written so many bytes at a time.
    Drip(usize),
    /// This tool call, counted from one, ends in the middle of its arguments, then closed.
    CutTool(usize),
    /// Some words and a tool call whose arguments end in the middle, then closed.
    CutTextTool,
    /// A thought that ends in the middle, then closed.
    CutThinking,
    /// A finished tool call whose arguments are not JSON.
    BadTool,
}

/// Errors that say something in particular.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The prompt is longer than the model's context.
    ContextLength,
    /// The prompt breaks the provider's rules.
    ContentPolicy,
    /// Nothing left on the account.
    Quota,
    /// The key is wrong.
    BadKey,
    /// The key may not do this.
    NoPermission,
    /// There is no such model.
    NoSuchModel,
    /// The body is too large.
    TooLarge,
    /// The provider has no capacity left.
    Overloaded,
}

/// A row of the table of faults.
#[derive(Clone, Copy, Debug)]
pub struct FaultRow {
    /// The name, with its variable parts in capitals.
    pub name: &'static str,
    /// A name that can be used as it stands.
    pub example: &'static str,
    /// What it does.
    pub does: &'static str,
}

/// Every fault, in reading order.
pub const FAULTS: &[FaultRow] = &[
    row("healthy", "healthy", "what is asked for, else the same sixty words"),
    row("tools", "tools", "calls the request's first tool, even when it offers none"),
    row("two-tools", "two-tools", "calls two tools in one turn"),
    row("text-tools", "text-tools", "some words, then calls of two tools"),
    row("cached", "cached", "reports ten cached tokens more"),
    row("refusal", "refusal", "the model declines; complete"),
    row("length", "length", "ends because of max_tokens; complete"),
    row("fail-STATUS", "fail-503", "an HTTP error, 400 to 599, in the provider's own shape"),
    row("fail-STATUS-raSPAN", "fail-429-ra2", "the same with Retry-After (seconds, or 500ms)"),
    row("context-length", "context-length", "400: the prompt is too long for the model"),
    row("content-policy", "content-policy", "400: the prompt breaks the provider's rules"),
    row("quota", "quota", "the account has nothing left"),
    row("bad-key", "bad-key", "401: the key is wrong"),
    row("no-permission", "no-permission", "403: the key may not do this"),
    row("no-such-model", "no-such-model", "404: unknown model"),
    row("too-large", "too-large", "413: the body is too large"),
    row("overloaded", "overloaded", "the provider's way to say it has no capacity (503, 529)"),
    row("reset", "reset", "TCP reset before any byte"),
    row("close", "close", "orderly close before any byte"),
    row("garbage", "garbage", "bytes that are not HTTP"),
    row("silent", "silent", "takes the request and never answers (120 s)"),
    row("late-SPAN", "late-2s", "nothing at all until then, then proper"),
    row("slow-SPAN", "slow-20s", "a stream's headers at once, its first token late"),
    row("slow-tokens-SPAN", "slow-tokens-50ms", "proper, with this pause before each token"),
    row("pings-only", "pings-only", "headers, then keep-alives and nothing else (120 s)"),
    row("pings-end", "pings-end", "headers, some keep-alives, then a proper HTTP end"),
    row("role-only", "role-only", "announces an answer, then silence (120 s)"),
    row("stall-after-N", "stall-after-20", "N tokens, 30 s of silence, then closed"),
    row("stall-after-N-SPAN", "stall-after-20-5s", "the same with its own length of silence"),
    row("cut-after-N", "cut-after-40", "N tokens, then closed without the terminating chunk"),
    row("cut-inside-N", "cut-inside-40", "N tokens and half of the next event, then closed"),
    row("reset-after-N", "reset-after-40", "N tokens, then a TCP reset"),
    row("end-after-N", "end-after-40", "N tokens, then a proper HTTP end without a finish"),
    row("inband-error", "inband-error", "an error event in the stream before any token"),
    row("inband-error-after-N", "inband-error-after-20", "the same after N tokens"),
    row("bad-chunk-N", "bad-chunk-10", "the Nth event is not JSON, the rest is proper"),
    row("bad-crc-N", "bad-crc-10", "the Nth frame's checksum is wrong (bedrock_converse)"),
    row("no-done", "no-done", "all but the end marker ([DONE], message_stop, …)"),
    row("no-finish", "no-finish", "the end marker without a finish reason"),
    row("finish-error", "finish-error", "20 tokens, then a finish whose reason is an error"),
    row("repeat", "repeat", "a few words over and over: max_tokens, or 64 KiB"),
    row("empty", "empty", "a well-formed answer that says nothing"),
    row("empty-body", "empty-body", "status 200 and no body"),
    row("truncated-json", "truncated-json", "half of the JSON, its length announced truthfully"),
    row("short-body", "short-body", "half of the announced length, then closed"),
    row("html", "html", "a web page under status 200"),
    row("html-STATUS", "html-502", "a web page under that status, as proxies send it"),
    row("wrong-type", "wrong-type", "the right bytes as text/plain"),
    row("ignores-stream", "ignores-stream", "a plain answer though a stream was asked for"),
    row("error-200", "error-200", "an error object under status 200"),
    row("redirect", "redirect", "307 to another path here, where a follower would be seen"),
    row("drip-N", "drip-1", "proper, written N bytes at a time"),
    row("cut-tool", "cut-tool", "a tool call cut in the middle of its arguments"),
    row("cut-tool-2", "cut-tool-2", "two tool calls, the second one cut"),
    row("cut-text-tool", "cut-text-tool", "some words, then a tool call, cut in the middle"),
    row("cut-thinking", "cut-thinking", "thinks, asked or not, and is cut in the middle"),
    row("bad-tool", "bad-tool", "a finished tool call whose arguments are not JSON"),
];

/// How long a fault that never ends stays silent.
pub(crate) const SILENCE: Duration = Duration::from_secs(120);

const STALL: Duration = Duration::from_secs(30);

const FIXED: &[(&str, Fault)] = &[
    ("healthy", Fault::Healthy),
    ("tools", Fault::Tools),
    ("two-tools", Fault::TwoTools),
    ("text-tools", Fault::TextTools),
    ("cached", Fault::Cached),
    ("refusal", Fault::Refusal),
    ("length", Fault::Length),
    ("context-length", Fault::Trouble(Trouble::ContextLength)),
    ("content-policy", Fault::Trouble(Trouble::ContentPolicy)),
    ("quota", Fault::Trouble(Trouble::Quota)),
    ("bad-key", Fault::Trouble(Trouble::BadKey)),
    ("no-permission", Fault::Trouble(Trouble::NoPermission)),
    ("no-such-model", Fault::Trouble(Trouble::NoSuchModel)),
    ("too-large", Fault::Trouble(Trouble::TooLarge)),
    ("overloaded", Fault::Trouble(Trouble::Overloaded)),
    ("reset", Fault::Reset),
    ("close", Fault::Close),
    ("garbage", Fault::Garbage),
    ("silent", Fault::Silent),
    ("pings-only", Fault::PingsOnly),
    ("pings-end", Fault::PingsEnd),
    ("role-only", Fault::RoleOnly),
    ("inband-error", Fault::InbandError(0)),
    ("no-done", Fault::NoDone),
    ("no-finish", Fault::NoFinish),
    ("finish-error", Fault::FinishError),
    ("repeat", Fault::Repeat),
    ("empty", Fault::Empty),
    ("empty-body", Fault::EmptyBody),
    ("truncated-json", Fault::TruncatedJson),
    ("short-body", Fault::ShortBody),
    ("html", Fault::Html(200)),
    ("wrong-type", Fault::WrongType),
    ("ignores-stream", Fault::IgnoresStream),
    ("error-200", Fault::ErrorIn200),
    ("redirect", Fault::Redirect),
    ("cut-tool", Fault::CutTool(1)),
    ("cut-tool-2", Fault::CutTool(2)),
    ("cut-text-tool", Fault::CutTextTool),
    ("cut-thinking", Fault::CutThinking),
    ("bad-tool", Fault::BadTool),
];

/// A name that stands for no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no fault; `failsoft fake --list` names them all")]
pub struct UnknownFault(pub String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        if let Some((_, fault)) = FIXED.iter().find(|(fixed, _)| *fixed == name) {
            return Ok(*fault);
        }
        with_number(name).or_else(|| with_span(name)).ok_or_else(|| UnknownFault(name.to_owned()))
    }
}

impl fmt::Display for Fault {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only names with a number need an arm")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = FIXED.iter().find(|(_, fixed)| fixed == self) {
            return f.write_str(name);
        }
        match self {
            Self::Status { status, retry_after: None } => write!(f, "fail-{status}"),
            Self::Status { status, retry_after: Some(wait) } => {
                write!(f, "fail-{status}-ra{}", span::show(*wait))
            }
            Self::Slow(late) => write!(f, "slow-{}", span::show(*late)),
            Self::Late(late) => write!(f, "late-{}", span::show(*late)),
            Self::SlowTokens(pause) => write!(f, "slow-tokens-{}", span::show(*pause)),
            Self::Stall { after, lasting } => {
                write!(f, "stall-after-{after}-{}", span::show(*lasting))
            }
            Self::Cut(after) => write!(f, "cut-after-{after}"),
            Self::CutInside(after) => write!(f, "cut-inside-{after}"),
            Self::ResetAfter(after) => write!(f, "reset-after-{after}"),
            Self::End(after) => write!(f, "end-after-{after}"),
            Self::InbandError(after) => write!(f, "inband-error-after-{after}"),
            Self::BadChunk(nth) => write!(f, "bad-chunk-{nth}"),
            Self::BadCrc(nth) => write!(f, "bad-crc-{nth}"),
            Self::Html(status) => write!(f, "html-{status}"),
            Self::Drip(bytes) => write!(f, "drip-{bytes}"),
            // All others are in the fixed list, as a test sees to.
            fixed => write!(f, "{fixed:?}"),
        }
    }
}

const fn row(name: &'static str, example: &'static str, does: &'static str) -> FaultRow {
    FaultRow { name, example, does }
}

/// Makes a fault of its number.
type Numbered = fn(usize) -> Fault;

fn with_number(name: &str) -> Option<Fault> {
    let after = |prefix: &str| name.strip_prefix(prefix).and_then(|n| n.parse::<usize>().ok());
    let families: [(&str, Numbered); 8] = [
        ("cut-after-", Fault::Cut),
        ("cut-inside-", Fault::CutInside),
        ("reset-after-", Fault::ResetAfter),
        ("end-after-", Fault::End),
        ("inband-error-after-", Fault::InbandError),
        ("bad-chunk-", Fault::BadChunk),
        ("bad-crc-", Fault::BadCrc),
        ("drip-", Fault::Drip),
    ];
    if let Some(fault) = families.iter().find_map(|(prefix, make)| after(prefix).map(make)) {
        return (!matches!(fault, Fault::Drip(0) | Fault::BadChunk(0) | Fault::BadCrc(0)))
            .then_some(fault);
    }
    if let Some(status) = name.strip_prefix("html-") {
        let status = status.parse().ok()?;
        return (200..600).contains(&status).then_some(Fault::Html(status));
    }
    let (status, retry_after) = match name.strip_prefix("fail-")?.split_once("-ra") {
        Some((status, wait)) => (status, Some(retry_after(wait)?)),
        None => (name.strip_prefix("fail-")?, None),
    };
    let status = status.parse().ok()?;
    (400..600).contains(&status).then_some(Fault::Status { status, retry_after })
}

fn with_span(name: &str) -> Option<Fault> {
    let late = |prefix: &str| name.strip_prefix(prefix).and_then(span::parse);
    if let Some(pause) = late("slow-tokens-") {
        return Some(Fault::SlowTokens(pause));
    }
    if let Some(fault) = late("slow-").map(Fault::Slow).or_else(|| late("late-").map(Fault::Late)) {
        return Some(fault);
    }
    let stall = name.strip_prefix("stall-after-")?;
    let (after, lasting) = match stall.split_once('-') {
        Some((after, lasting)) => (after, span::parse(lasting)?),
        None => (stall, STALL),
    };
    Some(Fault::Stall { after: after.parse().ok()?, lasting })
}

/// `2` (seconds, as the header has it) or a span with its unit.
fn retry_after(text: &str) -> Option<Duration> {
    text.parse().map(Duration::from_secs).ok().or_else(|| span::parse(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_has_an_example_that_reads_back() {
        for row in FAULTS {
            let fault: Fault = row.example.parse().expect(row.example);
            assert_eq!(fault.to_string().parse(), Ok(fault), "{}", row.name);
        }
    }

    #[test]
    fn every_fixed_name_stands_in_the_table() {
        for (name, _) in FIXED {
            assert!(FAULTS.iter().any(|row| row.name == *name), "{name}");
        }
    }

    #[test]
    fn near_misses_are_no_faults() {
        for name in [
            "",
            "fail",
            "fail-",
            "fail-200",
            "fail-600",
            "fail-429-ra",
            "fail-x",
            "slow-",
            "slow-5",
            "cut-after-",
            "cut-after--1",
            "drip-0",
            "bad-chunk-0",
            "bad-crc-0",
            "html-99",
            "stall-after-5-x",
        ] {
            assert!(name.parse::<Fault>().is_err(), "{name}");
        }
    }

    #[test]
    fn retry_after_reads_seconds_and_spans() {
        let wait = |name: &str| match name.parse() {
            Ok(Fault::Status { retry_after, .. }) => retry_after,
            other => panic!("{other:?}"),
        };
        assert_eq!(wait("fail-429-ra2"), Some(Duration::from_secs(2)));
        assert_eq!(wait("fail-429-ra500ms"), Some(Duration::from_millis(500)));
        assert_eq!(wait("fail-429"), None);
    }
}
