//! Everything that is no attempt: the list of models, and `/__fake/` for tests in any language.

use std::time::Duration;

use serde_json::{Value, json};

use crate::connection::House;
use crate::fault::{FAULTS, FaultRow};
use crate::ledger::{AttemptSeen, Ending};
use crate::onward::ONWARD;
use crate::peer::Request;
use crate::scenario::Scenario;
use crate::span;

/// The answer to a request that is no attempt.
pub(crate) async fn answer(house: &House, request: &Request) -> Vec<u8> {
    let control = request.path.split_once("/__fake/").map(|(_, control)| control);
    match (request.method.as_str(), control) {
        ("GET", Some("attempts")) => attempts(house, &request.query).await,
        ("GET", Some("faults")) => faults(),
        ("POST", Some("reset")) => {
            house.reset();
            respond(200, &json!({"ok": true}))
        }
        ("POST", Some("open")) => {
            house.open_gate();
            respond(200, &json!({"ok": true}))
        }
        ("POST", Some("scenario")) => scenario(house, &request.body),
        ("GET", None) if request.path.ends_with("/models") => models(house, request),
        _ => complaint(
            404,
            "this fake knows POST …/chat/completions, …/messages, …/responses, …/embeddings, \
             …/models/MODEL:generateContent, …/models/MODEL:streamGenerateContent, \
             …/model/MODEL/converse, …/model/MODEL/converse-stream, GET …/models, and GET \
             /__fake/attempts, GET /__fake/faults, POST /__fake/open, POST /__fake/reset, POST /__fake/scenario",
        ),
    }
}

/// An error in a shape every SDK can read.
pub(crate) fn complaint(status: u16, message: &str) -> Vec<u8> {
    let error = json!({"type": "invalid_request_error", "message": message, "param": null,
        "code": "fake"});
    respond(status, &json!({"type": "error", "error": error}))
}

/// `?at_least=N` and `?cancelled=N` wait until so many were seen, at most `&wait=5s`; `?over=all`
/// until none is running. `?bodies=1` also tells what was sent.
async fn attempts(house: &House, query: &str) -> Vec<u8> {
    let parameter = |name: &str| {
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)
    };
    let count = |name| parameter(name).map_or(Ok(0), |(_, value)| value.parse::<usize>());
    let wait = parameter("wait").map_or(Some(Duration::from_secs(10)), |(_, v)| span::parse(v));
    let (Ok(at_least), Ok(cancelled), Some(wait)) = (count("at_least"), count("cancelled"), wait)
    else {
        return complaint(400, "`at_least` and `cancelled` are numbers, `wait` is like 5s");
    };
    let over = parameter("over").is_some();
    let condition = |seen: &[AttemptSeen]| {
        let left = seen.iter().filter(|attempt| attempt.ending == Ending::CancelledByPeer);
        seen.len() >= at_least
            && left.count() >= cancelled
            && (!over || seen.iter().all(AttemptSeen::is_over))
    };
    let waited = tokio::time::timeout(wait, house.ledger.wait_for(condition)).await;
    let (met, seen) = match waited {
        Ok(seen) => (true, seen),
        Err(_) => (false, house.ledger.attempts()),
    };
    let with_bodies = parameter("bodies").is_some();
    let attempts: Vec<_> = seen
        .iter()
        .map(|attempt| {
            let mut row = shown(attempt);
            if with_bodies {
                row["body"] = body(&attempt.body.0);
            }
            row
        })
        .collect();
    let now = house.stage().started().elapsed().as_millis() as u64;
    respond(200, &json!({"met": met, "now_ms": now, "attempts": attempts}))
}

fn shown(attempt: &AttemptSeen) -> Value {
    let headers: Vec<_> =
        attempt.headers.iter().map(|(name, value)| json!([name, value])).collect();
    json!({
        "at_ms": attempt.at.as_millis() as u64,
        "connection": attempt.connection,
        "path": attempt.path,
        "dialect": attempt.dialect.as_str(),
        "model": attempt.model,
        "credential": attempt.credential,
        "stream": attempt.stream,
        "headers": headers,
        "body_bytes": attempt.body_bytes,
        "fault": attempt.fault,
        "continues": attempt.continues,
        "refused": attempt.refused,
        "status": attempt.status,
        "bytes_sent": attempt.bytes_sent,
        "ending": attempt.ending.as_str(),
        "ended_ms": attempt.ended.map(|at| at.as_millis() as u64),
    })
}

/// A request's body as JSON if it is such, else as text; nothing once it is forgotten.
fn body(bytes: &[u8]) -> Value {
    let text = || String::from_utf8_lossy(bytes).into_owned();
    match serde_json::from_slice(bytes) {
        Ok(json) => json,
        Err(_) if bytes.is_empty() => Value::Null,
        Err(_) => Value::String(text()),
    }
}

fn faults() -> Vec<u8> {
    let row = |row: &FaultRow| json!({"name": row.name, "example": row.example, "does": row.does});
    let rows = |rows: &[FaultRow]| rows.iter().map(row).collect::<Vec<_>>();
    respond(200, &json!({"faults": rows(FAULTS), "onward": rows(ONWARD)}))
}

fn scenario(house: &House, body: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(body) else {
        return complaint(400, "a scenario is TOML in UTF-8");
    };
    match text.parse::<Scenario>() {
        Ok(scenario) => {
            house.replace(scenario);
            respond(200, &json!({"ok": true}))
        }
        Err(error) => {
            let problems: Vec<_> = error
                .0
                .iter()
                .map(|problem| {
                    json!({"line": problem.line, "path": problem.path, "message": problem.message})
                })
                .collect();
            respond(400, &json!({"ok": false, "problems": problems}))
        }
    }
}

/// Models of the scenario and a healthy one, in the shape the client's SDK wants.
fn models(house: &House, request: &Request) -> Vec<u8> {
    let stage = house.stage();
    let ids = stage.models().chain(["healthy"]);
    let of_messages = request.headers.iter().any(|(name, _)| name == "anthropic-version");
    let of_google = request.path.contains("/v1beta/");
    let list = if of_google {
        let entry = |id: &str| {
            json!({"name": format!("models/{id}"), "version": "001", "displayName": id,
                "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
                "supportedGenerationMethods": ["generateContent"]})
        };
        json!({"models": ids.map(entry).collect::<Vec<_>>()})
    } else if of_messages {
        let entry = |id: &str| {
            json!({"type": "model", "id": id, "display_name": id,
                "created_at": "2026-01-01T00:00:00Z"})
        };
        let data: Vec<_> = ids.map(entry).collect();
        json!({"data": data, "has_more": false, "first_id": data.first().map(|e| &e["id"]),
            "last_id": data.last().map(|e| &e["id"])})
    } else {
        let entry = |id: &str| json!({"id": id, "object": "model", "created": 1_767_225_600, "owned_by": "fake"});
        json!({"object": "list", "data": ids.map(entry).collect::<Vec<_>>()})
    };
    respond(200, &list)
}

fn respond(status: u16, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "HTTP/1.1 {status} Fake\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n\
         {body}",
        body.len()
    )
    .into_bytes()
}
