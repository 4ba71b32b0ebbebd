//! What came over the wire, in the engine's words.

use std::time::SystemTime;

use bytes::Bytes;
use failsoft_config::Repetition;
use failsoft_engine::{Failure, FailureKind, Phase, Usage};
use failsoft_provider::{Answer, Place, Provider, Reading, TransportFault, read_transport};
use failsoft_wire::{Dialect, Flaw, TokenCount, Unfit, may_repeat_itself};
use http::{HeaderMap, StatusCode};

use super::request::Refusals;
use super::translation::Translation;

/// Asks the wire what is there, and the provider what it means.
#[derive(Debug)]
pub(crate) struct Judge {
    provider: &'static Provider,
    pub(crate) dialect: Dialect,
    pub(crate) refusals: Refusals,
    repetition: Repetition,
}

impl Judge {
    pub(crate) const fn new(
        provider: &'static Provider,
        dialect: Dialect,
        refusals: Refusals,
        repetition: Repetition,
    ) -> Self {
        Self { provider, dialect, refusals, repetition }
    }

    /// A failure said in a status, a body or an event.
    pub(crate) fn error(
        &self,
        place: Place,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Reading {
        self.provider.read_failure(&answer(place, status, headers, body))
    }

    /// A plain body of status 200: its usage, or why it is no answer.
    pub(crate) fn reply(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<TokenCount, Box<Reading>> {
        let reply = self.dialect.read_reply(body);
        let flaw = reply.flaw.or_else(|| self.is_refusal(body).then(refused));
        let flaw = flaw.or_else(|| self.repeats_itself(body).then_some(Flaw::Repeats));
        match flaw {
            None => Ok(reply.usage),
            Some(flaw) => {
                let answer = answer(Place::Body, status, headers, body);
                Err(Box::new(self.provider.read_flaw(&flaw, &answer)))
            }
        }
    }

    /// Whether a whole answer is a refusal that counts as a failure.
    fn is_refusal(&self, body: &[u8]) -> bool {
        let reply = || self.dialect.decode_reply(body);
        self.refusals == Refusals::Failures && reply().is_ok_and(|reply| reply.is_refusal())
    }

    /// Whether a whole answer says the same over and over where that is a failure.
    fn repeats_itself(&self, body: &[u8]) -> bool {
        self.repetition == Repetition::Fail
            && may_repeat_itself(body)
            && self.dialect.decode_reply(body).is_ok_and(|reply| reply.repeats_itself())
    }

    /// A plain answer written anew for a client of another dialect.
    pub(crate) fn translated(
        &self,
        (status, headers): (StatusCode, &HeaderMap),
        body: &[u8],
        translation: &Translation,
    ) -> Result<Bytes, Box<Reading>> {
        match self.dialect.decode_reply(body) {
            Ok(reply) => Ok(translation.client.encode_reply(&reply, &translation.presented).into()),
            Err(flaw) => {
                let answer = answer(Place::Body, status, headers, body);
                Err(Box::new(self.provider.read_flaw(&flaw, &answer)))
            }
        }
    }

    /// A document where a stream was asked for.
    pub(crate) fn no_stream(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Reading {
        self.reply(status, headers, body).err().map(|reading| *reading).unwrap_or_else(|| {
            let answer = answer(Place::Body, status, headers, body);
            self.provider.read_flaw(&Flaw::WrongShape, &answer)
        })
    }

    /// A stream that is no answer: an error in it with its data, or what is wrong with it.
    pub(crate) fn stream(
        &self,
        head: Option<&(StatusCode, HeaderMap)>,
        flaw: Option<&Flaw>,
        data: &[u8],
        phase: Phase,
    ) -> Reading {
        let none = (StatusCode::OK, HeaderMap::new());
        let (status, headers) = head.unwrap_or(&none);
        let answer = answer(Place::Stream, *status, headers, data);
        let mut reading = match flaw {
            Some(flaw) => self.provider.read_flaw(flaw, &answer),
            None => self.provider.read_failure(&answer),
        };
        reading.failure.phase = phase;
        reading
    }

    /// A call that cannot be said in the target's dialect: nothing was sent.
    pub(crate) fn unfit(unfit: &Unfit) -> Reading {
        Reading {
            failure: Failure::new(FailureKind::Unsupported, Phase::Connect),
            code: Some(unfit.feature.as_str().to_owned()),
            words: None,
            param: None,
            request_id: None,
            seal_refused: false,
            prefill_refused: false,
        }
    }

    /// No answer at all.
    pub(crate) fn transport(
        &self,
        fault: TransportFault,
        phase: Phase,
        words: Option<String>,
    ) -> Reading {
        Reading {
            failure: read_transport(fault, phase),
            code: Some(fault.as_str().to_owned()),
            words,
            param: None,
            request_id: None,
            seal_refused: false,
            prefill_refused: false,
        }
    }
}

/// The word by which providers' tables know a refusal.
pub(crate) fn refused() -> Flaw {
    Flaw::BrokenOff("refusal".to_owned())
}

fn answer<'a>(
    place: Place,
    status: StatusCode,
    headers: &'a HeaderMap,
    body: &'a [u8],
) -> Answer<'a> {
    Answer { place, status: status.as_u16(), headers, body, now: SystemTime::now() }
}

/// What hyper saw, as a fault.
pub(crate) fn fault_of(error: &hyper::Error) -> TransportFault {
    if error.is_parse() || error.is_parse_too_large() {
        TransportFault::NotHttp
    } else {
        TransportFault::Reset
    }
}

pub(crate) fn usage_of(count: TokenCount) -> Usage {
    Usage { input: count.input, output: count.output }
}
