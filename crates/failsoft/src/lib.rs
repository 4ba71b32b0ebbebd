//! Keeps an application answering when LLM APIs fail.
//!
//! This is failsoft inside your own process: the same engine, settings, journal and errors as the
//! gateway, without a network hop. Hand it a request as OpenAI's, Anthropic's or Google's API takes
//! it; it tries, retries, fails over and gives up by the policies of the route, to targets of
//! whatever dialect, and always answers in the request's own.
//!
//! ```
//! use std::{collections::BTreeMap, path::Path};
//!
//! use failsoft::{Call, Failsoft};
//! use failsoft_fake::{Fake, FakeOptions};
//! use failsoft_wire::Dialect;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! // A provider whose first answer is a 500; in your program this is the real one.
//! let provider = Fake::start(FakeOptions::default())?;
//! let settings = failsoft_config::load(
//!     &format!(
//!         r#"
//!         [journal]
//!         enabled = false
//!         [providers.mine]
//!         dialect = "chat_completions"
//!         base_url = "{}"
//!         api_key = "none"
//!         [routes.assistant]
//!         tiers = [["mine/once:fail-500"]]
//!         "#,
//!         provider.base_url(Dialect::ChatCompletions),
//!     ),
//!     Path::new("."),
//!     &BTreeMap::new(),
//! )?;
//! let failsoft = Failsoft::start(settings, Vec::new())?;
//!
//! let response = failsoft
//!     .send(Call {
//!         dialect: Dialect::ChatCompletions,
//!         headers: http::HeaderMap::new(),
//!         body: r#"{"model": "assistant", "messages": [{"role": "user", "content": "Hi"}]}"#.into(),
//!         addressed: None, // the model stands in the body
//!     })
//!     .await;
//! assert_eq!(response.status(), 200);
//! assert_eq!(response.headers()["x-failsoft-attempts"], "2");
//! let answer = response.into_body().collect().await;
//! assert!(answer.starts_with(b"{"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Streams arrive event by event from [`Body::next`]. Dropping the future of
//! [`Failsoft::send`], or the body before its end, cancels what is under way at the provider.
//! [`FailsoftService`] is the same as a `tower` service over `http` types.
//!
//! It never resends behind the engine's back, never follows a redirect, never sends a key to
//! another origin than its own, and never shows a client a provider's words unless the settings
//! ask for it.

mod admit;
mod answer;
mod ask;
mod body;
mod call_id;
mod client;
mod client_error;
mod clock;
mod demands;
mod driver;
mod egress;
mod generation;
mod heartbeat;
mod instruction;
mod observe;
mod order;
mod prefills;
mod recording;
mod seals;
mod service;
mod timer;
mod trace_context;
mod words;

pub use body::Body;
pub use client::{Call, Failsoft, NotDone, StartError, TurnedAway};
pub use egress::{Destination, NoReply, Outbound, Reply};
pub use observe::{Observer, RouteBudgets, Seen, TargetStatus};
pub use service::FailsoftService;
pub use trace_context::Sampler;
