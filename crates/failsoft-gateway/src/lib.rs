//! The gateway: any SDK points its base URL here.
//!
//! It answers every request with what the library says, in the client's own dialect, and refuses at
//! the door what is no clean request: a route is decided by the parsed path alone, a body by its
//! real bytes, a caller by a hashed key. Connections speak HTTP/1.1, or HTTP/2 in the clear where
//! they begin with it. A client that leaves ends its call. Health, metrics and
//! what else is for operators stand on a second port, never on the clients'. Nothing here decides
//! about attempts, and no prompt, answer or key is written anywhere.

mod admin;
mod alerts;
mod answer;
mod connection;
mod door;
mod following;
mod gateway;
mod incidents;
mod intake;
mod isolate;
mod listener;
mod metrics;
mod models;
mod multiplexed;
mod opening;
mod reload;
mod signals;
mod state;
mod strict;
mod watchers;
mod witness;

pub use alerts::{Answered, try_webhook};
pub use gateway::{Gateway, GatewayOptions, StartError};
pub use incidents::{IncidentView, Incidents};
