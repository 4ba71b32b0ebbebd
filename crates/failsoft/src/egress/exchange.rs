//! One exchange with one target, from the connection to the answer's last byte.

mod streamed;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use failsoft_config::Repetition;
use failsoft_engine::{Delivery, Phase, QuotaTold};
use failsoft_journal::AttemptFacts;
use failsoft_provider::{Reading, TransportFault};
use failsoft_wire::Splicer;
use http::{HeaderMap, Response, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::collected::{Collected, Expected};
use super::connect::{NotConnected, connect};
use super::endpoint::Endpoint;
use super::happening::{Happening, Whole};
use super::judge::{Judge, fault_of};
use super::pool::Connection;
use super::relay::{Relay, Round};
use super::request::{NotSaid, Order, Refusals, outgoing};
use super::streaming::Streaming;
use super::translation::Translation;

/// One attempt on the wire. Dropping it closes its connection, which is how a target learns that
/// nobody waits any more.
pub(crate) struct Exchange {
    stage: Stage,
    connection: Option<Connection>,
    endpoint: Arc<Endpoint>,
    judge: Judge,
    delivery: Delivery,
    started: Instant,
    head: Option<(StatusCode, HeaderMap)>,
    translation: Option<Box<Translation>>,
    /// Of a streamed answer, while no stream is read.
    splicer: Option<Box<Splicer>>,
    may_resume: bool,
    /// What the answer's head said of the quota.
    told: Option<QuotaTold>,
    /// Tokens of everything its client had when its stream was left, by all who wrote it.
    written: u32,
    relay: Option<Relay>,
    /// Nothing more of the stream was there when it was looked for.
    is_awaited: bool,
    pub(crate) facts: AttemptFacts,
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

fn connecting(endpoint: Arc<Endpoint>) -> Boxed<Result<Connection, NotConnected>> {
    Box::pin(async move { connect(&endpoint.origin).await })
}

enum Stage {
    Connecting(Boxed<Result<Connection, NotConnected>>, Box<Order>),
    Sending(Box<Order>),
    Answering(Boxed<hyper::Result<Response<Incoming>>>),
    Collecting(Incoming, Collected),
    Streaming(Incoming, Box<Streaming>),
    /// Content is on its way to the client; this is said after it.
    Ending(Box<Happening>),
    Over,
}

impl Exchange {
    pub(crate) fn start(mut order: Order, ordinal: u8, cx: &mut Context<'_>) -> Self {
        let endpoint = Arc::clone(&order.endpoint);
        let translation = order.translation.take().map(Box::new);
        let (splicer, may_resume) = (order.splicer.take(), order.may_resume);
        let facts = AttemptFacts {
            ordinal,
            model: order.model.clone(),
            translated_to: translation.as_ref().map(|_| order.dialect.as_str()),
            left_out: translation.as_deref().map(Translation::left_out).unwrap_or_default(),
            seam: order.seam,
            onward: order.onward,
            ..AttemptFacts::default()
        };
        let judge = Judge::new(endpoint.known, order.dialect, order.refusals, order.repetition);
        let delivery = order.delivery;
        let connection = endpoint.pool.take(cx);
        let stage = match connection {
            Some(_) => Stage::Sending(Box::new(order)),
            None => Stage::Connecting(connecting(Arc::clone(&endpoint)), Box::new(order)),
        };
        let started = Instant::now();
        Self {
            stage,
            connection,
            endpoint,
            judge,
            delivery,
            started,
            head: None,
            translation,
            splicer,
            may_resume,
            told: None,
            written: 0,
            relay: None,
            is_awaited: false,
            facts,
        }
    }

    /// An attempt that ends before it is sent: the target's dialect cannot say the call.
    pub(crate) fn unfit(order: &NotSaid<'_>, ordinal: u8) -> Self {
        let NotSaid { endpoint, dialect, model, unfit } = order;
        let facts = AttemptFacts {
            ordinal,
            model: (*model).to_owned(),
            translated_to: Some(dialect.as_str()),
            ..AttemptFacts::default()
        };
        let mut exchange = Self {
            stage: Stage::Over,
            connection: None,
            endpoint: Arc::clone(endpoint),
            judge: Judge::new(endpoint.known, *dialect, Refusals::Answers, Repetition::Allow),
            delivery: Delivery::Plain,
            started: Instant::now(),
            head: None,
            translation: None,
            splicer: None,
            may_resume: false,
            told: None,
            written: 0,
            relay: None,
            is_awaited: false,
            facts,
        };
        let failed = exchange.failed(Judge::unfit(unfit));
        exchange.stage = Stage::Ending(Box::new(failed));
        exchange
    }

    /// Whether the answer is written anew for its client.
    pub(crate) fn is_translated(&self) -> bool {
        self.translation.is_some()
    }

    /// What goes to the client, for the target that goes on; with it go the events left out.
    pub(crate) fn take_splicer(&mut self) -> Option<Box<Splicer>> {
        self.leave_stream();
        self.splicer.take()
    }

    /// Of a streamed answer, what its client has.
    pub(crate) fn splicer(&self) -> Option<&Splicer> {
        match &self.stage {
            Stage::Streaming(_, streaming) => Some(streaming.splicer()),
            Stage::Connecting(..)
            | Stage::Sending(_)
            | Stage::Answering(_)
            | Stage::Collecting(..)
            | Stage::Ending(_)
            | Stage::Over => self.splicer.as_deref(),
        }
    }

    /// Tokens of everything that its client has, by all who wrote it, as far as that is read.
    pub(crate) fn written(&self) -> u32 {
        self.splicer().map_or(self.written, |splicer| splicer.usage().output)
    }

    /// What the target said of its quota; once.
    pub(crate) fn take_told(&mut self) -> Option<QuotaTold> {
        self.told.take()
    }

    /// Whether content of a streamed answer has come.
    pub(crate) fn has_content(&self) -> bool {
        self.phase() == Phase::Content
    }

    /// The head of the answer, once it came.
    pub(crate) fn head(&self) -> Option<&(StatusCode, HeaderMap)> {
        self.head.as_ref()
    }

    /// Frees the head and the buffer it came in.
    pub(crate) fn forget_head(&mut self) {
        self.head = None;
    }

    /// When content came last.
    pub(crate) fn last_content(&self) -> Option<Instant> {
        if let Stage::Streaming(_, streaming) = &self.stage {
            streaming.last_content()
        } else {
            None
        }
    }

    /// From here on content goes to the client as it comes, what was held first.
    pub(crate) fn commit(&mut self) {
        if let Stage::Streaming(_, streaming) = &mut self.stage {
            streaming.commit();
        }
        if let Some(relay) = &mut self.relay {
            relay.stir();
        }
    }

    /// What happens next. After `Whole` or `Failed` nothing more does.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Happening> {
        // Out of its place, so that the parts may be polled by it.
        let mut relay = self.relay.take().unwrap_or_default();
        let happening = relay.poll(cx, |cx| self.poll_stage(cx));
        self.relay = Some(relay);
        happening
    }

    fn poll_stage(&mut self, cx: &mut Context<'_>) -> Round<Happening> {
        let polled = match &mut self.stage {
            Stage::Connecting(connecting, _) => {
                connecting.as_mut().poll(cx).map(|connected| self.connected(connected))
            }
            Stage::Sending(_) => Poll::Ready(Some(self.send())),
            Stage::Answering(_) => self.poll_answering(cx),
            Stage::Collecting(..) => self.poll_collecting(cx).map(Some),
            Stage::Streaming(..) => return self.poll_streaming(cx),
            Stage::Ending(_) => Poll::Ready(Some(self.end())),
            Stage::Over => Poll::Pending,
        };
        match polled {
            Poll::Ready(Some(happening)) => Round::Happened(happening),
            Poll::Ready(None) => Round::Again,
            Poll::Pending => Round::Waits(None),
        }
    }

    fn connected(&mut self, connected: Result<Connection, NotConnected>) -> Option<Happening> {
        match (connected, std::mem::replace(&mut self.stage, Stage::Over)) {
            (Ok(connection), Stage::Connecting(_, order)) => {
                self.connection = Some(connection);
                self.stage = Stage::Sending(order);
                None
            }
            (Ok(_), _) => None,
            (Err(NotConnected { fault, words }), _) => {
                let reading = self.judge.transport(fault, Phase::Connect, Some(words));
                Some(self.failed(reading))
            }
        }
    }

    fn send(&mut self) -> Happening {
        self.facts.connected_nanos = Some(self.elapsed());
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let (Some(connection), Stage::Sending(order)) = (&mut self.connection, stage) else {
            return self.lost(TransportFault::Unreachable, Phase::Connect);
        };
        let Some(request) = outgoing(&self.endpoint, *order) else {
            return self.lost(TransportFault::AddressRefused, Phase::Connect);
        };
        self.stage = Stage::Answering(Box::pin(connection.sender.send_request(request)));
        Happening::Connected
    }

    fn poll_answering(&mut self, cx: &mut Context<'_>) -> Poll<Option<Happening>> {
        self.drive(cx);
        let Stage::Answering(answering) = &mut self.stage else { return Poll::Ready(None) };
        let answer = std::task::ready!(answering.as_mut().poll(cx));
        Poll::Ready(match answer {
            Err(error) => Some(self.lost(fault_of(&error), Phase::FirstContent)),
            Ok(response) => self.answered(response),
        })
    }

    /// The head is here: what kind of body follows?
    fn answered(&mut self, response: Response<Incoming>) -> Option<Happening> {
        let (head, body) = response.into_parts();
        self.facts.status = Some(head.status.as_u16());
        self.facts.headers_nanos = Some(self.elapsed());
        let expected = match (head.status.as_u16(), self.delivery) {
            (300..=399, _) => {
                return Some(self.lost(TransportFault::Redirected, Phase::FirstContent));
            }
            (200..=299, Delivery::Plain) => Some(Expected::Plain),
            (200..=299, Delivery::Streamed) => None,
            _ => Some(Expected::Error),
        };
        let told = self.endpoint.known.read_quota(&head.headers, SystemTime::now());
        self.told = (told != QuotaTold::default()).then_some(told);
        self.head = Some((head.status, head.headers));
        self.stage = match expected {
            Some(expected) => Stage::Collecting(body, Collected::new(expected)),
            None => {
                let Some(splicer) = self.splicer.take() else {
                    return Some(self.lost(TransportFault::NotHttp, Phase::FirstContent));
                };
                let Judge { dialect, refusals, .. } = self.judge;
                let streaming = Streaming::new(dialect, splicer, refusals, self.may_resume);
                Stage::Streaming(body, Box::new(streaming))
            }
        };
        None
    }

    fn poll_collecting(&mut self, cx: &mut Context<'_>) -> Poll<Happening> {
        loop {
            self.drive(cx);
            let Stage::Collecting(body, collected) = &mut self.stage else {
                return Poll::Pending;
            };
            match std::task::ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if !frame.into_data().is_ok_and(|data| collected.push(data)) {
                        return Poll::Ready(
                            self.lost(TransportFault::TooLarge, Phase::FirstContent),
                        );
                    }
                }
                // What came of an error is enough to read it.
                Some(Err(_)) if collected.is_error() => break,
                Some(Err(_)) => {
                    return Poll::Ready(self.lost(TransportFault::CutShort, Phase::FirstContent));
                }
                None => {
                    self.keep_connection(cx);
                    break;
                }
            }
        }
        let Stage::Collecting(_, collected) = std::mem::replace(&mut self.stage, Stage::Over)
        else {
            return Poll::Pending;
        };
        Poll::Ready(self.judged(collected))
    }

    fn judged(&mut self, collected: Collected) -> Happening {
        let Some((status, headers)) = &self.head else { return Happening::Connected };
        match collected.judge(&self.judge, (*status, headers), self.translation.as_deref()) {
            Ok((body, usage)) => Happening::Whole(Whole { body, usage }),
            Err(reading) => self.failed(*reading),
        }
    }

    fn end(&mut self) -> Happening {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let Stage::Ending(happening) = stage else { return Happening::Connected };
        *happening
    }

    fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection {
            // A connection that ended says so through the answer or its body.
            let _ = connection.poll_drive(cx);
        }
    }

    fn keep_connection(&mut self, cx: &mut Context<'_>) {
        self.drive(cx);
        if let Some(connection) = self.connection.take() {
            self.endpoint.pool.put(connection);
        }
    }

    fn lost(&mut self, fault: TransportFault, phase: Phase) -> Happening {
        let reading = self.judge.transport(fault, phase, None);
        self.failed(reading)
    }

    fn failed(&mut self, mut reading: Reading) -> Happening {
        reading.code = reading.code.as_deref().map(short);
        self.facts.code.clone_from(&reading.code);
        self.facts.request_id.clone_from(&reading.request_id);
        self.facts.words = reading.words.as_deref().map(failsoft_wire::redact);
        Happening::Failed(reading)
    }

    fn phase(&self) -> Phase {
        let begun =
            matches!(&self.stage, Stage::Streaming(_, streaming) if streaming.has_content());
        if begun { Phase::Content } else { Phase::FirstContent }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A code is a word, and stands in every line of the log: whoever sends more says something else.
fn short(code: &str) -> String {
    const LONGEST: usize = 100;
    failsoft_wire::redact(code).chars().take(LONGEST).collect()
}
