//! Settings: text in, checked settings or every problem at once out.
//!
//! What people write is a *spec*; what the program runs on are *settings*. Between them stands one
//! check that finds all problems, each with its line and a hint. Settings that cannot work cannot
//! be represented. Defaults stand once, with the policies they belong to.

mod alerts;
mod base_url;
mod check;
mod choice;
pub mod client_keys;
mod effective;
mod facts;
mod load;
mod mask;
mod nearest;
mod policy;
mod problem;
mod reference;
mod render;
mod report;
mod routing;
mod schema;
mod settings;
mod source;
mod spec;
mod streams;
mod structure;
mod tree;
mod units;
mod variables;

pub use alerts::{AlertKind, Alerts, Webhook};
pub use effective::{EffectiveValue, ValueOrigin, effective};
pub use failsoft_provider::{Cancel, ModelFacts};
pub use load::{Origin, keyed_providers, load, load_default};
pub use problem::{Problem, Problems, Severity};
pub use reference::reference;
pub use schema::schema;
pub use settings::{
    BaseUrl, ClientKeys, ErrorDetail, Journal, ModelName, Provider, RouteChoice, RouteInfo, Server,
    Settings, TargetInfo, Texts, form,
};
pub use source::{Source, SourceError};
pub use streams::{END, Hold, Repetition, StreamDelivery, Streams};
pub use units::duration;
