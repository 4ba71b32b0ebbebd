//! A provider that fails on purpose, so that nobody has to wait for a real one to do it.
//!
//! It speaks `chat_completions` and `messages` on any path that ends like theirs, and fails by the
//! model's name ([`FAULTS`]; `once:FAULT`, `first-3:FAULT`, `for-10s:FAULT`, joined by `+`), by a
//! [`Scenario`], by a key of the form `fake:FAULT`, or by the request's `x-fake-fault` header. Any
//! other model is healthy and says the same sixty words. It never calls anybody, and it writes its
//! answers byte by byte itself, because no proper server would send them.
//!
//! ```
//! use failsoft_fake::{Fake, FakeOptions};
//!
//! let fake = Fake::start_in_thread(FakeOptions::default())?;
//! println!("POST http://{}/v1/chat/completions", fake.address());
//! assert!(fake.attempts().is_empty());
//! # Ok::<(), failsoft_fake::FakeError>(())
//! ```

mod answer;
mod asked;
mod connection;
mod control;
mod fake;
mod fault;
mod ledger;
mod peer;
mod plan;
mod provider;
mod scenario;
mod script;
mod span;
mod stage;
mod words;

pub use failsoft_wire::Dialect;
pub use fake::{Fake, FakeError, FakeOptions};
pub use fault::{FAULTS, Fault, FaultRow, Trouble, UnknownFault};
pub use ledger::{AttemptSeen, Body, Ending, fingerprint};
pub use plan::{Plan, Span, Step};
pub use provider::Imitated;
pub use scenario::{Latency, Manner, Part, Problem, Scenario, ScenarioError};
pub use words::WORDS;
