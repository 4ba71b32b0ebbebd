//! How each provider is reached and how it fails.
//!
//! A provider is a row: dialect, address, key, and the table that reads its failures. Its name
//! stands in its own folder and in one line of [`ALL`]. Nothing here opens a connection or reads
//! settings; classification is a pure function of the bytes that came.

mod capability;
mod classify;
mod delay;
mod flaw;
mod models;
mod prefill;
mod provider;
mod providers;
mod quota;
pub mod sign;
mod transport;

pub use failsoft_engine::Price;

pub use capability::{capability, needs, unsaid};
pub use classify::{Answer, Place, Reading};
pub use delay::read_retry_after;
pub use failsoft_engine::Cancel;
pub use failsoft_wire::PrefillMark;
pub use models::{ModelFacts, facts};
pub use prefill::PrefillForm;
pub use provider::{Auth, Provider};
pub use providers::{ALL, generic, known};
pub use transport::{TransportFault, read_transport};
