//! W3C trace context: which trace a call belongs to, and what its targets are told of it.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use failsoft_engine::{AttemptId, CallId};
use failsoft_journal::{Trace, attempt_span};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Decides by a trace's id whether its spans are kept, where the client does not say.
pub type Sampler = Arc<dyn Fn(u128) -> bool + Send + Sync>;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Whether calls are traced.
#[derive(Default)]
pub(crate) struct Tracer(ArcSwapOption<Sampler>);

impl Tracer {
    /// From now on; `None`: the client's headers pass as they came.
    pub(crate) fn set(&self, sampler: Option<Sampler>) {
        self.0.store(sampler.map(Arc::new));
    }

    /// The trace of a call, and whether its targets are told of the attempt instead of the client's
    /// span.
    pub(crate) fn of(&self, call: CallId, headers: &HeaderMap) -> (Option<Trace>, Told) {
        let sent = parse(headers);
        let sampler = self.0.load();
        let Some(sampler) = &*sampler else { return (sent, Told::AsItCame) };
        let own = || {
            let trace = Trace::of_call(call, false);
            Trace { sampled: sampler(trace.id), ..trace }
        };
        (Some(sent.unwrap_or_else(own)), Told::Attempts)
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").field("on", &self.0.load().is_some()).finish()
    }
}

/// What targets are told of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Told {
    /// What the client said.
    #[default]
    AsItCame,
    /// The attempt's own span.
    Attempts,
}

/// Names an attempt's span as what its target's spans belong to.
pub(crate) fn name(attempt: AttemptId, trace: &Trace, headers: &mut HeaderMap) {
    let text = format!(
        "00-{:032x}-{:016x}-{:02x}",
        trace.id,
        attempt_span(attempt),
        u8::from(trace.sampled)
    );
    let Ok(value) = HeaderValue::try_from(text) else { return };
    headers.insert(TRACEPARENT, value);
    if trace.parent.is_none() {
        // It belongs to a trace that could not be read.
        headers.remove(TRACESTATE);
    }
}

/// What the client says, if it says it once and by the letter.
fn parse(headers: &HeaderMap) -> Option<Trace> {
    let mut sent = headers.get_all(TRACEPARENT).iter();
    let (Some(text), None) = (sent.next(), sent.next()) else { return None };
    let mut fields = text.to_str().ok()?.split('-');
    let mut field = |digits: usize| {
        let field = fields.next().filter(|field| field.len() == digits)?;
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        field.bytes().all(is_hex).then_some(field)
    };
    let (version, trace, parent, flags) = (field(2)?, field(32)?, field(16)?, field(2)?);
    let id = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
    let parent = u64::from_str_radix(parent, 16).ok().filter(|parent| *parent != 0)?;
    let flags = u8::from_str_radix(flags, 16).ok()?;
    let is_whole = version == "00" && fields.next().is_none();
    is_whole.then_some(Trace { id, parent: Some(parent), sampled: flags & 1 == 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;

    fn sent(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (TRACEPARENT, HeaderValue::from_str(line).unwrap())).collect()
    }

    #[test]
    fn only_what_is_right_to_the_letter_is_read() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = Trace { id: ID, parent: Some(0x00f0_67aa_0ba9_02b7), sampled: true };
        assert_eq!(parse(&sent(&[good])), Some(trace));
        let quiet = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02";
        assert_eq!(parse(&sent(&[quiet])), Some(Trace { sampled: false, ..trace }));
        for bad in [
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-00",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b70-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "",
        ] {
            assert_eq!(parse(&sent(&[bad])), None, "{bad}");
        }
        assert_eq!(parse(&sent(&[good, quiet])), None, "two are none");
    }

    #[test]
    fn a_call_without_a_trace_gets_its_own_where_calls_are_traced() {
        let tracer = Tracer::default();
        let call = CallId(7);
        assert_eq!(tracer.of(call, &HeaderMap::new()), (None, Told::AsItCame));
        tracer.set(Some(Arc::new(|id| id == 7)));
        let own = Trace { id: 7, parent: None, sampled: true };
        assert_eq!(tracer.of(call, &HeaderMap::new()), (Some(own), Told::Attempts));
        let quiet = sent(&["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"]);
        let (trace, _) = tracer.of(call, &quiet);
        assert_eq!(trace.map(|trace| trace.sampled), Some(false), "the client decides");
        let mut headers = quiet;
        let attempt = AttemptId { call, ordinal: 1 };
        name(attempt, &trace.unwrap(), &mut headers);
        let said = headers[TRACEPARENT].to_str().unwrap().to_owned();
        let expected = format!("00-{ID:032x}-{:016x}-00", attempt_span(attempt));
        assert_eq!(said, expected);
    }
}
