//! Traces and logs of calls for OpenTelemetry collectors, made from calls that have ended.
//!
//! A call that is over is handed over whole, if it is to be told of at all: a share of the healthy
//! ones, and every one in which something failed, waited or was refused. The hand-over is one
//! bounded queue; what finds it full is dropped and counted, so a collector that is slow, wrong or
//! gone never slows a call. One task turns calls into spans and log records and sends them, over
//! HTTP or gRPC. Prompts, answers, keys and providers' words are never part of what is sent.

mod attributes;
mod batch;
mod collector;
mod exporter;
mod logs;
mod names;
mod sending;
mod spans;
mod told;

pub use collector::TlsError;
pub use exporter::{Exporter, Health};
pub use sending::Pace;
