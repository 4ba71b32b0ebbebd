//! A provider that fails on purpose, so that nobody has to wait for a real one to do it.
//!
//! It speaks every dialect, and embeddings, on any path that ends like theirs, and fails by the
//! model's name ([`FAULTS`]; `once:FAULT`, `first-3:FAULT`, `for-10s:FAULT`, joined by `+`), by a
//! [`Scenario`], by a key of the form `fake:FAULT`, or by the request's `x-fake-fault` header. Any
//! other model is healthy. It never calls anybody, and it writes its answers byte by byte itself,
//! because no proper server would send them, and because it must not err where the code under test
//! errs.
//!
//! A step may also say how the model goes on when the conversation holds the beginning of its answer
//! ([`ONWARD`]): `once:cut-after-40~no-prefill`. A model is asked to go on by a last turn of its own
//! that its answer begins with, or by a user's turn behind such a one that quotes the end of it.
//!
//! What a healthy model says depends on what it is asked, the first that fits:
//!
//! * a line `say: XYZ` in the system prompt: `XYZ`;
//! * outcomes of tools in the last turn: `Tool get_weather said: 18 degrees`, a line each, unless
//!   JSON is asked for;
//! * tools offered and not forbidden: a call of the first, or of the one that is forced, with
//!   arguments of its schema (`Paris` for a city, `text`, 7, `true`);
//! * a JSON schema asked for: the simplest text that satisfies it; JSON alone: `{"ok": true}`;
//! * images and files in the last turn: `I see 1 image (image/png, 68 bytes).`,
//!   `I see 1 file (URL).`;
//! * else [`WORDS`].
//!
//! It stops at stop sequences and after as many words as it was allowed, counts the request's words
//! as its input tokens, and where it is asked to think it shows a short thought under a seal that
//! only this fake takes back, and only for the same model. Requests that the real API refuses are
//! refused in its words: wrong kinds of keys, calls without outcomes, foreign seals, schemas it
//! does not know. AWS signatures are checked against the secret `secret`, whatever the key's id.
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
mod auth;
mod base64;
mod connection;
mod control;
mod fake;
mod fault;
mod ledger;
mod onward;
mod peer;
mod plan;
mod provider;
mod sample;
mod scenario;
mod script;
mod seal;
mod sigv4;
mod span;
mod stage;
mod words;

pub use failsoft_wire::Dialect;
pub use fake::{Fake, FakeError, FakeOptions};
pub use fault::{FAULTS, Fault, FaultRow, Trouble, UnknownFault};
pub use ledger::{AttemptSeen, Body, Ending, fingerprint};
pub use onward::{ONWARD, Onward, Prefill, Way};
pub use plan::{Plan, Span, Step};
pub use provider::Imitated;
pub use scenario::{Latency, Manner, Part, Problem, Scenario, ScenarioError};
pub use words::WORDS;
