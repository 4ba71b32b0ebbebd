//! What an operator may do. Each deed stands in the record, with a fingerprint of who did it.

use std::sync::Arc;

use failsoft::Body;
use failsoft_engine::TargetId;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::guard::{Caller, refused};
use super::reply;
use crate::gateway::advance;
use crate::state::{Phase, State};

/// What can be done to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Enable,
    Disable,
    Probe,
}

impl Deed {
    /// As addresses name it.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "enable" => Some(Self::Enable),
            "disable" => Some(Self::Disable),
            "probe" => Some(Self::Probe),
            _ => None,
        }
    }
}

/// Does it. `body` may name the target: numbers change when settings do.
pub(super) fn act(
    state: &Arc<State>,
    caller: &Caller,
    (number, deed): (u16, Deed),
    body: &[u8],
) -> Response<Body> {
    let target = TargetId(number);
    let Some(status) = state.failsoft.targets().into_iter().find(|known| known.target == target)
    else {
        return refused(StatusCode::NOT_FOUND, "there is no target of this number");
    };
    let meant = serde_json::from_slice::<Value>(body).ok();
    let meant = meant.as_ref().and_then(|body| body["name"].as_str());
    if meant.is_some_and(|meant| meant != status.name) {
        let words =
            "the settings were reloaded meanwhile and this number is another target's: look again";
        return refused(StatusCode::CONFLICT, words);
    }
    let done = match deed {
        Deed::Enable => state.failsoft.switch(target, true, &caller.operator),
        Deed::Disable => state.failsoft.switch(target, false, &caller.operator),
        Deed::Probe => state.failsoft.probe(target, &caller.operator),
    };
    if let Err(not_done) = done {
        return refused(StatusCode::CONFLICT, &not_done.to_string());
    }
    tracing::info!(target = status.name, ?deed, operator = caller.operator, "an operator acted");
    reply::json(StatusCode::OK, &json!({ "done": true }))
}

/// Takes no more calls, until the process is stopped.
pub(super) fn drain(state: &Arc<State>, caller: &Caller) -> Response<Body> {
    if advance(state, Phase::Draining) {
        state.failsoft.drained(&caller.operator);
        let in_flight = state.failsoft.calls_in_flight();
        tracing::info!(in_flight, operator = caller.operator, "an operator began the drain");
    }
    reply::json(StatusCode::OK, &json!({ "done": true }))
}
