//! The way in: settings, calls, answers.

mod operating;

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use bytes::Bytes;
use failsoft_config::Settings;
use failsoft_engine::{Engine, Event, FailureKind, Input, Moment, RouteId};
use failsoft_journal::{CallRecord, Names, StateChange, StateRecord};
use failsoft_wire::{Addressed, Dialect};
use http::{HeaderMap, Response, StatusCode};

use crate::answer::{self, Refusal};
use crate::call_id::{self, CallIds};
use crate::clock::Clock;
use crate::driver::{Driver, Stage};
use crate::generation::Generation;
use crate::observe::Seen;
use crate::prefills::Prefills;
use crate::recording::Recording;
use crate::seals::Seals;
use crate::trace_context::{Sampler, Tracer};
use crate::{Body, Observer, RouteBudgets, TargetStatus, admit, words};

pub use operating::NotDone;

/// A client's request in one of the dialects.
#[derive(Clone)]
pub struct Call {
    /// The dialect of body and answer.
    pub dialect: Dialect,
    /// The client's headers. Credentials in them go nowhere.
    pub headers: HeaderMap,
    /// The request, as the dialect writes it.
    pub body: Bytes,
    /// What the request's path says of it, in dialects that say something there
    /// ([`Dialect::of_path`]).
    pub addressed: Option<Addressed>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Prompts and keys are private.
        f.debug_struct("Call").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

/// Why a request is turned away before it is a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnedAway {
    /// In the stable words.
    pub kind: FailureKind,
    /// The status the client gets.
    pub status: StatusCode,
    /// What the caller's developer can do about it.
    pub hint: Option<&'static str>,
}

/// Why failsoft cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// TLS cannot be set up, e.g. because of a provider's `ca_file`.
    #[error("{0}")]
    Tls(String),
    /// A provider entry cannot be used.
    #[error("{0}")]
    Provider(String),
    /// An address that is told things cannot be used.
    #[error("{0}")]
    Destination(String),
}

/// failsoft in this process: cheap to clone, shared by all tasks.
#[derive(Clone)]
pub struct Failsoft(Arc<Inner>);

/// What all calls share.
pub(crate) struct Inner {
    engine: Mutex<Engine>,
    generation: ArcSwap<Generation>,
    observers: Vec<Arc<dyn Observer>>,
    pub(crate) journal: Recording,
    pub(crate) clock: Clock,
    pub(crate) seals: Seals,
    pub(crate) prefills: Prefills,
    pub(crate) tracer: Tracer,
    ids: CallIds,
}

impl Inner {
    /// The engine; nobody awaits while holding it.
    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows an event to everyone who watches.
    pub(crate) fn observe(&self, seen: &Seen<'_>, event: &Event) {
        for observer in &self.observers {
            observer.observe(seen, event);
        }
    }

    /// Shows and records a call that has ended.
    pub(crate) fn ended(&self, call: CallRecord) {
        let call = Arc::new(call);
        for observer in &self.observers {
            observer.ended(&call);
        }
        self.journal.record_call(call);
    }

    /// Records what came to be of a target.
    pub(crate) fn record_state(&self, names: &Arc<Names>, at: Moment, event: Event) {
        self.record_change(names, at, (StateChange::Came(event), None));
    }

    /// Records what became of a target, and who did it.
    fn record_change(
        &self,
        names: &Arc<Names>,
        at: Moment,
        (change, operator): (StateChange, Option<&str>),
    ) {
        let (stamp, names) = (self.clock.stamp(), Arc::clone(names));
        let operator = operator.map(str::to_owned);
        self.journal.record_state(StateRecord { stamp, names, at, change, operator });
    }
}

impl Failsoft {
    /// Starts with these settings. The journal is opened if its settings name one; a journal
    /// that cannot be opened does not stop anything, see [`journal_problem`](Self::journal_problem).
    ///
    /// # Errors
    /// When a provider's certificates, keys or address cannot be used.
    pub fn start(
        settings: Settings,
        observers: Vec<Arc<dyn Observer>>,
    ) -> Result<Self, StartError> {
        let journal = Recording::open(&settings.journal);
        let generation = Generation::new(settings)?;
        let seed = getrandom::u64().unwrap_or_default();
        let engine = Engine::new(Arc::clone(&generation.settings.engine), seed);
        Ok(Self(Arc::new(Inner {
            engine: Mutex::new(engine),
            generation: ArcSwap::from_pointee(generation),
            observers,
            journal,
            clock: Clock::start(),
            seals: Seals::default(),
            prefills: Prefills::default(),
            tracer: Tracer::default(),
            ids: CallIds::new(),
        })))
    }

    /// Answers a call. There is always an answer: what cannot be served comes back as an error in
    /// the caller's dialect, with its status and headers. Dropping the future, or the body before
    /// its end, cancels what is under way at the targets.
    pub async fn send(&self, call: Call) -> Response<Body> {
        let generation = self.0.generation.load_full();
        let id = self.0.ids.next();
        let admitted = admit::admit(&generation, (&self.0.seals, &self.0.tracer), call, id);
        let (ask, facts) = match admitted {
            Ok(admitted) => admitted,
            Err(response) => return *response,
        };
        let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        let mut driver = {
            let mut cx = Context::from_waker(&waker);
            Driver::start(Arc::clone(&self.0), generation, ask, facts, &mut cx)
        };
        match poll_fn(|cx| driver.poll_stage(cx)).await {
            Stage::Begun => answer::begun(driver),
            Stage::Over(verdict) => answer::over(driver, verdict),
        }
    }

    /// An error in the caller's dialect that needs no target: for requests refused at the door.
    /// Its words are for people, in the caller's language, and say what to do where that is known.
    #[must_use]
    pub fn refuse(
        &self,
        dialect: Dialect,
        refusal: TurnedAway,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let TurnedAway { kind, status, hint } = refusal;
        let words = words::words(kind, words::language(&words::accepted(headers)));
        let message = hint.map_or_else(|| words.to_owned(), |hint| format!("{words} ({hint})"));
        answer::refused(&Refusal {
            dialect,
            status,
            kind,
            message: &message,
            param: None,
            id: &call_id::text(self.0.ids.next()),
        })
    }

    /// Puts new settings in force between two steps. Calls in flight keep theirs. The journal's
    /// file stays the one of the start.
    ///
    /// # Errors
    /// As for [`start`](Self::start); then the old settings stay in force.
    pub fn reload(&self, settings: Settings) -> Result<(), StartError> {
        let generation = Arc::new(Generation::new(settings)?);
        let mut engine = self.0.engine();
        let now = self.0.clock.now();
        let changed = Input::SettingsChanged(Arc::clone(&generation.settings.engine));
        let step = engine.step(now, changed);
        // Swapped under the engine's lock: no call can meet new routes with an old engine.
        self.0.generation.store(Arc::clone(&generation));
        drop(engine);
        for event in step.events {
            self.0.observe(&Seen::of_no_call(now, &generation.names), &event);
            self.0.record_state(&generation.names, now, event);
        }
        Ok(())
    }

    /// Traces the calls to come: each attempt is sent with a `traceparent` of its own, in the
    /// client's trace or in one of ours. `None`: what a client says of its trace passes as it came.
    pub fn trace_calls(&self, sampler: Option<Sampler>) {
        self.0.tracer.set(sampler);
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.0.generation.load().settings)
    }

    /// Every target and how it is.
    #[must_use]
    pub fn targets(&self) -> Vec<TargetStatus> {
        let generation = self.0.generation.load_full();
        let now = self.0.clock.now();
        let engine = self.0.engine();
        let named = generation.names.targets.iter().zip(0_u16..);
        named
            .filter_map(|(name, number)| {
                let target = failsoft_engine::TargetId(number);
                let view = engine.target_view(target)?;
                Some(TargetStatus::new(target, name, &view, now))
            })
            .collect()
    }

    /// What is left in the budgets of each route.
    #[must_use]
    pub fn budgets(&self) -> Vec<RouteBudgets> {
        let generation = self.0.generation.load_full();
        let engine = self.0.engine();
        let named = generation.names.routes.iter().zip(0_u16..);
        named
            .filter_map(|(name, number)| {
                let route = RouteId(number);
                let left = engine.budget_view(route)?;
                Some(RouteBudgets { route, name: name.clone(), left })
            })
            .collect()
    }

    /// Calls that have begun and not ended.
    #[must_use]
    pub fn calls_in_flight(&self) -> usize {
        self.0.engine().calls()
    }

    /// Records a change that is not the engine's doing, as of now.
    pub fn note(&self, change: StateChange) {
        let names = Arc::clone(&self.0.generation.load().names);
        let (stamp, at) = (self.0.clock.stamp(), self.0.clock.now());
        self.0.journal.record_state(StateRecord { stamp, names, at, change, operator: None });
    }

    /// How the journal is doing; `None` without one.
    #[must_use]
    pub fn journal(&self) -> Option<failsoft_journal::Counters> {
        self.0.journal.counters()
    }

    /// Why there is no journal although the settings name one.
    #[must_use]
    pub fn journal_problem(&self) -> Option<String> {
        self.0.journal.problem()
    }

    /// Why the journal cannot be written at the moment, in words for an operator and without
    /// secrets, where it has any. Records wait, and are written by themselves when that is possible.
    #[must_use]
    pub fn journal_trouble(&self) -> Option<String> {
        self.0.journal.trouble()
    }

    /// Writes what the journal still holds, and closes it. Calls that end later are not recorded.
    pub async fn close(&self) {
        let inner = Arc::clone(&self.0);
        // Writing may wait for the disk. A task that cannot be joined has nothing more to write.
        let _ = tokio::task::spawn_blocking(move || inner.journal.close()).await;
    }
}

impl fmt::Debug for Failsoft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failsoft").finish_non_exhaustive()
    }
}
