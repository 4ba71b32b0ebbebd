//! The codec against arbitrary calls and answers, recorded traffic, and bytes nobody would send.

mod properties;
mod recorded;
mod requests;
mod rules;
mod streams;

use super::HERE;
use crate::arbitrary;
use crate::dialect::trial::{self, MAKER, assembled, assert_in_order, destination, presented};
use crate::neutral::{Delta, Maker};

/// A stream's bytes as pieces.
fn pieces(stream: &[u8]) -> Vec<Delta> {
    trial::pieces(HERE, stream)
}

/// Pieces as a stream's bytes.
fn events(deltas: &[Delta], maker: Option<Maker>) -> Vec<u8> {
    trial::events(HERE, deltas, presented(maker))
}
